"""How good a run's forecasts are: bias, error by lead time, and how much of the error all series have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from ...results.run.rows import Row
from ...scenarios.quanta import PER_UNIT, POWER_KW, rounded
from ...scenarios.view import GridView
from .profiles import Profiles

_LEAST_KW = 1e-3
"""Errors that are less than this together are those of rounding and have no share in common."""


def forecast_quality(view: GridView, profiles: Profiles) -> list[Row]:
    """Rows of forecast.csv: every forecast that is issued when a plan step begins, against what happens.

    ``load`` counts the demand of all local areas as without cold load pick-up, ``sun`` what all PV units could give
    (kW), whether supplied or not. A row per lead time (from the issue to the start of the plan step that is forecast),
    and one over all lead times, whose ``lead_min`` is empty.
    """
    starts = profiles.plan_starts_min
    actual = {"load": _happens(profiles, "load", view), "sun": _happens(profiles, "sun", view)}
    known = {kind: np.full((len(starts), *values.shape), np.nan) for kind, values in actual.items()}
    for issue, issued_min in enumerate(starts):
        if issue and not profiles.forecast_changes:
            for values in known.values():
                values[issue, issue:] = values[0, issue:]
            continue
        for kind, values in _forecasts(profiles, view, issued_min).items():
            known[kind][issue, issue:] = values
    return [row for kind in actual for row in _rows(kind, known[kind], actual[kind], profiles.plan_step_min)]


def _happens(profiles: Profiles, kind: str, view: GridView) -> np.ndarray:
    """Means over plan steps, rounded as forecasts are: a row per step, a column per series (kW)."""
    starts, step_min = profiles.plan_starts_min, profiles.sim_step_min
    times = [range(a, b, step_min) for a, b in pairwise((*starts, profiles.duration_min))]
    if kind == "load":
        return _means([[[p_kw for p_kw, _ in profiles.demand(t).values()] for t in of] for of in times], POWER_KW)
    rated_kw = np.array([view.pv[unit].s_kva for unit in profiles.pv_pu(0)])
    return _means([[list(profiles.pv_pu(t).values()) for t in of] for of in times], PER_UNIT) * rated_kw


def _means(fine: Sequence[Sequence[Sequence[float]]], decimals: int) -> np.ndarray:
    return rounded(np.array([np.array(rows).mean(axis=0) for rows in fine]), decimals)


def _forecasts(profiles: Profiles, view: GridView, issued_min: float) -> dict[str, np.ndarray]:
    """The issue of a time, in the form and order of what happens."""
    by_area = {la: profiles.forecast(la, issued_min) for la in profiles.demand(0)}
    steps = len(next(iter(by_area.values()))["step_start_min"])
    of_unit = {unit: pu for known in by_area.values() for unit, pu in known["pv_pu"].items()}
    load: list[Sequence[float]] = [known["demand_p_kw"] for known in by_area.values()]
    sun = [np.array(of_unit[unit]) * view.pv[unit].s_kva for unit in profiles.pv_pu(0)]
    return {"load": np.array(load).reshape(-1, steps).T, "sun": np.array(sun).reshape(-1, steps).T}


def _rows(kind: str, known: np.ndarray, actual: np.ndarray, step_min: int) -> Iterator[Row]:
    if not actual.shape[1]:
        return
    errors, happens = list[np.ndarray](), list[np.ndarray]()
    for lead in range(len(actual)):
        targets = np.arange(lead, len(actual))
        errors.append(known[targets - lead, targets] - actual[targets])
        happens.append(actual[targets])
        yield {"kind": kind, "lead_min": float(lead * step_min), **quality(errors[-1], happens[-1])}
    yield {"kind": kind, "lead_min": None, **quality(np.concatenate(errors), np.concatenate(happens))}


def quality(errors_kw: np.ndarray, actual_kw: np.ndarray) -> Row:
    """Bias and root-mean-square error of the total, the sum of the single series' root-mean-square errors (both kW),
    and the share of the error in common; a row per forecast plan step, a column per series.

    With σ_a the root-mean-square error of series a, the share is the mean of e_a e_b over σ_a σ_b of all pairs a ≠ b,
    weighted by σ_a σ_b: 0 where series err independently, 1 where all err together, bias included. None for a single
    series or without errors.
    """
    total = errors_kw.sum(axis=1)
    single = np.sqrt((errors_kw**2).mean(axis=0))
    own, pairs = float((single**2).sum()), float(single.sum() ** 2 - (single**2).sum())
    together = float((total**2).mean()) - own
    return {
        "steps": len(total),
        "actual_kw": rounded(float(actual_kw.sum(axis=1).mean()), POWER_KW),
        "bias_kw": rounded(float(total.mean()), POWER_KW),
        "rmse_kw": rounded(float(np.sqrt((total**2).mean())), POWER_KW),
        "rmse_single_kw": rounded(float(single.sum()), POWER_KW),
        "common_share": rounded(together / pairs, PER_UNIT) if pairs > _LEAST_KW**2 else None,
    }
