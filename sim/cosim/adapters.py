"""The mosaik adapters of time series, grid and recorder; those of who sends messages are in ``actor_adapters``.

Each translates between mosaik's protocol and one kind of plain actor, and does nothing else.
They follow mosaik's simulator protocol (API 3.0) by shape and do not import it; ``wiring`` wires them. Each kind of
actor is one simulator with many entities, for mosaik's cost grows with the square of the number of simulators.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ...controllers.exchange.messages import SwitchReport
from ...results.run.recorder import Recorder
from ..series.profiles import Profiles
from ..world.grid import Grid
from .channels.channel import Channel
from .run_log import RunLog

Inputs = dict[str, dict[str, dict[str, Any]]]
"""entity → attribute → source → value"""
Requested = dict[str, list[str]]
Outputs = dict[str, dict[str, Any]]
AREA, SWITCH = "la.", "sw."
"""Before the name of an LA or of a switch, up to the first dot of an ``eid``: both are entities of the grid."""


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


def model(attrs: list[str], **more: list[str]) -> dict[str, Any]:
    """A model for mosaik's ``meta``."""
    return {"public": True, "params": ["eid"], "attrs": attrs, **more}


def one_of(values: dict[str, Any]) -> Any:
    """The value of an input that has exactly one source."""
    (value,) = values.values()
    return value


class ProfilesSim(Adapter):
    """Time series: one entity per LA with its demand, PV availability and forecast."""

    def __init__(self, profiles: Profiles, pv_of: dict[str, list[str]], step_min: int) -> None:
        super().__init__("time-based", {"Series": model(["demand", "pv_pu", "forecast"])}, step_min)
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
            "LocalArea": model(["demand", "pv_pu", "order", "planned_kw", "measurement"]),
            "Switch": model(["operation", "report"]),
            "Record": model(["record"]),
        }
        super().__init__("time-based", models, step_min)
        self._grid, self._log, self._on_step = grid, log, on_step
        self._record: Any = None

    def step(self, time: int, inputs: Inputs, max_advance: int) -> int:
        areas, switches = _named(inputs, AREA), _named(inputs, SWITCH)
        began = clock()
        self._record = self._grid.step(
            time,
            demand={la: one_of(attrs["demand"]) for la, attrs in areas.items()},
            pv_pu={pv: value for attrs in areas.values() for pv, value in one_of(attrs["pv_pu"]).items()},
            switch_orders={
                switch: closed
                for switch, attrs in switches.items()
                if (closed := one_of(attrs["operation"])) is not None
            },
            area_orders={la: one_of(attrs["order"]) for la, attrs in areas.items()},
            planned_kw=one_of(next(iter(areas.values()))["planned_kw"]),
        )
        self._log.add_seconds("grid", clock() - began)
        self._on_step(time)
        return time + self._step_min

    def get_data(self, outputs: Requested) -> Outputs:
        measurements, reports = self._grid.measurements(), switch_reports(self._grid)
        values: dict[str, Callable[[str], Any]] = {
            "record": lambda _: self._record,
            "report": reports.__getitem__,
            "measurement": measurements.__getitem__,
        }
        return {eid: {attr: values[attr](eid.partition(".")[2]) for attr in attrs} for eid, attrs in outputs.items()}


def _named(inputs: Inputs, kind: str) -> Inputs:
    """What entities of a kind are given, by the name of what they stand for."""
    return {eid.removeprefix(kind): attrs for eid, attrs in inputs.items() if eid.startswith(kind)}


def switch_reports(grid: Grid) -> dict[str, SwitchReport]:
    """What the terminal of every switch sees of it at the end of the last step."""
    faults, shed_min = grid.fault_reports(), grid.shed_switches()
    reports = {switch: SwitchReport(switch=switch, closed=closed) for switch, closed in grid.switch_states().items()}
    for switch, report in reports.items():
        if seen := faults.get(switch):
            report["faults"] = seen
        if switch in shed_min:
            report["shed_min"] = shed_min[switch]
    return reports


class RecorderSim(Adapter):
    """The recorder: takes each step's record, the message log and what happens to sky and forecasts."""

    def __init__(self, channel: Channel, recorder: Recorder, profiles: Profiles, step_min: int) -> None:
        super().__init__("time-based", {"Recorder": model(["record"])}, step_min)
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


def clock() -> float:
    """Wall time, s."""
    return time.perf_counter()
