"""What every channel keeps to, tried on each kind of channel there is, and on one that only this test knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from relight.controllers.strategies.builtin import DYNAMIC
from relight.results.run.tables import SERIES
from relight.scenarios.case import Case
from relight.scenarios.schema.communication import DISPATCH_CENTRE, Communication, gateway
from relight.scenarios.schema.scenario import Scenario
from relight.sim.cosim.channels import chosen
from relight.sim.cosim.channels.channel import Channel, Envelope, log_row
from relight.sim.cosim.channels.perfect import PerfectChannel
from relight.sim.cosim.channels.simulated import SimulatedChannel
from relight.sim.cosim.run_log import RunLog
from relight.sim.cosim.wiring import run_world
from support.networks import Line, build_case, ess

STEP_MIN = 5


class Courier:
    """A channel of somebody else's: all that a new kind needs. Whatever is said takes one step of the world."""

    def __init__(self) -> None:
        self._bag: list[tuple[float, Envelope]] = []
        self._log: list[dict[str, Any]] = []

    def send(self, envelopes: Iterable[Envelope], time_min: float) -> None:
        self._bag += [(time_min, envelope) for envelope in envelopes]

    def deliver(self, time_min: float, to: Callable[[str], bool]) -> dict[str, list[Envelope]]:
        due = [item for item in self._bag if item[0] + STEP_MIN <= time_min and to(item[1]["receiver"])]
        self._bag = [item for item in self._bag if item not in due]
        delivered: dict[str, list[Envelope]] = {}
        for sent_min, envelope in due:
            delivered.setdefault(envelope["receiver"], []).append(envelope)
            self._log.append(log_row(envelope, sent_min, time_min, "delivered"))
        return delivered

    def is_cut(self, address: str, time_min: float) -> bool:
        return False

    def take_log(self) -> list[dict[str, Any]]:
        log, self._log = self._log, []
        return log


def simulated(**options: Any) -> SimulatedChannel:
    return SimulatedChannel(Communication.model_validate(options), step_min=STEP_MIN, end_min=300)


MAKERS: dict[str, Callable[[], Channel]] = {
    "perfect": PerfectChannel,
    "simulated": simulated,
    "late": lambda: simulated(latency_s=200, jitter_s=600),
    "lossy": lambda: simulated(latency_s=30, loss_probability=0.4, outages=[{"start_min": 20, "duration_min": 30}]),
    "dead ends": lambda: simulated(dispatch_centre_down=[{"start_min": 10, "duration_min": 100}]),
    "courier": Courier,
}


@pytest.fixture(params=MAKERS)
def channel(request: pytest.FixtureRequest) -> Channel:
    return MAKERS[request.param]()


def inbound(la: str, body: Any) -> Envelope:
    return Envelope(sender=gateway(la), receiver=DISPATCH_CENTRE, kind="psc", body=body)


def outbound(la: str, body: Any) -> Envelope:
    return Envelope(sender=DISPATCH_CENTRE, receiver=gateway(la), kind="heartbeat", body=body)


def everything_sent(channel: Channel) -> tuple[dict[str, list[tuple[int, Any]]], list[dict[str, Any]]]:
    """Two gateways and a dispatch centre talk for three hours: receiver → (when, what), and the log to the end."""
    received: dict[str, list[tuple[int, Any]]] = {}
    for time in range(0, 300, STEP_MIN):
        said = range(0, 180)
        channel.send([inbound(la, time) for la in "12" if time in said], time)
        batches = [channel.deliver(time, lambda who: who == DISPATCH_CENTRE)]
        assert set(batches[0]) <= {DISPATCH_CENTRE}
        channel.send([outbound(la, time) for la in "12" if time in said], time)
        batches.append(channel.deliver(time, lambda who: who != DISPATCH_CENTRE))
        assert DISPATCH_CENTRE not in batches[1], "in this instant it has been asked already"
        for batch in batches:
            for who, envelopes in batch.items():
                assert envelopes and all(e["receiver"] == who for e in envelopes)
                received.setdefault(who, []).extend((time, (e["sender"], e["body"])) for e in envelopes)
    return received, channel.take_log()


def test_every_message_has_one_fate_and_who_got_it_is_told(channel: Channel) -> None:
    received, log = everything_sent(channel)
    sent = [(row["sender"], row["receiver"], row["time_min"]) for row in log]
    assert len(set(sent)) == len(sent) == 36 * 4
    there = {(row["receiver"], row["delivered_min"], (row["sender"], row["time_min"])) for row in log
             if row["status"] == "delivered"}  # fmt: skip
    assert there == {(who, time, what) for who, found in received.items() for time, what in found}
    assert all((row["delivered_min"] is None) == (row["status"] != "delivered") for row in log)
    assert channel.take_log() == [], "taken once"


def test_nothing_comes_before_it_was_sent_twice_or_after_something_newer(channel: Channel) -> None:
    received, _ = everything_sent(channel)
    assert received
    for found in received.values():
        assert all(sent <= time for time, (_, sent) in found)
        for sender in {sender for _, (sender, _) in found}:
            bodies = [sent for _, (who, sent) in found if who == sender]
            assert bodies == sorted(set(bodies))


def test_mail_for_others_waits_until_it_is_asked_for(channel: Channel) -> None:
    channel.send([inbound("1", "in"), outbound("1", "out")], 0)
    first = [channel.deliver(time, lambda who: who == DISPATCH_CENTRE) for time in range(0, 300, STEP_MIN)]
    assert not any(gateway("1") in batch for batch in first)
    later = channel.deliver(300, lambda who: True)
    assert DISPATCH_CENTRE not in later and set(later) <= {gateway("1")}
    assert sum(map(len, (*first, later))) == sum(row["status"] == "delivered" for row in channel.take_log())


def test_a_link_is_cut_only_where_something_cuts_it() -> None:
    cut = {name: make().is_cut(gateway("1"), 25) for name, make in MAKERS.items()}
    assert cut == dict.fromkeys(MAKERS, False) | {"lossy": True}


# -- which one a scenario gets ----------------------------------------------------------------------------------------


def case_of(**parts: Any) -> Case:
    outage = {"start": "2025-06-21T10:00", "duration_min": 60}
    case = build_case([Line("1", "2")], [ess("1", 300.0, 400.0, 400.0)], outage=outage, **parts)
    return replace(case, mix_by_bus={bus: {"h0": 1.0} for bus in case.view.buses})


@pytest.mark.parametrize(("communication", "kind"), [({}, PerfectChannel), ({"communication": {}}, SimulatedChannel)])
def test_the_scenario_chooses(communication: dict[str, Any], kind: type) -> None:
    assert type(chosen.channel_of(case_of(**communication).scenario, 0)) is kind


def test_a_simulated_channel_takes_clock_window_and_seed_from_the_run() -> None:
    def arrivals(seed: int, **parts: Any) -> list[Any]:
        one = chosen.channel_of(case_of(communication={"jitter_s": 600}, **parts).scenario, seed)
        return [row["delivered_min"] for row in everything_sent(one)[1]]

    assert arrivals(0) != arrivals(1) and arrivals(0) == arrivals(0)
    assert {time % 10 for time in arrivals(0, clock={"sim_step_min": 10}) if time is not None} >= {0}
    assert max(time for time in arrivals(0) if time is not None) < 60, "later ones stay under way"


def test_a_new_kind_is_a_class_and_a_row_and_carries_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else's channel under dispatch centre, gateways and terminals as they are."""

    def asked_for(scenario: Scenario) -> bool:
        return scenario.communication is not None and scenario.communication.latency_s == 300

    made: list[Courier] = []

    def make(scenario: Scenario, seed: int) -> Channel:
        made.append(Courier())
        return made[-1]

    monkeypatch.setattr(chosen, "KINDS", (chosen.ChannelKind(asked_for, make), *chosen.KINDS))
    log = RunLog()
    run_world(case_of(communication={"latency_s": 300}), DYNAMIC, 0, log)
    messages = [dict(zip(SERIES["message"], row, strict=True)) for row in log.recorder.rows["message"]]
    assert len(made) == 1 and {row["delivered_min"] - row["time_min"] for row in messages} == {STEP_MIN}
    assert {row["kind"] for row in messages} >= {"psc", "switch_state", "net_power_plan", "heartbeat"}
    run_world(case_of(), DYNAMIC, 0, RunLog())
    assert len(made) == 1, "another scenario gets another channel"
