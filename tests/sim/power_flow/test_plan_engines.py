"""pandapower and power-grid-model: the same numbers for any islanded state, the same verdict for any plan."""

from __future__ import annotations

import dataclasses
import random
import sys
from collections.abc import Sequence

import numpy as np
import pandapower as pp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.raw_network import ZipShares
from relight.sim.power_flow.engines import ENGINES, engine_named
from relight.sim.power_flow.island_topology import find_islands
from relight.sim.power_flow.pandapower_engine import PandapowerEngine
from relight.sim.power_flow.protocol import EngineUnavailable, IslandInput, IslandSolution, State
from relight.sim.validation.conditions import StartState
from relight.sim.validation.validator import Validator
from relight.sim.world.grid import Grid
from support.networks import Line, build_case, chain, ess, nbsu, order, orders, pv, random_case, random_state
from support.validation_cases import constant

STATES_PER_CASE = 15


def assert_equal(one: IslandSolution | None, other: IslandSolution | None) -> None:
    assert one is not None and other is not None
    assert np.allclose(one.vm_pu, other.vm_pu, rtol=0, atol=1e-8)
    assert np.allclose(np.radians(one.va_degree), np.radians(other.va_degree), rtol=0, atol=1e-8)
    assert np.allclose(one.loading_pct, other.loading_pct, rtol=1e-6, atol=1e-5, equal_nan=True)
    assert np.allclose(one.into_ends, other.into_ends, rtol=0, atol=1.5e-4, equal_nan=True)
    for name in ("p_balance_kw", "q_balance_kvar", "losses_kw", "losses_kvar", "effect_kw", "effect_kvar"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4)


def compare(case: Case, states: list[list[IslandInput]]) -> int:
    """Number of islands compared."""
    both = [engine_named(engine)(case).solve(states) for engine in ENGINES]
    count = 0
    for ours, theirs in zip(*both, strict=True):
        for one, other in zip(ours, theirs, strict=True):
            assert_equal(one, other)
            count += 1
    return count


def compare_random(seed: int) -> None:
    rng = random.Random(seed)
    case = random_case(rng)
    assert compare(case, [random_state(case, rng)[1] for _ in range(STATES_PER_CASE)]) > 0


def varying(case: Case, rng: random.Random) -> Case:
    """The case with loads that go with the voltage, on most buses."""
    shares = {bus: random_shares(rng) for bus in case.view.buses if rng.random() < 0.8}
    return dataclasses.replace(case, zip_shares=shares)


def random_shares(rng: random.Random) -> ZipShares:
    z_p, z_q = rng.random(), rng.random()
    return ZipShares(z_p, rng.uniform(0, 1 - z_p), z_q, rng.uniform(0, 1 - z_q))


@pytest.mark.parametrize("seed", range(3))
def test_engines_agree_on_random_islanded_states(seed: int) -> None:
    compare_random(seed)


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(k, marks=pytest.mark.slow) for k in range(2, 40))])
def test_engines_agree_where_loads_go_with_the_voltage(seed: int) -> None:
    """Also at buses with units: one engine repeats solutions with what loads draw then, the other solves it at once."""
    rng = random.Random(seed)
    case = varying(random_case(rng), rng)
    states = [random_state(case, rng)[1] for _ in range(STATES_PER_CASE)]
    assert compare(case, states) > 0
    assert any(flow and abs(flow.effect_kw) > 1e-6 for flows in PandapowerEngine(case).solve(states) for flow in flows)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 80))
def test_engines_agree_on_a_thousand_random_islanded_states(seed: int) -> None:
    compare_random(seed)


@pytest.mark.parametrize("name", ["guo45/fault-0400", "cigre_mv/blackout"])
def test_engines_agree_on_shipped_networks_with_random_switching(name: str) -> None:
    """Switches without impedance join buses, transformers change the voltage level, loads go with the voltage."""
    rng, states = random.Random(name), []
    case = varying(load_case(name), rng)
    former = [u for u in case.view.units.values() if u.id not in case.view.pv]
    for _ in range(8):
        closed = {b.id: not b.faulted and (not b.switchable or rng.random() < 0.7) for b in case.view.branches.values()}
        state = []
        for island in find_islands(case.view, closed):
            able = [unit for unit in former if unit.bus in island.buses]
            if not able:
                continue
            balance = rng.choice(able)
            load = {bus: (rng.uniform(0, 90), rng.uniform(0, 30)) for bus in island.buses if case.base_load_kw[bus] > 0}
            units = {u.id: (rng.uniform(-99, 99), rng.uniform(-50, 50)) for u in able if u is not balance}
            state.append(IslandInput(island, balance.id, load, units))
        states.append(state)
    assert compare(case, states) > len(states)


def test_off_nominal_transformers_with_iron_losses_in_both_engines() -> None:
    case = build_case(chain("a", "b"), [ess("a", 3000, 9000)], buses=["a", "b", "c"])
    net = case.net
    net.bus.loc[2, "vn_kv"] = 0.4
    pp.create_transformer_from_parameters(
        net, 1, 2, sn_mva=0.63, vn_hv_kv=10.5, vn_lv_kv=0.42, vkr_percent=1.1, vk_percent=6, pfe_kw=1.2, i0_percent=0.3,
        tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5, tap_pos=-2, tap_changer_type="Ratio",
        name="b-c",
    )  # fmt: skip
    branch = dataclasses.replace(
        case.view.branches["a-b"], id="b-c", from_bus="b", to_bus="c", kind="trafo", s_max_kva=630
    )
    view = dataclasses.replace(case.view, branches={**case.view.branches, "b-c": branch})
    case = dataclasses.replace(case, view=view)
    (island,) = find_islands(view, dict.fromkeys(view.branches, True))
    assert compare(case, [[IslandInput(island, "ess.a", {"b": (100, 30), "c": (400, 90)}, {})]]) == 1


def test_a_line_in_parallel_with_a_closed_switch_only_charges() -> None:
    lines = [Line("a", "b", c_nf_per_km=370, length_km=3), Line("b", "a", kind="switch"), Line("b", "c")]
    case = build_case(lines, [ess("a")])
    (island,) = find_islands(case.view, dict.fromkeys(case.view.branches, True))
    assert compare(case, [[IslandInput(island, "ess.a", {"c": (200, 30)}, {})]]) == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_one_island_that_does_not_converge_leaves_the_others_solved(engine) -> None:
    case = build_case([Line("a", "b", length_km=150), Line("c", "d")], [ess("a"), ess("c")], loads={"b": 1, "d": 1})
    islands = find_islands(case.view, dict.fromkeys(case.view.branches, True))
    state = [IslandInput(i, f"ess.{i.id}", {i.buses[1]: (2000.0, 600.0)}, {}) for i in islands]
    first, second = engine_named(engine)(case).solve([state, state])
    assert [solution is None for solution in (*first, *second)] == [True, False] * 2


class NothingConverges:
    def __init__(self, case: Case) -> None: ...

    def solve(self, states: Sequence[State]) -> list[list[IslandSolution | None]]:
        return [[None for _ in state] for state in states]


def test_an_engine_serves_world_and_validator_once_it_has_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    case = build_case(chain("a", "b"), [ess("a")])
    plan = Plan.model_validate({"steps": [{"start_min": 0, "closed_branches": ["a-b"], "balance_units": ["ess.a"]}]})
    with pytest.raises(EngineUnavailable, match="there are: pandapower, power-grid-model"):
        Grid(case, engine="none")
    monkeypatch.setitem(ENGINES, "none", NothingConverges)
    for engine, kinds in (("none", ["not_converged"]), ("pandapower", [])):
        judged = Validator(case, engine=engine, forecast=constant(case)).validate(plan)
        record = Grid(case, engine=engine).step(0, {}, {}, {"a-b": True}, orders(case, order("ess.a", "form")), {})
        assert [v.kind for v in judged.violations] == [row["kind"] for row in record.violations] == kinds


def random_plan(rng: random.Random, case: Case) -> Plan:
    """Anything at all: any switches, claims, units and set-points."""
    view, steps = case.view, []
    forming = [u.id for u in (*view.ess.values(), *view.nbsu.values())]
    for k in range(rng.randint(1, 4)):
        made: dict = {"start_min": 30 * k, "closed_branches": [b for b in view.branches if rng.random() < 0.8]}
        if rng.random() < 0.5:
            made["energised_buses"] = [bus for bus in view.buses if rng.random() < 0.7]
        if rng.random() < 0.5:
            made["balance_units"] = [unit for unit in forming if rng.random() < 0.4]
        made["units"] = {
            unit: {"p_kw": rng.uniform(-150, 400), "q_kvar": rng.uniform(-120, 120)}
            for unit in (*view.pv, *forming)
            if rng.random() < 0.4
        }
        made["local_areas"] = {
            la: {"p_kw": rng.uniform(-150, 150), "q_kvar": rng.uniform(-40, 40), "demand_kw": rng.choice([0, 80, 100])}
            for la in view.local_areas
            if rng.random() < 0.2
        }
        steps.append(made)
    return Plan.model_validate({"step_min": 30, "steps": steps})


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_the_verdict_does_not_depend_on_the_engine(seed: int) -> None:
    rng = random.Random(seed)
    names = "abcdefgh"[: rng.randint(2, 8)]
    lines = [
        Line(rng.choice(names[:k]), name, switchable=rng.random() < 0.8, length_km=rng.uniform(0.1, 12), max_i_ka=0.03,
             kind="switch" if rng.random() < 0.2 else "line")
        for k, name in enumerate(names) if k
    ]  # fmt: skip
    if len(names) > 2 and rng.random() < 0.5:
        lines.append(Line(names[-1], names[0], closed=False))
    kinds = (lambda b: ess(b, 300, 200, 50), pv, nbsu)
    units = [rng.choice(kinds)(bus) for bus in names if rng.random() < 0.6] + [ess("a", 400, 300)] * (
        rng.random() < 0.9
    )
    case = build_case(lines, {u.id: u for u in units}.values(), buses=list(names))
    plan, series = random_plan(rng, case), constant(case, kw=rng.choice([20, 100, 400]))
    actual, start = rng.random() < 0.3, StartState.after_fault(case)
    ours, theirs = (
        Validator(case, engine=engine, forecast=series, actual=series).validate(plan, actual=actual, start=start)
        for engine in ("pandapower", "power-grid-model")
    )
    assert ours.notes == theirs.notes and ours.dispatched == theirs.dispatched
    assert len(ours.islands) == len(theirs.islands)
    told = [[(v.step, v.time_min, v.kind, v.element, v.unit) for v in one.violations] for one in (ours, theirs)]
    assert told[0] == told[1]
    for one, other in zip(ours.violations, theirs.violations, strict=True):
        assert one.value == (other.value if other.value is None else pytest.approx(other.value, rel=1e-6, abs=1e-4))
        assert one.limit == (other.limit if other.limit is None else pytest.approx(other.limit, rel=1e-6, abs=1e-4))


def test_without_power_grid_model_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "power_grid_model", None)
    case = build_case(chain("a", "b"), [ess("a")])
    with pytest.raises(EngineUnavailable, match=r"pip install -e '\.\[fast\]'"):
        Validator(case, engine="power-grid-model")
    assert (
        Validator(case, engine="pandapower", forecast=constant(case))(
            Plan.model_validate({"steps": [{"start_min": 0, "closed_branches": ["a-b"]}]})
        )
        == ()
    )
