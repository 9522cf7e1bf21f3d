"""Data and solution of the local area problem (46): what an LA's units can do, and the net power they are to follow.

Powers in kW and kvar, durations in hours. The equations are in ``local_area_constraints``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ...scenarios.angles import chord, sin_phi
from ...scenarios.schema.dispatch_options import DispatchCentreOptions
from ...scenarios.schema.scenario import Gateway
from ...scenarios.view import EssUnit, NbsuUnit, PvUnit
from ..exchange.start_up import NbsuState


@dataclass(frozen=True)
class LocalAreaProblem:
    """Data of (46) for one LA over the plan's remaining steps.

    ``p_kw`` and ``q_kvar`` are the net injection to follow; ``served`` is the share of the demand that is to be served.
    In a step that is not ``energised`` nothing is served and every unit gives zero. ``pv_connected`` is X_{i,t−1} of
    (15c): energised and past the reconnect delay. All NBSUs of the LA share ``nbsu_state``: they are launched and come
    on line together. ``nbsu_first_kw`` is the range of each NBSU already on line that its ramp leaves for the first
    step.
    """

    pv: tuple[PvUnit, ...]
    ess: tuple[EssUnit, ...]
    nbsu: tuple[NbsuUnit, ...]
    step_start_min: tuple[float, ...]
    dt_h: tuple[float, ...]
    energised: tuple[bool, ...]
    served: tuple[float, ...]
    pv_connected: tuple[bool, ...]
    nbsu_state: tuple[NbsuState, ...]
    p_kw: tuple[float, ...]
    q_kvar: tuple[float, ...]
    demand_p_kw: tuple[float, ...]
    demand_q_kvar: tuple[float, ...]
    pv_pu: Mapping[str, tuple[float, ...]]
    discharge_kwh: Mapping[str, float]
    charge_kwh: Mapping[str, float]
    nbsu_first_kw: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    costs: Gateway = field(default_factory=Gateway)
    options: DispatchCentreOptions = field(default_factory=DispatchCentreOptions)
    min_power_factor: float = 0.95
    plan_step_h: float = 0.0
    """Δt of (17g), where no step left is that long"""

    @property
    def steps(self) -> range:
        return range(len(self.step_start_min))

    @cached_property
    def units(self) -> dict[str, PvUnit | EssUnit | NbsuUnit]:
        return {u.id: u for u in (*self.pv, *self.ess, *self.nbsu)}

    @cached_property
    def sin_phi(self) -> float:
        """Reactive limit per unit of rating, 0.31 in the paper (D7)."""
        return sin_phi(self.min_power_factor)

    @cached_property
    def chord(self) -> float:
        """Slope of the chord through (S, 0) and (S cos φ, S sin φ): (1 − cos φ)/sin φ."""
        return chord(self.min_power_factor)

    @property
    def true_circle(self) -> bool:
        return self.options.apparent_power == "circle"

    def online(self, t: int) -> bool:
        """φ_{i,t}: on line, may generate; idles in a dark LA."""
        return self.nbsu_state[t] == "online"

    def starting(self, t: int) -> bool:
        """μ_{i,t} − φ_{i,t}: drawing start-up power, which needs an energised LA (17e)."""
        return self.nbsu_state[t] == "starting" and self.energised[t]

    def target_p(self, t: int) -> float:
        """p_{i,t} + p^L_{i,t}: what the units shall give together, kW; demand as far as it is to be served."""
        return self.p_kw[t] + self.demand_p_kw[t] * self.served[t]

    def target_q(self, t: int) -> float:
        """q_{i,t} + q^L_{i,t}: what the units shall give together, kvar."""
        return self.q_kvar[t] + self.demand_q_kvar[t] * self.served[t]

    @cached_property
    def follow_penalty(self) -> float:
        """Price of not following, CNY/kWh.

        One kWh less in one step can, through energy and ramps, save at most the dearest way of moving a kWh in each
        step; ten times that is out of reach. ``operating_cost`` doubles it for the first step, so that what cannot be
        followed falls late, and takes a tenth for reactive power: where the chord forces a choice, active power is
        followed.
        """
        c = self.costs
        dearest = 1 + c.pv_cost + c.nbsu_cost + c.ess_discharge_cost + c.ess_charge_cost
        return 10 * dearest * len(self.step_start_min) * max(self.dt_h) / min(self.dt_h)


@dataclass(frozen=True)
class LocalAreaSchedule:
    """Solution of (46): kW and kvar per unit and step; cost in CNY without penalty (NaN if the schedule was ordered).

    Follow errors are what the LA's units give above (below, if negative) what the net power plan asks, per step.
    """

    step_start_min: tuple[float, ...]
    p_kw: Mapping[str, tuple[float, ...]]
    q_kvar: Mapping[str, tuple[float, ...]]
    cost: float
    follow_error_kw: tuple[float, ...]
    follow_error_kvar: tuple[float, ...]
