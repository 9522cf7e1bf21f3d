"""AC power flow by power-grid-model: all islands of all states side by side in one network, solved in one call.

Branches take the parameters that pandapower itself derives from the net, so that both engines solve the same equations.
Buses joined by closed switches without impedance are one node. Islands do not influence each other; if one does not
converge the call fails, and they are solved one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from power_grid_model import ComponentType, LoadGenType, PowerGridModel, initialize_array
from power_grid_model.errors import PowerGridError  # pyright: ignore[reportPrivateImportUsage]

from ...scenarios.case import Case
from ...scenarios.quanta import ANGLE_DEGREE, FLOW_KW, LOADING_PCT, VOLTAGE_PU, rounded, rounded_flow
from .branch_parameters import branch_parameters, stubs_of
from .island_topology import Island, joined
from .protocol import IslandInput, IslandSolution, State, solved

ERROR_TOLERANCE = 1e-11
"""Largest change of a voltage (p.u.) in the last iteration."""
MAX_ITERATIONS = 20
SHORT_CIRCUIT_VA = 1e20
"""Of a balance unit: it holds its voltage exactly."""
_VARYING = (LoadGenType.const_impedance, LoadGenType.const_current)
"""How a load may go with the voltage."""


@dataclass(frozen=True)
class _Layout:
    """An island as nodes and branches: ``node`` of each bus (in the island's order), ends of each branch with
    impedance, its row in the tables, its place among the island's branches. ``bridged`` branches lie in parallel with
    closed switches, so both their ends are one node: they only draw what their shunts take."""

    nodes: int
    node: np.ndarray
    u_rated: np.ndarray
    ends: np.ndarray
    rows: np.ndarray
    places: np.ndarray
    bridged: tuple[tuple[int, int, int], ...]
    """(node, row, place)"""


class PowerGridModelEngine:
    """Solves states of a case; prepares the network once."""

    def __init__(self, case: Case) -> None:
        """Raises ``EngineUnavailable`` for transformers that power-grid-model cannot express."""
        net, view = case.net, case.view
        self._view = view
        self._vn_kv = {name: float(vn) for name, vn in zip(net.bus["name"], net.bus["vn_kv"], strict=True)}
        names = [*net.line["name"], *net.trafo["name"]]
        self._row = {name: k for k, name in enumerate(names)}
        self._parameters = branch_parameters(case)
        self._rating = np.array([view.branches[name].ratings_kva for name in names]).reshape(-1, 2)
        self._shunts = _shunts_of_bridged(self._parameters)
        self._at_buses, self._zip = _Shunts(case), case.zip_shares
        reference = case.scenario.limits.reference_vm_pu
        self._u_ref = {
            u.id: view.infeeds[u.id].vm_pu if u.id in view.infeeds else reference for u in view.units.values()
        }
        self._layouts: dict[tuple[str, ...], dict[tuple[str, ...], _Layout]] = {}

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        """As ``AcPowerFlow.solve``."""
        islands = [one for state in states for one in state]
        solutions = iter(self._solve(islands))
        return [[next(solutions) for _ in state] for state in states]

    def _solve(self, islands: list[IslandInput]) -> list[IslandSolution | None]:
        if not islands:
            return []
        try:
            return self._solve_together(islands)
        except PowerGridError:
            if len(islands) == 1:
                return [None]
        half = len(islands) // 2
        return [*self._solve(islands[:half]), *self._solve(islands[half:])]

    def _solve_together(self, islands: list[IslandInput]) -> list[IslandSolution | None]:
        layouts = [self._layout(one.island) for one in islands]
        first_node = np.concatenate([[0], np.cumsum([layout.nodes for layout in layouts])])
        first_branch = np.concatenate([[0], np.cumsum([len(layout.rows) for layout in layouts])])
        nodes, branches = int(first_node[-1]), int(first_branch[-1])

        node = initialize_array("input", ComponentType.node, nodes)
        node["id"] = np.arange(nodes)
        node["u_rated"] = np.concatenate([layout.u_rated for layout in layouts])
        branch = initialize_array("input", ComponentType.generic_branch, branches)
        branch["id"] = nodes + np.arange(branches)
        ends = [layout.ends + start for layout, start in zip(layouts, first_node[:-1], strict=True)]
        both = np.concatenate(ends) if ends else np.zeros((0, 2))
        rows = np.concatenate([layout.rows for layout in layouts])
        branch["from_node"], branch["to_node"] = both[:, 0], both[:, 1]
        branch["from_status"] = branch["to_status"] = 1
        for name, values in self._parameters.items():
            branch[name] = values[rows]
        source = initialize_array("input", ComponentType.source, len(islands))
        source["id"] = nodes + branches + np.arange(len(islands))
        places = [layout.node for layout in layouts]
        index = [{bus: k for k, bus in enumerate(one.island.buses)} for one in islands]
        bus_of = self._view.units
        source["node"] = [
            start + place[of[bus_of[one.balance_unit].bus]]
            for one, place, of, start in zip(islands, places, index, first_node[:-1], strict=True)
        ]
        source["status"], source["sk"], source["rx_ratio"] = 1, SHORT_CIRCUIT_VA, 0.0
        source["u_ref"] = [self._u_ref[one.balance_unit] for one in islands]
        bridged = [(start + n, r) for la, start in zip(layouts, first_node, strict=False) for n, r, _ in la.bridged]
        across = self._shunts[[r for _, r in bridged]].sum(axis=1)
        earthed = [
            (k, int(start + place[of[bus]]), admittance)
            for k, (one, place, of, start) in enumerate(zip(islands, places, index, first_node, strict=False))
            for bus, admittance in self._at_buses.of(one.island)
        ]
        shunt = initialize_array("input", ComponentType.shunt, len(bridged) + len(earthed))
        used = nodes + branches + len(islands)
        shunt["id"], shunt["status"] = used + np.arange(len(shunt)), 1
        shunt["node"] = [n for n, _ in bridged] + [n for _, n, _ in earthed]
        total: Any = np.concatenate([across, np.array([y for _, _, y in earthed], dtype=complex)])
        shunt["g1"], shunt["b1"] = total.real, total.imag
        load, drawn = self._loads(islands, places, index, first_node, used + len(shunt))
        model = PowerGridModel(
            {
                ComponentType.node: node,
                ComponentType.generic_branch: branch,
                ComponentType.source: source,
                ComponentType.shunt: shunt,
                ComponentType.sym_load: load,
            }
        )
        result = model.calculate_power_flow(
            error_tolerance=ERROR_TOLERANCE, max_iterations=MAX_ITERATIONS, threading=-1
        )
        return self._read(islands, layouts, first_node, first_branch, result, drawn, earthed)

    def _loads(
        self,
        islands: list[IslandInput],
        places: list[np.ndarray],
        index: list[dict[str, int]],
        first: Any,
        next_id: int,
    ) -> tuple[Any, np.ndarray]:
        """What each node draws or gives, by how it goes with the voltage, and what each island draws in all at the
        nominal one (kW, kvar)."""
        nodes = int(first[-1])
        power, varying = np.zeros((nodes, 2)), {kind: np.zeros((nodes, 2)) for kind in _VARYING}
        drawn = np.zeros((len(islands), 2))
        for k, (one, place, of) in enumerate(zip(islands, places, index, strict=True)):
            for bus, pq in one.load.items():
                at = first[k] + place[of[bus]]
                power[at] += pq
                if bus in self._zip:
                    z_p, i_p, z_q, i_q = self._zip[bus]
                    varying[LoadGenType.const_impedance][at] += pq[0] * z_p, pq[1] * z_q
                    varying[LoadGenType.const_current][at] += pq[0] * i_p, pq[1] * i_q
            for unit, pq in one.units.items():
                at = first[k] + place[of[self._view.units[unit].bus]]
                power[at, 0] -= pq[0]
                power[at, 1] -= pq[1]
            drawn[k] = power[first[k] : first[k + 1]].sum(axis=0)
        kinds = {LoadGenType.const_power: power - sum(varying.values()), **varying} if self._zip else {
            LoadGenType.const_power: power
        }  # fmt: skip
        places_of = {kind: np.flatnonzero(part.any(axis=1)) for kind, part in kinds.items()}
        load = initialize_array("input", ComponentType.sym_load, sum(map(len, places_of.values())))
        load["id"], load["status"] = next_id + np.arange(len(load)), 1
        load["node"] = np.concatenate(list(places_of.values()))
        load["type"] = np.concatenate([np.full(len(at), kind) for kind, at in places_of.items()])
        of_kind = np.concatenate([kinds[kind][at] for kind, at in places_of.items()])
        load["p_specified"], load["q_specified"] = of_kind[:, 0] * 1000, of_kind[:, 1] * 1000
        return load, drawn

    def _layout(self, island: Island) -> _Layout:
        known = self._layouts.setdefault(island.buses, {})
        if island.branches not in known:
            known[island.branches] = self._lay_out(island)
        return known[island.branches]

    def _lay_out(self, island: Island) -> _Layout:
        """Join buses across closed switches without impedance, number nodes, collect branches between them."""
        branches = (self._view.branches[name] for name in island.branches)
        fused = joined(island.buses, (branch for branch in branches if branch.kind == "switch"))
        number: dict[str, int] = {}
        node = np.array([number.setdefault(fused[bus], len(number)) for bus in island.buses])
        ends, rows, places, bridged = [], [], [], []
        for place, name in enumerate(island.branches):
            branch = self._view.branches[name]
            if branch.kind == "switch":
                continue
            a, b = number[fused[branch.from_bus]], number[fused[branch.to_bus]]
            if a == b:
                bridged.append((a, self._row[name], place))
                continue
            ends.append((a, b))
            rows.append(self._row[name])
            places.append(place)
        u_rated = np.array([self._vn_kv[bus] * 1000 for bus in number])
        shape = np.array(ends, dtype=int).reshape(-1, 2)
        at = np.array(rows, dtype=int), np.array(places, dtype=int)
        return _Layout(len(number), node, u_rated, shape, *at, tuple(bridged))

    def _read(
        self, islands: list[IslandInput], layouts: list[_Layout], first_node: Any, first_branch: Any, result: Any,
        drawn: np.ndarray, earthed: list[tuple[int, int, complex]],
    ) -> list[IslandSolution | None]:  # fmt: skip
        vm, va = result[ComponentType.node]["u_pu"], np.degrees(result[ComponentType.node]["u_angle"])
        none = initialize_array("sym_output", ComponentType.generic_branch, 0)  # the engine leaves out empty tables
        flow = result.get(ComponentType.generic_branch, none)
        into_ends = np.stack([flow[name] for name in ("p_from", "q_from", "p_to", "q_to")], axis=1)
        losses_kva = (into_ends[:, 0] + into_ends[:, 2] + 1j * (into_ends[:, 1] + into_ends[:, 3])) / 1000
        apparent = np.hypot(into_ends[:, ::2], into_ends[:, 1::2]) / 1000
        solutions: list[IslandSolution | None] = []
        for k, (one, layout) in enumerate(zip(islands, layouts, strict=True)):
            nodes, own = slice(first_node[k], first_node[k + 1]), slice(first_branch[k], first_branch[k + 1])
            loading = np.full(len(one.island.branches), math.nan)
            loading[layout.places] = _loading(apparent[own] / vm[nodes][layout.ends], self._rating[layout.rows])
            ends_kw = np.full((len(one.island.branches), 4), math.nan)
            ends_kw[layout.places] = into_ends[own] / 1000
            losses = losses_kva[own].sum()
            for node, row, place in layout.bridged:
                volts = vm[first_node[k] + node] * layout.u_rated[node]
                drawn_kva = volts**2 * self._shunts[row].conj() / 1000
                loading[place] = _loading(abs(drawn_kva) / vm[first_node[k] + node], self._rating[row])
                ends_kw[place] = drawn_kva.view(float)
                losses += drawn_kva.sum()
            for _, node, admittance in (one for one in earthed if one[0] == k):
                losses += (vm[node] * layout.u_rated[node - first_node[k]]) ** 2 * np.conj(admittance) / 1000
            solutions.append(
                solved(
                    one,
                    self._zip,
                    vm_pu=rounded(vm[nodes][layout.node], VOLTAGE_PU),
                    va_degree=rounded(va[nodes][layout.node], ANGLE_DEGREE),
                    into_ends=rounded_flow(ends_kw, FLOW_KW),
                    loading_pct=rounded(loading, LOADING_PCT),
                    drawn=(float(drawn[k, 0]), float(drawn[k, 1])),
                    losses=(losses.real, losses.imag),
                )
            )
        return solutions


class _Shunts:
    """What is connected to earth at buses: shunts, and branches that stay connected at one end while they are open."""

    def __init__(self, case: Case) -> None:
        net = case.net
        vn_v = {name: float(vn) * 1000 for name, vn in zip(net.bus["name"], net.bus["vn_kv"], strict=True)}

        def siemens(bus: str, p_mw: float, q_mvar: float) -> complex:
            return complex(p_mw, -q_mvar) * 1e6 / vn_v[bus] ** 2

        self._fixed: dict[str, complex] = {}
        at = net.shunt["bus"].map(net.bus["name"])
        for bus, p_mw, q_mvar in zip(at, net.shunt["p_mw"], net.shunt["q_mvar"], strict=True):
            self._fixed[bus] = self._fixed.get(bus, 0.0) + siemens(bus, p_mw, q_mvar)
        self._stubs = [(s.bus, s.branch, siemens(s.bus, s.p_mw, s.q_mvar)) for s in stubs_of(case)]

    def of(self, island: Island) -> list[tuple[str, complex]]:
        """Bus and admittance (S)."""
        if not self._fixed and not self._stubs:
            return []
        members, closed = set(island.buses), set(island.branches)
        found = [(bus, y) for bus, y in self._fixed.items() if bus in members]
        return found + [(bus, y) for bus, branch, y in self._stubs if bus in members and branch not in closed]


def _loading(current: np.ndarray, rating: np.ndarray) -> np.ndarray:
    """The larger end current in % of its rating (kVA at rated voltage); NaN where neither end has one."""
    share = np.where(np.isfinite(rating), 100 * current / rating, -math.inf).max(axis=-1, initial=-math.inf)
    return np.where(np.isfinite(share), share, math.nan)


def _shunts_of_bridged(parameters: dict[str, np.ndarray]) -> np.ndarray:
    """Admittance (S) to earth at both ends of each branch when they are joined; rows of (from, to)."""
    series = 1 / (parameters["r1"] + 1j * parameters["x1"])
    half, k = (parameters["g1"] + 1j * parameters["b1"]) / 2, parameters["k"]
    return np.stack([(series + half) / k**2 - series / k, series + half - series / k], axis=1)
