"""What follows from a plan for those who carry it out: orders to field terminals and to gateways."""

from __future__ import annotations

from ...scenarios.view import GridView
from ..exchange.messages import NetPowerPlan, SwitchOrder, UnitSchedule
from ..exchange.plan import Plan, PlanStep, UnitSetPoint
from ..milp.problem import Horizon
from ..milp.served import shares_by_step


def wanted_switches(step: PlanStep, view: GridView) -> dict[str, bool]:
    """The switches that can be operated, closed in a step or open; those that isolate a fault are to be open."""
    closed = set(step.closed_branches)
    return {b.id: b.id in closed for b in view.branches.values() if b.switchable and (b.isolates or not b.faulted)}


def switch_orders(wanted: dict[str, bool], at_min: float | None = None) -> list[SwitchOrder]:
    """An order per switch, for a time to come or, None, for now."""
    orders = [SwitchOrder(switch=switch, closed=closed) for switch, closed in wanted.items()]
    if at_min is not None:
        for order in orders:
            order["at_min"] = at_min
    return orders


def net_power_plans(plan: Plan, horizon: Horizon, *, per_device: bool = False) -> list[NetPowerPlan]:
    """For each gateway the part of a plan that it needs to know, in the order of the LAs; ``per_device`` with the
    set-points of its units. ``horizon`` is what the plan was made with."""
    view = horizon.graph.view
    live = [set(step.energised_buses or ()) for step in plan.steps]
    shares = shares_by_step(horizon, plan.steps)
    orders: list[NetPowerPlan] = []
    for la, area in view.local_areas.items():
        energised = [area.buses[0] in buses for buses in live]
        served = [of_step[la] for of_step in shares]
        orders.append(_net_power_plan(plan, view, la, energised, served, per_device=per_device))
    return orders


def _net_power_plan(
    plan: Plan, view: GridView, la: str, energised: list[bool], served: list[float], *, per_device: bool
) -> NetPowerPlan:
    own = set(view.units_in[la])
    areas = [step.local_areas.get(la) for step in plan.steps]
    order = NetPowerPlan(
        local_area=la,
        issued_at_min=plan.issued_at_min,
        step_start_min=[step.start_min for step in plan.steps],
        end_min=plan.end_min,
        energised=energised,
        served=served,
        p_kw=[a.p_kw if a else 0.0 for a in areas],
        q_kvar=[a.q_kvar if a else 0.0 for a in areas],
        p_ess_kw=[a.p_ess_kw if a else 0.0 for a in areas],
        p_pv_kw=[a.p_pv_kw if a else 0.0 for a in areas],
        p_nbsu_kw=[a.p_nbsu_kw if a else 0.0 for a in areas],
        nbsu_state=[a.nbsu_state if a else "off" for a in areas],
        balance_unit=[next((u for u in step.balance_units or () if u in own), None) for step in plan.steps],
    )
    if per_device:
        order["units"] = {u: _schedule(plan, u) for u in view.units if u in own and u not in view.infeeds}
    return order


def _schedule(plan: Plan, unit: str) -> UnitSchedule:
    """A unit's set-points in every step; off where the plan does not name it."""
    points = [step.units.get(unit, UnitSetPoint(p_kw=0.0, q_kvar=0.0, state="off")) for step in plan.steps]
    return UnitSchedule(
        p_kw=[u.p_kw for u in points], q_kvar=[u.q_kvar for u in points], state=[u.state or "off" for u in points]
    )
