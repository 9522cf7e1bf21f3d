"""What a plan says, held against the definitions as enumeration knows them."""

from __future__ import annotations

import math
from itertools import pairwise

from relight.controllers.exchange.plan import Plan, PlanStep
from relight.controllers.milp.problem import Horizon
from support.brute_force import BruteForce, Configuration, Island

TINY_KW = 1e-4


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
        inside = (la for la, area in self.rules.areas.items() if area.section in live)
        points = {la: step.local_areas[la] for la in inside if la in step.local_areas}
        whole = self.rules.load_control == "section"
        served = frozenset(la for la, point in points.items() if whole or point.demand_kw)
        return Configuration(live, frozenset(k for k in closed if set(self.rules.sections_of(k)) <= live), served)

    def share(self, t: int, la: str) -> float:
        """Share of its demand that an LA of a live section is said to have: all of it where nobody can be off."""
        kw, mode = self.rules.psc[la]["demand_p_kw"][t], self.rules.load_control
        share = 1.0 if mode == "section" or not kw else self.area(t, la, "demand_kw") / kw
        possible = share in (0.0, 1.0) or abs(share - 1.0) < TINY_KW or (mode == "part" and 0.0 < share < 1.0)
        self.need(possible, f"{t}: LA {la}: served by {share}")
        return share

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
            share = self.share(t, la) if live else 0.0
            demand, demand_q = share * message["demand_p_kw"][t], share * message["demand_q_kvar"][t]
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
            (name, la): self.area(t, la, f"{name}_{unit}") - share * self.share(t, la) * rules.psc[la][series][t]
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
            u = self._reference_pu(root) ** 2 + fall[root] - fall[la]
            self.need(limits.vm_min_pu**2 - 1e-6 < u < limits.vm_max_pu**2 + 1e-6, f"{t}: voltage of {la}: {u}")

    def _reference_pu(self, root: str) -> float:
        own = (i.vm_pu for i in self.view.infeeds.values() if i.live and i.bus in self.view.local_areas[root].buses)
        return next(own, self.rules.limits.reference_vm_pu)

    def _check_energy(self) -> None:
        for la in self.rules.areas:
            most = least = 0.0
            known, message = self.rules.areas[la], self.horizon.psc[la]
            for t in self.rules.steps:
                kwh = self.rules.hours[t] * self.area(t, la, "p_ess_kw")
                most, least = (
                    taken + (kwh / discharging if kwh > 0 else kwh * charging)
                    for taken, (charging, discharging) in ((most, known.worst), (least, known.best))
                )
                holds = -message["charge_kwh"] - TINY_KW < least and most < message["discharge_kwh"] + TINY_KW
                self.need(holds, f"{t}: energy (13e) of LA {la}: {least} to {most}")

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
            rules.value_of(la, t) * self.area(t, la, "demand_kw") / rules.psc[la]["demand_p_kw"][t]
            for la in rules.areas
            for t in rules.steps
            if rules.psc[la]["demand_p_kw"][t]
        )
        before = {k for k in rules.switches if self.horizon.closed[k]}
        states = [before, *(set(step.closed_branches) for step in self.plan.steps)]
        operations = sum(len(a ^ b) for a, b in pairwise(states))
        value = served - rules.prices.switching_kwh * operations
        value -= rules.prices.interruption_kwh * sum(self._interruptions(la) for la in rules.with_customers)
        self.need(math.isclose(value, self.plan.objective, rel_tol=1e-6, abs_tol=1e-4), f"objective (18): {value}")

    def _interruptions(self, la: str) -> float:
        """Shares of an LA's customers that lose supply, those steps left out in which nothing says who has it."""
        rules, shares = self.rules, [self.rules.supplied_before[la]]
        for t, configuration in enumerate(self.sequence):
            live = rules.areas[la].section in configuration.sections
            if not live or rules.load_control == "section" or rules.psc[la]["demand_p_kw"][t]:
                shares.append(self.share(t, la) if live else 0.0)
        return sum(max(0.0, a - b) for a, b in pairwise(shares))
