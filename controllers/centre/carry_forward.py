"""What the dispatch centre takes to be so in an LA it has not heard of lately: the last report, carried forward.

Only what moves by itself is moved: durations grow, the forecast loses the steps that are over, an ESS gives what the
plan that its gateway follows asks of it, an NBSU may have ramped, and customers are on or off as that plan says where
the area is live. Whether areas are live, units on line and start-ups under way stays as last reported.
"""

from __future__ import annotations

from ...scenarios.view import EssUnit, GridView, NbsuUnit
from ..exchange.messages import Forecast, LocalAreaMeasurement, UnitMeasurement
from ..exchange.plan import PlanStep


def carried_forecast(forecast: Forecast, time_min: float) -> Forecast:
    """The same forecast from ``time_min`` on; its last step stays whatever the time."""
    starts = forecast["step_start_min"]
    first = max((k for k, start in enumerate(starts) if start <= time_min), default=0)
    return Forecast(
        step_start_min=[max(starts[first], float(time_min)), *starts[first + 1 :]] if starts else [],
        demand_p_kw=forecast["demand_p_kw"][first:],
        demand_q_kvar=forecast["demand_q_kvar"][first:],
        pv_pu={unit: values[first:] for unit, values in forecast["pv_pu"].items()},
    )


def carried_measurement(
    measurement: LocalAreaMeasurement, minutes: float, view: GridView, la: str, step: PlanStep | None
) -> LocalAreaMeasurement:
    """A measurement moved ``minutes`` forward, its LA following ``step`` of a plan (None: no plan)."""
    hours = minutes / 60
    units: dict[str, UnitMeasurement] = {}
    for unit, metered in measurement["units"].items():
        moved: UnitMeasurement = {**metered, "state_min": metered["state_min"] + minutes}
        if ess := view.ess.get(unit):
            _move_ess(moved, ess, _planned_ess_kw(view, la, ess, step), hours)
        elif (nbsu := view.nbsu.get(unit)) and metered["state"] in ("follow", "form"):
            _widen(moved, nbsu, hours)
        units[unit] = moved
    return {
        **measurement,
        "time_min": measurement["time_min"] + minutes,
        "energised_min": measurement["energised_min"] + minutes * measurement["energised"],
        "share_on": _share_on(measurement, la, step),
        "units": units,
    }


def _share_on(measurement: LocalAreaMeasurement, la: str, step: PlanStep | None) -> float:
    """Customers of a live area whom the step serves are on, wholly unless they were on in part; others are off."""
    area = step.local_areas.get(la) if step else None
    if area is None or area.demand_kw is None or not measurement["energised"]:
        return measurement["share_on"]
    return (measurement["share_on"] or 1.0) if area.demand_kw > 0 else 0.0


def _planned_ess_kw(view: GridView, la: str, ess: EssUnit, step: PlanStep | None) -> float:
    """Planned output of one ESS: its own set-point, or its share by rating of what its LA's ESSs give."""
    if step is None:
        return 0.0
    if ess.id in step.units:
        return step.units[ess.id].p_kw
    area = step.local_areas.get(la)
    rating = sum(view.ess[u].s_kva for u in view.units_in[la] if u in view.ess)
    return area.p_ess_kw * ess.s_kva / rating if area else 0.0


def _move_ess(moved: UnitMeasurement, ess: EssUnit, p_kw: float, hours: float) -> None:
    moved["discharge_kwh"], moved["charge_kwh"] = ess.after(moved["discharge_kwh"], moved["charge_kwh"], p_kw, hours)


def _widen(moved: UnitMeasurement, nbsu: NbsuUnit, hours: float) -> None:
    moved["p_min_kw"] = max(0.0, moved["p_min_kw"] - nbsu.ramp_down_kw_per_h * hours)
    moved["p_max_kw"] = min(nbsu.s_kva, moved["p_max_kw"] + nbsu.ramp_up_kw_per_h * hours)
