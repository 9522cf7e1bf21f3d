"""What the dispatch centre takes to be so in an LA it has not heard of lately: the last report, carried forward.

Only what moves by itself is moved: durations grow, the forecast loses the steps that are over, an ESS gives what the
plan that its gateway follows asks of it, an NBSU may have ramped, and customers are on or off as that plan says where
the area is live. Whether areas are live, units on line and start-ups under way stays as last reported.

Where orders take time, plan steps begin of which no report can speak yet: they are taken to be carried out.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import EssUnit, GridView, NbsuUnit
from ..exchange.messages import ON_LINE, Forecast, LocalAreaMeasurement, UnitMeasurement, UnitState
from ..exchange.plan import PlanStep


@dataclass(frozen=True)
class NbsuRamps:
    """How NBSUs move: within any ``window_min`` by rate × window; ``first_free``: not in their first step on line."""

    window_min: float
    first_free: bool

    @classmethod
    def of(cls, scenario: Scenario) -> NbsuRamps:
        window_min = scenario.world.nbsu_ramp_window_min or scenario.clock.plan_step_min
        return cls(float(window_min), scenario.dispatch_centre.first_online_step_free)

    def around(self, nbsu: NbsuUnit, p_kw: float) -> tuple[float, float]:
        """What an NBSU can give next that has given so much for a window."""
        hours = self.window_min / 60
        low, high = p_kw - nbsu.ramp_down_kw_per_h * hours, p_kw + nbsu.ramp_up_kw_per_h * hours
        return max(low, 0.0), min(high, nbsu.s_kva)


def carried_forecast(forecast: Forecast, time_min: float) -> Forecast:
    """The same forecast from ``time_min`` on; its last step stays whatever the time."""
    starts = forecast["step_start_min"]
    first = max((k for k, start in enumerate(starts) if start <= time_min), default=0)
    return Forecast(
        step_start_min=[max(starts[first], float(time_min)), *starts[first + 1 :]] if starts else [],
        demand_p_kw=forecast["demand_p_kw"][first:],
        demand_q_kvar=forecast["demand_q_kvar"][first:],
        pv_pu={unit: values[first:] for unit, values in forecast["pv_pu"].items()},
    )


def carried_measurement(
    measurement: LocalAreaMeasurement, minutes: float, view: GridView, la: str, step: PlanStep | None
) -> LocalAreaMeasurement:
    """A measurement moved ``minutes`` forward, its LA following ``step`` of a plan (None: no plan)."""
    hours = minutes / 60
    units: dict[str, UnitMeasurement] = {}
    for unit, metered in measurement["units"].items():
        moved: UnitMeasurement = {**metered, "state_min": metered["state_min"] + minutes}
        if ess := view.ess.get(unit):
            _move_ess(moved, ess, _planned_ess_kw(view, la, ess, step), hours)
        elif (nbsu := view.nbsu.get(unit)) and metered["state"] in ("follow", "form"):
            _widen(moved, nbsu, hours)
        units[unit] = moved
    return {
        **measurement,
        "time_min": measurement["time_min"] + minutes,
        "energised_min": measurement["energised_min"] + minutes * measurement["energised"],
        "share_on": _share_on(measurement, la, step),
        "units": units,
    }


def expected_measurement(
    measurement: LocalAreaMeasurement,
    until_min: float,
    view: GridView,
    la: str,
    step: PlanStep | None,
    ramps: NbsuRamps,
) -> LocalAreaMeasurement:
    """A measurement moved forward, its LA carrying out ``step`` of a plan, which may begin just after the measurement.

    What an NBSU gave when it was metered, or shall give in a step that begins, it is taken to give all the time: from
    that it ramps.
    """
    then_min = measurement["time_min"]
    if step is not None and step.start_min == then_min:
        measurement = _begun(measurement, view, la, step, ramps)
    followed = step if measurement["energised"] else None  # nothing is drawn where the step was not carried out
    moved = carried_measurement(measurement, until_min - then_min, view, la, followed)
    moved["share_on"] = measurement["share_on"]
    for unit, metered in measurement["units"].items():
        if step is None or unit not in view.nbsu or metered["state"] not in ("follow", "form"):
            continue
        low, high = metered["p_min_kw"], metered["p_max_kw"]
        low_next, high_next = ramps.around(view.nbsu[unit], min(max(metered["p_kw"], low), high))
        if until_min - ramps.window_min < step.start_min:  # what it gave before the step still counts
            low_next, high_next = max(low_next, low), min(high_next, high)
        moved["units"][unit] = {**moved["units"][unit], "p_min_kw": low_next, "p_max_kw": high_next}
    return moved


def _begun(
    measurement: LocalAreaMeasurement, view: GridView, la: str, step: PlanStep, ramps: NbsuRamps
) -> LocalAreaMeasurement:
    """A measurement of the instant in which a step begins, as if it had been taken just after."""
    if step.energised_buses is None:
        return measurement
    live = view.local_areas[la].buses[0] in step.energised_buses
    after: LocalAreaMeasurement = {
        **measurement,
        "energised": live,
        "energised_min": measurement["energised_min"] if live else 0.0,
        "units": {
            unit: _begun_nbsu(metered, view, la, view.nbsu[unit], step, live, ramps) if unit in view.nbsu else metered
            for unit, metered in measurement["units"].items()
        },
    }
    after["share_on"] = _share_on(after, la, step)
    if "supply_changes_min" in measurement and _supplied(after) != _supplied(measurement):
        after["supply_changes_min"] = [*measurement["supply_changes_min"], measurement["time_min"]]
    return after


def _supplied(measurement: LocalAreaMeasurement) -> bool:
    return measurement["energised"] and measurement["share_on"] > 0


def _begun_nbsu(
    metered: UnitMeasurement,
    view: GridView,
    la: str,
    nbsu: NbsuUnit,
    step: PlanStep,
    live: bool,
    ramps: NbsuRamps,
) -> UnitMeasurement:
    """An NBSU as a step begins: started, on line for the first time, idle where its area goes dark, or off."""
    area, own = step.local_areas.get(la), step.units.get(nbsu.id)
    wanted = own.state if own and own.state else area.nbsu_state if area else "off"
    was, rest = metered["state"], ramps.around(nbsu, 0.0)
    state: UnitState = "off"
    p_kw, p_range = 0.0, (0.0, 0.0)
    if not live:
        state, p_range = ("idle", rest) if was in ON_LINE else ("off", p_range)
    elif was in ON_LINE and wanted not in ("off", "starting"):
        state, p_range = "form" if was == "form" else "follow", (metered["p_min_kw"], metered["p_max_kw"])
    elif was == "starting" and wanted not in ("off", "starting") and metered["state_min"] >= nbsu.start_min:
        state, p_range = "follow", (0.0, nbsu.s_kva) if ramps.first_free else rest
    elif wanted == "starting" or (was == "starting" and wanted != "off"):
        state, p_kw = "starting", -nbsu.p_in_kw
    if state in ("follow", "form"):
        p_kw = own.p_kw if own else _share_of(nbsu, view, la, area.p_nbsu_kw if area else 0.0)
    return {
        **metered,
        "state": state,
        "state_min": metered["state_min"] if state == was else 0.0,
        "p_kw": p_kw,
        "p_min_kw": p_range[0],
        "p_max_kw": p_range[1],
    }


def _share_of(nbsu: NbsuUnit, view: GridView, la: str, p_kw: float) -> float:
    """Share by rating of what an LA's NBSUs give."""
    return p_kw * nbsu.s_kva / sum(view.nbsu[u].s_kva for u in view.units_in[la] if u in view.nbsu)


def _share_on(measurement: LocalAreaMeasurement, la: str, step: PlanStep | None) -> float:
    """Customers of a live area whom the step serves are on, wholly unless they were on in part; others are off."""
    area = step.local_areas.get(la) if step else None
    if area is None or area.demand_kw is None or not measurement["energised"]:
        return measurement["share_on"]
    return (measurement["share_on"] or 1.0) if area.demand_kw > 0 else 0.0


def _planned_ess_kw(view: GridView, la: str, ess: EssUnit, step: PlanStep | None) -> float:
    """Planned output of one ESS: its own set-point, or its share by rating of what its LA's ESSs give."""
    if step is None:
        return 0.0
    if ess.id in step.units:
        return step.units[ess.id].p_kw
    area = step.local_areas.get(la)
    rating = sum(view.ess[u].s_kva for u in view.units_in[la] if u in view.ess)
    return area.p_ess_kw * ess.s_kva / rating if area else 0.0


def _move_ess(moved: UnitMeasurement, ess: EssUnit, p_kw: float, hours: float) -> None:
    moved["discharge_kwh"], moved["charge_kwh"] = ess.after(moved["discharge_kwh"], moved["charge_kwh"], p_kw, hours)


def _widen(moved: UnitMeasurement, nbsu: NbsuUnit, hours: float) -> None:
    moved["p_min_kw"] = max(0.0, moved["p_min_kw"] - nbsu.ramp_down_kw_per_h * hours)
    moved["p_max_kw"] = min(nbsu.s_kva, moved["p_max_kw"] + nbsu.ramp_up_kw_per_h * hours)
