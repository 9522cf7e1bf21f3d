"""How fast the dispatch centre plans, as ratios within one run: python benchmarks/planning.py [a] [b] [again].

Suite a: both faults × readings R1–R3 × peaks × clear-sky indices, by sections. Suite b: a switch at every cable or
every branch. ``again``: re-planning with the kept model against planning anew, on the horizons of dynamic runs. Without
a name all three run. Each time includes building the model; one thread; ``--quick`` takes every sixth case of suite a.
"""

from __future__ import annotations

import itertools
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import highspy
import numpy as np

from relight.controllers.gateways.gateway import EnergyGateway
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.planning.planner import Planner, PlanRecord
from relight.controllers.solver.highs import Solution
from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.sim.series.profiles import Profiles
from relight.sim.world.grid import Grid

FAULTS, READINGS = ("0400", "1000"), ("R1", "R2", "R3")
PEAKS_KW, INDICES = (2400, 3600, 4800, 6000), (0.3, 0.5, 0.7, 1.0)
QUALITIES = (0.05, 0.02, 0.01, 0.005, 0.001)
FIGURE = Path(__file__).resolve().parents[1] / "docs" / "figures" / "planning-quality.png"


def first_horizon(case: Case) -> Horizon:
    """The horizon at the fault time, from the same messages as in a run."""
    profiles, grid = Profiles(case, case.scenario.seed), Grid(case)
    measured = grid.measurements()
    psc = {
        la: EnergyGateway(case.view, la, case.scenario).assess(measured[la], profiles.forecast(la, 0), 0)
        for la in case.view.local_areas
    }
    starts = next(iter(psc.values()))["step_start_min"]
    graph = AreaGraph.of(case.view, case.scenario)
    return Horizon(graph, tuple(starts), float(case.scenario.outage.duration_min), psc, grid.switch_states())


def with_options(horizon: Horizon, **options: object) -> Horizon:
    """The same horizon under other options of the dispatch centre."""
    graph = replace(horizon.graph, options=horizon.graph.options.model_copy(update=options))
    return replace(horizon, graph=graph)


@dataclass(frozen=True)
class Timed:
    """One plan made anew: seconds in all and to each quality (None: never reached), its record and model."""

    seconds: float
    record: PlanRecord
    to_quality: tuple[float | None, ...]
    detailed: bool


class Watched(Planner):
    """Notes when its last solve began: what came before it (the model, its arrays, a solve that broke voltages)
    counts for every incumbent."""

    solving_since = 0.0

    def __init__(self, graph: AreaGraph, steps: int, **options: bool) -> None:
        super().__init__(graph, steps, **options)
        self._formulation, self._own = self, self._formulation
        self.holds_voltages = self._own.holds_voltages

    def solve(self, *args: Any) -> Solution:
        self.solving_since = time.perf_counter()
        return self._own.solve(*args)


def plan_anew(horizon: Horizon, *, lazy_voltage: bool = True) -> Timed:
    """Build the model and plan once. Quality is the distance of an incumbent from the final proven bound."""
    began = time.perf_counter()
    planner = Watched(horizon.graph, horizon.steps, lazy_voltage=lazy_voltage)
    record = planner.plan(horizon)
    seconds, solution = time.perf_counter() - began, record.solution
    bound, before = record.plan.bound or 0.0, planner.solving_since - began
    met = (*solution.incumbents, (solution.seconds, solution.objective))
    found = [next((before + at for at, value in met if value >= (1 - q) * bound), None) for q in QUALITIES]
    return Timed(seconds, record, tuple(found), planner.model.detailed)


def suite_a(table3: str) -> Iterator[tuple[str, Horizon]]:
    for fault, reading, peak, index in itertools.product(FAULTS, READINGS, PEAKS_KW, INDICES):
        overrides = (
            f"network.options.reading={reading}", f"network.options.table3={table3}",
            f"load.peak_kw={peak}", f"pv.clear_sky_index={index}",
        )  # fmt: skip
        yield f"{fault} {reading} {peak} kW {index}", first_horizon(load_case(f"guo45/fault-{fault}", overrides))


def suite_b(switches: str) -> Iterator[tuple[str, Horizon]]:
    for fault, reading in itertools.product(FAULTS, READINGS):
        overrides = (f"network.options.reading={reading}", f"network.options.switches={switches}")
        yield f"{fault} {reading}", first_horizon(load_case(f"guo45/fault-{fault}", overrides))


def spread(values: Sequence[float]) -> str:
    return f"{np.median(values):.2f} / {np.percentile(values, 90):.2f} / {max(values):.2f}"


def progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{text:60}", end="", file=sys.stderr, flush=True)


def run_suite_a(quick: bool) -> None:
    print("### Suite A\n")
    print("One solve per plan (`check_optimum: false`) but for the column *checked*, which is the default.\n")
    print("| Table 3 | cases | within 0.5 % of the bound | planned, gap ≤ 0.1 % | checked | ratio | worst case |")
    print("|---|---:|---:|---:|---:|---:|---|")
    curves: dict[str, list[Timed]] = {}
    for table3 in ("printed", "reduced"):
        once: list[Timed] = []
        checked: list[float] = []
        names: list[str] = []
        for k, (name, horizon) in enumerate(suite_a(table3)):
            if quick and k % 6:
                continue
            progress(f"suite A, {table3}: {name}")
            once.append(plan_anew(with_options(horizon, check_optimum=False, mip_gap=1e-3)))
            checked.append(plan_anew(with_options(horizon, check_optimum=True, mip_gap=1e-3)).seconds)
            names.append(name)
        curves[table3] = once
        unproven = [n for n, t in zip(names, once, strict=True) if t.record.solution.status != "optimal"]
        worst = int(np.argmax([t.seconds for t in once]))
        reached = [t.to_quality[QUALITIES.index(0.005)] for t in once]
        total, to_half = [t.seconds for t in once], [at for at in reached if at is not None]
        print(
            f"| {table3} | {len(once)} | {spread(to_half)} s | {spread(total)} s | {spread(checked)} s "
            f"| {sum(checked) / sum(total):.2f}x | {names[worst]} |",
            flush=True,
        )
        if len(to_half) < len(once):
            print(f"\nNever within 0.5 %: {', '.join(n for n, at in zip(names, reached, strict=True) if at is None)}\n")
        if unproven:
            print(f"\nNot proven: {', '.join(unproven)}\n")
        if any(t.detailed for t in once):
            print(f"\nVoltages entered in {sum(t.detailed for t in once)} cases.\n")
    print("\nMedian / 90th percentile / worst.\n")
    if not quick:
        draw_curves(curves)


def draw_curves(curves: dict[str, list[Timed]]) -> None:
    """Share of cases with a plan of each quality against time."""
    from relight.results.figures import style

    with style.house_style():
        figure = style.new_figure(style.PAGE_MM, 70)
        for axes, (table3, timed) in zip(figure.subplots(1, len(curves), sharey=True), curves.items(), strict=True):
            for k, quality in enumerate(QUALITIES):
                at = np.sort([seconds for t in timed if (seconds := t.to_quality[k]) is not None])
                axes.step(at, 100 * np.arange(1, len(at) + 1) / len(timed), where="post", label=f"{100 * quality:g} %")
            proof = np.sort([t.seconds for t in timed])
            share = 100 * np.arange(1, len(proof) + 1) / len(proof)
            axes.step(proof, share, where="post", color="black", label="proven, dispatched")
            axes.set(xscale="log", xlabel="seconds, model built anew", title=f"Table 3 {table3}")
        figure.axes[0].set_ylabel("share of cases, %")
        figure.axes[0].legend(title="within … of the bound", loc="lower right")
        FIGURE.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(FIGURE, dpi=style.DPI)
    print(f"Time-to-quality curves: {FIGURE.relative_to(FIGURE.parents[2])}\n")


def run_suite_b() -> None:
    print("### Suite B\n")
    print("| switches | cases | gap asked | planned | largest gap | voltages always in the model | ratio |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for switches, gap, compare in (("sections", 1e-3, True), ("rmu", 1e-3, True), ("all", 5e-3, True)):
        times: list[float] = []
        always: list[float] = []
        gaps: list[float] = []
        for name, horizon in suite_b(switches):
            progress(f"suite B, {switches}: {name}")
            given = with_options(horizon, check_optimum=False, mip_gap=gap, time_limit_s=60.0)
            timed = plan_anew(given)
            times.append(timed.seconds)
            gaps.append(timed.record.plan.gap)
            if compare:
                always.append(plan_anew(given, lazy_voltage=False).seconds)
        print(
            f"| {switches} | {len(times)} | {gap:.1%} | {spread(times)} s | {max(gaps):.2%} | {spread(always)} s "
            f"| {sum(always) / sum(times):.1f}x |",
            flush=True,
        )
    print("\nMedian / 90th percentile / worst; stopped at 60 s.\n")


def run_again() -> None:
    print("### Planning again\n")
    print("| case | re-plans | anew | kept | ratio of sums | median ratio | largest difference of objectives |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in ("guo45/fault-0400", "guo45/fault-1000", "guo45/calibrated-0400", "guo45/calibrated-1000"):
        horizons = [with_options(h, check_optimum=False) for h in horizons_of_a_run(name)]
        kept = Planner(horizons[0].graph, horizons[0].steps)
        kept.plan(horizons[0])
        again: list[float] = []
        anew: list[float] = []
        apart: list[float] = []
        for horizon in horizons[1:]:
            progress(f"again: {name} {horizon.start(0):g} min")
            seconds, record = timed(partial(kept.plan, horizon, name, "dynamic"))
            again.append(seconds)
            seconds, fresh = timed(partial(plan_with_new_model, horizon))
            anew.append(seconds)
            value, other = record.plan.objective or 0.0, fresh.plan.objective or 0.0
            apart.append(abs(value - other) / max(1.0, other))
        ratios = [a / b for a, b in zip(anew, again, strict=True)]
        print(
            f"| `{name}` | {len(again)} | {sum(anew):.2f} s | {sum(again):.2f} s | {sum(anew) / sum(again):.1f}x "
            f"| {np.median(ratios):.1f}x | {max(apart):.2%} |",
            flush=True,
        )
    print()


def plan_with_new_model(horizon: Horizon) -> PlanRecord:
    return Planner(horizon.graph, horizon.steps).plan(horizon)


def horizons_of_a_run(name: str) -> list[Horizon]:
    """What a dynamic strategy planned with in a run: fresh measurements and forecasts every half hour."""
    from relight.controllers.centre import planning_desk
    from relight.sim.campaigns.run import simulate

    met: list[Horizon] = []

    class Recording(Planner):
        def plan(self, horizon: Horizon) -> PlanRecord:
            met.append(horizon)
            return super().plan(horizon)

    before, planning_desk.Planner = planning_desk.Planner, Recording
    try:
        with tempfile.TemporaryDirectory() as folder:
            simulate(load_case(name, ("dispatch_centre.check_optimum=false",)), "dynamic", Path(folder) / "run")
    finally:
        planning_desk.Planner = before
    return met


def timed(work: Callable[[], PlanRecord]) -> tuple[float, PlanRecord]:
    began = time.perf_counter()
    record = work()
    return time.perf_counter() - began, record


def main() -> None:
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or ["a", "b", "again"]
    highs = ".".join(str(getattr(highspy, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    print(f"Python {platform.python_version()}, {platform.machine()}, HiGHS {highs}, one thread.\n")
    plan_anew(first_horizon(load_case("guo45/fault-0400")))  # imports and caches of a process's first plan
    if "a" in names:
        run_suite_a("--quick" in sys.argv)
    if "b" in names:
        run_suite_b()
    if "again" in names:
        run_again()


if __name__ == "__main__":
    main()
