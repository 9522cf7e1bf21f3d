"""Planning time and memory against size, on synthetic networks: python benchmarks/scale.py [OUT.csv].

Each size in a process of its own: load the case, build the model, plan the first horizon (10 steps of 30 min). Phases
are timed apart, each without the phases inside it. A table is printed, a figure goes to docs/figures/scale.png.

Events: *blackout*, every infeed dead; *bar*, one of several bus bars dead and its coupler faulted, so that its feeders
can be reached through ties only.
"""

from __future__ import annotations

import csv
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
STEPS, STEP_MIN, TIME_LIMIT_S = 10, 30, 60.0
SIZES = ((45, 13), (100, 20), (300, 40), (1000, 60), (3000, 80), (10_000, 100))
MORE_SECTIONS = (200, 300, 500)
PHASES = ("messages", "graph", "model", "compile", "solve", "dispatch", "islands", "read")
COLUMNS = (
    "event", "buses", "sections", "ties", "areas", "gap_pct", "check", "load_s", *(f"{phase}_s" for phase in PHASES),
    "plan_s", "peak_mib", "rows", "columns", "status", "objective_kwh", "bound_kwh", "found_gap_pct", "demand_kwh",
)  # fmt: skip


def runs() -> list[dict[str, Any]]:
    """What is measured: event, size, ties (None: one per two feeders, 0: none), LAs, gap and check of the optimum."""
    asked: list[dict[str, Any]] = []

    def ask(event: str, buses: int, sections: int, ties: int | None = None, **more: Any) -> None:
        chosen = {"areas": "section", "gap": 0.01, "check": False} | more
        asked.append({"event": event, "buses": buses, "sections": sections, "ties": ties, **chosen})

    for buses, sections in SIZES:
        for ties in (None, 0):
            ask("blackout", buses, sections, ties)
    for buses, sections in SIZES[:3]:
        ask("blackout", buses, sections, gap=0.001)
        ask("blackout", buses, sections, check=True)
    for buses, sections in SIZES[3:]:
        for ties in (None, 0):
            ask("bar", buses, sections, ties)
    for sections in MORE_SECTIONS:
        ask("bar", 10_000, sections)
    ask("bar", 10_000, 100, areas="bus")
    ask("bar", 10_000, 100, check=True)
    ask("blackout", 10_000, 500)
    return asked


def scenario(run: dict[str, Any]) -> dict[str, Any]:
    outage: dict[str, Any] = {"start": "2025-06-20T10:00", "duration_min": STEPS * STEP_MIN}
    if run["event"] == "bar":
        outage |= {"dead_infeeds": ["infeed.1"], "faulted": ["coupler.1"]}
    network = {"kind": "synthetic", "buses": run["buses"], "sections": run["sections"], "ties": run["ties"]}
    return {
        "name": "scale",
        "network": network,
        "outage": outage,
        "clock": {"plan_step_min": STEP_MIN},
        "site": {"latitude_deg": 32.39, "longitude_deg": 120.57, "timezone": "Asia/Shanghai"},
        "load": {"source": "network"},
        "pv": {"clear_sky_index": 0.6},
        "local_areas": {"by": run["areas"]},
        "dispatch_centre": {"mip_gap": run["gap"], "check_optimum": run["check"], "time_limit_s": TIME_LIMIT_S},
    }


class Stopwatch:
    """Seconds by phase; time spent in a phase inside another one counts for the inner one only."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._inside = [0.0]

    def timed(self, phase: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            began = time.perf_counter()
            self._inside.append(0.0)
            try:
                return work(*arguments, **named)
            finally:
                took = time.perf_counter() - began
                self.seconds[phase] += took - self._inside.pop()
                self._inside[-1] += took

        return call

    def watch(self, owner: Any, name: str, phase: str) -> None:
        setattr(owner, name, self.timed(phase, getattr(owner, name)))


def measure(run: dict[str, Any]) -> dict[str, Any]:
    """One run, in this process."""
    from relight.controllers.gateways.gateway import EnergyGateway
    from relight.controllers.milp.problem import AreaGraph, Horizon
    from relight.controllers.planning import formulations, planner, stage
    from relight.controllers.planning.planner import Planner
    from relight.controllers.solver.compiled import Compiled
    from relight.controllers.solver.highs import KeptSolver
    from relight.scenarios.loader import load_case
    from relight.sim.series.profiles import Profiles
    from relight.sim.world.grid import Grid

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scale.yaml"
        path.write_text(yaml.safe_dump(scenario(run)), encoding="utf-8")
        began = time.perf_counter()
        case = load_case(path)
        profiles, grid = Profiles(case), Grid(case)
        load_s = time.perf_counter() - began
    watch = Stopwatch()
    shape: list[tuple[int, int]] = []
    begin = Compiled.__init__

    def compile_and_note(self: Compiled, model: Any) -> None:
        begin(self, model)
        shape.append(self.matrix.shape)

    Compiled.__init__ = compile_and_note
    for owner, name, phase in (
        (Compiled, "__init__", "compile"), (Compiled, "refresh", "compile"), (KeptSolver, "solve_checked", "solve"),
        (KeptSolver, "solve", "solve"), (formulations, "solve_large", "solve"),
        (Planner, "_solve_dispatch", "dispatch"), (planner, "island_flows", "islands"),
        (planner, "_choose_balance_units", "islands"),
        (planner, "read_step", "read"), (planner, "set_horizon", "model"), (stage, "build_model", "model"),
        (formulations, "start_values", "model"),
    ):  # fmt: skip
        watch.watch(owner, name, phase)

    def first_horizon() -> Horizon:
        measured, view = grid.measurements(), case.view
        psc = {
            la: EnergyGateway(view, la, case.scenario).assess(measured[la], profiles.forecast(la, 0), 0)
            for la in view.local_areas
        }
        starts = next(iter(psc.values()))["step_start_min"]
        return Horizon(graph, tuple(starts), float(STEPS * STEP_MIN), psc, grid.switch_states())

    def area_graph() -> AreaGraph:
        graph = AreaGraph.of(case.view, case.scenario)
        assert graph.links is not None and graph.sources is not None  # looked up once, kept
        return graph

    began = time.perf_counter()
    graph: AreaGraph = watch.timed("graph", area_graph)()
    horizon: Horizon = watch.timed("messages", first_horizon)()
    record = Planner(graph, STEPS).plan(horizon)
    plan_s = time.perf_counter() - began
    demand = sum(kw for message in horizon.psc.values() for kw in message["demand_p_kw"]) * STEP_MIN / 60
    return {
        "event": run["event"], "buses": len(case.view.buses), "sections": len(case.view.sections),
        "ties": sum(b.kind == "line" and not b.closed for b in case.view.branches.values()), "areas": run["areas"],
        "gap_pct": 100 * run["gap"], "check": run["check"], "load_s": load_s,
        **{f"{phase}_s": watch.seconds[phase] for phase in PHASES}, "plan_s": plan_s,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": shape[0][0], "columns": shape[0][1], "status": record.plan.status,
        "objective_kwh": record.plan.objective, "bound_kwh": record.plan.bound,
        "found_gap_pct": 100 * record.plan.gap, "demand_kwh": demand,
    }  # fmt: skip


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Time by phase, time against sections and peak memory against buses."""
    from matplotlib.ticker import FixedLocator, NullLocator

    from relight.results.figures.style import (
        BLUE,
        DPI,
        GREEN,
        GREY,
        ORANGE,
        PAGE_MM,
        PURPLE,
        RED,
        SKY,
        house_style,
        new_figure,
    )

    plain = [r for r in rows if r["areas"] == "section" and r["gap_pct"] == 1 and not r["check"]]
    sizes = [r for r in plain if (r["buses"], r["sections"]) in SIZES]

    def of(event: str, *, tied: bool) -> list[dict[str, Any]]:
        return [r for r in sizes if r["event"] == event and (r["ties"] > 0) == tied]

    phases = {
        "load": ("load_s",),
        "messages": ("messages_s",),
        "model, compile": ("graph_s", "model_s", "compile_s"),
        "solve": ("solve_s",),
        "dispatch": ("dispatch_s",),
        "check, read": ("islands_s", "read_s"),
    }
    with house_style():
        figure = new_figure(PAGE_MM, 62)
        left, middle, right = figure.subplots(1, 3)
        shown = of("blackout", tied=True)
        for (name, columns), colour in zip(phases.items(), (GREY, PURPLE, ORANGE, RED, SKY, GREEN), strict=True):
            seconds = [sum(r[c] for c in columns) for r in shown]
            left.loglog([r["buses"] for r in shown], seconds, "o-", ms=2.5, color=colour, label=name)
        left.set(title="Phases, blackout with ties", xlabel="buses", ylabel="s", ylim=(1e-4, 1e5))
        series = [
            (f"{event}, {'ties' if tied else 'no ties'}", of(event, tied=tied), "o-" if tied else "s--", colour)
            for event, colour in (("blackout", RED), ("bar", BLUE))
            for tied in (True, False)
        ]
        grown = [r for r in plain if r["event"] == "bar" and r["buses"] == SIZES[-1][0] and r["ties"]]
        grown.sort(key=lambda r: r["sections"])
        series.append((f"bar, {SIZES[-1][0]:,} buses", grown, "^:", GREEN))
        for label, some, style, colour in series:
            x, y = [r["sections"] for r in some], [r["plan_s"] for r in some]
            middle.loglog(x, y, style, ms=2.5, color=colour, label=label)
        middle.axhline(TIME_LIMIT_S, color=GREY, lw=0.6)
        middle.set(title="Plan, end to end", xlabel="sections", ylabel="s", ylim=(0.2, 300))
        middle.xaxis.set_major_locator(FixedLocator([13, 20, 40, 100, 200, 500]))
        middle.xaxis.set_major_formatter("{x:g}")
        middle.xaxis.set_minor_locator(NullLocator())
        for label, some, style, colour in series[:-1]:
            x, y = [r["buses"] for r in some], [r["peak_mib"] for r in some]
            right.semilogx(x, y, style, ms=2.5, color=colour, label=label)
        right.set(title="Peak memory", xlabel="buses", ylabel="MiB", ylim=(0, None))
        left.legend(fontsize=5, ncols=2, loc="upper left")
        middle.legend(fontsize=5, loc="lower right")
        figure.savefig(path, dpi=DPI, metadata={"Software": None})


def table(rows: list[dict[str, Any]]) -> str:
    heads = (
        "event", "buses", "sections", "ties", "LA =", "asked gap", "load", "build", "solve", "rest", "plan",
        "gap found", "served", "MiB",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---|---:|---:|---:|---|---|" + "---:|" * 8]
    for r in rows:
        build = r["graph_s"] + r["model_s"] + r["compile_s"]
        seconds = (r["load_s"], build, r["solve_s"], r["plan_s"] - build - r["solve_s"], r["plan_s"])
        served = r["objective_kwh"] / r["demand_kwh"]
        cells = (
            r["event"], f"{r['buses']:,}", r["sections"], r["ties"], r["areas"],
            f"{r['gap_pct']:g} %{', checked' if r['check'] else ''}", *(f"{s:.1f} s" for s in seconds),
            f"{r['found_gap_pct']:.2f} %" if r["objective_kwh"] > 0 else "no plan", f"{max(served, 0):.1%}",
            f"{r['peak_mib']:.0f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(json.loads(sys.argv[2]))))
        return
    rows: list[dict[str, Any]] = []
    for run in runs():
        command = [sys.executable, "-m", "benchmarks.scale", "--one", json.dumps(run)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{run} failed:\n{done.stderr}")
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(table(rows[-1:]).splitlines()[-1], file=sys.stderr, flush=True)
    if len(sys.argv) > 1:
        with Path(sys.argv[1]).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)
    import highspy

    highs = ".".join(str(getattr(highspy, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    print(f"Python {platform.python_version()}, {platform.machine()}, HiGHS {highs}, one thread\n")
    print(table(rows))
    draw(rows, ROOT / "docs" / "figures" / "scale.png")


if __name__ == "__main__":
    main()
