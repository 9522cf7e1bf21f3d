"""The state that a plan of a run started from, read back from the run's tables."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...controllers.exchange.messages import ON_LINE, UnitMeasurement
from ...results.run.read import NotARun, read_table
from ...results.run.recorder import COLUMNS, table_path
from ...results.run.tables import OPTIONAL
from ...scenarios.case import Case
from ...scenarios.view import NbsuUnit
from .conditions import EVER_MIN, StartState


def state_in_run(folder: Path, case: Case, at_min: float) -> StartState:
    """What gateways and field terminals of a run reported at ``at_min``: the end of the simulation step before.

    Raises ``NotARun`` if the folder holds no such step, or another network.
    """
    if at_min <= 0:
        return StartState.after_fault(case)
    view, step_min = case.view, float(case.scenario.clock.sim_step_min)
    bus, switch, unit = (_before(folder, table, at_min, step_min) for table in ("bus", "switch", "unit"))
    for table, known in ((bus, view.buses), (unit, view.units)):
        if set(table.iloc[:, 1]) != set(known):
            raise NotARun(f"{folder}: its buses and units are not those of scenario {case.scenario.name}")
    energised_min: dict[str, float] = {}
    for name, rows in bus.groupby("bus", sort=False):
        dark = rows.loc[rows["energised"] == 0, "time_min"]
        since_min = 0.0 if dark.empty else float(dark.max()) + step_min
        if since_min < at_min:
            outside = dark.empty and name not in view.outage_area
            energised_min[str(name)] = EVER_MIN if outside else at_min - since_min
    last = switch[switch["time_min"] == at_min - step_min]
    closed = {b.id: not b.faulted for b in view.branches.values()}
    closed |= {str(row.switch): bool(row.closed) for row in last.itertuples()}
    units = {
        str(name): _metered(case, str(name), rows, at_min)
        for name, rows in unit.groupby("unit", sort=False)
        if name not in view.infeeds
    }
    areas = _before(folder, "local_area", at_min, step_min)
    changes = {str(name): _supply_changes(rows) for name, rows in areas.groupby("local_area", sort=False)}
    return StartState(closed, energised_min, units, changes)


def _supply_changes(rows: pd.DataFrame) -> list[float]:
    """Times at which an LA's customers lost supply, got it back …: energised, and not all shed or off by order."""
    changes = [0.0] if rows["in_outage_area"].iloc[0] == 1 else []
    on = (rows["shed"] == 0) & (rows["ordered_share"] > 0 if "ordered_share" in rows else True)
    supplied = (rows["energised"] == 1) & (on | (rows["served_kw"] > 0))
    for time_min, now in zip(rows["time_min"].tolist(), supplied.tolist(), strict=True):
        if now != (len(changes) % 2 == 0):
            changes.append(float(time_min))
    return changes


def _before(folder: Path, table: str, at_min: float, step_min: float) -> pd.DataFrame:
    rows = read_table(folder / table_path(table), COLUMNS[table], OPTIONAL.get(table, ()))
    if at_min - step_min not in set(rows["time_min"]):
        raise NotARun(f"{folder}: no simulation step of this run ends at minute {at_min:g}, where the plan starts")
    return rows[rows["time_min"] < at_min]


def _metered(case: Case, unit: str, rows: pd.DataFrame, at_min: float) -> UnitMeasurement:
    last, step_min = rows.iloc[-1], float(case.scenario.clock.sim_step_min)
    other = rows.loc[rows["state"] != last["state"], "time_min"]
    since_min = 0.0 if other.empty else float(other.max()) + step_min
    spec = case.view.units[unit]
    low_kw, high_kw = _ramp_range(case, spec, rows, at_min) if isinstance(spec, NbsuUnit) else (0.0, 0.0)
    return UnitMeasurement(
        p_kw=float(last["p_kw"]),
        q_kvar=float(last["q_kvar"]),
        state=last["state"],
        state_min=at_min - since_min,
        p_min_kw=low_kw,
        p_max_kw=high_kw,
        discharge_kwh=float(last["discharge_kwh"]),
        charge_kwh=float(last["charge_kwh"]),
    )


def _ramp_range(case: Case, spec: NbsuUnit, rows: pd.DataFrame, at_min: float) -> tuple[float, float]:
    """What the outputs that held within the last ramp window leave an NBSU that is on line."""
    window_min = float(case.scenario.world.nbsu_ramp_window_min or case.scenario.clock.plan_step_min)
    off = rows.loc[~rows["state"].isin(ON_LINE), "time_min"]
    on_line = rows[rows["time_min"] > (off.max() if not off.empty else -1.0)]
    ends = on_line["time_min"] + float(case.scenario.clock.sim_step_min)
    held = on_line.loc[ends > at_min - window_min, "p_kw"]
    down, up = (rate * window_min / 60 for rate in (spec.ramp_down_kw_per_h, spec.ramp_up_kw_per_h))
    if held.empty:
        return 0.0, spec.s_kva
    return max(float(held.max()) - down, 0.0), min(float(held.min()) + up, spec.s_kva)
