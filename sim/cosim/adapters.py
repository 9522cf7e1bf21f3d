"""The mosaik adapters: each translates between mosaik's protocol and one kind of plain actor, and does nothing else.

They follow mosaik's simulator protocol (API 3.0) by shape and do not import it; ``wiring`` wires them. Each kind of
actor is one simulator with many entities, for mosaik's cost grows with the square of the number of simulators.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from ...controllers.centre.dispatch_centre import Decision, DispatchCentre
from ...controllers.exchange.messages import SwitchReport
from ...controllers.gateways.gateway import EnergyGateway
from ...results.run.recorder import Recorder
from ...scenarios.schema.communication import DISPATCH_CENTRE, gateway, terminal
from ..series.profiles import Profiles
from ..world.grid import Grid
from .channels.channel import Channel, Envelope
from .field_terminal import FieldTerminal
from .run_log import RunLog

Inputs = dict[str, dict[str, dict[str, Any]]]
"""entity → attribute → source → value"""
Requested = dict[str, list[str]]
Outputs = dict[str, dict[str, Any]]


class Adapter:
    """Base of the adapters: entities are created once, named after what they stand for."""

    mosaik: Any
    """set by mosaik"""

    def __init__(self, kind: str, models: dict[str, dict[str, Any]], step_min: int) -> None:
        self.meta: dict[str, Any] = {"api_version": "3.0", "type": kind, "models": models, "extra_methods": []}
        self._step_min = step_min

    def init(self, sid: str, time_resolution: float = 1.0, **_: Any) -> dict[str, Any]:
        return self.meta

    def create(self, num: int, model: str, **params: Any) -> list[dict[str, Any]]:
        return [{"eid": params["eid"], "type": model}]

    def setup_done(self) -> None:
        """Nothing to do once all is connected."""

    def finalize(self) -> None:
        """Nothing to close."""


def _model(attrs: list[str], **more: list[str]) -> dict[str, Any]:
    return {"public": True, "params": ["eid"], "attrs": attrs, **more}


def one_of(values: dict[str, Any]) -> Any:
    """The value of an input that has exactly one source."""
    (value,) = values.values()
    return value


class ProfilesSim(Adapter):
    """Time series: one entity per LA with its demand, PV availability and forecast."""

    def __init__(self, profiles: Profiles, pv_of: dict[str, list[str]], step_min: int) -> None:
        super().__init__("time-based", {"Series": _model(["demand", "pv_pu", "forecast"])}, step_min)
        self._profiles, self._pv_of, self._now = profiles, pv_of, 0

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        self._now = time
        return time + self._step_min

    def get_data(self, outputs: Requested) -> Outputs:
        demand, pv_pu = self._profiles.demand(self._now), self._profiles.pv_pu(self._now)
        values: dict[str, Callable[[str], Any]] = {
            "demand": demand.__getitem__,
            "pv_pu": lambda la: {pv: pv_pu[pv] for pv in self._pv_of[la]},
            "forecast": lambda la: self._profiles.forecast(la, self._now),
        }
        return {la: {attr: values[attr](la) for attr in attrs} for la, attrs in outputs.items()}


class GridSim(Adapter):
    """The grid: an entity per LA and per switch, and one that gives the record of each step."""

    def __init__(self, grid: Grid, log: RunLog, step_min: int, on_step: Callable[[int], None]) -> None:
        models = {
            "LocalArea": _model(["demand", "pv_pu", "order", "planned_kw", "measurement"]),
            "Switch": _model(["operation", "closed", "faults"]),
            "Record": _model(["record"]),
        }
        super().__init__("time-based", models, step_min)
        self._grid, self._log, self._on_step = grid, log, on_step
        self._record: Any = None

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        areas = {eid[3:]: attrs for eid, attrs in inputs.items() if eid.startswith("la.")}
        began = clock()
        self._record = self._grid.step(
            time,
            demand={la: one_of(attrs["demand"]) for la, attrs in areas.items()},
            pv_pu={pv: value for attrs in areas.values() for pv, value in one_of(attrs["pv_pu"]).items()},
            switch_orders={
                eid[3:]: closed
                for eid, attrs in inputs.items()
                if eid.startswith("sw.") and (closed := one_of(attrs["operation"])) is not None
            },
            area_orders={la: one_of(attrs["order"]) for la, attrs in areas.items()},
            planned_kw=one_of(next(iter(areas.values()))["planned_kw"]),
        )
        self._log.add_seconds("grid", clock() - began)
        self._on_step(time)
        return time + self._step_min

    def get_data(self, outputs: Requested) -> Outputs:
        measurements, closed = self._grid.measurements(), self._grid.switch_states()
        faults = self._grid.fault_reports()
        return {
            eid: {
                attr: self._record
                if attr == "record"
                else closed[eid[3:]]
                if attr == "closed"
                else faults.get(eid[3:], [])
                if attr == "faults"
                else measurements[eid[3:]]
                for attr in attrs
            }
            for eid, attrs in outputs.items()
        }


class MessagingSim(Adapter):
    """An actor that sends and receives: what it sends is an event, so nothing is delivered twice."""

    def __init__(self, model: str, attrs: list[str], step_min: int) -> None:
        spec = _model([*attrs, "inbox", "outbox"], **{"trigger": ["inbox"], "non-persistent": ["outbox"]})
        super().__init__("hybrid", {model: spec}, step_min)
        self._outbox: dict[str, list[Envelope]] = {}

    def _sent(self, outputs: Requested) -> Outputs:
        data = {eid: {"outbox": self._outbox[eid]} for eid in outputs if self._outbox.get(eid)}
        self._outbox = {}
        return data

    def _next(self, time: int) -> int:
        return time - time % self._step_min + self._step_min


class GatewaySim(MessagingSim):
    """Energy gateways: one entity per LA."""

    def __init__(self, gateways: dict[str, EnergyGateway], step_min: int) -> None:
        super().__init__("Gateway", ["measurement", "forecast", "order"], step_min)
        self._gateways = gateways
        self._measured: dict[str, Any] = {}
        self._orders: dict[str, Any] = {}
        self._assessed_at = -1

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        for la, own in self._gateways.items():
            attrs = inputs.get(la, {})
            if "measurement" in attrs:
                self._measured[la] = one_of(attrs["measurement"])
            received = list(received_by(attrs))
            for envelope in received:
                own.receive(envelope["body"])
            if self._assessed_at != time:
                psc = own.assess(self._measured[la], one_of(attrs["forecast"]), time)
                self._outbox[la] = [Envelope(sender=gateway(la), receiver=DISPATCH_CENTRE, kind="psc", body=psc)]
            if self._assessed_at != time or received:
                self._orders[la] = own.orders(time, self._measured[la])
        self._assessed_at = time
        return self._next(time)

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for la, attrs in outputs.items():
            if "order" in attrs:
                data.setdefault(la, {})["order"] = self._orders[la]
        return data


class TerminalSim(MessagingSim):
    """Field terminals: one entity per switch."""

    def __init__(self, terminals: dict[str, FieldTerminal], step_min: int) -> None:
        super().__init__("Terminal", ["closed", "faults", "operation"], step_min)
        self._terminals = terminals
        self._reported_at = -1

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        for switch, own in self._terminals.items():
            attrs = inputs.get(switch, {})
            for envelope in received_by(attrs):
                own.receive(envelope["body"])
            if self._reported_at != time and "closed" in attrs:
                body = SwitchReport(switch=switch, closed=one_of(attrs["closed"]))
                if fault := one_of(attrs["faults"]):
                    body["faults"] = fault
                self._outbox[switch] = [
                    Envelope(sender=terminal(switch), receiver=DISPATCH_CENTRE, kind="switch_state", body=body)
                ]
        self._reported_at = time
        return self._next(time)

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for switch, attrs in outputs.items():
            if "operation" in attrs:
                data.setdefault(switch, {})["operation"] = self._terminals[switch].operation()
        return data


class ChannelSim(Adapter):
    """The communication network: one entity per address; runs whenever somebody sends."""

    def __init__(self, channel: Channel, step_min: int) -> None:
        attrs = ["send", "deliver"]
        super().__init__("event-based", {"Mailbox": _model(attrs)}, step_min)
        self._channel, self._delivered = channel, {}

    def step(self, time: int, inputs: Inputs, max_advance: int) -> None:
        sent = [e for eid in sorted(inputs) for batch in inputs[eid].get("send", {}).values() for e in batch]
        self._channel.send(sent, time)
        self._delivered = self._channel.deliver(time, to=lambda _: True)

    def get_data(self, outputs: Requested) -> Outputs:
        return {eid: {"deliver": self._delivered[eid]} for eid in outputs if eid in self._delivered}


class DispatchCentreSim(MessagingSim):
    """The dispatch centre: one entity. It acts when messages arrive, once per instant."""

    def __init__(self, centre: DispatchCentre, log: RunLog, step_min: int) -> None:
        super().__init__("DispatchCentre", ["planned_kw"], step_min)
        self._centre, self._log, self._now = centre, log, 0

    def step(self, time: int, inputs: Inputs, max_advance: int) -> None:
        self._now = time
        received = [e for attrs in inputs.values() for e in received_by(attrs)]
        if not received:
            return
        self._centre.receive(
            {e["body"]["local_area"]: e["body"] for e in received if e["kind"] == "psc"},
            {e["body"]["switch"]: e["body"]["closed"] for e in received if e["kind"] == "switch_state"},
            {e["body"]["switch"]: e["body"]["faults"] for e in received if "faults" in e["body"]},
        )
        began = clock()
        decision = self._centre.decide(time)
        self._log.add_seconds("dispatch_centre", clock() - began)
        record_decision(self._log, decision, time)
        self._outbox[DISPATCH_CENTRE] = [
            *(
                Envelope(sender=DISPATCH_CENTRE, receiver=terminal(o["switch"]), kind="switch_order", body=o)
                for o in decision.switches
            ),
            *(
                Envelope(sender=DISPATCH_CENTRE, receiver=gateway(p["local_area"]), kind="net_power_plan", body=p)
                for p in decision.net_power
            ),
        ]

    def get_data(self, outputs: Requested) -> Outputs:
        data = self._sent(outputs)
        for eid, attrs in outputs.items():
            if "planned_kw" in attrs:
                data.setdefault(eid, {})["planned_kw"] = self._centre.planned_kw(self._now)
        return data


class RecorderSim(Adapter):
    """The recorder: takes each step's record, the message log and what happens to sky and forecasts."""

    def __init__(self, channel: Channel, recorder: Recorder, profiles: Profiles, step_min: int) -> None:
        super().__init__("time-based", {"Recorder": _model(["record"])}, step_min)
        self._channel, self._recorder, self._profiles = channel, recorder, profiles

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        record = one_of(one_of(inputs)["record"])
        for table, rows in record.series.items():
            self._recorder.add(table, rows)
        self._recorder.add("message", self._channel.take_log())
        self._recorder.add("events", [{"time_min": time, **row} for row in self._profiles.events(time)])
        self._recorder.add("events", record.events)
        self._recorder.add("violations", record.violations)
        return time + self._step_min

    def get_data(self, outputs: Requested) -> Outputs:
        return {}


def received_by(attrs: dict[str, dict[str, Any]]) -> Iterator[Envelope]:
    """What an entity's inbox holds."""
    for batch in attrs.get("inbox", {}).values():
        yield from batch


def record_decision(log: RunLog, decision: Decision, now: int) -> None:
    """Note what the dispatch centre decided: its plan and the events around it."""
    if decision.failed:
        log.recorder.add_event(
            now, "planning_failed", DISPATCH_CENTRE, text=f"{decision.failed}; the plan in force goes on"
        )
    if decision.cut_by_clock:
        text = "time_limit_s stopped part of the planning: another machine may decide otherwise"
        log.recorder.add_event(now, "cut_by_clock", DISPATCH_CENTRE, text=text)
    if decision.issued is None:
        return
    plan, solution = decision.issued.plan, decision.issued.solution
    log.recorder.add_plan(plan.model_dump())
    log.add_seconds("solver", solution.seconds)
    log.seconds["solver_longest"] = max(log.seconds.get("solver_longest", 0.0), solution.seconds)
    planned_kwh = decision.issued.planned_energy_kwh
    none = "" if planned_kwh > 0 else "nothing can be restored; "
    for number, check in enumerate(plan.checks, 1):
        kinds = ", ".join(f"{kind} {count}" for kind, count in check.violations_by_kind.items())
        text = f"round {number}: {kinds}; then {check.then}, {len(check.learnt)} lessons"
        log.recorder.add_event(now, "plan_rejected", DISPATCH_CENTRE, check.objective, "kWh", text)
    text = f"{decision.why}; {none}{plan.status}, gap {plan.gap_in_words(2)}, {solution.nodes} nodes"
    log.recorder.add_event(
        now,
        "plan_issued",
        DISPATCH_CENTRE,
        planned_kwh,
        "kWh",
        "; ".join(filter(None, (text, decision.issued.note))),
    )


def clock() -> float:
    return time.perf_counter()
