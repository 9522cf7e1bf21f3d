"""Switching sequences of small plans: what forces an order, what interrupts, what is impossible, and how it is told."""

from __future__ import annotations

import csv
import io
from typing import Any

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.sim.switching.report import COLUMNS, as_csv, as_json, as_text
from relight.sim.switching.sequence import Sequence, find_sequences
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, chain, ess, infeed, pv
from support.validation_cases import constant, plan, step

Steps = list[dict[str, Any]]


def sequences(case: Case, steps: Steps, **series: Any) -> list[Sequence]:
    validator = Validator(case, engine="power-grid-model", forecast=constant(case, **series))
    return find_sequences(validator, Plan.model_validate(plan(*steps)))


def last(case: Case, steps: Steps, **series: Any) -> Sequence:
    return sequences(case, steps, **series)[-1]


def order(sequence: Sequence) -> list[str]:
    return [f"{op.action} {op.device}" for op in sequence.operations]


def exchange(max_i_ka: float = 0.4, **scenario: Any) -> tuple[Case, Steps]:
    """Bus x moves from the island of a to that of b, and a picks up y instead; all that a gives flows through s-a."""
    lines = [
        Line("s", "a", max_i_ka=max_i_ka), Line("a", "x"), Line("a", "y"), Line("b", "x"),
    ]  # fmt: skip
    case = build_case(lines, [ess("s", 2000, 5000), ess("b", 2000, 5000)], loads={"x": 1.0, "y": 1.0}, **scenario)
    return case, [
        step(0, ["s-a", "a-x"], None, "ess.s ess.b"),
        step(30, ["s-a", "a-y", "b-x"], None, "ess.s ess.b"),
    ]


def test_a_bus_that_changes_islands_is_interrupted_and_never_joins_them() -> None:
    """Least interruption: the switch that takes it over follows at once; y, which is dark, is picked up before."""
    case, steps = exchange()
    found = last(case, steps)
    assert order(found) == ["close a-y", "open a-x", "close b-x"]
    assert found.status == "interrupting"
    assert found.interrupted_min == {"x": 1.0}
    assert abs(found.interrupted_kwh - 100 / 60) < 1e-9
    assert [op.dark for op in found.operations] == [(), ("x",), ()]


def test_a_thin_line_forces_the_pick_up_to_wait() -> None:
    """100 kW at power factor 0.96 need 6.03 A of s-a, 200 kW twice that."""
    for max_i_ka, first in ((0.0121, "close a-y"), (0.0120, "open a-x")):
        case, steps = exchange(max_i_ka)
        found = last(case, steps)
        assert found.status == "interrupting"
        assert order(found)[0] == first
    assert order(found) == ["open a-x", "close b-x", "close a-y"]
    assert all(op.loading_max_pct is not None and op.loading_max_pct <= 100 for op in found.operations)


def test_undervoltage_forces_the_pick_up_to_wait_as_well() -> None:
    """Each MW drops about 0.9 % in the 5 km to a; the voltage limit lets pass one, not two."""
    lines = [Line("s", "a", length_km=5), Line("a", "x"), Line("a", "y"), Line("b", "x")]
    units = [ess("s", 5000, 50_000), ess("b", 5000, 50_000)]
    firsts = []
    for vm_min_pu in (0.95, 0.985):
        case = build_case(lines, units, loads={"x": 1.0, "y": 1.0}, limits={"vm_min_pu": vm_min_pu})
        firsts.append(order(last(case, exchange()[1], kw=1000.0))[0])
    assert firsts == ["close a-y", "open a-x"]


def test_a_ring_is_opened_before_it_is_closed() -> None:
    case = build_case([*chain("a", "b", "c"), Line("a", "c")], [ess("a")])
    steps = [step(0, ["a-b", "b-c"], None, "ess.a"), step(30, ["a-b", "a-c"], None, "ess.a")]
    found = last(case, steps)
    assert order(found) == ["open b-c", "close a-c"]
    assert found.interrupted_min == {"c": 1.0}


def test_no_order_at_all_is_told_with_its_reasons() -> None:
    """The large storage moves from one line to another: apart from it the small one cannot supply its bus, and with
    both lines closed there is a loop."""
    case = build_case(
        [Line("a", "w"), Line("a", "m"), Line("m", "w", switchable=False)], [ess("a", 50, 500), ess("w", 2000, 5000)]
    )
    steps = [step(0, ["a-w"], None, "ess.a"), step(30, ["a-m"], None, "ess.a")]
    found = last(case, steps)
    assert found.status == "impossible"
    assert not found.operations and len(found.pending) == 2
    assert "open a-w would break unit_p (ess.a" in found.reason
    assert "close a-m would break not_radial" in found.reason
    assert "impossible" in as_text([found])
    assert as_csv([found]).splitlines()[1].startswith("1,,30,,,impossible,")


def test_islands_merge_only_by_a_dark_one_or_where_switches_can_synchronise() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    steps = [step(0, [], None, "ess.a ess.b"), step(30, ["a-b"], None, "ess.a")]
    found = last(case, steps)
    assert order(found) == ["release ess.b", "close a-b"]
    assert found.interrupted_min == {"b": 1.0}
    case = build_case(chain("a", "b"), [ess("a"), ess("b")], switching={"synchronised_closing": True})
    found = last(case, steps)
    assert sorted(order(found)) == ["close a-b", "release ess.b"]
    assert found.status == "possible" and found.duration_min == 1.0


def test_a_part_that_is_cut_off_goes_on_with_its_own_storage() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    found = last(case, [step(0, ["a-b"], None, "ess.a"), step(30, [], None, "ess.a ess.b")])
    assert sorted(order(found)) == ["form ess.b", "open a-b"]
    assert found.status == "possible" and found.duration_min == 1.0


def test_voltage_is_handed_over_within_an_island() -> None:
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    found = last(case, [step(0, ["a-b"], None, "ess.a"), step(30, ["a-b"], None, "ess.b")])
    assert sorted(order(found)) == ["form ess.b", "release ess.a"]
    assert found.status == "possible"


def test_from_the_fault_on_customers_left_dark_are_not_supplied_in_passing() -> None:
    """All switches are closed when the grid is lost; c stays dark, so it is cut off before the storage starts."""
    case = build_case(chain("a", "b", "c"), [ess("a")])
    found = last(case, [step(0, ["a-b"], None, "ess.a")])
    assert order(found) == ["open b-c", "form ess.a"]
    assert found.passing_min == {}
    assert found.start_min == 0 and found.duration_min == 2.0


def test_two_live_infeeds_are_never_joined() -> None:
    case = build_case([*chain("a", "b", "c"), Line("c", "d", closed=False)], [infeed("a"), infeed("d")])
    found = last(case, [step(0, ["a-b", "c-d"], None, None)])
    assert order(found) == ["open b-c", "close c-d"]
    assert found.interrupted_min == {"c": 1.0}


def test_a_faulted_line_is_refused() -> None:
    case = build_case([*chain("a", "b"), Line("b", "c", faulted=True)], [ess("a")])
    found = last(case, [step(0, ["a-b", "b-c"], None, "ess.a")])
    assert found.refused == ("b-c",)
    assert order(found) == ["form ess.a"]
    assert "not closed, for it is faulted: b-c" in as_text([found])


def test_pv_that_goes_dark_on_the_way_is_told() -> None:
    lines = [Line("a", "x"), Line("b", "x")]
    case = build_case(lines, [ess("a"), ess("b"), pv("x")])
    steps = [
        step(0, ["a-x"], None, "ess.a ess.b"),
        step(30, ["a-x"], None, "ess.a ess.b"),
        step(60, ["b-x"], None, "ess.a ess.b"),
    ]
    found = last(case, steps)
    assert order(found) == ["open a-x", "close b-x"]
    assert found.reconnecting == ("pv.x",)


def test_operations_take_the_time_of_their_terminal_or_crew() -> None:
    times = {
        "remote_operation_s": 30,
        "manual_operation_min": 20,
        "manual_switches": ["a-y", "a-x"],
        "unit_operation_s": 6,
    }
    case, steps = exchange(switching=times)
    first, found = sequences(case, steps)
    assert {"form ess.s", "form ess.b"} <= set(order(first))
    assert found.duration_min == 20 + 20 + 0.5
    assert found.is_longer_than_step
    assert [op.begins_min for op in found.operations] == [30, 50, 70]
    assert [op.time_min for op in found.operations] == [50, 70, 70.5]
    assert found.interrupted_min == {"x": 0.5}


def test_tables_hold_each_operation_once() -> None:
    case, steps = exchange()
    found = sequences(case, steps)
    rows = list(csv.DictReader(io.StringIO(as_csv(found))))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == sum(len(one.operations) for one in found)
    assert [row["operation"] for row in rows if row["step"] == "1"] == ["close", "open", "close"]
    assert float(rows[-1]["vm_min_pu"]) > 0.99 and rows[-1]["dark_local_areas"] == ""
    data = as_json(found, "test")
    assert data["sequences"][1]["duration_min"] == 3.0
    assert data["sequences"][1]["status"] == "interrupting"


def test_customers_that_are_switched_are_named_before_the_switches() -> None:
    """x stays live and is switched off, then on; y goes live without its customers, who are served by a third later."""
    case = build_case(
        [Line("s", "x"), Line("s", "y")],
        [ess("s", 2000, 5000)],
        loads={"x": 100.0, "y": 100.0},
        local_areas={"load_control": "part"},
    )
    served = [{"x": 100.0}, {"x": 0.0, "y": 0.0}, {"x": 100.0, "y": 25.0}]
    closed = [["s-x"], ["s-x", "s-y"], ["s-x", "s-y"]]
    steps = [
        {**step(30 * k, switches, None, "ess.s"),
         "local_areas": {la: {"p_kw": -kw, "q_kvar": 0.0, "demand_kw": kw} for la, kw in demand.items()}}
        for k, (switches, demand) in enumerate(zip(closed, served, strict=True))
    ]  # fmt: skip
    found = sequences(case, steps)
    assert [one.customers for one in found] == [{}, {"x": (1, 0), "y": (1, 0)}, {"x": (0, 1), "y": (0, 0.25)}]
    assert order(found[1]) == ["close s-y"] and order(found[2]) == []
    text = as_text(found)
    assert "off      customers of 2 local areas: x, y" in text
    assert "on       customers of 1 local area: x" in text and "to       customers of 1 local area: y (25 %)" in text
    rows = [row for row in csv.DictReader(io.StringIO(as_csv(found))) if row["operation"].startswith("customers")]
    assert [(row["step"], row["device"], row["operation"], row["reason"]) for row in rows] == [
        ("1", "x", "customers_off", ""), ("1", "y", "customers_off", ""), ("2", "x", "customers_on", ""),
        ("2", "y", "customers_to", "25 %"),
    ]  # fmt: skip
    assert as_json(found, "test")["sequences"][2]["customers"] == {"x": (0, 1), "y": (0, 0.25)}
