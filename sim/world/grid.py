"""The world's physics: switches, islands, units and AC power flow, one simulation step at a time.

``Grid`` does what it is ordered as far as physics lets it, and says what happened. It never decides that a bus is
dark from a power of zero, only from topology: an island is energised if a unit forms its voltage.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ...controllers.exchange.messages import LocalAreaMeasurement, LocalAreaOrder
from ...results.run.rows import Row, event, violation
from ...scenarios.case import Case
from ..islands.island_frequency import FrequencyOfIslands
from ..islands.operating_point import IslandStep, settle
from ..islands.pick_up_limit import keep_pick_up_limit
from ..power_flow.engines import REFERENCE, engine_named
from ..power_flow.island_topology import BalanceChoice, Island, choose_balance_unit, find_islands
from ..power_flow.protocol import IslandSolution, Power, State
from ..units.kinds import LONG_AGO_MIN, build_units
from ..units.unit_model import UnitModel
from .cold_load import SupplyLog
from .customers import Customers
from .equipment import Equipment
from .judge import check_booked, check_island, judge
from .series_rows import Settled, series
from .step_events import Before, step_events

clock = time.perf_counter


@dataclass(frozen=True)
class StepRecord:
    """What happened in a step: rows with the columns of relight.results.run.tables (SERIES but for ``message``, EVENTS,
    VIOLATIONS)."""

    series: dict[str, list[Row]]
    events: list[Row]
    violations: list[Row]


class Grid:
    """A case's network and units, from the state just after the fault: outage area dark, units off, the rest live."""

    def __init__(self, case: Case, seed: int | None = None, engine: str = REFERENCE) -> None:
        """Keeps its own copy of the net; ``seed`` (None: the scenario's) drives what fails at random.

        Raises ValueError if the net holds loads or generators of its own, ``EngineUnavailable``.
        """
        self.case, self.view = case, case.view
        self.step_min = float(case.scenario.clock.sim_step_min)
        self.step_count = 0
        self._power_flow = engine_named(engine)(case)
        self.power_flow_seconds = 0.0
        """time spent on AC power flow so far"""
        self._closed = {b.id: b.closed and not b.faulted for b in self.view.branches.values()}
        self._units = build_units(self.view, case.scenario)
        options = case.scenario.frequency
        self._frequency = FrequencyOfIslands(options) if options else None
        self._equipment = Equipment(case, self._closed, self._units, case.scenario.seed if seed is None else seed)
        self._units_by_area: dict[str, dict[str, UnitModel]] = {la: {} for la in self.view.local_areas}
        for unit in self._units.values():
            self._units_by_area[self.view.local_area_of_unit(unit.id)][unit.id] = unit
        self._shares = case.shares
        self._customers = Customers(self.view.local_areas, case.scenario.local_areas.load_control)
        self._supply = SupplyLog(case)
        self._lost = set(self.view.lost_areas)
        """LAs that have been dark since the outage began, for whatever reason"""
        self._shed_min: dict[str, float] = {}
        self._demand: dict[str, Power] = dict.fromkeys(self.view.local_areas, (0.0, 0.0))
        self._now: float | None = None
        self._end_min = 0.0
        long_ago = min(LONG_AGO_MIN, -float(case.scenario.pv.reconnect_delay_min))
        self._energised_since: dict[str, float | None] = {
            bus: None if bus in self.view.outage_area else long_ago for bus in self.view.buses
        }
        for island in find_islands(self.view, self._closed):
            infeeds = [u for u in self.view.balance_order if u in self.view.infeeds and self._bus_of(u) in island.buses]
            if infeeds:
                self._units[infeeds[0]].energise(True, 0.0, forming=True)

    def measurements(self) -> dict[str, LocalAreaMeasurement]:
        """What each LA's gateway meters at the end of the last step (``time_min`` is that end), by LA id.

        Before the first step: the initial state. Ranges of units are for the step to come.
        """
        return {la: self._measure(la) for la in self.view.local_areas}

    def switch_states(self) -> dict[str, bool]:
        """Switchable branches: closed or not, as their field terminals report. Faulted ones are open."""
        return self._equipment.reported(self._end_min)

    def fault_reports(self) -> dict[str, list[str]]:
        """Switch → places of the faults that its field terminal saw and that are not repaired."""
        return self._equipment.faults.reports()

    def shed_switches(self) -> dict[str, float]:
        """Switches that opened by themselves to shed, and were not operated since → when (min)."""
        return dict(self._shed_min)

    def step(
        self,
        time_min: float,
        demand: Mapping[str, tuple[float, float]],
        pv_pu: Mapping[str, float],
        switch_orders: Mapping[str, bool],
        area_orders: Mapping[str, LocalAreaOrder],
        planned_kw: Mapping[str, float],
    ) -> StepRecord:
        """Simulate [time_min, time_min + step).

        ``demand``: (kW, kvar) by LA; ``pv_pu``: available power by PV unit, per unit of rating (above 1 counts as 1);
        orders are those that arrive now, by branch and LA; ``planned_kw``: planned supply by LA, to tell what was
        planned but not supplied. LAs and PV units left out have none.

        Raises ValueError for a step that does not follow the last one, an unknown id, an unswitchable branch, a number
        that is not finite; WorldError if an invariant of the world is broken.
        """
        self._check(time_min, demand, pv_pu, switch_orders, area_orders, planned_kw)
        self._now = time_min = float(time_min)
        before = Before(
            self._energised_buses(),
            {u.id: u.state for u in self._units.values()},
            dict(self._customers.on),
            dict(self._customers.ordered),
        )
        self._meet(demand, pv_pu)
        events = self._equipment.begin(time_min)
        closed_on_fault, operated = self._operate(switch_orders, events)
        self._take_orders(area_orders)
        for unit in self._units.values():
            unit.begin(time_min)
        events += self._equipment.fail_units()
        events += self._equipment.operate_breakers()

        # Customers that had not lost supply count as planned for, whatever a plan says of them.
        planned = {
            la: float(planned_kw.get(la, 0.0)) if la in self._lost else p_kw for la, (p_kw, _) in self._demand.items()
        }
        islands = [self._prepare(island, planned, closed_on_fault) for island in find_islands(self.view, self._closed)]
        if limit_pct := self.case.scenario.world.pick_up_limit_pct:
            told, parts = keep_pick_up_limit(islands, limit_pct, self._supplied(before))
            events += told
            islands += parts
        if self._frequency:
            told, parts = self._frequency.apply(islands)
            events += told
            islands += parts
        islands += settle([one for one in islands if one.energised], self._solve)
        for switch in (one.opened for one in islands if one.opened):
            self._closed[switch] = False
            self._shed_min[switch] = time_min
            operated.add(switch)
        if self._frequency:
            self._frequency.note(islands)
        for one in islands:
            if one.trip:
                for unit in one.units.values():
                    unit.trip()
        events += self._equipment.isolate(islands, operated)

        violations = [self._fault_row(branch, islands) for branch in closed_on_fault]
        for one in islands:
            if one.energised:
                check_island(one)
                self._equipment.check(one)
            violations.extend(judge(self.case, one, planned))
        self._book(islands)
        check_booked(self._units.values(), self.view.units, self._energised_buses())
        self._lost |= {la for one in islands if not one.energised for la in one.demand}

        events += step_events(before, islands, self._units, {s for s in operated if not self._closed[s]})
        picked_up, cold_load = self._meter(islands)
        events += picked_up
        by_island: dict[str, int] = {}
        for row in violations:
            by_island[row["island"]] = by_island.get(row["island"], 0) + 1
        settled = Settled(
            time_min, islands, self._units, self._closed, frozenset(operated), self._customers.shed, self._lost,
            None if self._customers.load_control == "section" else self._customers.ordered, planned_kw, by_island,
            with_frequency=self._frequency is not None,
            storage_loses=any(not ess.lossless for ess in self.view.ess.values()),
            loads_vary=bool(self.case.zip_shares),
        )  # fmt: skip
        tables = series(self.view, settled) | ({"cold_load": cold_load} if cold_load else {})
        record = StepRecord(
            tables,
            [{"time_min": time_min, **row} for row in events],
            [{"time_min": time_min, "step": self.step_count, **row} for row in violations],
        )
        self.step_count += 1
        self._end_min = time_min + self.step_min
        return record

    def _check(
        self,
        time_min: float,
        demand: Mapping[str, tuple[float, float]],
        pv_pu: Mapping[str, float],
        switch_orders: Mapping[str, bool],
        area_orders: Mapping[str, LocalAreaOrder],
        planned_kw: Mapping[str, float],
    ) -> None:
        if self._now is not None and time_min != self._end_min:
            raise ValueError(f"step at {time_min} min, but the last one ended at {self._end_min} min")
        for la in (*demand, *planned_kw, *area_orders):
            if la not in self._demand:
                raise ValueError(f"unknown local area {la!r}")
        if not all(math.isfinite(kw) for kw in planned_kw.values()):
            raise ValueError(f"planned supply is not finite: {dict(planned_kw)}")
        for la, powers in demand.items():
            if not all(math.isfinite(power) for power in powers):
                raise ValueError(f"demand of local area {la}: {powers} is not finite")
            if any(powers) and not self._shares[la]:
                raise ValueError(f"demand {powers} of local area {la}, which has no loaded bus")
        for unit, pu in pv_pu.items():
            if unit not in self.view.pv or not (math.isfinite(pu) and pu >= 0):
                raise ValueError(f"available power {pu} of {unit!r}: must be a PV unit and a number, 0 or more")
        for branch in switch_orders:
            if branch not in self.view.branches or not self.view.branches[branch].switchable:
                raise ValueError(f"order to {branch!r}, which is no switchable branch")
        for la, order in area_orders.items():
            self._customers.check(la, order)
            for unit in order["units"]:
                if unit not in self._units_by_area[la]:
                    raise ValueError(f"order of local area {la!r} to {unit!r}, which is no unit of it")

    def _meet(self, demand: Mapping[str, tuple[float, float]], pv_pu: Mapping[str, float]) -> None:
        """Take what customers and the sky bring in this step."""
        for la in self.view.local_areas:
            p_kw, q_kvar = demand.get(la, (0.0, 0.0))
            self._demand[la] = (float(p_kw), float(q_kvar))
        for unit in self._units.values():
            if unit.weather_driven:
                unit.available_kw = unit.s_kva * min(float(pv_pu.get(unit.id, 0.0)), 1.0)

    def _operate(self, orders: Mapping[str, bool], events: list[Row]) -> tuple[list[str], set[str]]:
        """Operate switches; returns faulted branches that were closed (and are open again), and all operated."""
        closed_on_fault: list[str] = []
        operated: set[str] = set()
        acts, told = self._equipment.acting(orders)
        events += told
        for branch, closed in acts.items():
            if closed == self._closed[branch]:
                continue
            if closed and self._equipment.interlocked(branch):
                text = "not closed: it would join an infeed that returned with another live island"
                events.append(event("closing_blocked", branch, text=text, cause="interlock"))
                continue
            operated.add(branch)
            self._shed_min.pop(branch, None)
            events.append(event("switch_operated", branch, int(closed), "", "closed" if closed else "opened"))
            if closed and branch in self._equipment.faults.elements:
                closed_on_fault.append(branch)
                events.append(
                    event("protection_trip", branch, None, "", "closed onto a fault; open again", "a fault on it")
                )
            else:
                self._closed[branch] = bool(closed)
        return closed_on_fault, operated

    def _take_orders(self, area_orders: Mapping[str, LocalAreaOrder]) -> None:
        for order in area_orders.values():
            for unit, unit_order in order["units"].items():
                self._units[unit].receive(unit_order)
        self._customers.take(area_orders)

    def _prepare(self, island: Island, planned_kw: Mapping[str, float], closed_on_fault: list[str]) -> IslandStep:
        """Choose the island's balance unit and let its units take up their states."""
        buses = set(island.buses)
        units = {u.id: u for u in self._units.values() if u.bus in buses}
        live = any(self._energised_since[bus] is not None for bus in island.buses)
        choice = choose_balance_unit(
            self._equipment.balance_order,
            units,
            willing={u.id for u in units.values() if u.willing_to_form()},
            on_line={u.id for u in units.values() if live and u.able_to_take_over()},
            forming={u.id for u in units.values() if u.was[0] == "form"},
        )
        demand = {la: self._spread(la, choice.unit is not None) for la in self._areas_in(buses)}
        customers = self._customers
        one = IslandStep(
            island,
            choice,
            units,
            demand,
            {la: self._value(la, planned_kw[la]) for la in demand},
            customers.ordered,
            {la: customers.on[la] for la in demand},
            customers.load_control,
            self.view,
            planned_kw={la: planned_kw[la] for la in demand},
        )
        if any(end in buses for b in closed_on_fault for end in self._ends(b)):
            one.choice = BalanceChoice(None)
            one.fail("protection", "closed onto a fault")
        elif (live or choice.unit) and (faulted := self._equipment.faults.within(island)):
            one.choice = BalanceChoice(None)
            one.fail("protection", f"fault on {faulted[0]}")
        for unit in choice.demoted:
            units[unit].demote()
        for unit in units.values():
            since = self._energised_since[unit.bus]
            energised_min = 0.0 if since is None or self._now is None else self._now - since
            unit.energise(one.energised, energised_min, forming=unit.id == one.choice.unit)
        return one

    def _supplied(self, before: Before) -> dict[str, float]:
        """Share of each LA's customers who had supply in the step before."""
        areas = self.view.local_areas.values()
        return {la.id: before.on[la.id] if la.buses[0] in before.energised else 0.0 for la in areas}

    def _value(self, la: str, planned_kw: float) -> tuple[float, float]:
        """What is shed last: what the plan serves times priority; where it serves nobody, what is demanded."""
        priority = self.view.local_areas[la].priority
        return priority * planned_kw, priority * self._demand[la][0]

    def _solve(self, state: State) -> list[IslandSolution | None]:
        began = clock()
        try:
            return self._power_flow.solve([state])[0]
        finally:
            self.power_flow_seconds += clock() - began

    def _book(self, islands: list[IslandStep]) -> None:
        """Make what happened the state that the next step starts from."""
        for one in islands:
            self._customers.on.update({la: one.share(la) for la in one.demand})
            for unit in one.units.values():
                unit.commit(*one.output.get(unit.id, (0.0, 0.0)))
            for bus in one.island.buses:
                since = self._energised_since[bus]
                self._energised_since[bus] = None if not one.energised else self._now if since is None else since
        self._equipment.interlock.book(islands)

    def _measure(self, la: str) -> LocalAreaMeasurement:
        since = self._energised_since[self.view.local_areas[la].buses[0]]
        p_kw, q_kvar = self._demand[la]
        return {
            "time_min": self._end_min,
            "energised": since is not None,
            "energised_min": 0.0 if since is None else self._end_min - since,
            "share_on": self._customers.on[la],
            "demand_p_kw": p_kw,
            "demand_q_kvar": q_kvar,
            "supply_changes_min": list(self._supply.changes_min[la]),
            "units": {u.id: u.measurement(self._end_min) for u in self._units_by_area[la].values()},
        }

    def _fault_row(self, branch: str, islands: list[IslandStep]) -> Row:
        island = next(one.island.id for one in islands if self._ends(branch)[0] in one.island.buses)
        return violation(island, "faulted_branch_closed", branch, 1.0, 0.0, "")

    def _energised_buses(self) -> set[str]:
        return {bus for bus, since in self._energised_since.items() if since is not None}

    def _ends(self, branch: str) -> tuple[str, str]:
        return self.view.branches[branch].from_bus, self.view.branches[branch].to_bus

    def _bus_of(self, unit: str) -> str:
        return self.view.units[unit].bus

    def _areas_in(self, buses: set[str]) -> list[str]:
        return [la.id for la in self.view.local_areas.values() if la.buses[0] in buses]

    def _spread(self, la: str, energised: bool = False) -> dict[str, Power]:
        """Demand by bus: what customers draw who have supply in this step, else the base course."""
        p_kw, q_kvar = self._demand[la]
        multiple = self._multiple(la) if energised and self._customers.on[la] > 0 else 1.0
        p_kw, q_kvar = p_kw * multiple, q_kvar * multiple
        return {bus: (p_kw * share, q_kvar * share) for bus, share in self._shares[la].items()}

    def _multiple(self, la: str) -> float:
        assert self._now is not None
        return self._supply.multiple(la, self._now, self._now + self.step_min)

    def _meter(self, islands: list[IslandStep]) -> tuple[list[Row], list[Row]]:
        """Book who had supply and what each LA drew, the base course where it had none; see ``SupplyLog.book``."""
        assert self._now is not None
        supplied = {la: one.energised and one.share(la) > 0 for one in islands for la in one.demand}
        base_kw = {la: p_kw for la, (p_kw, _) in self._demand.items()}
        for one in islands:
            for la in one.demand:
                if not supplied[la]:
                    one.demand[la] = self._spread(la)
                else:
                    (p_kw, q_kvar), multiple = self._demand[la], self._multiple(la)
                    self._demand[la] = p_kw * multiple, q_kvar * multiple
        return self._supply.book(
            self._now, self._now + self.step_min, {la: supplied[la] for la in self.view.local_areas}, base_kw
        )
