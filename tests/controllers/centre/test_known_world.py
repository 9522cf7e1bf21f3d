"""What reports make the dispatch centre know, and the view that follows; by hand."""

from __future__ import annotations

from typing import Any

from relight.controllers.centre.known_world import Facts, KnownWorld, changed_view, world_of
from relight.controllers.centre.transfers import with_transfers
from relight.controllers.exchange.messages import PscMessage, SwitchOrder
from relight.controllers.exchange.plan import LocalAreaSetPoint, Plan, PlanStep
from relight.scenarios.schema.surprises import Surprises
from relight.scenarios.view import Branch, Bus, EssUnit, GridView, Infeed, LocalArea, PvUnit, find_sections


def network() -> GridView:
    """a =k1= b -line- c =k2= d =k3= e; k3 faulted; an ESS at a and d, PV at c, a dead infeed at e."""

    def branch(name: str, i: str, j: str, **more: Any) -> Branch:
        return Branch(name, i, j, 0.001, 0.001, 1000.0, **more)

    branches = [
        branch("k1", "a", "b", switchable=True),
        branch("line", "b", "c"),
        branch("k2", "c", "d", switchable=True),
        branch("k3", "d", "e", switchable=True, faulted=True),
    ]
    buses = list("abcde")
    sections = find_sections(buses, branches)
    home = {bus: s.id for s in sections.values() for bus in s.buses}
    return GridView(
        {b: Bus(b, 10.0) for b in buses},
        {b.id: b for b in branches},
        sections,
        {b: LocalArea(b, (b,), home[b]) for b in buses},
        pv={"pv.c": PvUnit("pv.c", "c", 50.0)},
        ess={f"ess.{b}": EssUnit(f"ess.{b}", b, 100.0, 100.0, 0.0) for b in "ad"},
        infeeds={"infeed.e": Infeed("infeed.e", "e", 1000.0)},
    )


def psc(live: str, **more: dict[str, Any]) -> dict[str, PscMessage]:
    """Messages of all LAs, of which some are live."""
    return {
        la: PscMessage(
            local_area=la, issued_at_min=0.0, step_start_min=[], demand_p_kw=[], demand_q_kvar=[],
            energised_min=10.0 * (la in live), shed=False, pv_pu=[], charge_kwh=0.0, discharge_kwh=0.0,
            nbsu_state="off", nbsu_remaining_min=0.0, nbsu_p_min_kw=0.0, nbsu_p_max_kw=0.0,
            **more.get(la, {}),
        )
        for la in "abcde"
    }  # fmt: skip


def learn(
    known: KnownWorld, time_min: float, messages: Any, closed: Any, faults: Any, heard: Any = None, **more: Any
) -> list[str]:
    """What is new; without ``heard`` everybody reports now."""
    everybody = {("gateway", la) for la in messages} | {("terminal", switch) for switch in closed}
    return known.learn(time_min, messages, closed, faults, everybody if heard is None else heard, **more)


INITIAL = {"k3": ["k3"]}
OPEN = {"k1": False, "k2": False, "k3": False}


def test_a_fault_that_no_switch_isolates_blocks_its_section_and_ends_with_its_reports() -> None:
    known = KnownWorld(network(), 3)
    assert learn(known, 0, psc(""), OPEN, INITIAL) == []
    assert learn(known, 5, psc(""), OPEN, INITIAL | {"k1": ["b"], "k2": ["b"]}) == ["b faulted"]
    assert known.view().held == {"b": ("b",)} and known.view().branches["k1"].isolates
    assert learn(known, 10, psc(""), OPEN, {}) == ["b repaired", "k3 repaired"]
    assert known.view().held == {} and not known.view().branches["k3"].faulted


def test_switches_that_stay_as_they_are_become_branches_of_another_kind() -> None:
    base = network()
    view = changed_view(base, Facts(faults=frozenset({"k3"}), stuck=(("k1", True), ("k2", False))))
    assert view.sections["a"].buses == ("a", "b", "c") and view.local_areas["a"].section == "a"
    assert not view.branches["k1"].switchable and view.branches["k2"].faulted
    assert view.outage_area == base.outage_area


def test_a_fault_in_a_section_that_grew_by_a_stuck_switch_blocks_all_of_it() -> None:
    known = KnownWorld(network(), 1)
    closed = OPEN | {"k1": True}
    learn(known, 0, psc(""), closed, INITIAL)
    known.note_orders(0, [SwitchOrder(switch="k1", closed=False)])
    assert learn(known, 5, psc(""), closed, INITIAL | {"k2": ["b"]}) == ["k1 does not operate", "b faulted"]
    assert known.view().held == {"a": ("b",)}


def test_an_infeed_that_returned_supplies_its_own_section_unless_that_is_faulted() -> None:
    infeeds = {"e": {"infeeds": {"infeed.e": "live"}}}
    known = KnownWorld(network(), 3)
    assert learn(known, 0, psc("", **infeeds), OPEN, INITIAL) == ["infeed.e has voltage again"]
    view = known.view()
    assert view.infeeds["infeed.e"].live and view.outage_area == set("abcd")
    learn(known, 5, psc("", **infeeds), OPEN, INITIAL | {"k3": ["e", "k3"]})
    assert not known.view().infeeds["infeed.e"].live


def test_a_switch_that_opened_to_shed_has_not_failed_but_one_that_does_not_close_again_has() -> None:
    known, closed = KnownWorld(network(), 2), OPEN | {"k1": True}
    learn(known, 0, psc(""), OPEN, INITIAL)
    known.note_orders(0, [SwitchOrder(switch="k1", closed=True)])
    assert learn(known, 5, psc(""), closed, INITIAL) == []
    for time_min in (10, 15, 20):
        assert learn(known, time_min, psc(""), OPEN, INITIAL, shed_min={"k1": 5.0}) == []
        assert known.reminders(time_min) == [], "a new plan says whether it shall close again"
    known.note_orders(20, [SwitchOrder(switch="k1", closed=True)])
    assert learn(known, 25, psc(""), OPEN, INITIAL, shed_min={"k1": 5.0}) == []
    assert known.reminders(25) == [{"switch": "k1", "closed": True}]
    assert learn(known, 30, psc(""), OPEN, INITIAL, shed_min={"k1": 5.0}) == ["k1 does not operate"]


def test_orders_are_repeated_then_given_up_and_a_switch_that_moves_is_trusted_again() -> None:
    known = KnownWorld(network(), 2)
    learn(known, 0, psc(""), OPEN, INITIAL)
    known.note_orders(0, [SwitchOrder(switch="k1", closed=True)])
    assert learn(known, 5, psc(""), OPEN, INITIAL) == [] and known.reminders(5) == [{"switch": "k1", "closed": True}]
    known.note_orders(5, known.reminders(5))
    assert learn(known, 10, psc(""), OPEN, INITIAL) == ["k1 does not operate"] and known.reminders(10) == []
    assert known.view().branches["k1"].faulted
    assert learn(known, 15, psc(""), OPEN | {"k1": True}, INITIAL) == ["k1 has operated after all"]
    assert known.view().branches["k1"].switchable and not known.view().branches["k1"].faulted


def test_a_switch_that_protection_opened_has_not_refused() -> None:
    known = KnownWorld(network(), 1)
    learn(known, 0, psc(""), OPEN, INITIAL)
    known.note_orders(0, [SwitchOrder(switch="k1", closed=True)])
    assert learn(known, 5, psc(""), OPEN, INITIAL | {"k1": ["b"]}) == ["b faulted"]
    assert learn(known, 10, psc(""), OPEN, INITIAL) == ["b repaired"], "and nothing is closed by an order of long ago"
    assert known.reminders(10) == []


def test_reports_that_gateways_contradict_are_not_believed() -> None:
    known = KnownWorld(network(), 3)
    assert learn(known, 0, psc("a"), OPEN | {"k1": True}, INITIAL) == ["k1 reports wrongly"]
    assert known.closed["k1"] is False
    # {b, c} has no unit that forms a voltage: it can only be fed through k1, for d is dark
    assert learn(known, 5, psc("abc"), OPEN, INITIAL) == [], "still the same switch"
    assert known.closed == {"k1": True, "k2": False, "k3": False}
    # fed from a or from d: nobody can tell
    learn(known, 10, psc("abcd"), OPEN, INITIAL)
    assert known.closed == OPEN


def test_only_who_was_heard_just_now_contradicts_or_shows_an_order_undone() -> None:
    """Names say nothing of who was heard: an LA may be called like a switch."""
    gateways, terminals = [("gateway", la) for la in "abcde"], [("terminal", k) for k in OPEN]
    known = KnownWorld(network(), 1)
    learn(known, 0, psc(""), OPEN, INITIAL)
    known.note_orders(0, [SwitchOrder(switch="k1", closed=True)])
    assert learn(known, 5, psc(""), OPEN, INITIAL, [*gateways, ("gateway", "k1"), ("terminal", "k2")]) == []
    assert learn(known, 10, psc(""), OPEN, INITIAL, [("terminal", "k1")]) == ["k1 does not operate"]

    closed = OPEN | {"k1": True}
    known = KnownWorld(network(), 3)
    assert learn(known, 0, psc("a"), closed, INITIAL, [("terminal", "a"), ("terminal", "k1"), gateways[1]]) == []
    assert learn(known, 5, psc("a"), closed, INITIAL, [*gateways, *terminals]) == ["k1 reports wrongly"]


def test_units_out_of_service_leave_the_view() -> None:
    known = KnownWorld(network(), 3)
    out = {"a": {"out_of_service": ["ess.a"]}, "c": {"out_of_service": ["pv.c"]}}
    assert learn(known, 0, psc("", **out), OPEN, INITIAL) == ["ess.a out of service", "pv.c out of service"]
    assert list(known.view().units) == ["ess.d", "infeed.e"]
    assert learn(known, 5, psc(""), OPEN, INITIAL) == ["ess.a back in service", "pv.c back in service"]


def plan(*steps: dict[str, Any]) -> Plan:
    area = LocalAreaSetPoint(p_kw=-10.0, q_kvar=0.0, demand_kw=10.0)
    return Plan(
        scenario="s", strategy="dynamic", issued_at_min=0.0, step_min=30.0, end_min=30.0 * len(steps),
        steps=[
            PlanStep(start_min=30.0 * k, local_areas=dict.fromkeys(step["energised_buses"], area), **step)
            for k, step in enumerate(steps)
        ],
    )  # fmt: skip


def test_a_part_that_changes_over_to_an_infeed_gets_a_dark_step() -> None:
    view = changed_view(network(), Facts(infeeds=frozenset({"infeed.e"})))
    alone = {"energised_buses": list("de"), "closed_branches": ["k3"], "balance_units": ["infeed.e"]}
    joined = {"energised_buses": list("bcde"), "closed_branches": ["k2", "k3"], "balance_units": ["infeed.e"]}
    changed, areas = with_transfers(plan(alone, joined), view, ["infeed.e"], "d", "", 5.0)
    assert areas == ["d"], "b and c were dark all along"
    assert [step.start_min for step in changed.steps] == [0.0, 5.0, 30.0]
    first = changed.steps[0]
    assert first.energised_buses == [] and first.balance_units == [] and first.local_areas == {}
    assert first.closed_branches == ["k3"], "closing among dark buses is allowed"
    again, areas = with_transfers(plan(alone, joined), view, ["infeed.e"], "de", "de", 5.0)
    assert areas == [] and again.steps == plan(alone, joined).steps


def test_a_network_that_nothing_happens_to_is_as_reported_and_tells_nothing() -> None:
    base = network()
    known = world_of(base, None)
    before = known.facts
    told = OPEN | {"k1": True}
    assert known.learn(0, psc("a", a={"out_of_service": ["ess.a"]}), told, {"k2": ["b"]}, []) == []
    known.note_orders(0, [SwitchOrder(switch="k1", closed=False)])
    assert known.learn(5, psc("a"), told, {}, []) == [] and known.reminders(5) == []
    assert known.closed == told and known.facts == before and known.view() is base


def test_surprises_decide_what_is_known_of_the_network() -> None:
    assert isinstance(world_of(network(), Surprises()), KnownWorld)
    assert not isinstance(world_of(network(), None), KnownWorld)


def test_an_order_that_takes_time_is_not_missed_before_nor_repeated_until_it_is_missed_again() -> None:
    """Told of later than 20, given again at 25 and 50 to be told of later than 45 and 70; then given up."""
    known = KnownWorld(network(), 3)
    learn(known, 0, psc(""), OPEN, INITIAL)
    known.note_orders(20, [SwitchOrder(switch="k1", closed=True)])
    again: dict[int, list[SwitchOrder]] = {}
    for time_min in range(5, 80, 5):
        news = learn(known, time_min, psc(""), OPEN, INITIAL)
        if reminders := known.reminders(time_min):
            again[time_min] = reminders
            known.note_orders(time_min + 20, reminders)
        assert news == (["k1 does not operate"] if time_min == 75 else []), time_min
    assert again == {25: [{"switch": "k1", "closed": True}], 50: [{"switch": "k1", "closed": True}]}
