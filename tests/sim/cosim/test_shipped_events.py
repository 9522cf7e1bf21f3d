"""Each shipped scenario's events.csv shows what it was made for, as its page under docs/scenarios says."""

from __future__ import annotations

import pytest

from relight.controllers.strategies.named import strategy_named
from relight.results.run.tables import EVENTS
from relight.scenarios.loader import load_case
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world

SKY = {"cloud_begins", "cloud_ends"}
LOST = {"link_down", "link_up", "contact_lost", "contact_regained", "fallback_begins", "fallback_ends"}
DEAD = {"gateway_down", "gateway_restarted", "dispatch_centre_down", "dispatch_centre_back"}
SHOWN = {
    "guo45/cloudy-1000": SKY,
    "guo45/rural-sparse": SKY,
    "guo45/cold-load": set(),
    "guo45/frequency-1000": {"frequency_step", "ufls_stage"},
    "guo45/comms-outage": LOST | DEAD,
    "guo45/second-fault": {"branch_faulted", "protection_trip", "branch_repaired"},
    "guo45/infeed-returns": {"infeed_returned"},
    "guo45/storm": SKY | LOST | DEAD | {
        "frequency_step", "unit_tripped", "unit_back", "branch_repaired", "infeed_returned",
    },
}  # fmt: skip
"""Under any strategy, with the seed of the scenario."""
WHEN_REPLANNING = {
    "guo45/cold-load": {"cold_load_pick_up"},
    "guo45/infeed-returns": {"infeed_connected"},
    "guo45/storm": {"cold_load_pick_up", "infeed_connected", "switch_late"},
}
"""A static plan picks up at the fault time only."""


def kinds(name: str, strategy: str, *overrides: str) -> set[str]:
    case, log = load_case(name, ("dispatch_centre.mip_gap=0.02", *overrides)), RunLog()
    run_world(case, strategy_named(strategy), case.scenario.seed, log, engine="power-grid-model")
    return {row[EVENTS.index("kind")] for row in log.recorder.rows["events"]}


@pytest.mark.parametrize(("name", "strategy"), [("guo45/cloudy-1000", "islanded"), ("guo45/comms-outage", "static")])
def test_events_show_what_a_scenario_is_for(name: str, strategy: str) -> None:
    """Events of the others are in tests of their own (test_frequency_shipped, test_surprise_world), or below."""
    assert kinds(name, strategy, "clock.sim_step_min=15", "dispatch_centre.mip_gap=0.2") >= SHOWN[name]


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["static", "dynamic"])
@pytest.mark.parametrize("name", SHOWN)
def test_events_show_it_under_both_strategies(name: str, strategy: str) -> None:
    wanted = SHOWN[name] | (WHEN_REPLANNING.get(name, set()) if strategy == "dynamic" else set())
    assert kinds(name, strategy) >= wanted
