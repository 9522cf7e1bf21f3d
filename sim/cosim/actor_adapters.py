"""The mosaik adapters of those who talk: gateways, field terminals, the channel between them, the dispatch centre.

One instant: gateways and terminals report; the channel delivers to the dispatch centre; it decides and sends; the
channel delivers to gateways and terminals; gateways, having heard all that arrives now, order their units. Everybody is
woken in each instant, also by nothing, so that silence is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ...controllers.centre.dispatch_centre import Decision, DispatchCentre
from ...controllers.exchange.messages import Heartbeat, LocalAreaOrder, SwitchReport, UnitOrder
from ...controllers.gateways.gateway import EnergyGateway
from ...scenarios.kinds.events import EventKind
from ...scenarios.schema.communication import DISPATCH_CENTRE, Communication, gateway, terminal
from . import adapters
from .adapters import Adapter, Inputs, Outputs, Requested, model, one_of
from .channels.channel import Channel, Envelope
from .decision_log import record_decision
from .field_terminal import FieldTerminal
from .run_log import RunLog

Contact = tuple[bool, bool]
"""In contact, alone."""
NOTHING_ORDERED = LocalAreaOrder(units={}, customers="keep", share=1.0)


class MessagingSim(Adapter):
    """An actor that sends and receives: what it sends is an event, so nothing is delivered twice."""

    def __init__(self, name: str, attrs: list[str], step_min: int) -> None:
        spec = model([*attrs, "inbox", "outbox"], **{"trigger": ["inbox"], "non-persistent": ["outbox"]})
        super().__init__("hybrid", {name: spec}, step_min)
        self._outbox: dict[str, list[Envelope]] = {}

    def _sent(self, outputs: Requested) -> Outputs:
        """What was sent since the last call, also if it is nothing: that wakes the channel."""
        return {eid: {"outbox": self._outbox.pop(eid)} for eid in outputs if eid in self._outbox}

    def _next(self, time: int) -> int:
        return time - time % self._step_min + self._step_min


class GatewaySim(MessagingSim):
    """Energy gateways: one entity per LA. Some can be dead for a while."""

    def __init__(
        self,
        make: Callable[[str, float], EnergyGateway],
        areas: Iterable[str],
        options: Communication,
        log: RunLog,
        step_min: int,
    ) -> None:
        """``make``: a new gateway of an LA, without plan and memory, that comes to life at a time (min)."""
        super().__init__("Gateway", ["measurement", "forecast", "order"], step_min)
        self._make, self._options, self._log = make, options, log
        self._gateways = {la: make(la, 0.0) for la in areas}
        self._measured: dict[str, Any] = {}
        self._orders = dict.fromkeys(self._gateways, NOTHING_ORDERED)
        self._assessed_at = -1
        self._down: set[str] = set()
        self._told: dict[str, Contact] = dict.fromkeys(self._gateways, (True, False))
        """as last told in events"""

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        if self._assessed_at != time:
            self._report(time, inputs)
        else:
            self._order(time, inputs)
        self._assessed_at = time
        return self._next(time)

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for la, attrs in outputs.items():
            if "order" in attrs:
                data.setdefault(la, {})["order"] = self._orders[la]
        return data

    def _report(self, time: int, inputs: Inputs) -> None:
        down = {la for la in self._gateways if self._options.gateway_down(la, time)}
        for la in sorted(self._down - down):
            self._gateways[la] = self._make(la, float(time))
        _tell(self._log, time, "gateway_down", [la for la in self._gateways if la in down - self._down])
        _tell(self._log, time, "gateway_restarted", [la for la in self._gateways if la in self._down - down])
        begins, self._down = down - self._down, down
        for la, own in self._gateways.items():
            attrs = inputs.get(la, {})
            if "measurement" in attrs:
                self._measured[la] = one_of(attrs["measurement"])
            self._outbox[la] = []
            if la in down:
                self._orders[la] = self._order_when_down(la, time) if la in begins else NOTHING_ORDERED
                continue
            psc = own.assess(self._measured[la], one_of(attrs["forecast"]), time)
            self._outbox[la].append(Envelope(sender=gateway(la), receiver=DISPATCH_CENTRE, kind="psc", body=psc))

    def _order(self, time: int, inputs: Inputs) -> None:
        working = {la: own for la, own in self._gateways.items() if la not in self._down}
        for la, own in working.items():
            for envelope in _received_by(inputs.get(la, {})):
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
        return LocalAreaOrder(units=dict.fromkeys(self._measured[la]["units"], off), customers="keep", share=1.0)


class TerminalSim(MessagingSim):
    """Field terminals: one entity per switch."""

    def __init__(self, terminals: dict[str, FieldTerminal], step_min: int) -> None:
        super().__init__("Terminal", ["report", "operation"], step_min)
        self._terminals = terminals
        self.switches = tuple(terminals)
        self._reported_at = -1
        self._now = 0

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        self._now = time
        for switch, own in self._terminals.items():
            attrs = inputs.get(switch, {})
            for envelope in _received_by(attrs):
                own.receive(envelope["body"])
            if self._reported_at != time and "report" in attrs:
                body: SwitchReport = one_of(attrs["report"])
                self._outbox[switch] = [
                    Envelope(sender=terminal(switch), receiver=DISPATCH_CENTRE, kind="switch_state", body=body)
                ]
        self._reported_at = time
        return self._next(time)

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for switch, attrs in outputs.items():
            if "operation" in attrs:
                data.setdefault(switch, {})["operation"] = self._terminals[switch].operation(self._now)
        return data


class ChannelSim(Adapter):
    """The channel: one entity per address. What is due for the dispatch centre first, then what is due for others."""

    def __init__(self, channel: Channel, addresses: Iterable[str], log: RunLog, step_min: int) -> None:
        """``addresses``: of gateways and terminals."""
        super().__init__("event-based", {"Mailbox": model(["send", "deliver"])}, step_min)
        self._channel, self._field, self._log = channel, list(addresses), log
        self._delivered: dict[str, list[Envelope]] = {}
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

    def get_data(self, outputs: Requested) -> Outputs:
        return {eid: {"deliver": self._delivered[eid]} for eid in outputs if eid in self._delivered}

    def _tell_links(self, time: int) -> None:
        cut = {address for address in self._field if self._channel.is_cut(address, time)}
        _tell(self._log, time, "link_down", [a for a in self._field if a in cut - self._cut], "links")
        _tell(self._log, time, "link_up", [a for a in self._field if a in self._cut - cut], "links")
        self._cut = cut


class DispatchCentreSim(MessagingSim):
    """The dispatch centre: one entity. It decides once in every instant in which it works."""

    def __init__(
        self, centre: DispatchCentre, areas: Iterable[str], options: Communication, log: RunLog, step_min: int
    ) -> None:
        super().__init__("DispatchCentre", ["planned_kw"], step_min)
        self._centre, self._areas, self._options, self._log = centre, list(areas), options, log
        self._now = 0
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
            self._centre.comes_back()
        received = [e for attrs in inputs.values() for e in _received_by(attrs)]
        self._centre.receive(
            {e["body"]["local_area"]: e["body"] for e in received if e["kind"] == "psc"},
            {e["body"]["switch"]: e["body"]["closed"] for e in received if e["kind"] == "switch_state"},
            {e["body"]["switch"]: e["body"]["faults"] for e in received if "faults" in e["body"]},
            {e["body"]["switch"]: e["body"]["shed_min"] for e in received if "shed_min" in e["body"]},
        )
        began = adapters.clock()
        decision = self._centre.decide(time)
        self._log.add_seconds("dispatch_centre", adapters.clock() - began)
        record_decision(self._log, decision, time)
        self._outbox[DISPATCH_CENTRE] = list(self._mail(decision, time))

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for eid, attrs in outputs.items():
            if "planned_kw" in attrs:
                data.setdefault(eid, {})["planned_kw"] = self._centre.planned_kw(self._now)
        return data

    def _mail(self, decision: Decision, time: int) -> Iterator[Envelope]:
        for order in decision.switches:
            receiver = terminal(order["switch"])
            yield Envelope(sender=DISPATCH_CENTRE, receiver=receiver, kind="switch_order", body=order)
        plans = {plan["local_area"]: plan for plan in decision.net_power}
        for la in self._areas:
            if la in plans:
                yield Envelope(sender=DISPATCH_CENTRE, receiver=gateway(la), kind="net_power_plan", body=plans[la])
            elif la in decision.heartbeats:
                body = Heartbeat(sent_min=time)
                yield Envelope(sender=DISPATCH_CENTRE, receiver=gateway(la), kind="heartbeat", body=body)


def _received_by(attrs: dict[str, dict[str, Any]]) -> Iterator[Envelope]:
    """What an entity's inbox holds."""
    for batch in attrs.get("inbox", {}).values():
        yield from batch


def _tell(log: RunLog, time: int, kind: EventKind, names: list[str], unit: str = "gateways") -> None:
    """One event for all that changed in an instant."""
    if names:
        log.recorder.add_event(time, kind, unit, len(names), unit, ", ".join(names))
