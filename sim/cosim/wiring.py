"""Wires a run: mosaik owns time and couples profiles, grid, communication and controllers.

Each kind of actor is one mosaik simulator with many entities; all behaviour is in the plain classes it translates for.
One step of the world: profiles → gateways and grid; the grid's measurements reach
gateways and field terminals one simulation step late; gateways → communication → dispatch centre → communication →
gateways and terminals inside one group at the same instant; orders → grid; everything → recorder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

import mosaik
import mosaik_api_v3
from mosaik.starters import PythonStarter

from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ...scenarios.errors import RelightError
from ...scenarios.schema.communication import DISPATCH_CENTRE, gateway, terminal
from ..planning.strategy_case import case_under
from ..series.profiles import Profiles
from ..series.quality import forecast_quality
from ..world.grid import Grid
from .actors import actors_of
from .adapters import AREA, SWITCH, Adapter, GridSim, ProfilesSim, RecorderSim, clock, switch_reports
from .channels.chosen import channel_of
from .run_log import RunLog
from .timing import Timing


class IncompleteRunError(RelightError):
    """The recorder did not see every step."""


def run_world(
    case: Case,
    strategy: Strategy,
    seed: int,
    log: RunLog,
    on_step: Callable[[int], None] = lambda _: None,
    engine: str = "pandapower",
) -> None:
    """Run one co-simulation into ``log``; ``engine`` is of the world's AC power flow.

    Raises ``IncompleteRunError`` if a step is missing, and whatever an actor raises; ``log`` then holds what was seen.
    """
    began = clock()
    case = case_under(case, strategy)
    step_min, duration = case.scenario.clock.sim_step_min, case.scenario.outage.duration_min
    view = case.view
    profiles, grid = Profiles(case, seed), Grid(case, seed, engine)
    log.recorder.add("forecast", forecast_quality(view, profiles))
    channel = channel_of(case.scenario, seed)
    actors = actors_of(case, strategy, profiles, grid, channel, log)
    pv_of = {la: [pv for pv in view.pv if view.local_area_of_unit(pv) == la] for la in view.local_areas}

    timing = Timing(log)
    world = mosaik.World({}, time_resolution=60.0, configure_logging=False, skip_greetings=True)
    try:
        start = _starter(world, timing)
        series = start("Profiles", ProfilesSim(profiles, pv_of, step_min))
        physics = start("Grid", GridSim(grid, log, step_min, on_step))
        recorder = start("Recorder", RecorderSim(channel, log.recorder, profiles, step_min))
        with world.group():
            gates = start("Gateways", actors.gateways)
            fields = start("Terminals", actors.terminals)
            mail = start("Communication", actors.channel)
            office = start("DispatchCentre", actors.centre)

        dispatch_centre = office.DispatchCentre(eid=DISPATCH_CENTRE)
        _connect_mail(world, mail, dispatch_centre, DISPATCH_CENTRE)
        measurements = grid.measurements()
        for la in view.local_areas:
            source, area, own = series.Series(eid=la), physics.LocalArea(eid=AREA + la), gates.Gateway(eid=la)
            world.connect(source, area, "demand", "pv_pu")
            world.connect(source, own, "forecast")
            world.connect(area, own, "measurement", time_shifted=True, initial_data={"measurement": measurements[la]})
            world.connect(own, area, "order")
            world.connect(dispatch_centre, area, "planned_kw")
            _connect_mail(world, mail, own, gateway(la))
        reports = switch_reports(grid)
        for switch in actors.terminals.switches:
            area, own = physics.Switch(eid=SWITCH + switch), fields.Terminal(eid=switch)
            world.connect(area, own, "report", time_shifted=True, initial_data={"report": reports[switch]})
            world.connect(own, area, "operation")
            _connect_mail(world, mail, own, terminal(switch))
        world.connect(physics.Record(eid="record"), recorder.Recorder(eid="recorder"), "record")
        log.add_seconds("setup", clock() - began)
        timing.loop(lambda: world.run(until=duration, print_progress=False))
    finally:
        log.add_seconds("power_flow", grid.power_flow_seconds)
        _cancel_pending(world)
        world.shutdown()
        log.add_seconds("run", clock() - began)
    if log.recorder.steps_seen != duration // step_min:
        raise IncompleteRunError(f"the recorder saw {log.recorder.steps_seen} of {duration // step_min} steps")


def _cancel_pending(world: mosaik.World) -> None:
    """End what an exception left waiting, so that asyncio does not complain about it at exit."""
    if world.loop.is_closed():
        return
    pending = asyncio.all_tasks(world.loop)
    for task in pending:
        task.cancel()
    world.loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))


def _starter(world: mosaik.World, timing: Timing) -> Callable[[str, Adapter], Any]:
    """Start an adapter that exists already: mosaik makes simulators itself, so it is given one that returns ours."""

    def start(name: str, adapter: Adapter) -> Any:
        timing.timed(name, adapter)
        return world.start(PythonStarter(cast(type[mosaik_api_v3.Simulator], lambda: adapter)), sim_id=name)

    return start


def _connect_mail(world: mosaik.World, mail: Any, actor: Any, address: str) -> None:
    """Join an actor to its mailbox; delivery is the weak link that closes the loop within one instant."""
    mailbox = mail.Mailbox(eid=address)
    world.connect(actor, mailbox, ("outbox", "send"))
    world.connect(mailbox, actor, ("deliver", "inbox"), weak=True)
