"""AC power flow of energised islands with pandapower.

The net gets one load per loaded bus, one static generator per unit and one external grid per unit able to form
voltage, all out of service; each solution puts in service what the islands asked for use, and nothing else.
Every solution starts from a flat voltage. Powers are kW and kvar.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...scenarios.case import Case
from ...scenarios.quanta import ANGLE_DEGREE, FLOW_KW, LOADING_PCT, VOLTAGE_PU, rounded, rounded_flow
from ...scenarios.view import KINDS
from .branch_parameters import stubs_of
from .island_topology import WorldError
from .protocol import IslandInput, IslandSolution, State, solved

TOLERANCE_MVA = 1e-9
"""Largest mismatch of a bus: 1 mW, so that an island of hundreds of buses closes well within 1 W."""
MAX_ROUNDS = 50
"""Solutions in search of what loads draw that go with the voltage: each by the voltages of the one before."""
SAME_MW = 1e-9
"""Loads that change by less from one of these to the next are those of their voltages."""
CLOSES_KW = 1e-3
"""Largest difference (kW, kvar) between what the slack gives and what load, units and losses add up to."""
_BRANCH_TABLES = {"line": ("from", "to"), "trafo": ("hv", "lv")}
_FOREIGN = (
    "load", "sgen", "gen", "ext_grid", "storage", "ward", "xward", "motor", "impedance", "trafo3w", "dcline",
    "asymmetric_load", "asymmetric_sgen", "svc", "tcsc", "ssc",
)  # fmt: skip


class PandapowerEngine:
    """pandapower, the reference: one call per state. Keeps its own copy of the net."""

    def __init__(self, case: Case) -> None:
        """Raises ValueError if the net holds elements besides buses, branches, bus-bus switches and shunts."""
        import pandapower as pp

        foreign = [table for table in _FOREIGN if table in case.net and len(case.net[table])]
        if foreign:
            raise ValueError(
                f"the net of a case holds branches, buses and shunts only, but this one has {', '.join(foreign)}"
            )
        self.net = net = copy.deepcopy(case.net)
        self.view = view = case.view
        bus_index = dict(zip(net.bus["name"], net.bus.index, strict=True))
        self._buses = {bus: k for k, bus in enumerate(net.bus["name"])}
        self._branches: dict[str, tuple[str, int]] = {
            name: (table, k) for table in ("line", "trafo", "switch") for k, name in enumerate(net[table]["name"])
        }
        loaded = [bus for bus in view.buses if case.base_load_kw.get(bus, 0.0) > 0]
        forming = [u for u in view.units.values() if KINDS[u.kind].merit is not None]
        self._shares = case.zip_shares
        self._varying = {k: self._shares[bus] for k, bus in enumerate(loaded) if bus in self._shares}
        if loaded:
            pp.create_loads(net, [bus_index[bus] for bus in loaded], p_mw=0.0, in_service=False)
        if view.units:
            pp.create_sgens(net, [bus_index[unit.bus] for unit in view.units.values()], p_mw=0.0, in_service=False)
        reference_pu = case.scenario.limits.reference_vm_pu
        vm_pu = [view.infeeds[u.id].vm_pu if u.id in view.infeeds else reference_pu for u in forming]
        _create_ext_grids(net, [bus_index[unit.bus] for unit in forming], vm_pu)
        stubs = stubs_of(case)
        for stub in stubs:
            pp.create_shunt(net, bus_index[stub.bus], p_mw=stub.p_mw, q_mvar=stub.q_mvar, in_service=False)
        self._stubs = [stub.branch for stub in stubs]
        self._shunts = net.shunt["bus"].map(net.bus["name"]).tolist()
        # What is left of phase shifts (see the reading of networks) must be seen; all else starts flat.
        self._shifts = bool(net.trafo["shift_degree"].any())
        self._loads = {bus: k for k, bus in enumerate(loaded)}
        self._sgens = {unit: k for k, unit in enumerate(view.units)}
        self._slacks = {unit.id: k for k, unit in enumerate(forming)}

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        """As ``AcPowerFlow.solve``.

        Raises WorldError if an island has not exactly one slack, or a voltage is defined on a dark bus or not defined
        on an energised one.
        """
        return [self._solve(state) for state in states]

    def _solve(self, state: State) -> list[IslandSolution | None]:
        """Solve islands together; one by one if that fails."""
        if not state:
            return []
        if self._run(state):
            return self._read(state)
        if len(state) == 1:
            return [None]
        return [solution for one in state for solution in self._solve([one])]

    def _run(self, state: State) -> bool:
        """Whether it converges; loads are then what they draw at the voltages found.

        pandapower would take one mix for all that is at a bus, generation included, so they are found by repetition.
        """
        self._put_in_service(state)
        if not self._varying:
            return self._solves()
        nominal = self.net.load[["p_mw", "q_mvar"]].to_numpy()
        for _ in range(MAX_ROUNDS):
            if not self._solves():
                return False
            drawn = self._drawn(nominal)
            if np.abs(drawn - self.net.load[["p_mw", "q_mvar"]].to_numpy()).max(initial=0.0) <= SAME_MW:
                return True
            self.net.load[["p_mw", "q_mvar"]] = drawn
        return False

    def _drawn(self, nominal: np.ndarray) -> np.ndarray:
        """MW and Mvar of each load at the voltages of the last solution."""
        drawn, vm_pu = nominal.copy(), self.net.res_bus["vm_pu"].loc[self.net.load["bus"]].tolist()
        for k, shares in self._varying.items():
            if nominal[k].any():
                drawn[k] += nominal[k] * shares.beyond_nominal(vm_pu[k])
        return drawn

    def _solves(self) -> bool:
        import pandapower as pp

        try:
            pp.runpp(
                self.net, init="dc" if self._shifts else "flat", numba=False, tolerance_mva=TOLERANCE_MVA,
                calculate_voltage_angles=self._shifts, check_connectivity=False,
            )  # fmt: skip
        except pp.LoadflowNotConverged:
            return False
        return bool(self.net.converged)

    def _put_in_service(self, state: State) -> None:
        net = self.net
        live_bus = np.zeros(len(net.bus), dtype=bool)
        live_branch = {table: np.zeros(len(net[table]), dtype=bool) for table in ("line", "trafo", "switch")}
        load = np.zeros((2, len(self._loads)))
        sgen = np.zeros((2, len(self._sgens)))
        sgen_on = np.zeros(len(self._sgens), dtype=bool)
        slack_on = np.zeros(len(self._slacks), dtype=bool)
        for one in state:
            members = set(one.island.buses)
            live_bus[[self._buses[bus] for bus in members]] = True
            for branch in one.island.branches:
                table, k = self._branches[branch]
                live_branch[table][k] = True
            for bus, pq in one.load.items():
                load[:, self._loads[bus]] = pq
            for unit, pq in one.units.items():
                sgen[:, self._sgens[unit]] = pq
                sgen_on[self._sgens[unit]] = True
            slack_on[self._slacks[one.balance_unit]] = True
            slacks = [u for u, k in self._slacks.items() if slack_on[k] and self.view.units[u].bus in members]
            if slacks != [one.balance_unit] or one.balance_unit in one.units:
                raise WorldError(f"island {one.island.id}: slacks {slacks}, expected only {one.balance_unit}")
        net.bus["in_service"] = live_bus
        net.line["in_service"] = live_branch["line"]
        net.trafo["in_service"] = live_branch["trafo"]
        net.switch["closed"] = live_branch["switch"]
        if self._shunts:
            net.shunt["in_service"] = self._live_shunts({branch for one in state for branch in one.island.branches})
        net.load["p_mw"], net.load["q_mvar"] = load / 1000
        net.load["in_service"] = (load != 0).any(axis=0)
        net.sgen["p_mw"], net.sgen["q_mvar"] = sgen / 1000
        net.sgen["in_service"] = sgen_on
        net.ext_grid["in_service"] = slack_on

    def _live_shunts(self, closed: set[str]) -> list[bool]:
        """Shunts at live buses; those that stand for a branch only while it is open."""
        live_bus = self.net.bus["in_service"].to_numpy()
        live = [bool(live_bus[self._buses[bus]]) for bus in self._shunts]
        first = len(live) - len(self._stubs)
        return live[:first] + [on and b not in closed for on, b in zip(live[first:], self._stubs, strict=True)]

    def _read(self, state: State) -> list[IslandSolution | None]:
        net = self.net
        vm = net.res_bus["vm_pu"].to_numpy()
        va = net.res_bus["va_degree"].to_numpy()
        if not np.array_equal(np.isnan(vm), ~net.bus["in_service"].to_numpy()):
            raise WorldError("voltages are not defined exactly on the energised buses")
        ends: dict[str, Any] = {}
        for table, (a, b) in _BRANCH_TABLES.items():
            columns = [f"p_{a}_mw", f"q_{a}_mvar", f"p_{b}_mw", f"q_{b}_mvar", f"vm_{a}_pu", f"vm_{b}_pu"]
            ends[table] = net[f"res_{table}"][columns].to_numpy()
        shunts = net.res_shunt[["p_mw", "q_mvar"]].fillna(0.0).to_numpy() * 1000 if self._shunts else np.zeros((0, 2))
        slack = net.res_ext_grid[["p_mw", "q_mvar"]].to_numpy() * 1000
        return [self._read_island(one, vm, va, ends, shunts, slack) for one in state]

    def _read_island(
        self, one: IslandInput, vm: Any, va: Any, ends: dict[str, Any], shunts: Any, slack: Any
    ) -> IslandSolution:
        into_ends = np.full((len(one.island.branches), 4), math.nan)
        loading_pct = np.full(len(one.island.branches), math.nan)
        losses_kw = losses_kvar = 0.0
        for place, branch in enumerate(one.island.branches):
            table, k = self._branches[branch]
            if table == "switch":
                continue
            *powers, vm_from, vm_to = ends[table][k].tolist()
            p_from, q_from, p_to, q_to = powers
            currents = math.hypot(p_from, q_from) / vm_from * 1000, math.hypot(p_to, q_to) / vm_to * 1000
            ratings = self.view.branches[branch].ratings_kva
            rated = [100 * i / s for i, s in zip(currents, ratings, strict=True) if math.isfinite(s)]
            if rated:
                loading_pct[place] = rounded(max(rated), LOADING_PCT)
            into_ends[place] = [rounded_flow(power * 1000, FLOW_KW) for power in powers]
            losses_kw += (p_from + p_to) * 1000
            losses_kvar += (q_from + q_to) * 1000
        members = set(one.island.buses) if self._shunts else set()
        for bus, (p_kw, q_kvar) in zip(self._shunts, shunts.tolist(), strict=True):
            if bus in members:
                losses_kw, losses_kvar = losses_kw + p_kw, losses_kvar + q_kvar
        solution = solved(
            one, self._shares,
            vm_pu=np.array([rounded(float(vm[self._buses[bus]]), VOLTAGE_PU) for bus in one.island.buses]),
            va_degree=np.array([rounded(float(va[self._buses[bus]]), ANGLE_DEGREE) for bus in one.island.buses]),
            into_ends=into_ends, loading_pct=loading_pct, drawn=(one.drawn_kw, one.drawn_kvar),
            losses=(losses_kw, losses_kvar),
        )  # fmt: skip
        p_slack, q_slack = slack[self._slacks[one.balance_unit]].tolist()
        p_balance, q_balance = solution.p_balance_kw, solution.q_balance_kvar
        if not max(abs(p_slack - p_balance), abs(q_slack - q_balance)) <= CLOSES_KW:
            told = f"{p_slack:.4f} kW, {q_slack:.4f} kvar, not {p_balance:.4f}, {q_balance:.4f}"
            raise WorldError(f"island {one.island.id}: {one.balance_unit} gives {told}: load, units and losses differ")
        return solution


def _create_ext_grids(net: Any, buses: list[int], vm_pu: list[float]) -> None:
    """Out of service, in a net without any; pandapower makes them one by one, which takes ten times as long."""
    kinds = net.ext_grid.dtypes
    facts = {"bus": buses, "vm_pu": vm_pu, "va_degree": 0.0, "slack_weight": 1.0, "in_service": False}
    table = pd.DataFrame(facts | {"name": None, "controllable": False}, index=range(len(buses)))
    net.ext_grid = table.reindex(columns=net.ext_grid.columns).astype({column: kinds[column] for column in facts})
