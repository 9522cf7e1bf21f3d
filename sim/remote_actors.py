"""The actors of a run whose scenario has a ``communication`` section, each in its adapter."""

from __future__ import annotations

import math

from controllers.remote_centre import RemoteDispatchCentre
from controllers.remote_gateway import RemoteGateway
from controllers.strategies import Strategy
from scenarios.case import Case
from sim.adapters import RunLog
from sim.communication import Channel, gateway, terminal
from sim.grid import Grid
from sim.plan_check import PlanCheck
from sim.profiles import Profiles
from sim.remote_adapters import RemoteChannelSim, RemoteDispatchCentreSim, RemoteGatewaySim


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
        RemoteChannelSim(channel, field, options, log, step_min),
        RemoteDispatchCentreSim(centre, view.local_areas, options, log, step_min),
    )
