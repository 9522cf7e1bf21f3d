"""An energy gateway: assesses its LA's PSC, schedules the LA's own units, and keeps them on the net power ordered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from controllers.gateway_dispatch import Device, correct_active, correct_reactive, reactive_limit
from controllers.gateway_model import LocalAreaProblem, LocalAreaSchedule, solve_local_area
from controllers.messages import (
    Forecast,
    LocalAreaMeasurement,
    LocalAreaOrder,
    NetPowerPlan,
    PscMessage,
    UnitOrder,
    UnitState,
)
from controllers.psc import assess, start_up_remaining, units_of
from scenarios.schema import Scenario
from scenarios.view import EssUnit, GridView, NbsuUnit, PvUnit

ON_LINE = ("follow", "form")


@dataclass(frozen=True)
class _Remainder:
    """The steps of a net power plan that were not over when it was taken up, with the LA's schedule for them."""

    plan: NetPowerPlan
    first: int
    problem: LocalAreaProblem
    schedule: LocalAreaSchedule

    def step_at(self, time_min: float) -> int | None:
        """Index into the remaining steps of the one in force; None past the end."""
        if time_min >= self.plan["end_min"]:
            return None
        return max((t for t in self.problem.steps if self.problem.step_start_min[t] <= time_min), default=0)


class EnergyGateway:
    """The controller of one local area. It sees its own measurements and forecast, and the plans sent to it."""

    def __init__(self, view: GridView, la_id: str, scenario: Scenario) -> None:
        """Raises KeyError if the view has no such LA."""
        self.local_area = view.local_areas[la_id].id
        self._view = view
        self._scenario = scenario
        self._pv, self._ess, self._nbsu = units_of(view, la_id)
        self._time_min = 0.0
        self._measurement: LocalAreaMeasurement | None = None
        self._forecast: Forecast | None = None
        self._psc: PscMessage | None = None
        self._running: _Remainder | None = None
        self._picked_up: tuple[float, float] | None = None

    @property
    def schedule(self) -> LocalAreaSchedule | None:
        """The schedule in force; None before the first plan."""
        return self._running.schedule if self._running else None

    def assess(self, measurement: LocalAreaMeasurement, forecast: Forecast, time_min: float) -> PscMessage:
        """D_i of (1), for the dispatch centre."""
        self._time_min, self._measurement, self._forecast = time_min, measurement, forecast
        self._psc = assess(self._view, self.local_area, measurement, forecast, time_min)
        return self._psc

    def receive(self, plan: NetPowerPlan) -> None:
        """Take up a net power plan: solve (46) for what is left of it. One older than the plan in force is ignored.

        Raises ValueError for another LA's plan and for a plan before the first assessment.
        """
        if plan["local_area"] != self.local_area:
            raise ValueError(f"gateway of LA {self.local_area} was sent the net power plan of LA {plan['local_area']}")
        if self._running and plan["issued_at_min"] < self._running.plan["issued_at_min"]:
            return
        ends = (*plan["step_start_min"][1:], plan["end_min"])
        first = next((k for k, end in enumerate(ends) if end > self._time_min), len(ends))
        problem = self._problem(plan, first, ends)
        # the LP is proven equal to (43)–(45) for non-negative costs, and ten times faster
        schedule = solve_local_area(problem, cost_form="epigraph")
        self._running = _Remainder(plan, first, problem, schedule)

    def orders(self, time_min: float, measurement: LocalAreaMeasurement) -> LocalAreaOrder:
        """Orders for one simulation step from ``time_min``: the schedule, corrected by a measurement one step old.

        The LA's units together shall give p_{i,t} plus the demand now measured, so that its net injection follows the
        plan. Before any plan and after its end every unit is off.
        """
        self._time_min, self._measurement = time_min, measurement
        running = self._running
        t = running.step_at(time_min) if running else None
        if running is None or t is None:
            return LocalAreaOrder(units={u: _order("off") for u in self._unit_ids}, pick_up=False)
        if not running.problem.energised[t]:
            return LocalAreaOrder(units={u: _order(self._state_when_dark(u)) for u in self._unit_ids}, pick_up=False)

        step = (running.plan["issued_at_min"], running.problem.step_start_min[t])
        pick_up, self._picked_up = step != self._picked_up, step
        served = pick_up or not measurement["shed"]
        p_target = running.problem.p_kw[t] + measurement["demand_p_kw"] * served
        q_target = running.problem.q_kvar[t] + measurement["demand_q_kvar"] * served

        former = running.plan["balance_unit"][running.first + t]
        devices = [self._device(u, running, t, former) for u in (*self._pv, *self._ess, *self._nbsu)]
        p = correct_active(p_target, devices)
        q = correct_reactive(q_target, self._reactive_limits(devices, p, running.problem, t))
        states = {d.id: self._state(d, running.problem.nbsu_state[t]) for d in devices}
        orders = {d.id: _order(states[d.id], p[d.id], q.get(d.id, 0.0)) for d in devices}
        return LocalAreaOrder(units=orders, pick_up=pick_up)

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
        age_min = starts[0] - self._psc["issued_at_min"] if starts else 0.0
        return LocalAreaProblem(
            pv=self._pv,
            ess=self._ess,
            nbsu=self._nbsu,
            step_start_min=tuple(starts),
            dt_h=tuple((end - start) / 60 for start, end in zip(starts, ends[first:], strict=True)),
            energised=tuple(energised),
            pv_connected=pv_connected(
                energised, starts, self._psc["energised_min"] + age_min if self._psc["energised_min"] else 0.0,
                self._scenario.pv.reconnect_delay_min,
            ),
            nbsu_state=tuple(plan["nbsu_state"][first:]),
            p_kw=tuple(plan["p_kw"][first:]),
            q_kvar=tuple(plan["q_kvar"][first:]),
            demand_p_kw=tuple(forecast["demand_p_kw"][k] for k in known),
            demand_q_kvar=tuple(forecast["demand_q_kvar"][k] for k in known),
            pv_pu={b.id: tuple(forecast["pv_pu"][b.id][k] for k in known) for b in self._pv},
            discharge_kwh={c.id: measured[c.id]["discharge_kwh"] for c in self._ess},
            charge_kwh={c.id: measured[c.id]["charge_kwh"] for c in self._ess},
            nbsu_first_kw={
                e.id: (measured[e.id]["p_min_kw"], measured[e.id]["p_max_kw"])
                for e in self._nbsu if measured[e.id]["state"] in ON_LINE
            },
            costs=self._scenario.gateway,
            options=self._scenario.dispatch_centre,
            min_power_factor=self._scenario.limits.min_power_factor,
        )

    def _state_when_dark(self, unit_id: str) -> UnitState:
        """In a dark LA an on-line NBSU idles, all else is off."""
        assert self._measurement is not None
        idles = unit_id in self._view.nbsu and self._measurement["units"][unit_id]["state"] in ON_LINE
        return "follow" if idles else "off"

    def _state(self, device: Device, nbsu_state: str) -> UnitState:
        if device.kind == "nbsu" and nbsu_state != "online":
            return "starting" if nbsu_state == "starting" else "off"
        return "form" if device.forms_voltage else "follow"

    def _device(self, unit: PvUnit | EssUnit | NbsuUnit, running: _Remainder, t: int, former: str | None) -> Device:
        """A unit with its schedule and the range expected of it in the next simulation step."""
        planned = running.schedule.p_kw[unit.id][t]
        if unit.id == former:
            kind = "ess" if isinstance(unit, EssUnit) else "nbsu"
            return Device(unit.id, kind, unit.s_kva, planned, planned, planned, forms_voltage=True)
        if isinstance(unit, PvUnit):
            forecast_kw = running.problem.pv_pu[unit.id][t] * unit.s_kva * running.problem.pv_connected[t]
            at_forecast = planned >= forecast_kw - 1e-3
            return Device(unit.id, "pv", unit.s_kva, planned, 0.0, self._pv_kw(unit, planned), at_forecast=at_forecast)
        if isinstance(unit, EssUnit):
            return Device(unit.id, "ess", unit.s_kva, planned, *self._ess_range(unit))
        return Device(unit.id, "nbsu", unit.s_kva, planned, *self._nbsu_range(unit, running.problem.nbsu_state[t], planned))

    def _age_min(self) -> float:
        assert self._measurement is not None
        return max(0.0, self._time_min - self._measurement["time_min"])

    def _pv_kw(self, unit: PvUnit, planned_kw: float) -> float:
        """What a PV is expected to have: as measured, or as planned where its reconnect delay is over just now."""
        assert self._measurement is not None
        measured = self._measurement["units"][unit.id]
        if measured["state"] in ON_LINE:
            return measured["p_max_kw"]
        waited = self._measurement["energised_min"] + self._age_min()
        connects = self._measurement["energised"] and waited >= self._scenario.pv.reconnect_delay_min
        return planned_kw if connects else 0.0

    def _ess_range(self, unit: EssUnit) -> tuple[float, float]:
        """Range of an ESS: as measured, or from rating and energy where it was off."""
        assert self._measurement is not None
        measured, hours = self._measurement["units"][unit.id], self._scenario.clock.sim_step_min / 60
        if measured["state"] in ON_LINE:
            return measured["p_min_kw"], measured["p_max_kw"]
        return -min(unit.s_kva, measured["charge_kwh"] / hours), min(unit.s_kva, measured["discharge_kwh"] / hours)

    def _nbsu_range(self, unit: NbsuUnit, nbsu_state: str, planned_kw: float) -> tuple[float, float]:
        """Range of an NBSU: as measured on line; its schedule when it comes on line now; its start-up power before."""
        assert self._measurement is not None
        measured = self._measurement["units"][unit.id]
        if nbsu_state == "off":
            return 0.0, 0.0
        if nbsu_state == "starting":
            return -unit.p_in_kw, -unit.p_in_kw
        if measured["state"] in ON_LINE:
            return measured["p_min_kw"], measured["p_max_kw"]
        if measured["state"] != "starting":
            return 0.0, 0.0
        ready = start_up_remaining(unit, measured, self._age_min()) <= 0
        return (planned_kw, planned_kw) if ready else (-unit.p_in_kw, -unit.p_in_kw)

    def _reactive_limits(
        self, devices: Sequence[Device], p: dict[str, float], problem: LocalAreaProblem, t: int
    ) -> dict[str, float]:
        """Reactive limits (kvar) of the units that are connected."""
        return {
            d.id: reactive_limit(d.s_kva, p[d.id], problem.sin_phi, problem.true_circle)
            for d in devices
            if (d.kind != "pv" or d.p_max_kw > 0 or problem.pv_connected[t]) and (d.kind != "nbsu" or problem.online(t))
        }


def pv_connected(
    energised: Sequence[bool], step_start_min: Sequence[float], energised_min: float, reconnect_delay_min: float
) -> tuple[bool, ...]:
    """X_{i,t−1} of (13c), (15c): whether PV is past its reconnect delay at the start of each step.

    ``energised_min`` is how long the LA has been energised at the first step's start. With a delay of one plan step
    this is: energised in the step before.
    """
    connected, since = [], -math.inf if not step_start_min else step_start_min[0] - energised_min
    for start, live in zip(step_start_min, energised, strict=True):
        since = since if live else math.inf
        connected.append(live and start - since >= reconnect_delay_min - 1e-9)
        if not live:
            since = math.inf
    return tuple(connected)


def _step_of(step_start_min: Sequence[float], time_min: float) -> int:
    """Index of the forecast step that holds a time; the first one for earlier times."""
    return max((k for k, start in enumerate(step_start_min) if start <= time_min), default=0)


def _order(state: UnitState, p_kw: float = 0.0, q_kvar: float = 0.0) -> UnitOrder:
    return UnitOrder(p_kw=p_kw, q_kvar=q_kvar, state=state)
