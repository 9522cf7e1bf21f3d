"""A run's power flows once more, by pandapower alone: the net as its package brings it, set to what the tables say.

Nothing here comes from ``sim/``: of Relight it takes the tables and, from the case, which buses are a local area, where
units are and what infeeds hold.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pandapower as pp
import pandas as pd
import pytest

from relight.results.run.read import RunTables
from relight.scenarios.case import Case

ENDS = {"line": ("l", "from", "to"), "trafo": ("t", "hv", "lv")}
"""Table → how switches name it, and its two ends."""
VM_PU, POWER_KW, LOADING_PCT = 1e-8, 1e-3, 1e-4
"""How far flows may differ; powers and loadings are written with four and five decimals."""


class PlainNet:
    """A net, at each step of a run as its tables tell it."""

    def __init__(self, net: Any, case: Case, run: RunTables) -> None:
        self.net, self.case, self.run = net, case, run
        self.bus = self._by_id("bus", set(run.bus["bus"]))
        branches = set(run.branch["branch"])
        tables = (*ENDS, "switch")
        self.branch = {id_: (table, k) for table in tables for id_, k in self._by_id(table, branches).items()}
        self.opened = net.switch.closed[~net.switch.closed.astype(bool)].index
        self.load_kw = self._take_loads()
        for table in ("load", "sgen", "gen", "storage", "ext_grid"):
            net[table]["in_service"] = False
        self._loads = dict(zip(self.load_kw, self._add(pp.create_loads, self.load_kw), strict=True))
        self._units = dict(zip(case.view.units, self._add(pp.create_sgens, self._places()), strict=True))
        self._slack = {
            unit: pp.create_ext_grid(net, self.bus[bus], in_service=False)
            for unit, bus in zip(case.view.units, self._places(), strict=True)
        }

    def _by_id(self, table: str, known: set[str]) -> dict[str, Any]:
        """Id in the tables → number in the net: the name, or table and number."""
        rows = self.net[table] if table != "switch" else self.net.switch[self.net.switch.et == "b"]
        numbers = {f"{table}.{k}": k for k in rows.index}
        return {str(name).strip(): k for k, name in rows.name.items() if str(name).strip() in known} | {
            id_: k for id_, k in numbers.items() if id_ in known
        }

    def _add(self, create: Any, buses: Any) -> Any:
        return create(self.net, [self.bus[bus] for bus in buses], p_mw=0.0, q_mvar=0.0)

    def _places(self) -> list[str]:
        return [unit.bus for unit in self.case.view.units.values()]

    def _take_loads(self) -> dict[str, float]:
        """Bus → its peak (kW), which says what it has of its area's demand."""
        load, found = self.net.load[self.net.load.in_service.astype(bool)], defaultdict[str, float](float)
        names = {k: id_ for id_, k in self.bus.items()}
        for row in load.itertuples():
            found[names[row.bus]] += 1000 * row.p_mw * row.scaling
        return {bus: kw for bus, kw in found.items() if kw > 0}

    def check(self, time_min: float) -> int:
        """Assert that all flows of a step are pandapower's; how many buses were compared."""
        now = {
            name: table[table["time_min"] == time_min].set_index(name)
            for name in ("bus", "branch", "switch", "local_area", "unit", "island")
            for table in [getattr(self.run, name)]
        }
        if not any(now["island"]["balance_unit"]):
            assert now["bus"]["vm_pu"].isna().all() and not now["bus"]["energised"].any()
            return 0
        self._operate(now["switch"]["closed"])
        self._load(now["local_area"])
        self._give(now["unit"], now["island"])
        pp.runpp(self.net, tolerance_mva=1e-9, numba=False, init="dc")
        self._compare_branches(now["branch"])
        self._compare_balance(now["unit"], now["island"])
        return self._compare_buses(now["bus"])

    def _operate(self, closed: pd.Series) -> None:
        """Switches of the net where it has them, else the branch itself; what others left open stays so."""
        net = self.net
        for id_, is_closed in closed.items():
            table, k = self.branch[str(id_)]
            if table == "switch":
                net.switch.loc[k, "closed"] = bool(is_closed)
                continue
            if self.case.view.branches[str(id_)].faulted:  # and isolated at both ends
                net[table].loc[k, "in_service"] = False
                continue
            own = net.switch.index[(net.switch.et == ENDS[table][0]) & (net.switch.element == k)]
            if own.empty:
                net[table].loc[k, "in_service"] = bool(is_closed)
            elif is_closed:
                net.switch.loc[own, "closed"] = True
            else:
                operating = own.intersection(self.opened)
                net.switch.loc[own if operating.empty else operating, "closed"] = False

    def _load(self, areas: pd.DataFrame) -> None:
        for area in self.case.view.local_areas.values():
            peaks = {bus: self.load_kw[bus] for bus in area.buses if bus in self.load_kw}
            for bus, kw in peaks.items():
                share = kw / sum(peaks.values())
                served = areas.loc[area.id, ["served_kw", "served_kvar"]].astype(float) * share / 1000
                self.net.load.loc[self._loads[bus], ["p_mw", "q_mvar"]] = served.to_numpy()

    def _give(self, units: pd.DataFrame, islands: pd.DataFrame) -> None:
        """Each island is held by its balance unit: an infeed at the net's own voltage, a store at the reference."""
        holding, net = set(islands["balance_unit"]), self.net
        for id_ in self.case.view.units:
            power = units.loc[id_, ["p_kw", "q_kvar"]].astype(float) / 1000
            net.sgen.loc[self._units[id_], ["p_mw", "q_mvar"]] = 0.0 if id_ in holding else power.to_numpy()
            infeed = self.case.view.infeeds.get(id_)
            vm_pu = infeed.vm_pu if infeed else self.case.scenario.limits.reference_vm_pu
            net.ext_grid.loc[self._slack[id_], "in_service"] = id_ in holding
            net.ext_grid.loc[self._slack[id_], "vm_pu"] = vm_pu

    def _compare_buses(self, rows: pd.DataFrame) -> int:
        ids = [id_ for id_ in rows.index if id_ in self.bus]
        theirs = self.net.res_bus.vm_pu.loc[[self.bus[id_] for id_ in ids]].to_numpy()
        ours = rows.loc[ids, "vm_pu"].to_numpy(dtype=float)
        assert np.array_equal(np.isnan(ours), np.isnan(theirs))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=VM_PU)
        return int((~np.isnan(ours)).sum())

    def _compare_branches(self, rows: pd.DataFrame) -> None:
        for table, (_, first, second) in ENDS.items():
            ids = [i for i, row in rows.iterrows() if self.branch[i][0] == table and row["closed"] and row["energised"]]
            theirs = self.net[f"res_{table}"].loc[[self.branch[i][1] for i in ids]]
            for end, ours in ((first, "from"), (second, "to")):
                for power, unit in (("p", "mw"), ("q", "mvar")):
                    written = rows.loc[ids, f"{power}_{ours}_k{unit[1:]}"].to_numpy(dtype=float)
                    told = 1000 * theirs[f"{power}_{end}_{unit}"].to_numpy()
                    np.testing.assert_allclose(written, told, rtol=0, atol=POWER_KW)
            loading = rows.loc[ids, "loading_pct"].to_numpy(dtype=float)
            known = ~np.isnan(loading)
            np.testing.assert_allclose(
                loading[known], theirs["loading_percent"].to_numpy()[known], rtol=1e-6, atol=LOADING_PCT
            )

    def _compare_balance(self, units: pd.DataFrame, islands: pd.DataFrame) -> None:
        for id_ in filter(None, islands["balance_unit"]):
            given = self.net.res_ext_grid.loc[self._slack[id_], ["p_mw", "q_mvar"]].to_numpy() * 1000
            told = units.loc[id_, ["p_kw", "q_kvar"]].to_numpy(dtype=float)
            assert told == pytest.approx(given, abs=POWER_KW)
