"""Topology, the choice of a balance unit, and what gives way in an island, without a power flow."""

from __future__ import annotations

import math
import random
from typing import get_args

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.scenarios.schema.scenario import LoadControl
from relight.sim.islands.balance import TOLERANCE_KW, BalanceSource, CannotBalance, Demand, Task, balance
from relight.sim.power_flow.island_topology import choose_balance_unit, find_islands
from relight.sim.units.unit_model import GivesWay
from support.networks import Line, build_case
from support.small_cases import seeds

SIN_PHI = math.sqrt(1 - 0.95**2)


@pytest.mark.parametrize("seed", seeds(6, 60))
def test_islands_are_the_components_over_closed_branches(seed):
    rng = random.Random(seed)
    names = [f"n{k}" for k in range(12)]
    pairs = {tuple(rng.sample(names, 2)) for _ in range(14)}
    view = build_case([Line(a, b) for a, b in sorted(pairs)], buses=names).view
    closed = {branch: rng.random() < 0.6 for branch in view.branches}
    graph = nx.MultiGraph([(b.from_bus, b.to_bus) for b in view.branches.values() if closed[b.id]])
    graph.add_nodes_from(names)
    islands = find_islands(view, closed)
    assert {frozenset(i.buses) for i in islands} == {frozenset(c) for c in nx.connected_components(graph)}
    assert [i.id for i in islands] == [name for name in names if name in {i.buses[0] for i in islands}]
    for island in islands:
        part = graph.subgraph(island.buses)
        assert len(island.branches) == part.number_of_edges()
        assert (island.loops == 0) == nx.is_tree(part)


def test_the_first_willing_unit_forms_the_voltage_and_a_former_one_takes_over():
    order, units = ("x", "y", "z"), {"y", "z"}
    choice = choose_balance_unit(order, units, {"z", "y"}, set(), set())
    assert (choice.unit, choice.demoted, choice.takes_over) == ("y", ("z",), False)
    choice = choose_balance_unit(order, units, set(), {"y", "z"}, {"z"})
    assert (choice.unit, choice.demoted, choice.takes_over) == ("z", (), True)
    assert choose_balance_unit(order, units, {"x"}, {"x"}, {"x"}).unit is None


def test_charging_that_was_cut_is_given_back_after_shedding():
    task = Task(
        BalanceSource("a", "discharge_cut_kw", 100, SIN_PHI, (-100, 100)),
        (BalanceSource("b", "discharge_cut_kw", 100, SIN_PHI, (-100, 100), -50.0),),
        0.0,
        (Demand("1", (1.0,), 80, 0), Demand("2", (1.0,), 40, 0)),
    )
    dispatch = balance(task)
    assert dispatch.kept == {"1": 0.0} and dispatch.charging_cut_kw == 0 and dispatch.p_kw == {"b": -50.0}


def test_an_area_without_reactive_demand_is_not_shed_for_reactive_power():
    task = Task(
        BalanceSource("a", "discharge_cut_kw", 100, SIN_PHI, (-100, 100)),
        (),
        0.0,
        (Demand("1", (1.0,), 10, 0), Demand("2", (2.0,), 10, 60)),
    )
    assert balance(task, 0.0, 0.0).kept == {"2": 0.0}
    assert balance(task).kept == {}, "losses of reactive power are not known before a power flow"


@pytest.mark.parametrize(
    ("needs", "cause"),
    [((200, 0.0, 0.0), "deficit"), ((-200, 0.0, 0.0), "surplus"), ((0, 0.0, 90.0), "reactive deficit"),
     ((0, 0.0, -90.0), "reactive surplus")],
)  # fmt: skip
def test_what_cannot_be_balanced_says_why(needs, cause):
    startup_kw, losses_kw, losses_kvar = needs
    task = Task(BalanceSource("a", "discharge_cut_kw", 100, SIN_PHI, (-100, 100)), (), startup_kw, ())
    with pytest.raises(CannotBalance) as problem:
        balance(task, losses_kw, losses_kvar)
    assert problem.value.cause == cause


@st.composite
def sources(draw: st.DrawFn, name: str) -> BalanceSource:
    way = draw(st.sampled_from(get_args(GivesWay)))
    s_kva = draw(st.sampled_from((50.0, 200.0)))
    lows = {"discharge_cut_kw": st.floats(-s_kva, 0), "throttled_kw": st.floats(0, s_kva)}
    low = draw(lows.get(way, st.just(0.0)))
    high = draw(st.floats(max(low, 0.0), s_kva))
    source = BalanceSource(name, way, s_kva, SIN_PHI, (low, high))
    p_kw = draw(st.floats(low, high))
    return BalanceSource(name, way, s_kva, SIN_PHI, (low, high), p_kw, draw(st.floats(-1, 1)) * source.q_max(p_kw))


VALUES = st.tuples(st.sampled_from((1.0, 2.0)))


@settings(max_examples=4 * settings().max_examples, deadline=None, derandomize=True)
@given(st.data())
def test_a_dispatch_keeps_all_limits_and_sheds_in_order(data):
    task = Task(
        data.draw(sources("balance")),
        tuple(data.draw(sources(f"f{k}")) for k in range(data.draw(st.integers(0, 3)))),
        data.draw(st.sampled_from((0.0, 5.0))),
        tuple(
            Demand(f"la{k}", *data.draw(st.tuples(VALUES, st.floats(0, 150), st.floats(0, 50))))
            for k in range(data.draw(st.integers(0, 4)))
        ),
        data.draw(st.sampled_from(get_args(LoadControl))),
    )  # fmt: skip
    losses_kw, losses_kvar = data.draw(st.floats(0, 5)), data.draw(st.floats(-20, 20))
    try:
        dispatch = balance(task, losses_kw, losses_kvar)
    except CannotBalance:
        return
    for source in task.followers:
        p_kw = dispatch.p_kw[source.id]
        assert source.p_range[0] - 1e-9 <= p_kw <= source.p_range[1] + 1e-9
        assert abs(dispatch.q_kvar[source.id]) <= source.q_max(p_kw) + 1e-6
        assert abs(p_kw) <= abs(source.p_kw) + 1e-9, "followers give way towards zero, never beyond their set-points"
    kept = {d.local_area: dispatch.kept.get(d.local_area, 1.0) for d in task.demands}
    assert task.load_control != "section" or not dispatch.kept, "nobody can be shed singly"
    assert task.load_control == "part" or set(kept.values()) <= {0.0, 1.0}
    p_balance = (
        sum(d.p_kw * kept[d.local_area] for d in task.demands)
        + task.startup_kw
        + losses_kw
        - sum(dispatch.p_kw.values())
    )
    q_balance = sum(d.q_kvar * kept[d.local_area] for d in task.demands) + losses_kvar - sum(dispatch.q_kvar.values())
    low, high = task.balance.p_range
    assert low - 2 * TOLERANCE_KW <= p_balance <= high + 2 * TOLERANCE_KW
    # Beside a p close to the rating the circle is steep: √(2·S·tolerance) is 0.3 kvar.
    assert abs(q_balance) <= task.balance.q_max(min(max(p_balance, low), high)) + 0.5
    actions = (dispatch.charging_cut_kw, dispatch.curtailed_kw, dispatch.throttled_kw, dispatch.discharge_cut_kw)
    assert all(kw >= 0 for kw in actions)
