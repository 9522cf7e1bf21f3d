"""The mosaik adapters of a run whose scenario has a ``communication`` section.

One instant: gateways assess and send; the channel delivers to the dispatch centre; it decides and sends; the channel
delivers to gateways and terminals; gateways, having heard all that arrives now, order their units. The channel wakes
everybody in each instant, also with nothing to deliver, so that silence is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ...controllers.centre.remote_centre import RemoteDecision, RemoteDispatchCentre
from ...controllers.exchange.messages import Heartbeat, LocalAreaOrder, UnitOrder
from ...controllers.gateways.remote_gateway import RemoteGateway
from ...scenarios.kinds.events import EventKind
from ...scenarios.schema.communication import DISPATCH_CENTRE, Communication, gateway, terminal
from .adapters import (
    ChannelSim,
    DispatchCentreSim,
    GatewaySim,
    Inputs,
    Outputs,
    Requested,
    clock,
    one_of,
    received_by,
    record_decision,
)
from .channels.channel import Channel, Envelope
from .run_log import RunLog

Contact = tuple[bool, bool]
"""In contact, alone."""
NOTHING_ORDERED = LocalAreaOrder(units={}, pick_up=False)


class RemoteGatewaySim(GatewaySim):
    """Energy gateways that watch their link, and can be dead for a while."""

    def __init__(
        self,
        make: Callable[[str, float], RemoteGateway],
        areas: Iterable[str],
        options: Communication,
        log: RunLog,
        step_min: int,
    ) -> None:
        """``make``: a new gateway of an LA, without plan and memory, that comes to life at a time (min)."""
        gateways = {la: make(la, 0.0) for la in areas}
        super().__init__(dict(gateways), step_min)
        self._remote, self._make, self._options, self._log = gateways, make, options, log
        self._orders = dict.fromkeys(gateways, NOTHING_ORDERED)
        self._down: set[str] = set()
        self._told: dict[str, Contact] = dict.fromkeys(gateways, (True, False))
        """as last told in events"""

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        if self._assessed_at != time:
            self._begin(time, inputs)
        else:
            self._finish(time, inputs)
        self._assessed_at = time
        return self._next(time)

    def _sent(self, outputs: Requested) -> Outputs:
        return _all_sent(self._outbox, outputs)

    def _begin(self, time: int, inputs: Inputs) -> None:
        down = {la for la in self._remote if self._options.gateway_down(la, time)}
        for la in sorted(self._down - down):
            self._remote[la] = self._make(la, float(time))
        _tell(self._log, time, "gateway_down", [la for la in self._remote if la in down - self._down])
        _tell(self._log, time, "gateway_restarted", [la for la in self._remote if la in self._down - down])
        begins, self._down = down - self._down, down
        for la, own in self._remote.items():
            attrs = inputs.get(la, {})
            if "measurement" in attrs:
                self._measured[la] = one_of(attrs["measurement"])
            self._outbox[la] = []
            if la in down:
                self._orders[la] = self._order_when_down(la, time) if la in begins else NOTHING_ORDERED
                continue
            psc = own.assess(self._measured[la], one_of(attrs["forecast"]), time)
            self._outbox[la].append(Envelope(sender=gateway(la), receiver=DISPATCH_CENTRE, kind="psc", body=psc))

    def _finish(self, time: int, inputs: Inputs) -> None:
        working = {la: own for la, own in self._remote.items() if la not in self._down}
        for la, own in working.items():
            for envelope in received_by(inputs.get(la, {})):
                own.hear(time)
                if envelope["kind"] == "net_power_plan":
                    own.receive(envelope["body"])
            self._orders[la] = own.orders(time, self._measured[la])
        before = self._told
        self._told = before | {la: (own.in_contact(time), own.mode == "alone") for la, own in working.items()}
        changes: tuple[tuple[EventKind, Callable[[Contact, Contact], bool]], ...] = (
            ("contact_lost", lambda was, now: was[0] and not now[0]),
            ("contact_regained", lambda was, now: now[0] and not was[0]),
            ("fallback_begins", lambda was, now: now[1] and not was[1]),
            ("fallback_ends", lambda was, now: was[1] and not now[1]),
        )
        for kind, changed in changes:
            _tell(self._log, time, kind, [la for la in working if changed(before[la], self._told[la])])

    def _order_when_down(self, la: str, time: int) -> LocalAreaOrder:
        """Its units hold their last set-point, or stop."""
        down = self._options.gateway_down(la, time)
        if down is None or down.units == "hold":
            return NOTHING_ORDERED
        off = UnitOrder(p_kw=0.0, q_kvar=0.0, state="off")
        return LocalAreaOrder(units=dict.fromkeys(self._measured[la]["units"], off), pick_up=False)


class RemoteChannelSim(ChannelSim):
    """The channel: what is due for the dispatch centre first, then what is due for all others."""

    def __init__(self, channel: Channel, addresses: Iterable[str], log: RunLog, step_min: int) -> None:
        super().__init__(channel, step_min)
        self._field, self._log = list(addresses), log
        self._now = -1
        self._cut: set[str] = set()

    def step(self, time: int, inputs: Inputs, max_advance: int) -> None:
        sent = [e for eid in sorted(inputs) for batch in inputs[eid].get("send", {}).values() for e in batch]
        self._channel.send(sent, time)
        if time != self._now:
            self._tell_links(time)
            inbound = self._channel.deliver(time, to=lambda receiver: receiver == DISPATCH_CENTRE)
            self._delivered = {DISPATCH_CENTRE: inbound.get(DISPATCH_CENTRE, [])}
        else:
            outbound = self._channel.deliver(time, to=lambda receiver: receiver != DISPATCH_CENTRE)
            self._delivered = {address: outbound.get(address, []) for address in self._field}
        self._now = time

    def _tell_links(self, time: int) -> None:
        cut = {address for address in self._field if self._channel.is_cut(address, time)}
        _tell(self._log, time, "link_down", [a for a in self._field if a in cut - self._cut], "links")
        _tell(self._log, time, "link_up", [a for a in self._field if a in self._cut - cut], "links")
        self._cut = cut


class RemoteDispatchCentreSim(DispatchCentreSim):
    """The dispatch centre: decides in every instant in which it works, and sends each gateway a plan or a heartbeat."""

    def __init__(
        self, centre: RemoteDispatchCentre, areas: Iterable[str], options: Communication, log: RunLog, step_min: int
    ) -> None:
        super().__init__(centre, log, step_min)
        self._remote, self._areas, self._options = centre, list(areas), options
        self._is_down = False

    def step(self, time: int, inputs: Inputs, max_advance: int) -> None:
        self._now = time
        if not any("inbox" in attrs for attrs in inputs.values()):
            return  # mosaik's first step, before the channel's
        self._outbox[DISPATCH_CENTRE] = []
        was_down, self._is_down = self._is_down, self._options.centre_is_down(time)
        if self._is_down != was_down:
            self._log.recorder.add_event(
                time, "dispatch_centre_down" if self._is_down else "dispatch_centre_back", DISPATCH_CENTRE
            )
        if self._is_down:
            return
        if was_down:
            self._remote.comes_back()
        received = [e for attrs in inputs.values() for e in received_by(attrs)]
        self._remote.receive(
            {e["body"]["local_area"]: e["body"] for e in received if e["kind"] == "psc"},
            {e["body"]["switch"]: e["body"]["closed"] for e in received if e["kind"] == "switch_state"},
            {e["body"]["switch"]: e["body"]["faults"] for e in received if "faults" in e["body"]},
        )
        began = clock()
        decision = self._remote.decide(time)
        self._log.add_seconds("dispatch_centre", clock() - began)
        self._tell_contacts(decision, time)
        record_decision(self._log, decision, time)
        self._outbox[DISPATCH_CENTRE] = list(self._orders(decision, time))

    def _sent(self, outputs: Requested) -> Outputs:
        return _all_sent(self._outbox, outputs)

    def _orders(self, decision: RemoteDecision, time: int) -> Iterable[Envelope]:
        for order in decision.switches:
            receiver = terminal(order["switch"])
            yield Envelope(sender=DISPATCH_CENTRE, receiver=receiver, kind="switch_order", body=order)
        plans = {plan["local_area"]: plan for plan in decision.net_power}
        for la in self._areas:
            kind, body = ("net_power_plan", plans[la]) if la in plans else ("heartbeat", Heartbeat(sent_min=time))
            yield Envelope(sender=DISPATCH_CENTRE, receiver=gateway(la), kind=kind, body=body)

    def _tell_contacts(self, decision: RemoteDecision, time: int) -> None:
        changes: tuple[tuple[EventKind, list[tuple[str, str]]], ...] = (
            ("contact_lost", decision.contact_lost),
            ("contact_regained", decision.contact_regained),
        )
        for kind, changed in changes:
            if changed:
                names = ", ".join(f"{actor}.{name}" for actor, name in changed)
                self._log.recorder.add_event(time, kind, DISPATCH_CENTRE, len(changed), "contacts", names)


def _all_sent(outbox: dict[str, list[Envelope]], outputs: Requested) -> Outputs:
    """What was sent since the last call, also if it is nothing: that wakes the channel."""
    return {eid: {"outbox": outbox.pop(eid)} for eid in outputs if eid in outbox}


def _tell(log: RunLog, time: int, kind: EventKind, names: list[str], unit: str = "gateways") -> None:
    """One event for all that changed in an instant."""
    if names:
        log.recorder.add_event(time, kind, unit, len(names), unit, ", ".join(names))
