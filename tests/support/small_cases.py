"""Seeded random networks small enough to enumerate, as a view, scenario options and one planning horizon.

They mix what the dispatch centre has to cope with: LAs of a bus or a section, loops, ties, parallel switches, faulted
lines, several units behind one gateway, a live infeed now and then, ratings and voltages that bind, short first steps,
NBSUs that are starting or on line, LAs that are energised already, and every option of the model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pytest

from relight.controllers.exchange.messages import PscMessage
from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.milp.problem import AreaGraph, Horizon
from relight.controllers.solver.highs import KeptSolver, Solution
from relight.scenarios.networks.no_load_voltages import with_levels
from relight.scenarios.schema.cold_load import ColdLoad, ColdLoadClass, ColdLoadEstimate
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions, Objective
from relight.scenarios.schema.network_kinds import TablesNetwork
from relight.scenarios.schema.scenario import Limits, Load, LoadControl, LocalAreas, Outage, Pv, Scenario, Site, World
from relight.scenarios.schema.time_and_place import Switching
from relight.scenarios.view import (
    Branch,
    Bus,
    EssUnit,
    GridView,
    Infeed,
    LocalArea,
    NbsuUnit,
    PvUnit,
    find_sections,
    with_faults,
)
from support.brute_force import Optimum

EXACT = {"mip_rel_gap": 0.0}

PLAN_STEP_MIN = 30


@dataclass(frozen=True)
class SmallCase:
    """A network, the options of its scenario, and a horizon to plan."""

    seed: int
    scenario: Scenario
    view: GridView
    horizon: Horizon

    @property
    def graph(self) -> AreaGraph:
        return self.horizon.graph


def seeds(usual: int, all_of_them: int) -> list:
    """The seeds of a test from 0 on: so many as a rule, the others with -m slow only."""
    return [*range(usual), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(usual, all_of_them))]


def random_case(seed: int, sections: tuple[int, int] = (2, 4), steps: tuple[int, int] = (2, 3)) -> SmallCase:
    """The case of a seed; ``sections`` and ``steps`` are the smallest and largest number of each."""
    rng = np.random.default_rng(seed)
    view = _random_view(rng, int(rng.integers(sections[0], sections[1] + 1)))
    count = int(rng.integers(steps[0], steps[1] + 1))
    scenario = _random_scenario(rng, seed, count)
    graph = AreaGraph.of(view, scenario)
    return SmallCase(seed, scenario, view, random_horizon(rng, graph, count))


def with_options(case: SmallCase, **changes: object) -> SmallCase:
    """The same case with other options of the dispatch centre."""
    options = DispatchCentreOptions.model_validate(case.scenario.dispatch_centre.model_dump() | changes)
    scenario = case.scenario.model_copy(update={"dispatch_centre": options})
    horizon = replace(case.horizon, graph=AreaGraph.of(case.view, scenario))
    return replace(case, scenario=scenario, horizon=horizon)


def with_prices(case: SmallCase, **changes: object) -> SmallCase:
    """The same case with other prices of what a plan is for."""
    prices = Objective.model_validate(case.scenario.objective.model_dump() | changes)
    scenario = case.scenario.model_copy(update={"objective": prices})
    horizon = replace(case.horizon, graph=replace(case.graph, objective=prices))
    return replace(case, scenario=scenario, horizon=horizon)


def with_customers_at_random(case: SmallCase) -> SmallCase:
    """The same case with customers in most LAs."""
    rng = np.random.default_rng([case.seed, 7])
    areas = {
        la.id: replace(la, customers=float(rng.choice([0.0, 1.0, 40.0], p=[0.2, 0.4, 0.4])))
        for la in case.view.local_areas.values()
    }
    view = replace(case.view, local_areas=areas)
    return replace(case, view=view, horizon=replace(case.horizon, graph=replace(case.graph, view=view)))


def with_prices_at_random(case: SmallCase) -> SmallCase:
    """The same case with prices that may matter of all that plans are for."""
    rng = np.random.default_rng([case.seed, 11])
    dear, early = float(rng.choice([0.5, 3.0, 12.0])), float(rng.choice([0.0, 0.02, 0.5]))
    return with_prices(with_customers_at_random(case), interruption_kwh=dear, earlier_kwh=early)


def with_a_fault_at_random(case: SmallCase) -> SmallCase:
    """The same case with a fault on a bus, a line without a switch or a switch; what it holds is dark now."""
    rng = np.random.default_rng([case.seed, 17])
    sound = [one for one in case.view.may_fault if one not in case.view.faults]
    view = with_faults(case.view, [str(rng.choice(sound))])
    psc = {
        la: message | {"energised_min": 0.0} if view.local_areas[la].section in view.held else message
        for la, message in case.horizon.psc.items()
    }
    closed = {k: state and not view.branches[k].faulted for k, state in case.horizon.closed.items()}
    horizon = replace(case.horizon, graph=AreaGraph.of(view, case.scenario), psc=psc, closed=closed)
    return replace(case, view=view, horizon=horizon)


def with_continuity_at_random(case: SmallCase) -> SmallCase:
    """The same case with what operators ask for: nobody dropped, least times on and off, of what was before too."""
    rng = np.random.default_rng([case.seed, 13])
    psc, now = dict(case.horizon.psc), case.horizon.start(0)
    for la, message in psc.items():
        ago = float(rng.choice([5.0, 40.0, 200.0]))
        history = {"on": [now - 300.0, now - ago], "off": [now - 300.0, now - 200.0, now - ago], "dark": [now - ago]}
        kind = "on" if case.horizon.is_supplied(la) else str(rng.choice(["off", "dark"]))
        if rng.random() < 0.8:
            psc[la] = message | {"supply_changes_min": history[kind]}
    times = {"min_on_min": int(rng.choice([0, 20, 60])), "min_off_min": int(rng.choice([0, 20, 60]))}
    case = replace(case, horizon=replace(case.horizon, psc=psc))
    return with_prices(case, keep_served=bool(rng.random() < 0.4), **times)


def with_short_last_step(case: SmallCase, minutes: float) -> SmallCase:
    """The same case in a window that ends so long after its last step begins."""
    end_min = case.horizon.step_start_min[-1] + minutes
    return replace(case, horizon=replace(case.horizon, end_min=end_min))


def with_load_control(case: SmallCase, mode: LoadControl) -> SmallCase:
    """The same case with load control; in every other one the LAs of a section are alike: demand, priority."""
    psc, areas = dict(case.horizon.psc), dict(case.view.local_areas)
    for members in case.graph.areas_in.values() if case.seed % 2 else ():
        like = psc[members[0]]
        for la in members:
            areas[la] = replace(areas[la], priority=areas[members[0]].priority)
            psc[la] = psc[la] | {"demand_p_kw": like["demand_p_kw"], "demand_q_kvar": like["demand_q_kvar"]}
    view = replace(case.view, local_areas=areas)
    kept = case.scenario.local_areas.model_copy(update={"load_control": mode})
    scenario = case.scenario.model_copy(update={"local_areas": kept})
    horizon = replace(case.horizon, graph=AreaGraph.of(view, scenario), psc=psc)
    return replace(case, scenario=scenario, view=view, horizon=horizon)


def with_storage_losses(case: SmallCase) -> SmallCase:
    """The same case with storage that loses energy: each of random efficiencies, now and then none one way."""
    rng = np.random.default_rng([case.seed, 11])

    def efficiency() -> float:
        return 1.0 if rng.random() < 0.2 else float(rng.uniform(0.4, 0.99))

    ess = {
        name: replace(unit, charge_efficiency=efficiency(), discharge_efficiency=efficiency())
        for name, unit in case.view.ess.items()
    }
    view = replace(case.view, ess=ess)
    horizon = replace(case.horizon, graph=AreaGraph.of(view, case.scenario))
    return replace(case, view=view, horizon=horizon)


def with_transformers(case: SmallCase) -> SmallCase:
    """The same case with transformers off their nominal ratio among its branches, inside LAs too."""
    rng = np.random.default_rng([case.seed, 23])
    branches = {
        k: replace(branch, no_load_ratio=float(rng.uniform(0.93, 1.07))) if rng.random() < 0.6 else branch
        for k, branch in case.view.branches.items()
    }
    buses = with_levels(case.view.buses, branches.values(), case.view.local_areas.values())
    view = replace(case.view, buses=buses, branches=branches)
    return replace(case, view=view, horizon=replace(case.horizon, graph=AreaGraph.of(view, case.scenario)))


def with_cold_load(case: SmallCase, limit_pct: float | None = None, **changes: object) -> SmallCase:
    """The same case planned with cold load pick-up, and a limit on what is picked up.

    Customers of random kinds lost supply at random times, some of them once before; some are shed though their section
    is energised.
    """
    rng = np.random.default_rng([case.seed, 5])
    areas, psc = {}, {}
    now = case.horizon.start(0)
    for la in case.view.local_areas.values():
        weights = rng.dirichlet((1.0, 1.0, 1.0))
        kinds = dict(zip(("household", "business", "farming"), (float(w) for w in weights), strict=True))
        areas[la.id] = replace(la, kinds=kinds)
        message = case.horizon.psc[la.id]
        live, lasted = message["energised_min"], float(rng.choice([10.0, 45.0, 120.0, 300.0]))
        before = [now - 500.0, now - 480.0] if rng.random() < 0.3 else []
        shed = bool(live > 0 and rng.random() < 0.3)
        gone = [] if live > 100 or (live > 0 and not before) else [now - live - lasted]
        if live > 0 and not shed:
            changes_min = [*before, *gone, *([now - live] if gone else [])]
        else:
            changes_min = [*before, now - (live / 2 if shed else lasted)]
        psc[la.id] = message | {"shed": shed, "supply_changes_min": changes_min}
    peaks = rng.uniform(1.0, 4.0, 3)
    own = {
        kind: ColdLoadClass(peak=float(peak), rise_min=float(rng.uniform(20, 120)), hold_min=float(rng.uniform(0, 50)),
                            decay_min=float(rng.uniform(10, 120)))
        for kind, peak in zip(("household", "business", "farming"), peaks, strict=True)
    }  # fmt: skip
    factor, of_step = float(rng.choice([0.5, 1.0, 1.5])), "largest" if rng.random() < 0.25 else "mean"
    estimate = ColdLoadEstimate(factor=factor, of_step=of_step, parameters=ColdLoad(**own))
    view = replace(case.view, local_areas=areas)
    options = case.scenario.dispatch_centre.model_copy(
        update={"cold_load": estimate, "pick_up_limit_pct": limit_pct} | changes
    )
    scenario = case.scenario.model_copy(update={"dispatch_centre": options})
    horizon = replace(case.horizon, graph=AreaGraph.of(view, scenario), psc=psc)
    return replace(case, scenario=scenario, view=view, horizon=horizon)


def random_horizon(rng: np.random.Generator, graph: AreaGraph, steps: int) -> Horizon:
    """A horizon of so many steps on a given network, with a shorter first step now and then."""
    view = graph.view
    first = PLAN_STEP_MIN if rng.random() < 0.6 else int(rng.choice([5, 10, 12, 20]))
    starts = (float(PLAN_STEP_MIN - first), *(float(PLAN_STEP_MIN * (k + 1)) for k in range(steps - 1)))
    energised_min = {s: float(rng.choice([0, 0, 0, 10, 30, 100])) for s in view.sections}
    psc = {
        la.id: _random_message(rng, graph, la, starts, energised_min[la.section]) for la in view.local_areas.values()
    }
    closed = {b.id: bool(rng.random() < 0.6) for b in view.branches.values() if b.switchable}
    return Horizon(graph, starts, float(PLAN_STEP_MIN * steps), psc, closed)


def _random_view(rng: np.random.Generator, sections: int) -> GridView:
    weak, rated = rng.random() < 0.4, rng.random() < 0.4

    def branch(name: str, i: str, j: str, *, switch: bool = False, faulted: bool = False) -> Branch:
        bare = switch and rng.random() < 0.25
        r, x = rng.uniform(0.05, 0.9, 2) if weak else rng.uniform(1e-4, 5e-3, 2)
        s_max = float(rng.uniform(15, 120)) if rated and rng.random() < 0.6 else np.inf
        return Branch(
            name, i, j, 0.0 if bare else float(r), 0.0 if bare else float(x), s_max, "switch" if bare else "line",
            switchable=switch, faulted=faulted, closed=bool(rng.random() < 0.7),
        )  # fmt: skip

    members, branches, buses = [], [], []
    for _ in range(sections):
        names = [str(len(buses) + k + 1) for k in range(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2]))]
        buses += names
        members.append(names)
        for k in range(1, len(names)):
            other = names[rng.integers(k)]
            branches.append(branch(f"{other}-{names[k]}", other, names[k]))
    for number, (s, r) in enumerate(_random_pairs(rng, sections)):
        i, j = str(rng.choice(members[s])), str(rng.choice(members[r]))
        if i != j:
            branches.append(branch(f"k{number}", i, j, switch=True, faulted=bool(rng.random() < 0.08)))
    if rng.random() < 0.15:
        branches.append(branch("broken", str(rng.choice(members[0])), str(rng.choice(members[-1])), faulted=True))

    found = find_sections(buses, branches)
    by_section = rng.random() < 0.3
    section_of = {bus: s.id for s in found.values() for bus in s.buses}
    groups = [s.buses for s in found.values()] if by_section else [(bus,) for bus in buses]
    las = {
        g[0]: LocalArea(g[0], tuple(g), section_of[g[0]], 1.0 if rng.random() < 0.5 else float(rng.uniform(0.5, 5)))
        for g in groups
    }
    units = _random_units(rng, buses)
    return GridView({b: Bus(b, 10.0) for b in buses}, {b.id: b for b in branches}, found, las, **units)


def _random_pairs(rng: np.random.Generator, sections: int) -> list[tuple[int, int]]:
    """Sections to join by switches: mostly a tree, then ties, parallel switches and a switch across one section."""
    pairs = [(int(rng.integers(k)), k) for k in range(1, sections) if rng.random() < 0.9]
    while len(pairs) < max(4, sections) and rng.random() < 0.55:
        s, r = (int(k) for k in rng.integers(sections, size=2))
        if s != r or rng.random() < 0.2:
            pairs.append((s, r))
    return pairs or [(0, 1)]


def _random_units(rng: np.random.Generator, buses: list[str]) -> dict[str, dict]:
    def places(chance: float) -> list[str]:
        """Buses of the units of a kind: one, at times a second one elsewhere or behind the same gateway."""
        chosen = [str(rng.choice(buses))] if rng.random() < chance else []
        if chosen and rng.random() < 0.5:
            chosen.append(chosen[0] if rng.random() < 0.4 else str(rng.choice(buses)))
        return chosen

    def ess(name: str, bus: str) -> EssUnit:
        return EssUnit(name, bus, *(float(v) for v in (rng.uniform(20, 180), rng.uniform(0, 140), rng.uniform(0, 60))))

    def nbsu(name: str, bus: str) -> NbsuUnit:
        s = float(rng.uniform(30, 150))
        up, down = (float(v) for v in s * rng.uniform(0.4, 3, 2))
        return NbsuUnit(name, bus, s, float(rng.uniform(0.5, 12)), up, down, float(rng.choice([15, 30, 30, 45, 60])))

    built = {
        "pv": [PvUnit(f"pv{k}", bus, float(rng.uniform(20, 150))) for k, bus in enumerate(places(0.8))],
        "ess": [ess(f"ess{k}", bus) for k, bus in enumerate(places(0.9))],
        "nbsu": [nbsu(f"nbsu{k}", bus) for k, bus in enumerate(places(0.8))],
        "infeeds": [],
    }
    if rng.random() < 0.25:
        s, live = float(rng.uniform(20, 300)), bool(rng.random() < 0.4)
        built["infeeds"] = [Infeed("infeed0", str(rng.choice(buses)), s, live=live)]
    return {kind: {u.id: u for u in units} for kind, units in built.items()}


def _random_scenario(rng: np.random.Generator, seed: int, steps: int) -> Scenario:
    def pick(*values):
        return values[rng.integers(len(values))]

    low, reference, high = pick((0.93, 1.0, 1.07), (0.93, 1.0, 1.07), (0.96, 1.0, 1.02), (0.95, 1.03, 1.05))
    return Scenario(
        name=f"small-{seed}",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 20, 4), duration_min=PLAN_STEP_MIN * steps, first_order_min=0),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        local_areas=LocalAreas(load_control="section"),
        load=Load(peak_kw=1),
        pv=Pv(reconnect_delay_min=pick(0, 15, 30, 30, 30, 45, 60)),
        limits=Limits(
            vm_min_pu=low, reference_vm_pu=reference, vm_max_pu=high, min_power_factor=pick(0.95, 0.95, 0.9, 0.8)
        ),
        objective=Objective(switching_kwh=pick(0.0, 0.1, 1.0, 1.0, 5.0), interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
        switching=Switching(in_runs=False),
        dispatch_centre=DispatchCentreOptions(
            loss_allowance_pct=pick(0.0, 1.0, 5.0),
            loss_allowance="fixed",
            first_online_step_free=pick(True, False),
            startup_power=pick("sum", "printed"),
            nbsu_reactive=pick("online", "online", "printed"),
            apparent_power=pick("circle", "printed"),
            mip_gap=0.0,
        ),
    )


def _random_message(
    rng: np.random.Generator, graph: AreaGraph, la: LocalArea, starts: tuple[float, ...], energised_min: float
) -> PscMessage:
    view, steps = graph.view, len(starts)
    inside = {kind: [u for u in units.values() if u.bus in la.buses] for kind, units in
              (("ess", view.ess), ("nbsu", view.nbsu))}  # fmt: skip
    mean = 0.0 if rng.random() < 0.1 else float(rng.uniform(3, 50))
    demand = mean * rng.uniform(0.6, 1.4, steps)
    state, remaining, low, high = "off", 0.0, 0.0, 0.0
    if inside["nbsu"]:
        rating = sum(e.s_kva for e in inside["nbsu"])
        start_min = max(e.start_min for e in inside["nbsu"])
        state = str(rng.choice(["off", "off", "starting", "online"]))
        if state == "starting":
            remaining = float(min(start_min, rng.choice([0, 5, 10, 20, 30, 45])))
        if state == "online":
            low, high = (float(v) for v in np.sort(rng.uniform(0, rating, 2)))
            low *= float(rng.choice([0.0, 0.5, 1.0]))
    return PscMessage(
        local_area=la.id,
        issued_at_min=starts[0],
        step_start_min=list(starts),
        demand_p_kw=[float(v) for v in demand],
        demand_q_kvar=[float(v) for v in demand * rng.uniform(0.05, 0.35)],
        pv_pu=[float(v) for v in (rng.random() < 0.85) * rng.uniform(0, 1, steps)],
        charge_kwh=sum(c.charge_kwh for c in inside["ess"]),
        discharge_kwh=sum(c.discharge_kwh for c in inside["ess"]),
        energised_min=energised_min,
        shed=False,
        nbsu_state=state,  # type: ignore[typeddict-item]
        nbsu_remaining_min=remaining,
        nbsu_p_min_kw=low,
        nbsu_p_max_kw=high,
    )


def with_free_start_up(case: SmallCase) -> SmallCase:
    """The same case with NBSUs that draw nothing while they start."""
    nbsu = {name: replace(unit, p_in_kw=0.0) for name, unit in case.view.nbsu.items()}
    view = replace(case.view, nbsu=nbsu)
    return replace(case, view=view, horizon=replace(case.horizon, graph=AreaGraph.of(view, case.scenario)))


def solve(case: SmallCase, *, without: str = "", **wanted: bool) -> Solution:
    """The MILP's answer for a case, one constraint left out on demand; ``wanted``: what kind of plan is."""
    m = build_model(case.graph, case.horizon.steps, **wanted)
    set_horizon(m, case.horizon)
    if without:
        getattr(m, without).deactivate()
    return KeptSolver(m, EXACT).solve_checked()


def agree(solution: Solution, optimum: Optimum | None) -> bool:
    """Whether the MILP found the enumerated optimum; both may find that nothing at all is feasible."""
    if optimum is None or solution.status == "none":
        return optimum is None and solution.status == "none"
    return solution.objective == pytest.approx(optimum.objective, rel=1e-6, abs=1e-6)


def one_bus() -> tuple[Horizon, Scenario]:
    """One bus, 40 kW for two half-hours; PV 100 kW from the second on; ESS 200 kW, 100 kWh to give, 10 kWh to take."""
    view = GridView(
        {"1": Bus("1", 10.0)}, {}, find_sections(["1"], []), {"1": LocalArea("1", ("1",), "1")},
        pv={"pv": PvUnit("pv", "1", 100.0)}, ess={"ess": EssUnit("ess", "1", 200.0, 100.0, 10.0)},
    )  # fmt: skip
    scenario = Scenario(
        name="one-bus",
        network=TablesNetwork(folder="none"),
        outage=Outage(start=datetime(2025, 6, 20, 12), duration_min=60, first_order_min=0),
        site=Site(latitude_deg=32, longitude_deg=120, timezone="UTC"),
        load=Load(peak_kw=40),
        dispatch_centre=DispatchCentreOptions(loss_allowance_pct=0.0, mip_gap=0.0),
        objective=Objective(switching_kwh=0.0, interruption_kwh=0, earlier_kwh=0),
        world=World(pick_up_limit_pct=None),
        switching=Switching(in_runs=False),
    )
    message = PscMessage(
        local_area="1", issued_at_min=0.0, step_start_min=[0.0, 30.0], demand_p_kw=[40.0] * 2, demand_q_kvar=[0.0] * 2,
        pv_pu=[1.0, 1.0], charge_kwh=10.0, discharge_kwh=100.0, energised_min=0.0, shed=False, nbsu_state="off",
        nbsu_remaining_min=0.0, nbsu_p_min_kw=0.0, nbsu_p_max_kw=0.0,
    )  # fmt: skip
    return Horizon(AreaGraph.of(view, scenario), (0.0, 30.0), 60.0, {"1": message}, {}), scenario
