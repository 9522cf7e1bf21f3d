"""Plans: every claim of a plan is checked against its definition; kept models, limits, odd data, determinism."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from brute_force import BruteForce, Configuration, Island
from small_cases import SmallCase, random_case, random_horizon, seeds, with_options

from controllers.plan import Plan, PlanStep
from controllers.planner import Planner, PlanRecord
from controllers.problem import AreaGraph, Horizon
from controllers.solver import SolverOptionError
from scenarios.view import GridView

TINY_KW = 1e-4
SEEDS = seeds(40, 60)


def planned(case: SmallCase, *, static: bool = False) -> PlanRecord:
    return Planner(case.graph, case.horizon.steps, static=static).plan(case.horizon, case.scenario.name, "test")


class Claims:
    """What a plan says, step by step, held against the definitions; ``broken`` lists what does not hold."""

    def __init__(self, plan: Plan, horizon: Horizon) -> None:
        self.plan, self.horizon, self.rules = plan, horizon, BruteForce(horizon)
        self.view = horizon.graph.view
        self.broken: list[str] = []
        self.sequence = tuple(self._configuration(step) for step in plan.steps)
        for t in self.rules.steps:
            self._check_topology(t)
            self._check_areas(t)
            for island in self.rules.islands(self.sequence[t]):
                self._check_island(t, island)
        self._check_energy()
        self._check_nbsu()
        self._check_objective()

    def need(self, holds: bool, what: str) -> None:
        if not holds:
            self.broken.append(what)

    def area(self, t: int, la: str, name: str) -> float:
        point = self.plan.steps[t].local_areas.get(la)
        return getattr(point, name) if point else 0.0

    def state(self, t: int, la: str) -> str:
        point = self.plan.steps[t].local_areas.get(la)
        return point.nbsu_state if point else "off"

    def _configuration(self, step: PlanStep) -> Configuration:
        live = frozenset(s.id for s in self.view.sections.values() if set(s.buses) <= set(step.energised_buses))
        buses = {bus for s in live for bus in self.view.sections[s].buses}
        self.need(buses == set(step.energised_buses), "a section is energised in part")
        closed = (k for k in step.closed_branches if k in self.rules.links)
        return Configuration(live, frozenset(k for k in closed if set(self.rules.sections_of(k)) <= live))

    def _check_topology(self, t: int) -> None:
        step, live = self.plan.steps[t], self.sequence[t].sections
        for k in step.closed_branches:
            self.need(k in self.rules.switches, f"{t}: {k} is closed but no unfaulted switch")
            self.need(len({s in live for s in self.rules.sections_of(k)}) == 1, f"{t}: {k} joins live and dark")
        statuses = {la: self.state(t, la) for la in self.rules.areas}
        seats = [self.view.local_area_of_unit(u) for u in step.balance_units]
        islands = self.rules.islands(self.sequence[t])
        self.need(len(seats) == len(islands), f"{t}: {len(seats)} balance units for {len(islands)} islands")
        for island in islands:
            self.need(island.is_tree, f"{t}: island {island.las} is not radial")
            mine = [u for u in step.balance_units if self.view.local_area_of_unit(u) in island.las]
            self.need(len(mine) == 1, f"{t}: island {island.las} has balance units {mine}")
            for unit in mine:
                online = statuses[self.view.local_area_of_unit(unit)] == "online"
                infeed = self.view.infeeds.get(unit)
                capable = unit in self.view.ess or (unit in self.view.nbsu and online) or (infeed and infeed.live)
                self.need(bool(capable), f"{t}: {unit} cannot form voltage")

    def _check_areas(self, t: int) -> None:
        connected = self.rules.pv_connected(self.sequence, t)
        for la, known in self.rules.areas.items():
            live = known.section in self.sequence[t].sections
            message = self.horizon.psc[la]
            demand, demand_q = (message["demand_p_kw"][t], message["demand_q_kvar"][t]) if live else (0.0, 0.0)
            p, q = self.area(t, la, "p_kw"), self.area(t, la, "q_kvar")
            pv, ess, nbsu = (self.area(t, la, f"p_{kind}_kw") for kind in ("pv", "ess", "nbsu"))
            where = f"{t}: LA {la}: "
            self.need(abs(self.area(t, la, "demand_kw") - demand) < TINY_KW, where + "demand")
            infeed = known.s_infeed if live else 0.0
            self.need(abs(p + demand - pv - ess - nbsu) < infeed + TINY_KW, where + "(13b)")
            most = message["pv_pu"][t] * known.s_pv if la in connected else 0.0
            self.need(-TINY_KW < pv < most + TINY_KW, where + "PV (13c)")
            self.need(abs(ess) < (known.s_ess_min if live else 0.0) + TINY_KW, where + "ESS (13d)")
            reach = known.s_ess * live + known.s_pv * (la in connected)
            if self.state(t, la) == "online" or self.rules.options.nbsu_reactive == "printed":
                reach += known.s_nbsu * live
            self.need(abs(q + demand_q) < self.rules.sin_phi * reach + infeed + TINY_KW, where + "reactive (13a)")
            low, high = {"off": (0, 0), "starting": (-known.p_in,) * 2, "online": (0, known.s_nbsu * live)}[
                self.state(t, la)
            ]
            self.need(low - TINY_KW < nbsu < high + TINY_KW, where + "NBSU (13i)")
        self._check_single_units(t)

    def _check_single_units(self, t: int) -> None:
        rules = self.rules
        for name, point in self.plan.steps[t].units.items():
            s = self.view.units[name].s_kva
            self.need(abs(point.q_kvar) < rules.sin_phi * s + TINY_KW, f"{t}: {name}: reactive limit")
            if rules.options.apparent_power == "circle":
                self.need(math.hypot(point.p_kw, point.q_kvar) < s + TINY_KW, f"{t}: {name}: apparent power")
            kind = next(k for k in ("pv", "ess", "nbsu") if name in getattr(self.view, k))
            la = self.view.local_area_of_unit(name)
            self.need(abs(point.p_kw - self.area(t, la, f"p_{kind}_kw")) < TINY_KW, f"{t}: {name}: power of its LA")
            self.need((point.state == "form") == (name in self.plan.steps[t].balance_units), f"{t}: {name}: form")

    def _check_island(self, t: int, island: Island) -> None:
        """Balance, ratings and voltages: flows are what the LAs beyond a link lack, losses allowed for."""
        rules, share = self.rules, self.rules.options.loss_allowance_pct / 100
        net = {
            (name, la): self.area(t, la, f"{name}_{unit}") - share * rules.psc[la][series][t]
            for la in island.las
            for name, unit, series in (("p", "kw", "demand_p_kw"), ("q", "kvar", "demand_q_kvar"))
        }
        for name in ("p", "q"):
            self.need(abs(sum(net[name, la] for la in island.las)) < TINY_KW, f"{t}: {name} of {island.las}")
        flow = {}
        for link in island.links:
            sign, fed = island.beyond(link)
            for name in ("p", "q"):
                flow[name, link] = -sign * sum(net[name, la] for la in fed)
                self.need(abs(flow[name, link]) < rules.links[link].s_max_kva + TINY_KW, f"{t}: {name} of {link}")
        fall = {
            la: sum(
                2e-3 * sign * (flow["p", k] * rules.links[k].r_pu + flow["q", k] * rules.links[k].x_pu)
                for k, sign in path
            )
            for la, path in island.paths.items()
        }
        seats = (self.view.local_area_of_unit(u) for u in self.plan.steps[t].balance_units)
        root = next((la for la in seats if la in island.las), island.las[0])
        limits = rules.limits
        for la in island.las:
            u = limits.reference_vm_pu**2 + fall[root] - fall[la]
            self.need(limits.vm_min_pu**2 - 1e-6 < u < limits.vm_max_pu**2 + 1e-6, f"{t}: voltage of {la}: {u}")

    def _check_energy(self) -> None:
        for la in self.rules.areas:
            taken = 0.0
            for t in self.rules.steps:
                taken += self.rules.hours[t] * self.area(t, la, "p_ess_kw")
                message = self.horizon.psc[la]
                holds = -message["charge_kwh"] - TINY_KW < taken < message["discharge_kwh"] + TINY_KW
                self.need(holds, f"{t}: energy (13e) of LA {la}: {taken}")

    def _check_nbsu(self) -> None:
        """Start-up happens once and without a break (13f)-(13h); ramps (13j)."""
        rules = self.rules
        for la, known in rules.areas.items():
            if not known.s_nbsu:
                continue
            states = [self.state(t, la) for t in rules.steps]
            possible = ([rules.status(la, k, t) for t in rules.steps] for k in rules.launches(la))
            self.need(states in possible, f"start-up of LA {la}: {states}")
            live = [known.section in c.sections for c in self.sequence]
            self.need(all(live[t] for t in rules.steps if states[t] == "starting"), f"dark start-up (13h) of LA {la}")
            powers = [self.area(t, la, "p_nbsu_kw") for t in rules.steps]
            if rules.psc[la]["nbsu_state"] == "online":
                low, high = rules.psc[la]["nbsu_p_min_kw"], rules.psc[la]["nbsu_p_max_kw"]
                self.need(not live[0] or low - TINY_KW < powers[0] < high + TINY_KW, f"first power of LA {la}")
            for t, (before, now) in enumerate(pairwise(powers), start=1):
                if states[t] != "online":
                    continue
                on_line, hours = states[t - 1] == "online", max(rules.hours)
                bounded = on_line or not rules.options.first_online_step_free
                self.need(not bounded or now - before < known.ramp_up * hours + TINY_KW, f"{t}: rise of LA {la}")
                falls = on_line and live[t]
                self.need(not falls or before - now < known.ramp_down * hours + TINY_KW, f"{t}: fall of LA {la}")

    def _check_objective(self) -> None:
        rules = self.rules
        served = sum(
            known.priority * rules.hours[t] * self.area(t, la, "demand_kw")
            for la, known in rules.areas.items()
            for t in rules.steps
        )
        before = {k for k in rules.switches if self.horizon.closed[k]}
        states = [before, *(set(step.closed_branches) for step in self.plan.steps)]
        operations = sum(len(a ^ b) for a, b in pairwise(states))
        value = served - rules.options.switching_cost_kwh * operations
        self.need(math.isclose(value, self.plan.objective, rel_tol=1e-6, abs_tol=1e-4), f"objective (18): {value}")


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_claim_of_a_plan_holds(seed, static):
    case = random_case(seed)
    record = planned(case, static=static)
    if record.plan.status == "fallback":
        assert case.graph.live_infeed_kva, "nothing restored is feasible where no live infeed must be served"
        return
    assert record.note == "", "the dispatch stage found its solution"
    claims = Claims(record.plan, case.horizon)
    assert claims.broken == []
    if static:
        assert len({step.start_min for step in record.plan.steps}) == case.horizon.steps
        assert len({(frozenset(s.closed_branches), frozenset(s.energised_buses)) for s in record.plan.steps}) == 1


@pytest.mark.parametrize("seed", [3, 11, 26])
def test_a_tampered_plan_is_noticed(seed):
    """The checks can fail: a few wrong claims, each of which must be found."""
    case = random_case(seed)
    plan = planned(case).plan
    first = plan.steps[0]
    assert first.local_areas, "choose another seed: nothing is restored"
    la, point = next((la, p) for la, p in first.local_areas.items() if p.demand_kw)
    wrong = {
        "balance units": {"balance_units": []},
        "(13b)": {"local_areas": first.local_areas | {la: point.model_copy(update={"p_kw": 1e3})}},
        "demand": {"local_areas": first.local_areas | {la: point.model_copy(update={"demand_kw": 0.0})}},
        "in part": {"energised_buses": [*first.energised_buses, "nowhere"]},
    }
    for word, claim in wrong.items():
        step = first.model_copy(update=claim)
        broken = Claims(plan.model_copy(update={"steps": [step, *plan.steps[1:]]}), case.horizon).broken
        assert any(word in line for line in broken), word


@pytest.mark.parametrize("seed", range(0, 40, 2))
def test_dispatch_keeps_what_the_milp_decided(seed):
    case = random_case(seed)
    planner = Planner(case.graph, case.horizon.steps)
    plan = planner.plan(case.horizon, "small", "test").plan
    if plan.status == "fallback":
        return
    m, sections = planner.model, case.view.sections
    for t, step in enumerate(plan.steps):
        assert set(step.closed_branches) == {k for k in m.SWITCH if m.b[k, t].value > 0.5}
        assert set(step.energised_buses) == {bus for s in m.S if m.X[s, t].value > 0.5 for bus in sections[s].buses}
        states = {la: p.nbsu_state for la, p in step.local_areas.items()}
        for i in m.NBSU:
            launch = next((k for k in m.K if m.launch[i, k].value > 0.5), None)
            assert states.get(i, "off") == BruteForce(case.horizon).status(i, launch, t)


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("seed", seeds(6, 12))
def test_a_kept_model_plans_like_a_fresh_one(seed, static):
    """One planner, horizons of 3, 2, 1 and 3 steps with new data each; steps past a horizon's end are inert."""
    case = random_case(seed, steps=(3, 3))
    rng = np.random.default_rng(seed)
    kept = Planner(case.graph, 3, static=static)
    for steps in (3, 2, 1, 3):
        horizon = random_horizon(rng, case.graph, steps)
        again = kept.plan(horizon, "small", "test").plan
        fresh = Planner(case.graph, steps, static=static).plan(horizon, "small", "test").plan
        assert again.status == fresh.status
        assert again.objective == pytest.approx(fresh.objective, rel=1e-6, abs=1e-6)
        assert len(again.steps) == steps
        if again.status == "optimal":
            assert Claims(again, horizon).broken == []


def test_a_horizon_longer_than_the_model_is_refused():
    case = random_case(0, steps=(3, 3))
    with pytest.raises(ValueError, match="horizon of 3 steps does not fit a model of 2"):
        Planner(case.graph, 2).plan(case.horizon, "small", "test")


@pytest.mark.parametrize("seed", seeds(10, 20))
def test_same_horizon_same_plan(seed):
    case = random_case(seed)
    assert planned(case).plan == planned(case).plan


NASTY: dict[str, dict[str, float | str]] = {
    "no unit": {},
    "no demand": {},
    "empty storage": {"discharge_kwh": 0.0, "charge_kwh": 0.0},
    "demand beyond reach": {},
    "on line in the dark": {"nbsu_state": "online", "nbsu_p_min_kw": 20.0, "nbsu_p_max_kw": 25.0},
    "on line, cannot fall": {"nbsu_state": "online", "nbsu_p_min_kw": 30.0, "nbsu_p_max_kw": 30.0},
    "starting, ready now": {"nbsu_state": "starting", "nbsu_remaining_min": 0.0},
    "starting in the dark": {"nbsu_state": "starting", "nbsu_remaining_min": 20.0},
}
"""What PSC messages say of LAs with an NBSU (of all LAs for storage), everything else being dark."""


def nasty(name: str) -> SmallCase:
    """A case without a live infeed and with data that leave little or nothing to restore."""
    cases = map(random_case, range(4000, 4400))
    case = next(c for c in cases if not c.graph.live_infeed_kva and c.view.nbsu and c.view.ess)
    if name == "no unit":
        return with_view(case, replace(case.view, pv={}, ess={}, nbsu={}))
    has_nbsu = {case.view.local_area_of_unit(u) for u in case.view.nbsu}
    demand = {"no demand": 0.0, "demand beyond reach": 1e6}.get(name)
    psc = {}
    for la, message in case.horizon.psc.items():
        changes: dict = {"energised_min": 0.0}
        if la in has_nbsu or "nbsu_state" not in NASTY[name]:
            changes |= NASTY[name]
        if demand is not None:
            changes |= dict.fromkeys(("demand_p_kw", "demand_q_kvar"), [demand] * case.horizon.steps)
        psc[la] = message | changes
    return replace(case, horizon=replace(case.horizon, psc=psc))


def with_view(case: SmallCase, view: GridView) -> SmallCase:
    horizon = replace(case.horizon, graph=AreaGraph.of(view, case.scenario))
    return replace(case, view=view, horizon=horizon)


@pytest.mark.parametrize("static", [False, True], ids=["dynamic", "static"])
@pytest.mark.parametrize("first_step_free", [True, False], ids=["free", "bounded"])
@pytest.mark.parametrize("name", NASTY)
def test_nothing_restored_is_always_feasible(name, first_step_free, static):
    case = with_options(nasty(name), first_online_step_free=first_step_free)
    record = planned(case, static=static)
    assert record.plan.status == "optimal"
    assert record.note == ""
    assert Claims(record.plan, case.horizon).broken == []


def test_a_ready_unit_that_ramps_slowly_does_not_make_every_plan_infeasible():
    """Start-up done, p_in 10 kW, ramp 12 kW/h, first step of 5 min: −10 kW + 1 kW < 0 kW."""
    case = with_options(nasty("starting, ready now"), first_online_step_free=False)
    rates = {"p_in_kw": 10.0, "ramp_up_kw_per_h": 12.0, "ramp_down_kw_per_h": 12.0}
    slow = {name: replace(unit, **rates) for name, unit in case.view.nbsu.items()}
    case = with_view(case, replace(case.view, nbsu=slow))
    starts = (case.horizon.step_start_min[1] - 5, *case.horizon.step_start_min[1:])
    assert planned(replace(case, horizon=replace(case.horizon, step_start_min=starts))).plan.status == "optimal"


def test_an_impossible_time_limit_gives_the_fallback_plan():
    case = with_options(random_case(3, sections=(6, 6), steps=(6, 6)), time_limit_s=1e-9)
    record = planned(case)
    assert record.plan.status == "fallback"
    assert record.solution.status == "none"
    assert "nothing is restored" in record.note
    assert record.plan.objective == 0.0
    assert record.plan.bound > 0.0
    assert all(not s.energised_buses and not s.closed_branches and not s.balance_units for s in record.plan.steps)


@pytest.mark.parametrize("options", [{"mip_rel_gapp": 0.1}, {"presolve": 3}, {"mip_max_nodes": -1}, {"threads": 2}])
def test_an_unknown_solver_option_is_an_error(options):
    case = with_options(random_case(0), solver_options=options)
    with pytest.raises(SolverOptionError, match=next(iter(options))):
        planned(case)


def test_a_node_limit_gives_a_feasible_plan_and_its_bound():
    """Larger cases, gap 0 and one node: at least one search is cut short, and none claims more than its bound."""
    statuses = set()
    for seed in range(6):
        case = with_options(random_case(seed, sections=(7, 7), steps=(6, 6)), node_limit=1, switching_cost_kwh=0.5)
        record = planned(case)
        if record.plan.status == "fallback":
            continue
        statuses.add(record.plan.status)
        assert record.plan.bound >= record.plan.objective - 1e-6
        assert Claims(record.plan, case.horizon).broken == []
    assert "feasible" in statuses
