"""What must always hold (docs/world.md, 1–5), whatever the network, the weather and the orders, sensible or not.

Everything is checked from the outside, from the rows, with a topology of its own; the world's own assertions run too.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from typing import Any

import networkx as nx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from relight.scenarios.case import Case
from relight.scenarios.view import EssUnit, NbsuUnit, PvUnit, Unit, with_faults
from relight.sim.world.grid import Grid, StepRecord
from support.networks import Line, build_case, ess, infeed, nbsu, orders, pv

STEP_MIN = 5
STATES = ("off", "waiting", "starting", "follow", "form")


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to seven buses: a tree and perhaps a loop; lines, bus switches, a fault, an absurdly long line; any units."""
    names = [f"n{k}" for k in range(draw(st.integers(2, 7)))]
    pairs = [(names[draw(st.integers(0, k - 1))], names[k]) for k in range(1, len(names))]
    if len(names) > 2 and draw(st.booleans()) and (names[0], names[-1]) not in pairs:
        pairs.append((names[0], names[-1]))
    lines = [
        Line(
            a, b,
            switchable=draw(st.booleans()), closed=True, faulted=draw(st.integers(0, 11)) == 0,
            length_km=draw(st.sampled_from((0.01, 0.5, 3.0) * 6 + (3000.0,))),
            c_nf_per_km=draw(st.sampled_from((0.0, 300.0))),
            kind=draw(st.sampled_from(("line", "line", "line", "switch"))),
        )
        for a, b in pairs
    ]  # fmt: skip
    lines = [line if line.switchable else Line(**{**vars(line), "closed": True}) for line in lines]
    units: list[Any] = []
    for name in names:
        if draw(st.booleans()):
            discharge_kwh, charge_kwh = draw(st.sampled_from(((1000.0, 1000.0), (3.0, 2.0), (0.0, 50.0), (50.0, 0.0))))
            efficiency = draw(st.sampled_from(((1.0, 1.0), (0.9, 0.8), (0.5, 1.0), (1.0, 0.5))))
            units.append(ess(name, draw(st.sampled_from((40.0, 300.0))), discharge_kwh, charge_kwh, efficiency))
        if draw(st.integers(0, 2)) == 0:
            units.append(pv(name, draw(st.sampled_from((30.0, 400.0)))))
        if draw(st.integers(0, 2)) == 0:
            ramp = draw(st.sampled_from((20.0, 300.0)))
            start_min = draw(st.sampled_from((0.0, 5.0, 10.0)))
            units.append(nbsu(name, draw(st.sampled_from((50.0, 300.0))), ramp, start_min))
        if draw(st.integers(0, 5)) == 0:
            units.append(infeed(name, draw(st.sampled_from((100.0, 5000.0))), live=draw(st.booleans())))
    later = draw(st.sampled_from(([], [names[0]], [names[0], names[-1]])))
    surprises = {
        "faults": [{"element": bus, "at_min": 5 + 5 * k, "repair": {"minutes": 15}} for k, bus in enumerate(later)]
    }
    case = build_case(
        lines,
        units,
        buses=names,
        priority={name: draw(st.sampled_from((1.0, 2.0))) for name in names},
        clock={"sim_step_min": STEP_MIN, "plan_step_min": 10},
        pv={"reconnect_delay_min": draw(st.sampled_from((0, 10)))},
        world={"nbsu_ramp_window_min": draw(st.sampled_from((None, 5, 12)))},
        dispatch_centre={"first_online_step_free": draw(st.booleans())},
        frequency=draw(st.sampled_from((None, {}))),
        surprises=surprises if later else None,
    )
    sound = [name for name in names if name not in later]  # what has failed already is refused as a later fault
    struck = draw(st.sampled_from(sound)) if sound and draw(st.integers(0, 2)) == 0 else None
    return replace(case, view=with_faults(case.view, [struck])) if struck else case


def states(unit: Unit) -> st.SearchStrategy[str]:
    """Any state, but more often one that makes something happen."""
    likely = {EssUnit: ("form", "form", "follow"), NbsuUnit: ("starting", "follow", "form"), PvUnit: ("follow",)}
    return st.sampled_from(STATES + likely[type(unit)] * 3)


def powers(limit: float) -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), st.floats(-limit, limit, allow_nan=False))


@st.composite
def step_inputs(draw: st.DrawFn, case: Case) -> dict[str, Any]:
    """Anything that may arrive at a grid in one step."""
    view = case.view
    switches = [b.id for b in view.branches.values() if b.switchable]
    controlled = [u for u in view.units if u not in view.infeeds]
    ordered = draw(st.lists(st.sampled_from(controlled), unique=True)) if controlled else []
    given_orders = {
        u: {"p_kw": draw(powers(350)), "q_kvar": draw(powers(120)), "state": draw(states(view.units[u]))}
        for u in ordered
    }
    scale = draw(st.sampled_from((5.0, 40.0, 150.0)))
    return {
        "demand": {la: (draw(st.floats(0, scale)), draw(st.floats(-0.1, 0.4)) * scale) for la in view.local_areas},
        "pv_pu": {u: draw(st.floats(0, 1.2)) for u in view.pv},
        "switch_orders": {s: draw(st.booleans()) for s in switches if draw(st.integers(0, 2)) == 0},
        "area_orders": orders(case, given_orders, pick_up=draw(st.sets(st.sampled_from(sorted(view.local_areas))))),
        "planned_kw": {la: 10.0 for la in view.local_areas if draw(st.booleans())},
    }


def by(rows: list[dict[str, Any]], key: str) -> dict[str, dict[str, Any]]:
    return {row[key]: row for row in rows}


QUIET = [HealthCheck.data_too_large, HealthCheck.too_slow]


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=QUIET)
@given(st.data())
def test_whatever_is_ordered_the_world_keeps_its_laws(data):
    check_laws(data)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=QUIET)
@given(st.data())
def test_whatever_is_ordered_the_world_keeps_its_laws_at_length(data):
    check_laws(data)


def check_laws(data: st.DataObject) -> None:
    case = data.draw(cases())
    grid = Grid(case)
    watch = Watch(case)
    for k in range(data.draw(st.integers(1, 9))):
        inputs = data.draw(step_inputs(case))
        before = grid.measurements()
        watch.see(grid.step(k * STEP_MIN, **inputs), inputs, before)


class Watch:
    """Judges records one after the other; remembers what units did."""

    def __init__(self, case: Case) -> None:
        self.case, self.view = case, case.view
        self.nbsu_p: dict[str, list[tuple[float, float]]] = defaultdict(list)
        self.starting_since: dict[str, float] = {}
        self.lost = set(self.view.lost_areas)
        self.dark_at: dict[str, float] = dict.fromkeys(self.view.buses, -STEP_MIN)
        for bus in self.view.buses:
            if bus not in self.view.outage_area:
                self.dark_at[bus] = -math.inf

    def see(self, record: StepRecord, inputs: dict[str, Any], before: dict[str, Any]) -> None:
        time = record.series["bus"][0]["time_min"]
        islands = self.check_topology(record)
        self.check_energy(record, islands)
        self.check_demand(record, inputs)
        for unit in record.series["unit"]:
            self.check_unit(time, unit, by(record.series["bus"], "bus"), before)
        self.check_nothing_is_skipped(record, inputs, islands)
        self.lost |= {row["local_area"] for row in record.series["local_area"] if not row["energised"]}
        self.dark_at |= {row["bus"]: time for row in record.series["bus"] if not row["energised"]}

    def check_topology(self, record: StepRecord) -> list[set[str]]:
        """1 and 2: one balance unit per energised island; dark by topology and voltage not defined are the same."""
        live = {row["bus"] for row in record.series["bus"] if row["energised"]}
        assert live.isdisjoint(bus for s in self.view.held for bus in self.view.sections[s].buses)
        time, surprises = record.series["bus"][0]["time_min"], self.case.scenario.surprises
        for fault in surprises.faults if surprises else ():
            if fault.at_min <= time < fault.at_min + 15:
                section = self.view.fault_place(fault.element)
                assert live.isdisjoint(self.view.sections[section].buses)
        graph, fixed = nx.MultiGraph(), nx.Graph()
        graph.add_nodes_from(self.view.buses)
        fixed.add_nodes_from(self.view.buses)
        for row in record.series["branch"]:
            branch = self.view.branches[row["branch"]]
            assert not (row["closed"] and branch.faulted)
            assert row["closed"] or branch.switchable or branch.faulted
            if row["closed"]:
                (graph if branch.switchable else fixed).add_edge(branch.from_bus, branch.to_bus)
        graph.add_edges_from(fixed.edges)
        # Several ways without a switch are no loop: none could be opened.
        part = {name: k for k, members in enumerate(nx.connected_components(fixed)) for name in members}
        bus = by(record.series["bus"], "bus")
        told = by(record.series["island"], "island")
        states = {row["unit"]: row["state"] for row in record.series["unit"]}
        islands = [set(members) for members in nx.connected_components(graph)]
        for members in islands:
            energised = {bus[name]["energised"] for name in members}
            forming = [u.id for u in self.view.units.values() if u.bus in members and states[u.id] == "form"]
            assert energised == ({1} if forming else {0})
            assert len(forming) <= 1
            assert all((bus[name]["vm_pu"] is not None) == bool(forming) for name in members)
            if not forming:
                continue
            first = next(name for name in self.view.buses if name in members)
            row = told[first]
            assert row["balance_unit"] == forming[0] and row["converged"] == 1 and row["buses"] == len(members)
            ways = sum(part[a] != part[b] for a, b in graph.subgraph(members).edges())
            loops = ways - len({part[name] for name in members}) + 1
            assert row["radial"] == int(loops == 0)
            assert (("not_radial", first) in {(v["kind"], v["element"]) for v in record.violations}) == bool(loops)
        return islands

    def check_energy(self, record: StepRecord, islands: list[set[str]]) -> None:
        """3: from the rows of units, areas and branches, island by island, to 1 W."""
        for members in islands:
            injected = sum(row["p_kw"] for row in record.series["unit"] if self.view.units[row["unit"]].bus in members)
            served = sum(row["served_kw"] for row in record.series["local_area"] if row["local_area"] in members)
            losses = sum(
                (row["p_from_kw"] or 0.0) + (row["p_to_kw"] or 0.0)
                for row in record.series["branch"]
                if row["closed"] and self.view.branches[row["branch"]].from_bus in members
            )
            assert abs(injected - served - losses) <= 1e-3
        for row in record.series["island"]:
            assert abs(row["mismatch_kw"]) <= 1e-3

    def check_demand(self, record: StepRecord, inputs: dict[str, Any]) -> None:
        for row in record.series["local_area"]:
            demand = inputs["demand"][row["local_area"]]
            supplied = row["energised"] and not row["shed"]
            assert math.isclose(row["demand_kw"], demand[0], abs_tol=1e-9)
            assert row["served_kw"] == (row["demand_kw"] if supplied else 0)
            assert row["served_kvar"] == (row["demand_kvar"] if supplied else 0)

    def check_unit(self, time: float, row: dict[str, Any], bus: dict[str, Any], before: dict[str, Any]) -> None:
        """4: ratings, energy, ramps, start-up and reconnect times, in what happened."""
        unit = self.view.units[row["unit"]]
        live = bus[unit.bus]["energised"]
        metered = before[self.view.local_area_of_unit(unit.id)]["units"][unit.id]
        assert row["p_kw"] ** 2 + row["q_kvar"] ** 2 <= unit.s_kva**2 * (1 + 1e-9) + 1e-9
        if not live:
            assert row["p_kw"] == 0 and row["q_kvar"] == 0
        on_line = {row["state"], metered["state"]} <= {"follow", "form"}
        if on_line and row["kind"] == "nbsu" and live:
            assert metered["p_min_kw"] - 1e-6 <= row["p_kw"] <= metered["p_max_kw"] + 1e-6
        if row["kind"] == "ess":
            assert row["discharge_kwh"] >= 0 and row["charge_kwh"] >= 0
            store, p_kw = self.view.ess[row["unit"]], row["p_kw"]
            drawn_kw = p_kw / store.discharge_efficiency if p_kw > 0 else p_kw * store.charge_efficiency
            assert math.isclose(row.get("storage_losses_kw", 0.0), drawn_kw - p_kw, abs_tol=1e-9)
            moved = drawn_kw * STEP_MIN / 60
            assert math.isclose(metered["discharge_kwh"] - moved, row["discharge_kwh"], abs_tol=1e-9)
            assert math.isclose(metered["charge_kwh"] + moved, row["charge_kwh"], abs_tol=1e-9)
            assert metered["p_min_kw"] - 1e-6 <= row["p_kw"] <= metered["p_max_kw"] + 1e-6
        elif row["kind"] == "pv":
            waited = time - self.dark_at[unit.bus] - STEP_MIN >= self.case.scenario.pv.reconnect_delay_min
            assert 0 <= row["p_kw"] <= row["p_available_kw"] + 1e-9
            assert waited or row["state"] != "follow"
        elif row["kind"] == "nbsu":
            self.check_nbsu(time, row, metered, bool(live))

    def check_nbsu(self, time: float, row: dict[str, Any], metered: dict[str, Any], live: bool) -> None:
        spec, history = self.view.nbsu[row["unit"]], self.nbsu_p[row["unit"]]
        if row["state"] == "starting":
            assert row["p_kw"] == -spec.p_in_kw and live
            self.starting_since.setdefault(spec.id, time)
            return
        if row["state"] == "off":
            assert row["p_kw"] == 0
            self.starting_since.pop(spec.id, None)
            history.clear()
            return
        if metered["state"] in ("off", "starting"):
            assert time - self.starting_since.pop(spec.id) >= spec.start_min
            history.clear()
            if not self.case.scenario.dispatch_centre.first_online_step_free:
                history.append((time - STEP_MIN, 0.0))
        if not live:
            history[:] = [(time, 0.0)]
            return
        world = self.case.scenario.world.nbsu_ramp_window_min or self.case.scenario.clock.plan_step_min
        for start, p_kw in history:
            if start + STEP_MIN > time - world:
                change = row["p_kw"] - p_kw
                assert -spec.ramp_down_kw_per_h * world / 60 - 1e-6 <= change
                assert change <= spec.ramp_up_kw_per_h * world / 60 + 1e-6
        history.append((time, row["p_kw"]))

    def check_nothing_is_skipped(self, record: StepRecord, inputs: dict[str, Any], islands: list[set[str]]) -> None:
        """5: every table is complete in each step; what does not converge or collapses is an event, a row, a number."""
        assert [row["bus"] for row in record.series["bus"]] == list(self.view.buses)
        assert [row["branch"] for row in record.series["branch"]] == list(self.view.branches)
        assert [row["unit"] for row in record.series["unit"]] == list(self.view.units)
        assert [row["local_area"] for row in record.series["local_area"]] == list(self.view.local_areas)
        told = by(record.series["island"], "island")
        events = {(row["kind"], row["element"]) for row in record.events}
        violations = {(row["kind"], row["element"]) for row in record.violations}
        failed = {element for kind, element in events if kind == "not_converged"}
        assert failed == {element for kind, element in violations if kind == "not_converged"}
        for kind, element in events:
            if kind in ("collapse", "not_converged"):
                assert told[element]["converged"] == 0 and told[element]["balance_unit"] == ""
        for name, row in told.items():
            assert row["violations"] == sum(v["island"] == name for v in record.violations)
        assert {v["island"] for v in record.violations} <= told.keys()
        for row in record.series["local_area"]:
            la = row["local_area"]
            # Who had not lost supply is to be served whatever a plan says.
            lost = la in self.lost
            assert row["in_outage_area"] == int(lost or not row["energised"])
            missing = (inputs["planned_kw"].get(la, 0) if lost else inputs["demand"][la][0]) > 0
            missing = missing and not (row["energised"] and not row["shed"])
            assert (("unsupplied_load", la) in violations) == missing
