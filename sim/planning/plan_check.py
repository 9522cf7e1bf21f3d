"""The dispatch centre's checker: the validator, by the forecast and the state that was measured last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ...controllers.exchange.messages import Forecast, LocalAreaMeasurement
from ...controllers.exchange.plan import Findings, IslandLosses, Plan
from ...scenarios.case import Case
from ...scenarios.view import GridView
from ..power_flow.protocol import EngineUnavailable
from ..series.profiles import Profiles
from ..validation.conditions import StartState, as_forecast, forecast
from ..validation.validator import Validator


class PlanCheck:
    """Judges a plan as the dispatch centre could: by the forecast of its time of issue, never by the actual series.

    ``measured`` and ``switch_closed`` give what gateways meter and field terminals report when a plan is made.
    """

    def __init__(
        self,
        case: Case,
        profiles: Profiles,
        measured: Callable[[], Mapping[str, LocalAreaMeasurement]],
        switch_closed: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._case, self._profiles, self._measured, self._switch_closed = case, profiles, measured, switch_closed
        self._validator = fastest_validator(case, profiles)

    def of_view(self, view: GridView) -> PlanCheck:
        """The same check for the network as the dispatch centre knows it by now."""
        return PlanCheck(replace(self._case, view=view), self._profiles, self._measured, self._switch_closed)

    def __call__(self, plan: Plan) -> Findings:
        """What the check found."""
        return self.from_state(plan, self._measured(), self._switch_closed())

    def from_state(
        self,
        plan: Plan,
        measured: Mapping[str, LocalAreaMeasurement],
        switch_closed: Mapping[str, bool],
        known: Mapping[str, Forecast] | None = None,
    ) -> Findings:
        """What the check found, the plan starting from this state, whatever is measured now.

        ``known``: the forecasts it was planned with, by LA, where these may be older than the plan.
        """
        if self._profiles.forecast_changes and known:
            self._validator.forecast = as_forecast(known, self._profiles.duration_min)
        elif self._profiles.forecast_changes:
            self._validator.forecast = forecast(self._case, self._profiles, plan.issued_at_min)
        start = StartState.measured(self._case, measured, switch_closed)
        verdict = self._validator.validate(plan, start=start)
        losses = [
            IslandLosses(i.step, i.balance_unit, i.losses_kw, i.losses_kvar)
            for i in verdict.islands
            if i.losses_kw is not None and i.losses_kvar is not None
        ]
        return Findings(verdict.violations, losses)


def fastest_validator(case: Case, profiles: Profiles) -> Validator:
    """A validator with power-grid-model where that is installed and can express the network, else with pandapower."""
    series = forecast(case, profiles)
    try:
        return Validator(case, engine="power-grid-model", forecast=series)
    except EngineUnavailable:
        return Validator(case, engine="pandapower", forecast=series)
