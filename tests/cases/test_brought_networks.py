"""Networks that outsiders brought and that gave a wrong number without a word, each of a kind, and what is right."""

from __future__ import annotations

from pathlib import Path

import pytest

import relight
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.reading.problems import ScenarioError
from relight.sim.planning.plan_once import plan_once

HERE = Path(__file__).parent


def brought(folder: str, scenario: str = "s.yaml") -> Case:
    return load_case(HERE / folder / scenario)


AT_ONCE = ("outage.first_order_min=0", "switching.in_runs=false", "world.pick_up_limit_pct=null")
"""So that what is planned can be told by hand."""


def planned_mwh(folder: str, scenario: str = "s.yaml") -> float:
    return plan_once(load_case(HERE / folder / scenario, AT_ONCE), "dynamic").planned_energy_kwh / 1000


@pytest.mark.parametrize("scenario", ["s.yaml", "no-trafo.yaml"])
def test_capacity_of_a_supply_point_a_station_that_hangs_on_its_bus_rates_nothing(scenario: str) -> None:
    folder = "bug-02-infeed-rated-by-any-transformer"
    assert not brought(folder, scenario).view.infeeds["infeed.A"].rated
    assert planned_mwh(folder, scenario) == pytest.approx(2.0, abs=1e-6)


def test_out_of_service_a_withdrawn_line_is_not_offered_to_the_planner_whatever_its_switches_are() -> None:
    folder = "bug-07-out-of-service-line-used"
    case = brought(folder)
    assert "AC" not in case.view.branches
    assert "lines out of service: 1; carry and offer nothing" in map(str, case.account.left)
    assert planned_mwh(folder) == 0.0


@pytest.mark.parametrize("scenario", ["s.yaml", "run.yaml"])
def test_rating_zero_is_no_rating(scenario: str) -> None:
    with pytest.raises(ScenarioError, match=r"line AB, max_i_ka = 0.0: a rating must be above 0; 99999 for unlimited"):
        brought("bug-08-zero-rating-crash", scenario)


def test_negative_loads_hide_no_customers() -> None:
    case = brought("bug-10-negative-load-netted")
    assert sum(case.base_load_kw.values()) == 200
    assert sum(area.customers for area in case.view.local_areas.values()) == 200
    (entry,) = case.account.left
    assert (entry.what, entry.count, entry.p_kw, entry.changes_numbers) == ("negative loads", 1, -180, True)


def test_a_slack_generator_is_an_infeed() -> None:
    with pytest.raises(ScenarioError, match="there is no outage"):
        brought("bug-11-slack-generator-ignored")
    dead = load_case(HERE / "bug-11-slack-generator-ignored" / "s.yaml", ["outage.dead_infeeds=null"])
    assert list(dead.view.infeeds) == ["infeed.A"]


@pytest.mark.parametrize(
    ("scenario", "kinds"),
    [
        ("s.yaml", ["shunts"]),
        ("several.yaml", ["direct-current lines", "extended wards", "impedances", "wards"]),
    ],
)
def test_out_of_service_elements_of_any_kind_are_no_obstacle(scenario: str, kinds: list[str]) -> None:
    left = brought("bug-12-out-of-service-elements-refused", scenario).account.left
    assert sorted(entry.what for entry in left) == [f"{kind} out of service" for kind in kinds]
    assert not any(entry.changes_numbers for entry in left)


@pytest.mark.parametrize("engine", ["pandapower", "power-grid-model"])
def test_vector_groups_in_parallel_no_voltage_of_their_own_stands(engine: str) -> None:
    case = brought("bug-16-vector-groups-in-parallel")
    (entry,) = case.account.left
    assert entry.what == "transformers of another vector group" and entry.text.endswith("T2")
    verdict = relight.validate(HERE / "bug-16-vector-groups-in-parallel" / "both.json", case, engine=engine)
    assert "not_converged" in {violation.kind for violation in verdict.violations}


def test_tiny_impedances_are_joined_and_told() -> None:
    folder = "user-06-tiny-impedance"
    case = brought(folder, "tiny5.yaml")
    assert {case.view.branches[name].kind for name in ("L2", "L3")} == {"switch"}
    assert any(entry.what == "lines of next to no impedance" and entry.count == 2 for entry in case.account.left)
    assert planned_mwh(folder, "tiny5.yaml") == pytest.approx(1.998, abs=1e-3)


def test_a_live_part_over_its_limit_leaves_the_storages_own_island_to_be_restored() -> None:
    """The tap keeps the live bars at 1.135 p.u. whatever anybody plans: all is done apart from them, as if the way to
    them were shut. With a limit that allows for the tap everybody is served from there."""
    file = HERE / "user-03-live-part-over-voltage" / "trafo_live.yaml"
    case = load_case(file, AT_ONCE)
    plan = plan_once(case, "dynamic").plan
    apart = plan_once(load_case(file, [*AT_ONCE, "outage.faulted_branches=[L1, L6]"]), "dynamic").plan
    lost = case.view.lost_areas
    assert plan.energy_kwh(lost) == pytest.approx(apart.energy_kwh(lost), abs=1e-3)
    assert plan.energy_kwh(lost) == pytest.approx(970.731, abs=1e-3)
    assert [set(step.closed_branches) for step in plan.steps] == [{"L0", "L2", "L3", "L4", "L5"}] * 2
    verdict = relight.validate(plan, case)
    assert verdict.clean and {(v.kind, v.element) for v in verdict.already_so} == {
        ("voltage_high", "HV"),
        ("voltage_high", "B0"),
    }
    relaxed = load_case(file, [*AT_ONCE, "limits.vm_max_pu=1.2"])
    assert plan_once(relaxed, "dynamic").planned_energy_kwh == pytest.approx(1004.0, abs=0.5)


def test_a_double_line_without_switches_is_no_fault_of_switching() -> None:
    assert planned_mwh("user-02-unswitched-parallel-lines", "parallel_lines.yaml") == pytest.approx(1.998, abs=1e-3)
