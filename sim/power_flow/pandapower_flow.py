"""AC power flow of energised islands with pandapower.

The net gets one load per loaded bus, one static generator per unit and one external grid per unit able to form
voltage, all out of service; each solution puts in service what the islands asked for use, and nothing else.
Every solution starts from a flat voltage. Powers are kW and kvar.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...scenarios.case import Case
from ...scenarios.quanta import ANGLE_DEGREE, FLOW_KW, LOADING_PCT, LOSSES_KW, VOLTAGE_PU, rounded, rounded_flow
from ...scenarios.view import PvUnit
from .island_topology import Island, WorldError

TOLERANCE_MVA = 1e-9
"""Largest mismatch of a bus: 1 mW, so that an island of hundreds of buses closes well within 1 W."""
CLOSES_KW = 1e-3
"""Largest difference (kW, kvar) between what the slack gives and what load, units and losses add up to."""
_BRANCH_TABLES = {"line": ("from", "to"), "trafo": ("hv", "lv")}
clock = time.perf_counter
_FOREIGN = (
    "load", "sgen", "gen", "ext_grid", "storage", "shunt", "ward", "xward", "motor", "impedance", "trafo3w", "dcline",
    "asymmetric_load", "asymmetric_sgen", "svc", "tcsc", "ssc",
)  # fmt: skip


@dataclass(frozen=True)
class IslandInput:
    """What is connected in an energised island: its balance unit, (p, q) drawn by bus, (p, q) injected by unit."""

    island: Island
    balance_unit: str
    load: Mapping[str, tuple[float, float]]
    units: Mapping[str, tuple[float, float]]

    @property
    def drawn_kw(self) -> float:
        """What is left for the balance unit before losses."""
        return sum(p for p, _ in self.load.values()) - sum(p for p, _ in self.units.values())

    @property
    def drawn_kvar(self) -> float:
        """As ``drawn_kw``, of reactive power."""
        return sum(q for _, q in self.load.values()) - sum(q for _, q in self.units.values())


@dataclass(frozen=True)
class BranchFlow:
    """Power into both ends of a branch (kW, kvar), and its loading: the larger end current in % of the rating.

    All None for a switch without impedance; ``loading_pct`` None without a rating.
    """

    p_from_kw: float | None = None
    q_from_kvar: float | None = None
    p_to_kw: float | None = None
    q_to_kvar: float | None = None
    loading_pct: float | None = None


@dataclass(frozen=True)
class IslandFlow:
    """A solved island: voltages by bus, flows by closed branch, output of the balance unit, losses of all branches.

    Each number is rounded to its quantum (``relight.scenarios.quanta``), for the last bits of a solution depend on the
    processor; the balance unit gives load less units plus losses as rounded.
    """

    vm_pu: dict[str, float]
    va_degree: dict[str, float]
    branches: dict[str, BranchFlow]
    p_balance_kw: float
    q_balance_kvar: float
    losses_kw: float
    losses_kvar: float


class PowerFlow:
    """Solves islands of a case; keeps its own copy of the net."""

    def __init__(self, case: Case) -> None:
        """Raises ValueError if the net holds elements besides buses, lines, transformers and bus-bus switches."""
        import pandapower as pp

        foreign = [table for table in _FOREIGN if table in case.net and len(case.net[table])]
        if foreign:
            raise ValueError(f"the net of a case holds branches and buses only, but this one has {', '.join(foreign)}")
        self.seconds = 0.0
        """time spent on solutions so far"""
        self.net = net = copy.deepcopy(case.net)
        self.view = view = case.view
        bus_index = dict(zip(net.bus["name"], net.bus.index, strict=True))
        self._buses = {bus: k for k, bus in enumerate(net.bus["name"])}
        self._branches: dict[str, tuple[str, int]] = {
            name: (table, k) for table in ("line", "trafo", "switch") for k, name in enumerate(net[table]["name"])
        }
        loaded = [bus for bus in view.buses if case.base_load_kw.get(bus, 0.0) > 0]
        forming = [u for u in view.units.values() if not isinstance(u, PvUnit)]
        if loaded:
            pp.create_loads(net, [bus_index[bus] for bus in loaded], p_mw=0.0, in_service=False)
        if view.units:
            pp.create_sgens(net, [bus_index[unit.bus] for unit in view.units.values()], p_mw=0.0, in_service=False)
        for unit in forming:
            vm_pu = view.infeeds[unit.id].vm_pu if unit.id in view.infeeds else case.scenario.limits.reference_vm_pu
            pp.create_ext_grid(net, bus_index[unit.bus], vm_pu=vm_pu, in_service=False)
        self._loads = {bus: k for k, bus in enumerate(loaded)}
        self._sgens = {unit: k for k, unit in enumerate(view.units)}
        self._slacks = {unit.id: k for k, unit in enumerate(forming)}

    def solve(self, inputs: Sequence[IslandInput]) -> dict[str, IslandFlow | None]:
        """Solve islands together; one by one if that fails. By island id; None: its power flow does not converge.

        Raises WorldError if an island has not exactly one slack, or a voltage is defined on a dark bus or not defined
        on an energised one.
        """
        if not inputs:
            return {}
        began = clock()
        try:
            flows = self._read(inputs) if self._run(inputs) else None
        finally:
            self.seconds += clock() - began
        if flows is not None:
            return flows
        if len(inputs) == 1:
            return {inputs[0].island.id: None}
        return {key: flow for single in inputs for key, flow in self.solve([single]).items()}

    def _run(self, inputs: Sequence[IslandInput]) -> bool:
        import pandapower as pp

        self._put_in_service(inputs)
        try:
            pp.runpp(
                self.net, init="flat", numba=False, tolerance_mva=TOLERANCE_MVA, calculate_voltage_angles=False,
                check_connectivity=False,
            )  # fmt: skip
        except pp.LoadflowNotConverged:
            return False
        return bool(self.net.converged)

    def _put_in_service(self, inputs: Sequence[IslandInput]) -> None:
        net = self.net
        live_bus = np.zeros(len(net.bus), dtype=bool)
        live_branch = {table: np.zeros(len(net[table]), dtype=bool) for table in ("line", "trafo", "switch")}
        load = np.zeros((2, len(self._loads)))
        sgen = np.zeros((2, len(self._sgens)))
        sgen_on = np.zeros(len(self._sgens), dtype=bool)
        slack_on = np.zeros(len(self._slacks), dtype=bool)
        for one in inputs:
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
        net.load["p_mw"], net.load["q_mvar"] = load / 1000
        net.load["in_service"] = (load != 0).any(axis=0)
        net.sgen["p_mw"], net.sgen["q_mvar"] = sgen / 1000
        net.sgen["in_service"] = sgen_on
        net.ext_grid["in_service"] = slack_on

    def _read(self, inputs: Sequence[IslandInput]) -> dict[str, IslandFlow | None]:
        net = self.net
        vm = net.res_bus["vm_pu"].to_numpy()
        va = net.res_bus["va_degree"].to_numpy()
        if not np.array_equal(np.isnan(vm), ~net.bus["in_service"].to_numpy()):
            raise WorldError("voltages are not defined exactly on the energised buses")
        ends: dict[str, Any] = {}
        for table, (a, b) in _BRANCH_TABLES.items():
            columns = [f"p_{a}_mw", f"q_{a}_mvar", f"p_{b}_mw", f"q_{b}_mvar", f"vm_{a}_pu", f"vm_{b}_pu"]
            ends[table] = net[f"res_{table}"][columns].to_numpy()
        slack = net.res_ext_grid[["p_mw", "q_mvar"]].to_numpy() * 1000
        return {one.island.id: self._read_island(one, vm, va, ends, slack) for one in inputs}

    def _read_island(self, one: IslandInput, vm: Any, va: Any, ends: dict[str, Any], slack: Any) -> IslandFlow:
        branches: dict[str, BranchFlow] = {}
        losses_kw = losses_kvar = 0.0
        for branch in one.island.branches:
            table, k = self._branches[branch]
            if table == "switch":
                branches[branch] = BranchFlow()
                continue
            p_from, q_from, p_to, q_to, vm_from, vm_to = ends[table][k].tolist()
            current = max(math.hypot(p_from, q_from) / vm_from, math.hypot(p_to, q_to) / vm_to) * 1000
            rating = self.view.branches[branch].s_max_kva
            loading = rounded(100 * current / rating, LOADING_PCT) if math.isfinite(rating) else None
            branches[branch] = BranchFlow(
                rounded_flow(p_from * 1000, FLOW_KW), rounded_flow(q_from * 1000, FLOW_KW),
                rounded_flow(p_to * 1000, FLOW_KW), rounded_flow(q_to * 1000, FLOW_KW), loading,
            )  # fmt: skip
            losses_kw += (p_from + p_to) * 1000
            losses_kvar += (q_from + q_to) * 1000
        losses_kw, losses_kvar = rounded_flow(losses_kw, LOSSES_KW), rounded_flow(losses_kvar, LOSSES_KW)
        p_balance, q_balance = one.drawn_kw + losses_kw, one.drawn_kvar + losses_kvar
        p_slack, q_slack = slack[self._slacks[one.balance_unit]].tolist()
        if not max(abs(p_slack - p_balance), abs(q_slack - q_balance)) <= CLOSES_KW:
            told = f"{p_slack:.4f} kW, {q_slack:.4f} kvar, not {p_balance:.4f}, {q_balance:.4f}"
            raise WorldError(f"island {one.island.id}: {one.balance_unit} gives {told}: load, units and losses differ")
        return IslandFlow(
            vm_pu={bus: rounded(float(vm[self._buses[bus]]), VOLTAGE_PU) for bus in one.island.buses},
            va_degree={bus: rounded(float(va[self._buses[bus]]), ANGLE_DEGREE) for bus in one.island.buses},
            branches=branches,
            p_balance_kw=p_balance,
            q_balance_kvar=q_balance,
            losses_kw=losses_kw,
            losses_kvar=losses_kvar,
        )
