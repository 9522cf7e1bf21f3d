"""An energy gateway: assesses its LA's PSC, schedules the LA's own units, and keeps them on the net power ordered.

Where it hears nothing of its dispatch centre for too long (``contact``) it runs its area by itself (``alone``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, TypedDict

from ...scenarios.angles import reactive_limit, sin_phi
from ...scenarios.schema.scenario import Scenario
from ...scenarios.view import EssUnit, GridView, PvUnit, without_units
from ..exchange.messages import (
    ON_LINE,
    Forecast,
    LocalAreaMeasurement,
    LocalAreaOrder,
    NetPowerPlan,
    PscBasis,
    PscMessage,
    UnitOrder,
    UnitState,
)
from ..exchange.psc import assess, units_of
from ..exchange.start_up import NbsuState
from .alone import LocalIsland
from .contact import CentreContact
from .correction import (
    Device,
    balance_device,
    correct_active,
    correct_reactive,
    ess_device,
    nbsu_device,
    pv_device,
)
from .followed_plan import FollowedPlan, as_ordered, demand_multiple, pv_connected
from .local_area_model import solve_local_area
from .local_area_problem import LocalAreaProblem, LocalAreaSchedule

Mode = Literal["plan", "hold", "alone"]
"""plan: follows the net power plan; hold: has none and leaves its units as they are; alone: runs its area by itself."""


class _CustomersOrder(TypedDict):
    customers: Literal["on", "off", "keep"]
    share: float


class EnergyGateway:
    """The controller of one local area. It sees its own measurements and forecast, and the plans sent to it."""

    def __init__(
        self,
        view: GridView,
        la_id: str,
        scenario: Scenario,
        *,
        per_device: bool = False,
        constant_power: bool = False,
        heard_min: float = 0.0,
    ) -> None:
        """``per_device``: it reports the state of every unit. ``constant_power``: its units give what the plan says,
        whatever the demand now measured. It was in contact with the dispatch centre until ``heard_min``, when it came
        to life. Raises KeyError if the view has no such LA."""
        self.local_area = view.local_areas[la_id].id
        self._view = view
        self._scenario, self._per_device, self._constant_power = scenario, per_device, constant_power
        self._all_units, self._failed = view, frozenset[str]()
        self._pv, self._ess, self._nbsu = units_of(view, la_id)
        self._contact = CentreContact.over(scenario.communication, heard_min)
        self._alone_since: float | None = None
        self._local = LocalIsland(
            self._pv,
            self._ess,
            self._nbsu,
            scenario.pv.reconnect_delay_min,
            sin_phi=sin_phi(scenario.limits.min_power_factor),
        )
        self._time_min = 0.0
        self._measurement: LocalAreaMeasurement | None = None
        self._forecast: Forecast | None = None
        self._forecast_before: Forecast | None = None
        """the forecast of the step that the last measurement is of"""
        self._psc: PscMessage | None = None
        self._running: FollowedPlan | None = None
        self._waiting: list[NetPowerPlan] = []
        """plans that begin later, in the order of time"""
        self._begun: tuple[tuple[float, float], float] | None = None
        """(issue and start of the plan step) for which customers were last switched, and when"""

    @property
    def schedule(self) -> LocalAreaSchedule | None:
        """The schedule in force; None before the first plan."""
        return self._running.schedule if self._running else None

    @property
    def mode(self) -> Mode:
        """What it does since its last orders."""
        return "alone" if self._alone_since is not None else "plan" if self._running else "hold"

    def in_contact(self, time_min: float) -> bool:
        """Whether it has heard of the dispatch centre lately."""
        return self._contact.holds(time_min)

    def assess(self, measurement: LocalAreaMeasurement, forecast: Forecast, time_min: float) -> PscMessage:
        """D_i of (1), for the dispatch centre, with what it was made from and what the gateway follows."""
        if self._forecast is not None and time_min > self._time_min:
            self._forecast_before = self._forecast
        self._time_min, self._measurement, self._forecast = time_min, measurement, forecast
        self._leave_out(frozenset(u for u, metered in measurement["units"].items() if metered.get("failed")))
        self._psc = assess(
            self._view,
            self.local_area,
            measurement,
            forecast,
            time_min,
            ess_aggregation=self._scenario.dispatch_centre.ess_aggregation,
            per_device=self._per_device,
        )
        if self._failed:
            self._psc["out_of_service"] = sorted(self._failed)
        infeeds = {u: metered for u, metered in measurement["units"].items() if "upstream_live" in metered}
        if infeeds:
            self._psc["infeeds"] = {
                u: "connected" if metered["state"] == "form" else "live" if metered.get("upstream_live") else "dead"
                for u, metered in infeeds.items()
            }
        newest = self._newest_plan if self._alone_since is None else None
        self._psc["plan_issued_at_min"] = newest["issued_at_min"] if newest else None
        self._psc["alone"] = self._alone_since is not None
        self._psc["basis"] = PscBasis(measurement=measurement, forecast=forecast)
        return self._psc

    def _leave_out(self, failed: frozenset[str]) -> None:
        """Assess and schedule without units that have failed."""
        if failed != self._failed:
            self._failed = failed
            self._view = without_units(self._all_units, failed)
            self._pv, self._ess, self._nbsu = units_of(self._view, self.local_area)

    def hear(self, time_min: float) -> None:
        """A message of the dispatch centre has arrived, whatever it says."""
        self._contact.hear(time_min)

    def receive(self, plan: NetPowerPlan) -> None:
        """Take up a net power plan, or let it wait until it begins.

        One older than the newest that it has is ignored, and so is that one itself unless the gateway has given it up.
        Raises ValueError for another LA's plan and for a plan before the first assessment.
        """
        if plan["local_area"] != self.local_area:
            raise ValueError(f"gateway of LA {self.local_area} was sent the net power plan of LA {plan['local_area']}")
        if newest := self._newest_plan:
            newer_by_min = plan["issued_at_min"] - newest["issued_at_min"]
            if newer_by_min < 0 or (newer_by_min == 0 and self._alone_since is None):
                return
        begins_min = plan["step_start_min"][0]
        self._waiting = [one for one in self._waiting if one["step_start_min"][0] < begins_min]
        if begins_min > self._time_min:
            self._waiting.append(plan)
        else:
            self._take_up(plan)

    @property
    def _newest_plan(self) -> NetPowerPlan | None:
        if self._waiting:
            return self._waiting[-1]
        return self._running.plan if self._running else None

    def _take_up(self, plan: NetPowerPlan) -> None:
        """Follow a plan from now on: solve (46) for what is left of it. One that schedules every unit leaves nothing to
        solve."""
        ends = (*plan["step_start_min"][1:], plan["end_min"])
        first = next((k for k, end in enumerate(ends) if end > self._time_min), len(ends))
        problem = self._problem(plan, first, ends)
        if "units" in plan:
            schedule = as_ordered(plan["units"], first, problem)
        else:
            # the LP is proven equal to (43)–(45) for non-negative costs, and ten times faster
            schedule = solve_local_area(problem, cost_form="epigraph")
        self._running = FollowedPlan(plan, first, problem, schedule)
        self._alone_since = None

    def orders(self, time_min: float, measurement: LocalAreaMeasurement) -> LocalAreaOrder:
        """Orders for one simulation step from ``time_min``, asked for once all messages of the instant have arrived.

        By plan, or alone where it has none that still holds and hears of nobody who could send one. Before any plan
        units are left as they are, after its end every unit is off. Nobody acts before the first plan step begins.
        """
        self._time_min, self._measurement = time_min, measurement
        if time_min < self._scenario.first_step_min:
            return LocalAreaOrder(units={}, customers="keep", share=1.0)
        while self._waiting and self._waiting[0]["step_start_min"][0] <= time_min:
            self._take_up(self._waiting.pop(0))
        running = self._running
        t = running.step_at(time_min) if running else None
        expired = t is None or not self._contact.keeps_plan(time_min)
        if self._alone_since is None and expired and not self._contact.holds(time_min):
            self._alone_since = time_min
        if self._alone_since is not None:
            return self._orders_alone(time_min, measurement, self._alone_since)
        if running is None:
            return LocalAreaOrder(units={}, customers="keep", share=1.0)
        if t is None:
            return LocalAreaOrder(units={u: _order("off") for u in self._unit_ids}, customers="keep", share=1.0)
        return self._orders_by_plan(running, t, time_min, measurement)

    def _orders_alone(self, time_min: float, measurement: LocalAreaMeasurement, since_min: float) -> LocalAreaOrder:
        held_net = self._running.net_at(since_min) if self._running else (0.0, 0.0)
        attempt = (time_min - since_min) % self._scenario.clock.plan_step_min == 0
        # Nobody tells a gateway on its own of cold load pick-up.
        return self._local.orders(time_min, measurement, self._demand_now(measurement, 1.0), held_net, attempt)

    def _orders_by_plan(
        self, running: FollowedPlan, t: int, time_min: float, measurement: LocalAreaMeasurement
    ) -> LocalAreaOrder:
        """The schedule, corrected by a measurement one step old.

        The LA's units together shall give p_{i,t} plus the demand now measured, so that its net injection follows the
        plan.
        """
        problem = running.problem
        begins = problem.energised[t] and self._begins(
            (running.plan["issued_at_min"], problem.step_start_min[t]), time_min
        )
        breakers = self._breakers(running, t, measurement)
        # A black start is tried when a plan step begins. If the area is dark after that, it waits for the next.
        if not problem.energised[t] or not (measurement["energised"] or begins):
            idle = {u: _order(self._state_when_dark(u, measurement)) for u in self._unit_ids}
            return LocalAreaOrder(units=idle | breakers, customers="keep", share=1.0)

        share = problem.served[t] if begins else measurement["share_on"]
        demand_kw, demand_kvar = self._demand_now(measurement, running.demand_multiple(t))
        p_target = problem.p_kw[t] + demand_kw * share
        if self._constant_power:
            p_target = problem.target_p(t)
        q_target = problem.q_kvar[t] + demand_kvar * share

        devices = self._devices(running, t, time_min, measurement)
        p = correct_active(p_target, devices)
        limits = {
            d.id: reactive_limit(d.s_kva, p[d.id] if problem.true_circle else 0.0, problem.sin_phi)
            for d in devices
            if d.connected
        }
        q = correct_reactive(q_target, limits)
        orders = {d.id: _order(_state(d, running.nbsu_state(d.id, t)), p[d.id], q.get(d.id, 0.0)) for d in devices}
        return LocalAreaOrder(units=orders | breakers, **_customers(begins, problem.served[t]))

    def _breakers(self, running: FollowedPlan, t: int, measurement: LocalAreaMeasurement) -> dict[str, UnitOrder]:
        """Orders to infeeds that were dead: closed where the plan has one form the voltage, else open."""
        forming = running.plan["balance_unit"][running.first + t]
        return {
            u: _order("form" if u == forming and running.problem.energised[t] else "off")
            for u, metered in measurement["units"].items()
            if "upstream_live" in metered
        }

    def _demand_now(self, measurement: LocalAreaMeasurement, multiple: float) -> tuple[float, float]:
        """Demand (kW, kvar) expected of this step: as measured, moved by what the forecast says has changed since.

        What customers would take who are dark or off cannot be metered: there the forecast counts, times the
        ``multiple`` of cold load pick-up that the dispatch centre counts with.
        """
        metered = measurement["demand_p_kw"], measurement["demand_q_kvar"]
        if self._forecast is None:
            return metered
        if not (measurement["energised"] and measurement["share_on"] > 0):
            return self._forecast["demand_p_kw"][0] * multiple, self._forecast["demand_q_kvar"][0] * multiple
        # By one issue of the forecast: the difference of two also holds what was learnt in between.
        before = self._forecast_before or self._forecast
        now = _step_of(before["step_start_min"], self._time_min)
        p_kw, q_kvar = before["demand_p_kw"], before["demand_q_kvar"]
        return metered[0] + p_kw[now] - p_kw[0], metered[1] + q_kvar[now] - q_kvar[0]

    def _pv_change_kw(self, unit: PvUnit) -> float:
        """How much more a PV is forecast to give now than when it was last measured."""
        if self._forecast_before is None:
            return 0.0
        before = self._forecast_before
        now = _step_of(before["step_start_min"], self._time_min)
        return (before["pv_pu"][unit.id][now] - before["pv_pu"][unit.id][0]) * unit.s_kva

    @property
    def _unit_ids(self) -> list[str]:
        return [u.id for u in (*self._pv, *self._ess, *self._nbsu)]

    def _problem(self, plan: NetPowerPlan, first: int, ends: Sequence[float]) -> LocalAreaProblem:
        """Data of (46) for a plan's steps from ``first`` on, from the last measurement and forecast."""
        if self._measurement is None or self._forecast is None or self._psc is None:
            raise ValueError(f"gateway of LA {self.local_area} was sent a plan before it had assessed its area")
        measured, forecast = self._measurement["units"], self._forecast
        starts = [max(start, self._time_min) for start in plan["step_start_min"][first:]]
        known = [_step_of(forecast["step_start_min"], start) for start in starts]
        energised = plan["energised"][first:]
        multiples = [demand_multiple(plan, first + t) for t in range(len(starts))]
        age_min = starts[0] - self._psc["issued_at_min"] if starts else 0.0
        return LocalAreaProblem(
            pv=self._pv,
            ess=self._ess,
            nbsu=self._nbsu,
            step_start_min=tuple(starts),
            dt_h=tuple((end - start) / 60 for start, end in zip(starts, ends[first:], strict=True)),
            plan_step_h=self._scenario.clock.plan_step_min / 60,
            energised=tuple(energised),
            served=tuple(plan["served"][first:]),
            pv_connected=pv_connected(
                energised,
                starts,
                self._psc["energised_min"] + age_min if self._psc["energised_min"] else 0.0,
                self._scenario.pv.reconnect_delay_min,
            ),
            nbsu_state=tuple(plan["nbsu_state"][first:]),
            p_kw=tuple(plan["p_kw"][first:]),
            q_kvar=tuple(plan["q_kvar"][first:]),
            demand_p_kw=tuple(forecast["demand_p_kw"][k] * m for k, m in zip(known, multiples, strict=True)),
            demand_q_kvar=tuple(forecast["demand_q_kvar"][k] * m for k, m in zip(known, multiples, strict=True)),
            pv_pu={b.id: tuple(forecast["pv_pu"][b.id][k] for k in known) for b in self._pv},
            discharge_kwh={c.id: measured[c.id]["discharge_kwh"] for c in self._ess},
            charge_kwh={c.id: measured[c.id]["charge_kwh"] for c in self._ess},
            nbsu_first_kw={
                e.id: (measured[e.id]["p_min_kw"], measured[e.id]["p_max_kw"])
                for e in self._nbsu
                if measured[e.id]["state"] in ON_LINE
            },
            costs=self._scenario.gateway,
            options=self._scenario.dispatch_centre,
            min_power_factor=self._scenario.limits.min_power_factor,
        )

    def _devices(
        self, running: FollowedPlan, t: int, time_min: float, measurement: LocalAreaMeasurement
    ) -> list[Device]:
        """The LA's units with their schedule and the range expected of them in the next simulation step."""
        problem, measured = running.problem, measurement["units"]
        age_min = max(0.0, time_min - measurement["time_min"])
        forming = running.plan["balance_unit"][running.first + t]
        devices = []
        for unit in (*self._pv, *self._ess, *self._nbsu):
            if unit.id not in running.schedule.p_kw:
                continue  # back in service since the plan was made: it waits for the next
            planned = running.schedule.p_kw[unit.id][t]
            if unit.id == forming and not isinstance(unit, PvUnit):
                device = balance_device(unit, planned)
            elif isinstance(unit, PvUnit):
                forecast = problem.pv_pu[unit.id][t] * unit.s_kva * problem.pv_connected[t]
                delay = self._scenario.pv.reconnect_delay_min
                device = pv_device(unit, planned, forecast, measurement, age_min, delay)
                if device.connected and "units" in running.plan:
                    # Device by device a plan may leave an ESS nothing to spare for what the forecast knew anyway.
                    expected = device.p_max_kw + self._pv_change_kw(unit)
                    device = replace(device, p_max_kw=min(max(expected, 0.0), unit.s_kva))
            elif isinstance(unit, EssUnit):
                device = ess_device(unit, planned, measured[unit.id])
            else:
                device = nbsu_device(unit, planned, measured[unit.id], age_min, running.nbsu_state(unit.id, t))
            devices.append(device)
        return devices

    def _begins(self, step: tuple[float, float], time_min: float) -> bool:
        """Whether this is the first simulation step of a plan step; asked twice in one instant it says the same."""
        if self._begun is None or self._begun[0] != step:
            self._begun = (step, time_min)
        return self._begun[1] == time_min

    def _state_when_dark(self, unit_id: str, measurement: LocalAreaMeasurement) -> UnitState:
        """In a dark LA an on-line NBSU idles, all else is off."""
        idles = unit_id in self._view.nbsu and measurement["units"][unit_id]["state"] in ON_LINE
        return "idle" if idles else "off"


def _step_of(step_start_min: Sequence[float], time_min: float) -> int:
    """Index of the forecast step that holds a time; the first one for earlier times."""
    return max((k for k, start in enumerate(step_start_min) if start <= time_min), default=0)


def _order(state: UnitState, p_kw: float = 0.0, q_kvar: float = 0.0) -> UnitOrder:
    return UnitOrder(p_kw=p_kw, q_kvar=q_kvar, state=state)


def _customers(begins: bool, served: float) -> _CustomersOrder:
    """What becomes of customers in a live area: switched when a plan step begins, on or, if none is served, off."""
    if not begins:
        return {"customers": "keep", "share": 1.0}
    return {"customers": "on" if served > 0 else "off", "share": served if served > 0 else 1.0}


def _state(device: Device, nbsu_state: NbsuState) -> UnitState:
    """The state to order of a unit in an energised LA."""
    if device.kind == "nbsu" and nbsu_state != "online":
        return nbsu_state
    return "form" if device.forms_voltage else "follow"
