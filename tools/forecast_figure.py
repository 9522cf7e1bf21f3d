"""Draws docs/figures/cloudy-1000-forecasts.png: what forecasts said at several times, and what happened.

python tools/forecast_figure.py [SCENARIO] [--seed N] [--out FILE without suffix]
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from relight.results.figures import style
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.series.profiles import Profiles

FIGURE = Path(__file__).resolve().parents[1] / "docs" / "figures" / "cloudy-1000-forecasts"


def series(case: Case, profiles: Profiles, pv: bool) -> tuple[Callable[[float], float], Callable[[float], np.ndarray]]:
    """All PV that is available, or all demand, in kW: by simulation step, and by plan step as forecast at a time."""
    view = case.view

    def actual(time_min: float) -> float:
        if pv:
            return sum(pu * view.pv[unit].s_kva for unit, pu in profiles.pv_pu(time_min).items())
        return sum(p_kw for p_kw, _ in profiles.demand(time_min).values())

    def known(issued_min: float) -> np.ndarray:
        areas = [profiles.forecast(la, issued_min) for la in view.local_areas]
        if pv:
            units = (np.array(pu) * view.pv[unit].s_kva for one in areas for unit, pu in one["pv_pu"].items())
            return np.sum(list(units), axis=0)
        return np.sum([one["demand_p_kw"] for one in areas], axis=0)

    return actual, known


def draw(case: Case, seed: int, path: Path) -> None:
    """The figure as PNG at ``path`` (without suffix)."""
    profiles, outage = Profiles(case, seed), case.scenario.outage
    times = np.arange(0, outage.duration_min, case.scenario.clock.sim_step_min, dtype=float)
    issues = np.arange(0, outage.duration_min, 2 * case.scenario.clock.plan_step_min, dtype=float)
    with style.house_style():
        import matplotlib as mpl

        figure = style.new_figure(style.PAGE_MM, 95, f"{case.scenario.name}, seed {seed}")
        colours = mpl.colormaps["viridis_r"](np.linspace(0.1, 1, len(issues)))
        for axes, pv, title in zip(figure.subplots(2, 1, sharex=True), (True, False), ("PV", "Demand"), strict=True):
            actual, known = series(case, profiles, pv)
            ends = np.array([*times, float(outage.duration_min)])
            axes.stairs(
                [actual(t) for t in times], ends, color=style.BLACK, baseline=None, label="actual", linewidth=1.4
            )
            for issued, colour in zip(issues, colours, strict=True):
                starts = profiles.forecast(next(iter(case.view.local_areas)), issued)["step_start_min"]
                label = f"issued {case.scenario.local_clock.shows(issued):%H}:00"
                edges = [*starts, float(outage.duration_min)]
                axes.stairs(known(issued), edges, color=colour, baseline=None, label=label)
            axes.set(ylabel=f"{title} (kW)")
            style.clock_axis(axes, case.scenario.local_clock, outage.duration_min, label=not pv)
            if pv:
                style.legend_above(axes, 6)
        with tempfile.TemporaryDirectory() as temporary:
            _, png = style.save(figure, Path(temporary) / path.name)
            path.with_suffix(".png").write_bytes(png.read_bytes())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="?", default="guo45/cloudy-1000")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=FIGURE)
    chosen = parser.parse_args()
    draw(load_case(chosen.scenario), chosen.seed, chosen.out)
