"""The actors of a run whose scenario has a ``communication`` section, each in its adapter."""

from __future__ import annotations

import math

from ...controllers.centre.remote_centre import RemoteDispatchCentre
from ...controllers.gateways.remote_gateway import RemoteGateway
from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ...scenarios.schema.communication import gateway, terminal
from ..planning.plan_check import PlanCheck
from ..series.profiles import Profiles
from ..world.grid import Grid
from .channels.channel import Channel
from .remote_adapters import RemoteChannelSim, RemoteDispatchCentreSim, RemoteGatewaySim
from .run_log import RunLog


def remote_actors(
    case: Case, strategy: Strategy, profiles: Profiles, grid: Grid, channel: Channel, check: PlanCheck, log: RunLog
) -> tuple[RemoteGatewaySim, RemoteChannelSim, RemoteDispatchCentreSim]:
    """Gateways, channel and dispatch centre.

    Messages of the time before the outage got through: the dispatch centre knows what every gateway would have reported
    at the fault time, and every switch.
    """
    scenario, view = case.scenario, case.view
    options, step_min = scenario.communication, scenario.clock.sim_step_min
    assert options is not None

    def make(la: str, heard_min: float) -> RemoteGateway:
        return RemoteGateway(
            view,
            la,
            scenario,
            per_device=strategy.per_device,
            constant_power=strategy.constant_power,
            heard_min=heard_min if strategy.has_centre else -math.inf,
        )

    measured, closed = grid.measurements(), grid.switch_states()
    known = {la: make(la, 0.0).assess(measured[la], profiles.forecast(la, 0.0), 0.0) for la in view.local_areas}
    if not scenario.surprises:  # nobody repairs a faulted branch, or asks for its state
        closed = {switch: state for switch, state in closed.items() if not view.branches[switch].faulted}
    verified = scenario.dispatch_centre.verify != "off"
    checker_of = (lambda changed: check.of_view(changed).from_state) if verified else None
    centre = RemoteDispatchCentre(
        view, scenario, strategy, known, closed, check.from_state if verified else None, checker_of
    )
    field = [*map(gateway, view.local_areas), *map(terminal, closed)]
    return (
        RemoteGatewaySim(make, view.local_areas, options, log, step_min),
        RemoteChannelSim(channel, field, log, step_min),
        RemoteDispatchCentreSim(centre, view.local_areas, options, log, step_min),
    )
