"""The dispatch centre's checker: the validator, by the forecast and the state that was measured last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...controllers.exchange.messages import Forecast, LocalAreaMeasurement
from ...controllers.exchange.plan import Findings, IslandLosses, Plan, Violation
from ...scenarios.case import Case
from ...scenarios.view import GridView
from ..power_flow.protocol import EngineUnavailable
from ..series.profiles import Profiles
from ..validation.conditions import StartState, as_forecast, forecast
from ..validation.validator import Validator


class PlanJudge:
    """Judges a plan as the dispatch centre could: by what it was told, never by the actual series."""

    def __init__(self, case: Case, profiles: Profiles) -> None:
        self._case, self._profiles = case, profiles
        self._validator = fastest_validator(case, profiles)

    def of_view(self, view: GridView) -> PlanJudge:
        """The same check for the network as the dispatch centre knows it by now."""
        return PlanJudge(replace(self._case, view=view), self._profiles)

    def __call__(
        self,
        plan: Plan,
        measured: Mapping[str, LocalAreaMeasurement],
        closed: Mapping[str, bool],
        forecasts: Mapping[str, Forecast],
    ) -> Findings:
        """What the check found, the plan starting from this state and with these forecasts, as old as they may be."""
        if self._profiles.forecast_changes:
            self._validator.forecast = as_forecast(forecasts, self._profiles.duration_min)
        verdict = self._validator.validate(plan, start=StartState.measured(self._case, measured, closed))
        losses = [
            IslandLosses(
                i.step, i.balance_unit, i.losses_kw + (i.voltage_effect_kw or 0.0),
                i.losses_kvar + (i.voltage_effect_kvar or 0.0),
            )
            for i in verdict.islands
            if i.losses_kw is not None and i.losses_kvar is not None
        ]  # fmt: skip
        already_so = [v for v in verdict.violations if not v.caused_by_plan or v.value_without_plan is not None]
        return Findings([_no_worse(v) for v in verdict.caused], losses, already_so)


def _no_worse(v: Violation) -> Violation:
    """A violation as repair is to mend it: what is beyond its limit without the plan need only be no worse with it."""
    return v if v.value_without_plan is None else replace(v, limit=v.value_without_plan)


def fastest_validator(case: Case, profiles: Profiles) -> Validator:
    """A validator with power-grid-model where that is installed and can express the network, else with pandapower."""
    series = forecast(case, profiles)
    try:
        return Validator(case, engine="power-grid-model", forecast=series)
    except EngineUnavailable:
        return Validator(case, engine="pandapower", forecast=series)
