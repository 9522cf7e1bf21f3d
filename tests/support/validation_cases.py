"""Small cases, plans and constant series for the tests of validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.sim.validation.conditions import Conditions
from relight.sim.validation.validator import Validator
from relight.sim.validation.verdict import Verdict
from support.networks import Line, build_case, chain, ess, infeed, nbsu, pv

Judged = tuple[Case, dict[str, Any]]
"""a case and a plan's JSON"""


def constant(case: Case, kw: float | Mapping[str, float] = 100.0, kvar: float = 30.0, pv_pu: float = 0.5) -> Conditions:
    """The same demand in every LA that has a loaded bus, or by LA; the same sun everywhere; 30-min steps."""
    edges = np.arange(0.0, case.scenario.outage.duration_min + 1, 30.0)
    loaded = {la.id: sum(case.base_load_kw.get(b, 0.0) for b in la.buses) > 0 for la in case.view.local_areas.values()}
    p_kw = {la: (kw.get(la, 0.0) if isinstance(kw, Mapping) else kw) * loaded[la] for la in loaded}
    rows = np.ones(len(edges) - 1)
    return Conditions(
        edges,
        {la: power * rows for la, power in p_kw.items()},
        {la: kvar * rows * (power > 0) for la, power in p_kw.items()},
        dict.fromkeys(case.view.pv, pv_pu * rows),
    )


def step(
    start_min: float, closed: list[str], live: str | None, balance: str | None, units: Any = None, areas: Any = None
) -> dict[str, Any]:
    """A plan's step; ``live`` and ``balance`` are ids separated by blanks, None to leave them out.

    ``units`` give (kW, kvar) or (kW, kvar, state).
    """
    made: dict[str, Any] = {"start_min": start_min, "closed_branches": closed}
    if live is not None:
        made["energised_buses"] = live.split()
    if balance is not None:
        made["balance_units"] = balance.split()
    if units:
        keys = ("p_kw", "q_kvar", "state")
        made["units"] = {unit: dict(zip(keys, values, strict=False)) for unit, values in units.items()}
    if areas:
        made["local_areas"] = areas
    return made


def judge(case: Case, plan: dict[str, Any], engine: Any = "power-grid-model", **series: Any) -> Verdict:
    """The verdict by constant series; ``series`` goes to ``constant``."""
    conditions = constant(case, **series)
    validator = Validator(case, engine=engine, forecast=conditions, actual=conditions)
    return validator.validate(Plan.model_validate(plan))


def plan(*steps: dict[str, Any], **head: Any) -> dict[str, Any]:
    """A plan of 30-minute steps."""
    return {"step_min": 30, **head, "steps": list(steps)}


def _ring(closed: list[str]) -> Judged:
    case = build_case([*chain("a", "b", "c"), Line("c", "a")], [ess("a")])
    return case, plan(step(0, closed, "a b c", "ess.a"))


def not_radial(breaks: bool) -> Judged:
    return _ring(["a-b", "b-c", "c-a"] if breaks else ["a-b", "b-c"])


def no_balance_unit(breaks: bool) -> Judged:
    case = build_case(chain("a", "b", "c"), [ess("a")], loads={"a": 100.0, "b": 100.0})
    return case, plan(step(0, ["a-b"], "a b c" if breaks else "a b", "ess.a"))


def several_balance_units(breaks: bool) -> Judged:
    case = build_case(chain("a", "b", "c"), [ess("a"), ess("c")])
    return case, plan(step(0, ["a-b", "b-c"] if breaks else ["a-b"], "a b c", "ess.a ess.c"))


def _feeder(length_km: float, limits: dict[str, float], **line: Any) -> Judged:
    """2 MW at the end of a line."""
    lines = [Line("a", "b", length_km=length_km, **line)]
    case = build_case(lines, [ess("a", 20_000, 50_000)], loads={"b": 1.0}, limits=limits)
    return case, plan(step(0, ["a-b"], "a b", "ess.a"))


def not_converged(breaks: bool) -> Judged:
    return _feeder(150 if breaks else 40, {"vm_min_pu": 0.3, "max_loading_pct": 500})


def voltage_low(breaks: bool) -> Judged:
    return _feeder(20 if breaks else 19, {"vm_min_pu": 0.92})


def overload(breaks: bool) -> Judged:
    return _feeder(0.5, {}, max_i_ka=0.115 if breaks else 0.116)


def voltage_high(breaks: bool) -> Judged:
    case = build_case(
        [Line("a", "b", length_km=10)],
        [ess("a", 3000, 0, 9000), ess("b", 2000, 9000)],
        loads={"a": 1.0},
        limits={"vm_max_pu": 1.04},
    )
    return case, plan(step(0, ["a-b"], "a b", "ess.a", {"ess.b": (1900, 620 if breaks else 200)}))


def _follower(p_kw: float, q_kvar: float, hours: float = 0.5, **storage: Any) -> Judged:
    """A second ESS follows in the island of the first."""
    case = build_case(chain("a", "b"), [ess("a"), ess("b", **storage)])
    return case, plan(step(0, ["a-b"], "a b", "ess.a", {"ess.b": (p_kw, q_kvar)}), step_min=60 * hours)


def unit_p(breaks: bool) -> Judged:
    return _follower(500.1 if breaks else 500.04, 0)


def unit_q(breaks: bool) -> Judged:
    return _follower(0, 156.3 if breaks else 156.1)


def unit_s(breaks: bool) -> Judged:
    return _follower(500 if breaks else 475, 0.312 * 500)


def unit_energy(breaks: bool) -> Judged:
    return _follower(200, 0, hours=5, discharge_kwh=990.0 if breaks else 1000.0)


def unit_ramp(breaks: bool) -> Judged:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b", ramp_kw_per_h=100)])
    outputs = [(-10, 0, "starting"), (100, 0, "follow"), (151 if breaks else 150, 0, "follow")]
    return case, plan(*(step(30 * k, ["a-b"], "a b", "ess.a", {"nbsu.b": o}) for k, o in enumerate(outputs)))


def unit_start(breaks: bool) -> Judged:
    case = build_case(chain("a", "b"), [ess("a"), nbsu("b", start_min=31 if breaks else 30)])
    outputs = [(-10, 0, "starting"), (100, 0, "follow"), (100, 0, "follow")]
    return case, plan(*(step(30 * k, ["a-b"], "a b", "ess.a", {"nbsu.b": o}) for k, o in enumerate(outputs)))


def pv_reconnect(breaks: bool) -> Judged:
    case = build_case(chain("a", "b"), [ess("a"), pv("b")], pv={"reconnect_delay_min": 31 if breaks else 30})
    outputs = [(0, 0, "waiting"), (100, 20, "follow")]
    return case, plan(*(step(30 * k, ["a-b"], "a b", "ess.a", {"pv.b": o}) for k, o in enumerate(outputs)))


def pick_up(breaks: bool) -> Judged:
    """Half of 240 kVA at once: 100 kW when the step begins, or 200."""
    case = build_case(chain("a", "b"), [ess("a", 240.0)], world={"pick_up_limit_pct": 50})
    steps = [step(30 * k, ["a-b"] if k or breaks else [], "a b" if k or breaks else "a", "ess.a") for k in range(2)]
    return case, plan(*steps)


def before_first_order(breaks: bool) -> Judged:
    """The first orders take effect at minute 20."""
    outage = {"start": "2025-06-21T04:00", "duration_min": 300, "first_order_min": 17}
    lines = [Line("a", "b", closed=False)]
    case = build_case(lines, [ess("a")], {"b": 100.0}, outage=outage, clock={"sim_step_min": 10})
    return case, plan(step(0 if breaks else 20, [], "a", "ess.a"), step(30, ["a-b"], "a b", "ess.a"))


def faulted_branch_closed(breaks: bool) -> Judged:
    case = build_case([*chain("a", "b"), Line("b", "c", faulted=True)], [ess("a")])
    return case, plan(step(0, ["a-b", "b-c"] if breaks else ["a-b"], "a b", "ess.a"))


def unswitchable_branch_opened(breaks: bool) -> Judged:
    case = build_case([Line("a", "b", switchable=False)], [ess("a")], loads={"a": 100.0})
    return case, plan(step(0, [], "a" if breaks else "a b", "ess.a"))


def unsupplied_load(breaks: bool) -> Judged:
    case = build_case(chain("a", "b", "c"), [ess("a")])
    area = {"c": {"p_kw": -100, "q_kvar": -30, "demand_kw": 100 if breaks else 0}}
    return case, plan(step(0, ["a-b"], "a b", "ess.a", areas=area))


def area_left_off(breaks: bool) -> Judged:
    case = build_case(chain("a", "b"), [ess("a")], local_areas={"load_control": "section" if breaks else "area"})
    return case, plan(step(0, ["a-b"], "a b", "ess.a", areas={"b": {"p_kw": 0, "q_kvar": 0, "demand_kw": 0}}))


def served_in_part(breaks: bool) -> Judged:
    case = build_case(chain("a", "b"), [ess("a")], local_areas={"load_control": "area" if breaks else "part"})
    return case, plan(step(0, ["a-b"], "a b", "ess.a", areas={"b": {"p_kw": -40, "q_kvar": -12, "demand_kw": 40}}))


def power_balance(breaks: bool) -> Judged:
    """Set-points give 6 kW more or 3 kW less than the 200 kW drawn, of which 2 % (4 kW) is let pass."""
    case = build_case(chain("a", "b"), [ess("a"), ess("b")])
    p_kw = 106 if breaks else 97
    return case, plan(step(0, ["a-b"], "a b", "ess.a", {"ess.a": (100, 30), "ess.b": (p_kw, 30)}))


KINDS: dict[str, Callable[[bool], Judged]] = {
    make.__name__: make
    for make in (
        not_radial, no_balance_unit, several_balance_units, not_converged, voltage_low, voltage_high, overload,
        unit_p, unit_q, unit_s, unit_energy, unit_ramp, unit_start, pv_reconnect, pick_up, before_first_order,
        faulted_branch_closed, unswitchable_branch_opened, area_left_off, served_in_part, unsupplied_load,
        power_balance,
    )
}  # fmt: skip
"""Kind → a plan that breaks exactly it (True), or nearly does (False)."""
DEMAND_KW = dict.fromkeys(("not_converged", "voltage_low", "overload"), 2000.0)

__all__ = ["DEMAND_KW", "KINDS", "constant", "infeed", "judge", "plan", "step"]
