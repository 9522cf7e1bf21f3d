"""What a rejected plan teaches: each violation becomes data that make the model stricter, where there is such a datum.

Losses are taken over as they are. A limit is drawn closer by what the plan's own linear numbers miss at that place and
step. What no datum describes (a line inside an LA, a power flow without a solution) rules out the island's state.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..exchange.plan import Findings, IslandLosses, Plan, Violation
from ..milp.model import Model
from ..milp.problem import Horizon
from ..milp.served import shares_by_step
from ..milp.stricter_limits import Cut, Tightened
from .island_flow import LinearIslandFlow, island_flows
from .plan_reader import formers

NEWS_KW = 0.01
"""Losses that differ by less from what the plan counted with teach nothing."""
EXPLAINED = 0.8
"""Share of an excess that losses must explain for nothing else to be drawn closer."""
MARGIN = 1e-3
"""kW, kvar, kWh and share of a rating by which a limit is drawn closer than needed; squared voltages by 1e-3 of it."""
WRONG_PU = 0.02
"""Error of a planned voltage beyond which the balance unit is moved before any margin is tried."""


@dataclass(frozen=True)
class LiveIsland:
    """An energised island of a step of a plan, as the planner sees it."""

    step: int
    root: str
    areas: tuple[str, ...]
    """sorted, so that sums over them come out the same in every process"""
    sections: frozenset[str]
    closed: frozenset[str]


def live_islands(m: Model, horizon: Horizon, flows: list[LinearIslandFlow]) -> list[LiveIsland]:
    """The islands of a solved model; ``flows`` are those of all its steps."""
    found: list[LiveIsland] = []
    for flow in flows:
        t, areas = flow.step, tuple(sorted(flow.areas))
        sections = frozenset(horizon.graph.section[la] for la in areas)
        closed = frozenset(k for k in m.SWITCH if m.b[k, t].value > 0.5 and m.sec_i[k] in sections)
        root = next((i for i in m.ROOT if i in areas and m.root[i, t].value > 0.5), flow.areas[0])
        found.append(LiveIsland(t, root, areas, sections, closed))
    return found


class Lessons:
    """Learns from the findings on one plan; ``tightened`` holds all that is known then, ``learnt`` tells it in words.

    ``keep_power``: where an apparent power is too large only the reactive part is bounded, so that active power, which
    restores customers, stays; otherwise both are scaled down together.
    """

    def __init__(self, m: Model, horizon: Horizon, plan: Plan, found: Findings, *, keep_power: bool = False) -> None:
        self._m, self._horizon, self._plan, self._keep_power = m, horizon, plan, keep_power
        before = horizon.tightened
        self._before = before
        self._loss_kw, self._loss_kvar = dict(before.loss_kw), dict(before.loss_kvar)
        self._bounds, self._u_least, self._cuts = dict(before.bounds), dict(before.u_least), list(before.cuts)
        self._inside_circle, self._link_share = before.inside_circle, dict(before.link_share)
        self.learnt: list[str] = []
        self._missed: dict[tuple[str, int], tuple[float, float]] = {}
        """balance LA and step → losses (kW, kvar) that the plan did not count with"""
        flows = [flow for t in range(horizon.steps) for flow in island_flows(m, horizon, t)]
        self.islands = live_islands(m, horizon, flows)
        self._flow = {(flow.step, la): flow for flow in flows for la in flow.areas}
        self._meshed = m.detailed and horizon.graph.meshed_inside
        """whether flows and voltages are those of the model itself: along a tree a double line would count as one"""
        self._found = found

    @property
    def tightened(self) -> Tightened:
        """What is known now."""
        losses = self._loss_kw, self._loss_kvar
        return Tightened(*losses, self._bounds, self._u_least, tuple(self._cuts), self._inside_circle, self._link_share)

    def learn(self) -> bool:
        """Take over losses, draw limits closer, rule out states for the rest; whether there was anything new."""
        for losses in self._found.losses:
            self._take_losses(losses)
        told = {self._forgotten(v) for v in self._found.violations if not self._draw_closer(v)} - {None}
        for island in sorted((i for i in told if i), key=lambda i: (i.step, i.root)):
            cut = Cut(island.step, island.sections, island.closed)
            if cut not in self._cuts:
                self._cuts.append(cut)
                self.learnt.append(f"step {island.step}: not the island of {island.root} as it is")
        return bool(self.learnt)

    def drop(self, count: int) -> bool:
        """Leave out so many more sections of each offending island, least valuable first; whether any was left.

        Where customers can be off in a live section, LAs are left out one by one before any section is. Sections
        without demand go last; those that had not lost supply stay, and so do such LAs.
        """
        dropped = False
        for t, island in dict.fromkeys((v.step, self._forgotten(v)) for v in self._found.violations):
            at_step = [i for i in self.islands if i.step == t]
            sections = island.sections if island else frozenset(s for i in at_step for s in i.sections)
            areas = self._areas_to_drop(sections, t)[:count]
            for la in areas:
                self._bounds["served", la, t] = (0.0, 0.0)
                self.learnt.append(f"step {t}: area {la} is left out")
            dropped = bool(areas) or self._drop_sections(sections, t, count) or dropped
        return dropped

    def _areas_to_drop(self, sections: frozenset[str], t: int) -> list[str]:
        """LAs that are served in a step and can be off, the least valuable first."""
        graph = self._horizon.graph
        if graph.load_control == "section":
            return []
        shares = shares_by_step(self._horizon, self._plan.steps)[t]
        served = [
            la
            for la, share in shares.items()
            if graph.section[la] in sections and la in graph.view.lost_areas
            and share > 0 and self._horizon.demand_kw(la, t) > 0
        ]  # fmt: skip
        return sorted(served, key=lambda la: self._horizon.area_value_kwh(la, t))

    def _drop_sections(self, sections: frozenset[str], t: int, count: int) -> bool:
        horizon = self._horizon
        worth = {s: horizon.value_kwh(s, t) for s in self._m.S if s in sections and self._may_drop(s, t)}
        left_out = sorted(worth, key=lambda s: (worth[s] <= 0, worth[s]))[:count]
        for s in left_out:
            self._bounds["X", s, t] = (0.0, 0.0)
            self.learnt.append(f"step {t}: section {s} is left out")
        return bool(left_out)

    def _may_drop(self, s: str, t: int) -> bool:
        return self._horizon.graph.view.sections[s].buses[0] in self._horizon.graph.view.outage_area and (
            ("X", s, t) not in self._bounds
        )

    def _take_losses(self, losses: IslandLosses) -> None:
        """The island's losses beyond the allowance, shared among its LAs by demand; the root's if it has none."""
        view, t = self._horizon.graph.view, losses.step
        root = view.local_area_of_unit(losses.balance_unit)
        island = next((i for i in self.islands if i.step == t and root in i.areas), None)
        if island is None:
            return
        planned = self._plan.steps[t].local_areas
        counted_kw = sum(planned[la].p_kw for la in island.areas if la in planned)
        counted_kvar = sum(planned[la].q_kvar for la in island.areas if la in planned)
        beyond = [self._before.losses(la, t, two_sided=self._m.two_sided_losses) for la in island.areas]
        beyond_kw = losses.losses_kw - counted_kw + sum(p for p, _ in beyond)
        beyond_kvar = losses.losses_kvar - counted_kvar + sum(q for _, q in beyond)
        demand = {la: self._horizon.demand_kw(la, t) for la in island.areas}
        total = sum(demand.values())
        shares = {la: kw / total for la, kw in demand.items()} if total > 0 else {root: 1.0}
        self._missed[island.root, t] = losses.losses_kw - counted_kw, losses.losses_kvar - counted_kvar
        if max(abs(losses.losses_kw - counted_kw), abs(losses.losses_kvar - counted_kvar)) > NEWS_KW:
            self.learnt.append(
                f"step {t}: the island of {root} loses {losses.losses_kw:.2f} kW, {losses.losses_kvar:.2f} kvar, "
                f"not {counted_kw:.2f} kW, {counted_kvar:.2f} kvar"
            )
        for la in island.areas:
            self._loss_kw[la, t] = beyond_kw * shares.get(la, 0.0)
            self._loss_kvar[la, t] = beyond_kvar * shares.get(la, 0.0)

    def _forgotten(self, v: Violation) -> LiveIsland | None:
        """The island in which a violation lies."""
        areas = set(self._areas_of(v.element))
        return next((i for i in self.islands if i.step == v.step and not areas.isdisjoint(i.areas)), None)

    def _areas_of(self, element: str) -> list[str]:
        """LAs at which an element lies: a unit, a branch, a bus (also the name of an island), or an LA."""
        view = self._horizon.graph.view
        if element in view.units:
            return [view.local_area_of_unit(element)]
        if element in view.branches:
            ends = view.branches[element]
            return [view.local_area_of_bus[ends.from_bus], view.local_area_of_bus[ends.to_bus]]
        return [view.local_area_of_bus[element]] if element in view.local_area_of_bus else [element]

    def _draw_closer(self, v: Violation) -> bool:
        """Whether a violation is met by a limit drawn closer, or by losses that the plan did not know."""
        if v.value is None or v.limit is None:
            return False
        rules: dict[str, Callable[[Violation, float, float], bool]] = {
            "unsupplied_load": self._left_dark,
            "unit_p": self._power, "unit_ramp": self._power, "unit_q": self._reactive, "unit_s": self._apparent,
            "unit_energy": self._energy, "overload": self._loading, "voltage_low": self._voltage,
            "voltage_high": self._voltage,
        }  # fmt: skip
        if v.kind in ("power_balance", *(k for k in rules if k.startswith("unit_"))) and self._by_losses(v):
            return True
        return v.kind in rules and rules[v.kind](v, v.value, v.limit)

    def _by_losses(self, v: Violation) -> bool:
        """Whether losses that the plan did not count with explain most of a violation: then they teach enough."""
        island = self._forgotten(v)
        if island is None:
            return False
        missed = {t: self._missed.get((la, t), (0.0, 0.0)) for la, t in self._roots(island, v.step)}
        p_kw, q_kvar = missed.get(v.step, (0.0, 0.0))
        if v.kind == "power_balance":
            return abs(p_kw) > NEWS_KW
        if v.element not in (self._plan.steps[v.step].balance_units or ()):
            return False
        hours, ess = {t: self._horizon.dt_h(t) for t in missed}, self._horizon.graph.view.ess.get(v.element)
        missed_kwh = sum(kw * hours[t] for t, (kw, _) in missed.items())
        size = {
            "unit_q": abs(q_kvar),
            "unit_s": math.hypot(p_kw, q_kvar),
            "unit_energy": abs(ess.drawn_kwh(missed_kwh, 1.0) if ess else missed_kwh),
        }.get(v.kind, abs(p_kw))
        return size >= EXPLAINED * v.excess

    def _roots(self, island: LiveIsland, until: int) -> list[tuple[str, int]]:
        """An island's balance LA in each step up to one, where it is the balance LA."""
        return [(i.root, i.step) for i in self.islands if i.root == island.root and i.step <= until]

    def _source(self, unit: str) -> tuple[str, str]:
        """Kind of a unit, and the source it belongs to in the model."""
        view, graph = self._horizon.graph.view, self._horizon.graph
        kind = view.units[unit].kind
        return kind, unit if graph.per_device and kind != "infeed" else view.local_area_of_unit(unit)

    def _bound(self, name: str, member: str, t: int, low: float, high: float, now: float) -> bool:
        """Bound a variable that now has another value; False if that rules nothing out. Zero always stays allowed."""
        before = self._bounds.get((name, member, t), (-math.inf, math.inf))
        low, high = min(max(low, before[0]), 0.0), max(min(high, before[1]), 0.0)
        if low - 1e-9 <= now <= high + 1e-9:
            return False
        self._bounds[name, member, t] = (low, high)
        self.learnt.append(f"step {t}: {name} of {member} within {low:.4g} to {high:.4g}, not {now:.4g}")
        return True

    def _short_of(self, name: str, member: str, t: int, over: float) -> bool:
        """Bound a variable to its value less what is too much, on the side where it is."""
        now = float(getattr(self._m, name)[member, t].value)
        to = now - over - math.copysign(MARGIN, over)
        return self._bound(name, member, t, -math.inf if over > 0 else to, to if over > 0 else math.inf, now)

    def _power(self, v: Violation, value: float, limit: float) -> bool:
        kind, i = self._source(v.element)
        return self._short_of(f"p_{kind}", i, v.step, value - limit)

    def _reactive(self, v: Violation, value: float, limit: float) -> bool:
        kind, i = self._source(v.element)
        return self._short_of(f"q_{kind}", i, v.step, value - limit)

    def _energy(self, v: Violation, value: float, limit: float) -> bool:
        return self._short_of("e_ess", self._source(v.element)[1], v.step, value - limit)

    def _apparent(self, v: Violation, value: float, limit: float) -> bool:
        if not self._m.inside_circle_asked:
            if not self._inside_circle:
                self.learnt.append("units stay inside their circle")
            self._inside_circle = True
            return True
        kind, i = self._source(v.element)
        p_kw, q_kvar = (float(getattr(self._m, f"{x}_{kind}")[i, v.step].value) for x in "pq")
        return self._box((f"p_{kind}", f"q_{kind}"), i, v.step, (p_kw, q_kvar), limit / value)

    def _loading(self, v: Violation, value: float, limit: float) -> bool:
        if v.element not in self._horizon.graph.links:
            return False
        flow = self._flow_at(v)
        if flow is None or not (self._meshed or v.element in flow.flows):
            return False
        k, t, s_kva = v.element, v.step, self._horizon.graph.links[v.element].s_max_kva
        carried = (float(self._m.P[k, t].value), float(self._m.Q[k, t].value)) if self._meshed else flow.flows[k]
        share = math.hypot(*carried) / s_kva * limit / value * (1 - MARGIN)
        share = min(share, self._link_share.get((k, t), 1.0) * (1 - MARGIN))
        self._link_share[k, t] = share
        self.learnt.append(f"step {t}: {k} carries at most {share * s_kva:.4g} kVA")
        return True

    def _left_dark(self, v: Violation, value: float, limit: float) -> bool:
        """Customers who had not lost supply keep it: their section stays energised, and they are not off in it."""
        view = self._horizon.graph.view
        if v.element not in view.local_areas or v.element in view.lost_areas:
            return False
        where = "X", view.local_areas[v.element].section, v.step
        if self._m.X[where[1:]].value < 0.5 and self._bounds.get(where) != (1.0, 1.0):
            self._bounds[where] = (1.0, 1.0)
            self.learnt.append(f"step {v.step}: section {where[1]} had not lost supply and keeps it")
        where = "served", v.element, v.step
        if self._m.by_area and self._m.served[where[1:]].value < 1.0 and self._bounds.get(where) != (1.0, 1.0):
            self._bounds[where] = (1.0, 1.0)
            self.learnt.append(f"step {v.step}: area {v.element} had not lost supply and keeps it")
        return True

    def _flow_at(self, v: Violation) -> LinearIslandFlow | None:
        areas = self._areas_of(v.element)
        return next((self._flow[v.step, la] for la in areas if (v.step, la) in self._flow), None)

    def _box(self, names: tuple[str, str], member: str, t: int, now: tuple[float, float], share: float) -> bool:
        """Bound p and q to a box inside the circle of which this share of the present apparent power is the radius."""
        p, q, share = abs(now[0]), abs(now[1]), share * (1 - MARGIN)
        radius = share * math.hypot(p, q)
        if self._keep_power and p < radius:
            most_q = math.sqrt(radius**2 - p**2)
            return self._within(names[1], member, t, most_q, q)
        fitted = [self._within(name, member, t, x * share, x) for name, x in zip(names, (p, q), strict=True)]
        return any(fitted)

    def _within(self, name: str, member: str, t: int, most: float, now: float) -> bool:
        return self._bound(name, member, t, -most, most, now)

    def _planned_u(self, v: Violation) -> tuple[str, float] | None:
        """The LA of a bus and the squared voltage that the plan expects there; None at the balance unit's own LA."""
        flow, la = self._flow_at(v), self._areas_of(v.element)[0]
        island = self._forgotten(v)
        if flow is None or island is None or la == island.root or island.root not in flow.relative_u:
            return None
        if self._meshed:
            return la, float(self._m.U[la, v.step].value)
        return la, flow.u(self._horizon.graph, island.root)[la]

    def _moved(self, v: Violation, u: float, value: float) -> bool:
        """Whether another LA is to balance an island: the linear model errs so much that a margin would rule out what
        other balance units make possible."""
        island = self._forgotten(v)
        if island is None or abs(math.sqrt(max(u, 0.0)) - value) < WRONG_PU:
            return False
        if ("root", island.root, v.step) in self._bounds:
            return True  # by another bus of the same island
        roots = [i for i in self._m.ROOT if i in island.areas and formers(self._m, i, v.step)]
        moved_before = any(("root", i, v.step) in self._before.bounds for i in roots)
        if moved_before or island.root in self._m.INFEED or len(roots) == 1:
            return False
        self._bounds["root", island.root, v.step] = (0.0, 0.0)
        self.learnt.append(f"step {v.step}: {island.root} holds no balance unit")
        return True

    def _hung_on(self, v: Violation) -> bool:
        """Whether a bus hangs on one that is beyond the same limit without the plan: then by another way, or not."""
        flow, island, la = self._flow_at(v), self._forgotten(v), self._areas_of(v.element)[0]
        alike = [w for w in self._found.already_so if w.step == v.step and w.kind == v.kind]
        beyond = {other for w in alike for other in self._areas_of(w.element)}
        if flow is None or island is None or la in beyond:
            return False
        graph = self._horizon.graph
        for k, near, _ in reversed(flow.way(graph, island.root, la)):
            if near in beyond and graph.links[k].switchable and ("b", k, v.step) not in self._bounds:
                self._bounds["b", k, v.step] = (0.0, 0.0)
                self.learnt.append(f"step {v.step}: {k} stays open, for {near} is beyond its limit without a plan too")
                return True
            if near in beyond:
                return ("b", k, v.step) in self._bounds  # by another bus behind it
        return False

    def _voltage(self, v: Violation, value: float, limit: float) -> bool:
        if self._hung_on(v):
            return True
        planned = self._planned_u(v)
        if planned is None:
            return False
        la, u = planned
        level = self._horizon.graph.view.buses[v.element].level
        value, limit = value / level, limit / level
        if self._moved(v, u, value):
            return True
        if v.kind == "voltage_high":
            return self._bound("U", la, v.step, 0.0, u - (value**2 - limit**2) - 1e-3 * MARGIN, u)
        to = max(u + limit**2 - value**2 + 1e-3 * MARGIN, self._u_least.get((la, v.step), 0.0))
        self._u_least[la, v.step] = to
        self.learnt.append(f"step {v.step}: voltage of {la} at least {math.sqrt(to):.4f} p.u.")
        return True
