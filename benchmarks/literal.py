"""Literal against compact form, size and time: python benchmarks/literal.py [LIMIT_S].

Cut-outs of N buses of the 45-bus case around its PV, ESS and NBSU at buses 36 to 38, every branch with a switch and one
tie added so that there is a loop; STEPS steps of the 10:00 fault. N grows until the literal form is not solved within
LIMIT_S (600 s). Both forms are built anew and solved once, to the default gap, on one thread, with all voltage limits.
"""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import highspy
import networkx as nx
import pyomo.environ as pyo
from planning import first_horizon
from pyomo.repn import generate_standard_repn

from relight.controllers.milp.literal.model import build_literal
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.solver.highs import KeptSolver
from relight.scenarios.loader import load_case
from relight.scenarios.schema.scenario import Scenario
from relight.scenarios.view import Branch, GridView, find_sections

CENTRE, STEPS, FIRST, BY = "37", 4, 4, 2


def cut_out(view: GridView, buses: int) -> GridView:
    """The buses nearest to the centre, with one tie from the first leaf to the last bus."""
    graph = nx.Graph((b.from_bus, b.to_bus) for b in view.branches.values() if not b.faulted)
    kept = [CENTRE, *(bus for _, bus in nx.bfs_edges(graph, CENTRE))][:buses]
    inside = graph.subgraph(kept)
    leaf = next(bus for bus in kept if inside.degree[bus] == 1 and bus != kept[-1])
    branches = {k: b for k, b in view.branches.items() if {b.from_bus, b.to_bus} <= set(kept) and not b.faulted}
    model = next(iter(branches.values()))
    branches["tie"] = Branch(
        "tie", leaf, kept[-1], model.r_pu, model.x_pu, model.s_max_kva, switchable=True, closed=False
    )

    def here(units: dict[str, Any]) -> dict[str, Any]:
        return {name: unit for name, unit in units.items() if unit.bus in kept}

    sections = find_sections(kept, branches.values())
    section_of = {bus: s.id for s in sections.values() for bus in s.buses}
    return GridView(
        {bus: view.buses[bus] for bus in kept},
        branches,
        sections,
        {bus: replace(view.local_areas[bus], section=section_of[bus]) for bus in kept},
        here(view.pv),
        here(view.ess),
        here(view.nbsu),
        here(view.infeeds),
    )


def horizon_of(whole: Horizon, scenario: Scenario, buses: int) -> Horizon:
    """The first steps of a horizon, for a cut-out of its network."""
    view = cut_out(whole.graph.view, buses)
    closed = {k: whole.closed.get(k, False) for k, b in view.branches.items() if b.switchable}
    psc = {la: whole.psc[la] for la in view.local_areas}
    return Horizon(AreaGraph.of(view, scenario), whole.step_start_min[:STEPS], whole.start(STEPS), psc, closed)


@dataclass(frozen=True)
class Measured:
    """Size of a model, seconds to build and to solve it, and how the solve ended."""

    binaries: int
    rows: int
    nonzeros: int
    build_s: float
    solve_s: float
    status: str
    objective: float
    bound: float


def measure(build: Callable[[], Any], gap: float, limit_s: float) -> Measured:
    began = time.perf_counter()
    m = build()
    built = time.perf_counter() - began
    solution = KeptSolver(m, {"mip_rel_gap": gap}, limit_s).solve()
    rows: list[Any] = [generate_standard_repn(c.body) for c in m.component_data_objects(pyo.Constraint, active=True)]
    return Measured(
        binaries=sum(v.is_integer() or v.is_binary() for v in m.component_data_objects(pyo.Var)),
        rows=len(rows),
        nonzeros=sum(len(r.linear_vars) for r in rows),
        build_s=built,
        solve_s=solution.seconds,
        status=solution.status,
        objective=solution.objective,
        bound=solution.bound,
    )


def compact(horizon: Horizon) -> Any:
    m = build_model(horizon.graph, horizon.steps)
    set_horizon(m, horizon)
    return m


def cells(form: Measured, limit_s: float) -> str:
    solve = f"{form.solve_s:.2f}"
    if form.status != "optimal":
        gap = 100 * (form.bound - form.objective) / abs(form.objective) if form.objective else float("inf")
        solve = f"> {limit_s:.0f} ({'no plan' if form.status == 'none' else f'gap {gap:.0f} %'})"
    return f"{form.binaries:,} | {form.rows:,} | {form.nonzeros:,} | {form.build_s:.2f} | {solve}"


def main() -> None:
    limit_s = float(sys.argv[1]) if len(sys.argv) > 1 else 600.0
    case = load_case("guo45/fault-1000", ("network.options.switches=all",))
    gap = case.scenario.dispatch_centre.mip_gap
    whole = first_horizon(case)
    highs = ".".join(str(getattr(highspy, f"HIGHS_VERSION_{part}")) for part in ("MAJOR", "MINOR", "PATCH"))
    print(f"Python {platform.python_version()}, {platform.machine()}, HiGHS {highs}, one thread, {STEPS} steps\n")
    columns = "binaries | rows | nonzeros | build s | solve s"
    print(f"| N | form | {columns} | objective kWh |\n|---:|---{'|---:' * 6}|", flush=True)
    buses, solved = FIRST, True
    while solved and buses <= len(whole.graph.view.buses):
        horizon = horizon_of(whole, case.scenario, buses)
        for name, build in (("compact", compact), ("literal", build_literal)):
            form = measure(partial(build, horizon), gap, limit_s)
            print(f"| {buses} | {name} | {cells(form, limit_s)} | {form.objective:.1f} |", flush=True)
            solved = form.status == "optimal"
        buses += BY


if __name__ == "__main__":
    main()
