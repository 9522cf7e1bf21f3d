"""The simulated channel: who gets what when, by count and by instant."""

from __future__ import annotations

import math
from typing import Any

import pytest

from relight.scenarios.schema.communication import DISPATCH_CENTRE, Communication, gateway, terminal
from relight.sim.cosim.channels.channel import Envelope
from relight.sim.cosim.channels.simulated import SimulatedChannel


def envelope(la: str = "1", body: Any = None, *, kind: str = "psc") -> Envelope:
    return Envelope(sender=gateway(la), receiver=DISPATCH_CENTRE, kind=kind, body=body)


class Post(SimulatedChannel):
    """A channel with one call for an instant."""

    def carry(self, envelopes: list[Envelope], time_min: float) -> dict[str, list[Envelope]]:
        self.send(envelopes, time_min)
        return self.deliver(time_min, lambda receiver: True)


def channel(seed: int = 0, step_min: float = 5.0, end_min: float = 300.0, **options: Any) -> Post:
    return Post(Communication.model_validate(options), seed=seed, step_min=step_min, end_min=end_min)


def statuses(one: Post) -> list[tuple[float, float | None, str]]:
    return [(row["time_min"], row["delivered_min"], row["status"]) for row in one.take_log()]


def test_a_section_that_says_nothing_delivers_all_at_once_in_the_order_sent() -> None:
    one = channel()
    delivered = one.carry([envelope("1", 1), envelope("2", 2), envelope("1", 3)], 5)
    assert [e["body"] for e in delivered[DISPATCH_CENTRE]] == [1, 2, 3]
    assert statuses(one) == [(5, 5, "delivered")] * 3


@pytest.mark.parametrize(("latency_min", "arrives"), [(0, 10), (4.99, 10), (5, 15), (5.01, 20), (10, 20), (12, 25)])
def test_a_delay_below_a_step_is_none_and_others_end_at_a_step(latency_min: float, arrives: int) -> None:
    one = channel(latency_s=60 * latency_min)
    seen = {time: one.carry([envelope()] if time == 10 else [], time) for time in range(10, 40, 5)}
    assert [time for time, delivered in seen.items() if delivered] == [arrives]
    assert statuses(one) == [(10, arrives, "delivered")]


def test_loss_by_count_and_the_same_and_more_at_a_higher_probability() -> None:
    instants = range(0, 100_000, 5)
    lost: dict[float, set[float]] = {}
    for probability in (0.0, 0.1, 0.3, 1.0):
        one = channel(loss_probability=probability, end_min=math.inf)
        for time in instants:
            one.carry([envelope()], time)
        lost[probability] = {sent for sent, _, status in statuses(one) if status == "lost"}
    n = len(instants)
    for probability in (0.1, 0.3):
        assert abs(len(lost[probability]) - probability * n) < 4 * math.sqrt(n * probability * (1 - probability))
    assert not lost[0.0] and len(lost[1.0]) == n and lost[0.1] < lost[0.3]


def test_mean_delay_is_latency_plus_jitter() -> None:
    one = channel(latency_s=60, jitter_s=180, step_min=1.0, end_min=math.inf)
    for time in range(20_000):
        one.carry([envelope(kind=str(time))], time)  # kinds of their own: none makes another outdated
    delays = [arrived - sent for sent, arrived, _ in statuses(one) if arrived is not None]
    assert min(delays) == 1 or min(delays) == 2
    assert sum(delays) / len(delays) == pytest.approx(4 + 0.5, abs=0.1), "half a step is the mean of rounding up"


def test_a_message_that_is_not_lost_is_no_faster_for_it() -> None:
    """Chance of loss and delay are independent: with half of all lost, the mean delay of the rest is the same."""
    one = channel(loss_probability=0.5, jitter_s=180, step_min=1.0, end_min=math.inf)
    for time in range(20_000):
        one.carry([envelope(kind=str(time))], time)
    delays = [arrived - sent for sent, arrived, _ in statuses(one) if arrived is not None]
    # Below a minute none, else rounded up, of an exponential of mean 3: P(≥ 1) + P(> 1) + P(> 2) + …
    below = math.exp(-1 / 3)
    assert sum(delays) / len(delays) == pytest.approx(below + below / (1 - below), rel=0.03)


def test_fate_belongs_to_link_direction_and_instant_not_to_what_is_said() -> None:
    def fates(kind: str, seed: int = 0, la: str = "1", *, to_gateway: bool = False) -> list[str]:
        one = channel(seed, loss_probability=0.5)
        for time in range(0, 300, 5):
            message = envelope(la, kind=kind)
            if to_gateway:
                message = Envelope(sender=DISPATCH_CENTRE, receiver=gateway(la), kind=kind, body=None)
            one.carry([message], time)
        return [status for _, _, status in statuses(one)]

    assert fates("psc") == fates("heartbeat")
    others = [fates("psc", seed=1), fates("psc", la="2"), fates("psc", to_gateway=True)]
    assert all(other != fates("psc") for other in others)


def test_an_outage_of_one_link_cuts_that_link_in_both_directions_for_its_time() -> None:
    one = channel(outages=[{"start_min": 5, "duration_min": 10, "links": ["gateway.1"]}])
    for time in (0, 5, 10, 15):
        back = Envelope(sender=DISPATCH_CENTRE, receiver=gateway("1"), kind="heartbeat", body=None)
        one.carry([envelope("1"), envelope("2"), back], time)
    rows = [(row["time_min"], row["sender"], row["status"]) for row in one.take_log()]
    cut = {(time, sender) for time, sender, status in rows if status == "link_down"}
    assert cut == {(time, sender) for time in (5, 10) for sender in ("gateway.1", DISPATCH_CENTRE)}
    assert all(status == "delivered" for time, sender, status in rows if (time, sender) not in cut)


@pytest.mark.parametrize(
    ("links", "cut"),
    [
        (["all"], {"gateway.1", "gateway.12", "terminal.1-2"}),
        (["dc-gateway"], {"gateway.1", "gateway.12"}),
        (["dc-terminal"], {"terminal.1-2"}),
        (["gateway.1?", "terminal.1-2"], {"gateway.12", "terminal.1-2"}),
    ],
)
def test_links_by_kind_and_by_glob(links: list[str], cut: set[str]) -> None:
    options = Communication.model_validate({"outages": [{"links": links}]})
    addresses = [gateway("1"), gateway("12"), terminal("1-2")]
    assert {address for address in addresses if options.link_is_down(address, 0)} == cut


def test_nobody_at_home_and_not_there_in_time() -> None:
    one = channel(dispatch_centre_down=[{"start_min": 5, "duration_min": 5}], latency_s=600)
    for time in (0, 5, 10):
        one.carry([envelope()] if time < 10 else [], time)
    assert statuses(one) == [(0, 10, "delivered")], "under way while nobody was there"
    one = channel(dispatch_centre_down=[{"start_min": 5, "duration_min": 5}])
    assert [bool(one.carry([envelope()], time)) for time in (0, 5, 10)] == [True, False, True]
    assert [status for *_, status in statuses(one)] == ["delivered", "receiver_down", "delivered"]
    one = channel(latency_s=600, end_min=15)
    assert not one.carry([envelope()], 5) and statuses(one) == [(5, None, "under_way")]


def test_an_older_message_never_comes_after_a_newer_one() -> None:
    one = channel(jitter_s=900)
    received: list[tuple[float, float]] = []
    for time in range(0, 300, 5):
        delivered = one.carry([envelope(body=time)], time)
        received += [(time, e["body"]) for e in delivered.get(DISPATCH_CENTRE, [])]
    sent = [body for _, body in received]
    assert sent == sorted(sent)
    log = statuses(one)
    assert {status for *_, status in log} == {"delivered", "outdated", "under_way"} and len(log) == 60
