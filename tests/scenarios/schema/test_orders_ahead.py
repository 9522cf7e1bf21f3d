"""How long before they shall have taken effect orders go out: worked by hand, and as channel and world count it."""

from __future__ import annotations

from typing import Any

import pytest

from relight.scenarios.explain import explain
from relight.scenarios.schema.communication import Communication
from relight.scenarios.schema.time_and_place import Clock, Switching, lead_min, message_step_min, operation_step_min
from relight.sim.cosim.channels.simulated import SimulatedChannel
from support.networks import build_case, chain

CREW = {"manual_switches": ["c-d"], "manual_operation_min": 31}


@pytest.mark.parametrize(
    ("switching", "communication", "message", "lead"),
    [
        ({}, None, 0, 5),  # an operation of a minute
        ({"remote_operation_s": 300}, None, 0, 5),
        ({"remote_operation_s": 301}, None, 0, 10),
        (CREW, None, 0, 35),  # the longest operation of any switch
        ({"manual_operation_min": 31}, None, 0, 5),  # which no crew does
        ({}, {"latency_s": 299}, 0, 5),  # the message arrives in the instant it was sent
        ({}, {"latency_s": 300}, 5, 10),
        ({}, {"latency_s": 301}, 10, 15),
        ({}, {"latency_s": 20, "jitter_s": 40}, 0, 5),  # 20 s + ln(1000) · 40 s = 296 s
        ({}, {"latency_s": 20, "jitter_s": 60}, 10, 15),  # 20 s + ln(1000) · 60 s = 434 s
        (CREW, {"latency_s": 301}, 10, 45),
    ],
)
def test_orders_go_out_the_way_of_a_message_and_an_operation_ahead(
    switching: dict[str, Any], communication: dict[str, Any] | None, message: int, lead: int
) -> None:
    channel = None if communication is None else Communication.model_validate(communication)
    counted, not_counted = (Switching.model_validate(switching | {"in_runs": one}) for one in (True, False))
    assert message_step_min(counted, channel, Clock()) == message
    assert lead_min(counted, channel, Clock()) == lead
    assert lead_min(not_counted, channel, Clock()) == message_step_min(not_counted, channel, Clock()) == 0


def test_a_switch_takes_the_time_of_a_terminal_or_of_a_crew_in_whole_steps() -> None:
    counted = Switching.model_validate(CREW | {"in_runs": True})
    assert [operation_step_min(counted, switch, Clock(sim_step_min=2)) for switch in ("a-b", "c-d")] == [2, 32]
    assert operation_step_min(Switching.model_validate(CREW | {"in_runs": False}), "c-d", Clock()) == 0


@pytest.mark.parametrize("latency_s", [0, 119, 120, 121, 240, 300])
def test_messages_are_counted_with_as_the_channel_carries_them(latency_s: float) -> None:
    options = Communication(latency_s=latency_s)
    counted = message_step_min(Switching(in_runs=True), options, Clock(sim_step_min=2))
    channel = SimulatedChannel(options, step_min=2.0)
    channel.send([{"sender": "dispatch_centre", "receiver": "gateway.a", "kind": "heartbeat", "body": {}}], 4.0)
    assert [time for time in (4.0, 6.0, 8.0, 10.0, 12.0) if channel.deliver(time, lambda _: True)] == [4.0 + counted]


@pytest.mark.parametrize("jitter_s", [60.0, 200.0])
def test_about_one_message_in_a_thousand_takes_longer(jitter_s: float) -> None:
    options = Communication(latency_s=10.0, jitter_s=jitter_s)
    counted = message_step_min(Switching(in_runs=True), options, Clock(sim_step_min=1))
    channel, late = SimulatedChannel(options, step_min=1.0), 0
    for k in range(3000):
        receiver = f"terminal.{k}"
        channel.send([{"sender": "dispatch_centre", "receiver": receiver, "kind": "switch_order", "body": {}}], 0.0)
    late = 3000 - len(channel.deliver(float(counted), lambda _: True))
    assert late <= 8 and counted <= 2 + (10.0 + 7 * jitter_s) / 60


def test_plans_begin_no_sooner_than_orders_can_be_carried_out_and_check_tells_so() -> None:
    def case(first_order_min: float, **switching: Any) -> Any:
        outage = {"start": "2025-06-21T04:00", "duration_min": 300, "first_order_min": first_order_min}
        return build_case(chain("a", "b"), outage=outage, switching=switching)

    begins = [case(first, in_runs=True).scenario.first_step_min for first in (0, 4, 5, 7, 30)]
    assert begins == [5, 5, 5, 10, 30], "the first orders' time holds the operation"
    told = " ".join(explain(case(30, in_runs=True)).split())
    assert "plans begin at minute 30, when the first orders take effect; orders go out 5 min ahead" in told
    assert "ahead" not in " ".join(explain(case(30)).split())
