"""The actors of a run, each in its adapter: gateways, field terminals, the channel, the dispatch centre."""

from __future__ import annotations

import math
from typing import NamedTuple

from ...controllers.centre.dispatch_centre import DispatchCentre
from ...controllers.gateways.gateway import EnergyGateway
from ...controllers.strategies.strategy import Strategy
from ...scenarios.case import Case
from ...scenarios.schema.communication import Communication, gateway, terminal
from ..planning.plan_check import PlanJudge
from ..series.profiles import Profiles
from ..world.grid import Grid
from .actor_adapters import ChannelSim, DispatchCentreSim, GatewaySim, TerminalSim
from .channels.channel import Channel
from .field_terminal import field_terminals
from .run_log import RunLog


class Actors(NamedTuple):
    """Those who talk to each other, in the order in which mosaik starts them."""

    gateways: GatewaySim
    terminals: TerminalSim
    channel: ChannelSim
    centre: DispatchCentreSim


def actors_of(case: Case, strategy: Strategy, profiles: Profiles, grid: Grid, channel: Channel, log: RunLog) -> Actors:
    """The actors of a case under a strategy.

    Messages of the time before the outage got through: the dispatch centre knows what every gateway would have reported
    at the fault time, and every switch.
    """
    scenario, view, step_min = case.scenario, case.view, case.scenario.clock.sim_step_min
    options = scenario.communication or Communication()  # in which nobody is ever dead

    def make(la: str, heard_min: float) -> EnergyGateway:
        return EnergyGateway(
            view,
            la,
            scenario,
            per_device=strategy.per_device,
            constant_power=strategy.constant_power,
            heard_min=heard_min if strategy.has_centre else -math.inf,
        )

    measured, terminals = grid.measurements(), field_terminals(case, strategy)
    closed = {switch: state for switch, state in grid.switch_states().items() if switch in terminals}
    centre = DispatchCentre(view, scenario, strategy, PlanJudge(case, profiles))
    centre.remember(
        {la: make(la, 0.0).assess(measured[la], profiles.forecast(la, 0.0), 0.0) for la in view.local_areas},
        closed,
    )
    field = [*map(gateway, view.local_areas), *map(terminal, closed)]
    return Actors(
        GatewaySim(make, view.local_areas, options, log, step_min),
        TerminalSim(terminals, step_min),
        ChannelSim(channel, field, log, step_min),
        DispatchCentreSim(centre, view.local_areas, options, log, step_min),
    )
