"""An energy gateway where messages can fail: it watches for its dispatch centre, and knows what to do without it.

The dispatch centre sends something at every step, a net power plan or a heartbeat. A gateway that has heard nothing for
``fallback_after_min`` is without contact: it follows its last plan to its end (or for ``plan_validity_min`` after it
last heard), and then runs its area on its own (``alone``) until a new plan arrives. A heartbeat alone does not
bring an expired plan back: the dispatch centre has to plan from what the area has become.
"""

from __future__ import annotations

from typing import Literal

from ...scenarios.angles import sin_phi
from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import GridView
from ..exchange.messages import Forecast, LocalAreaMeasurement, LocalAreaOrder, NetPowerPlan, PscBasis, PscMessage
from .alone import LocalIsland
from .gateway import EnergyGateway

Mode = Literal["plan", "hold", "alone"]
"""plan: follows the net power plan; hold: has none and leaves its units as they are; alone: runs its area by itself."""


class RemoteGateway(EnergyGateway):
    """The controller of one LA behind a channel that can fail. In contact until ``heard_min``, when it came to life."""

    def __init__(
        self,
        view: GridView,
        la_id: str,
        scenario: Scenario,
        *,
        per_device: bool = False,
        constant_power: bool = False,
        heard_min: float = 0.0,
    ) -> None:
        super().__init__(view, la_id, scenario, per_device=per_device, constant_power=constant_power)
        assert scenario.communication is not None
        self._patience_min = scenario.communication.fallback_after_min
        self._validity_min = scenario.communication.plan_kept_min
        self._heard_min = heard_min
        self._alone_since: float | None = None
        self._local = LocalIsland(
            self._pv,
            self._ess,
            self._nbsu,
            scenario.pv.reconnect_delay_min,
            sin_phi=sin_phi(scenario.limits.min_power_factor),
        )

    def hear(self, time_min: float) -> None:
        """A message of the dispatch centre has arrived, whatever it says."""
        self._heard_min = time_min

    def in_contact(self, time_min: float) -> bool:
        """Whether it has heard of the dispatch centre lately."""
        return time_min - self._heard_min < self._patience_min

    @property
    def mode(self) -> Mode:
        """What it does since its last orders."""
        return "alone" if self._alone_since is not None else "plan" if self._running else "hold"

    def assess(self, measurement: LocalAreaMeasurement, forecast: Forecast, time_min: float) -> PscMessage:
        """D_i of (1), with what it was made from and what the gateway follows."""
        message = super().assess(measurement, forecast, time_min)
        follows = self._running is not None and self._alone_since is None
        message["plan_issued_at_min"] = self._running.plan["issued_at_min"] if self._running and follows else None
        message["alone"] = self._alone_since is not None
        message["basis"] = PscBasis(measurement=measurement, forecast=forecast)
        return message

    def receive(self, plan: NetPowerPlan) -> None:
        """Take up a net power plan, as ``EnergyGateway.receive``. The one it follows already changes nothing."""
        if self._running and plan["local_area"] == self.local_area:
            newer_by_min = plan["issued_at_min"] - self._running.plan["issued_at_min"]
            if newer_by_min < 0 or (newer_by_min == 0 and self._alone_since is None):
                return
        super().receive(plan)
        self._alone_since = None

    def orders(self, time_min: float, measurement: LocalAreaMeasurement) -> LocalAreaOrder:
        """Orders for one simulation step, asked for once all messages of the instant have arrived."""
        expired = self._running is None or (
            self._running.step_at(time_min) is None or time_min - self._heard_min >= self._validity_min
        )
        if self._alone_since is None and expired and not self.in_contact(time_min):
            self._alone_since = time_min
        if self._alone_since is not None:
            return self._orders_alone(time_min, measurement, self._alone_since)
        if self._running is None:
            self._time_min, self._measurement = time_min, measurement
            return LocalAreaOrder(units={}, pick_up=False)
        return super().orders(time_min, measurement)

    def _orders_alone(self, time_min: float, measurement: LocalAreaMeasurement, since_min: float) -> LocalAreaOrder:
        self._time_min, self._measurement = time_min, measurement
        held_net = (0.0, 0.0)
        if self._running and self._running.problem.p_kw:
            problem = self._running.problem
            t = self._running.step_at(since_min)
            t = len(problem.p_kw) - 1 if t is None else t
            held_net = (problem.p_kw[t], problem.q_kvar[t]) if problem.energised[t] else held_net
        attempt = (time_min - since_min) % self._scenario.clock.plan_step_min == 0
        # Nobody tells a gateway on its own of cold load pick-up.
        return self._local.orders(time_min, measurement, self._demand_now(measurement, 1.0), held_net, attempt)
