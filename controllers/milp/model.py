"""The dispatch centre's MILP (41): max (18) s.t. (13), (19)–(40), built once and kept while its data change.

Read ``contents`` as a table of contents: each entry is a function in ``units``, ``topology`` or ``powerflow`` that
states one equation, and the Pyomo component of the same name.

Power balances hold per section. Voltages, and flows between the LAs of a section, are in the model only when it is
built ``detailed``: they rarely bind, and the planner checks them (see ``planner``).
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyomo.environ as pyo

from .. import storage_losses
from . import cold_load, continuity, pick_up, powerflow, served, topology, units
from . import constant_power as constant
from .declarations import Model, declare_data, declare_loops, declare_sets, declare_variables
from .objective import restored_energy
from .problem import AreaGraph, Horizon
from .stricter_limits import NO_ROWS, Form, tighten

Contents = Mapping[str, tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]]


def contents(m: Model, static: bool) -> Contents:
    """Constraint family → its constraints, each with the sets it is written over."""
    L, S, T, Z = m.L, m.S, m.T, m.Z
    table: dict[str, tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]] = {
        "pv": (
            (units.pv_energised, (m.PV, T)),
            (units.pv_reconnects, (m.PV, T, m.LAG)),
            (units.pv_was_connected, (m.PV, T)),
            (units.pv_available, (m.PV, T)),
        ),
        "ess": (
            (units.ess_power_max, (m.ESS, T)),
            (units.ess_power_min, (m.ESS, T)),
            (units.ess_state, (m.ESS, T)),
            (units.ess_energy_max, (m.ESS, T)),
            (units.ess_energy_min, (m.ESS, T)),
            *storage_losses.rows(m),
        ),
        "nbsu": (
            (units.nbsu_launched_once, (m.NBSU,)),
            (units.nbsu_launch_allowed, (m.NBSU, m.K)),
            (units.nbsu_start_energised, (m.NBSU, T)),
            (units.nbsu_power_min, (m.NBSU, T)),
            (units.nbsu_power_max, (m.NBSU, T)),
            (units.nbsu_power_energised, (m.NBSU, T)),
            (units.nbsu_ramp_up, (m.NBSU, T)),
            (units.nbsu_ramp_down, (m.NBSU, T)),
            (units.nbsu_recent_max, (m.NBSU,)),
            (units.nbsu_recent_min, (m.NBSU,)),
        ),
        "reactive": (
            (units.q_max, (m.KIND, T)),
            (units.q_min, (m.KIND, T)),
            (units.q_nbsu_energised_max, (m.NBSU, T)),
            (units.q_nbsu_energised_min, (m.NBSU, T)),
        ),
        "infeed": (
            (powerflow.infeed_max, (m.INFEED, T)),
            (powerflow.infeed_min, (m.INFEED, T)),
            (powerflow.infeed_q_max, (m.INFEED, T)),
            (powerflow.infeed_q_min, (m.INFEED, T)),
        ),
        "states": (
            (topology.within_window, (S, T)),
            (topology.held_by_fault, (m.HELD, T)),
            *(((served.served_live, (m.LA, T)),) if m.by_area else ()),
            (topology.live_infeed_forms, (m.INFEED, T)),
            (topology.switch_joins_from, (m.SWITCH, T)),
            (topology.switch_joins_to, (m.SWITCH, T)),
        ),
        "forest": (
            (topology.edge_closed, (m.SWITCH, T)),
            (topology.edge_energised_from, (m.SWITCH, T)),
            (topology.edge_energised_to, (m.SWITCH, T)),
            (topology.edge_complete, (m.SWITCH, T)),
            (topology.edge_directed, (m.SWITCH, T)),
            (topology.one_parent, (S, T)),
            (topology.root_online, (m.NBSU_ROOT, T)),
        ),
        "loops": (
            (topology.loop_connected, (m.LOOPED, T)),
            (topology.loop_flow_max, (m.LOOP, T)),
            (topology.loop_flow_min, (m.LOOP, T)),
            (topology.loop_supply, (m.LOOPED, T)),
        ),
        "switching": (
            (topology.operation_closes, (m.SWITCH, T)),
            (topology.operation_opens, (m.SWITCH, T)),
        ),
        "balance": (
            (powerflow.active_balance, (Z, T)),
            (powerflow.reactive_balance, (Z, T)),
        ),
        "flow_limits": (
            (powerflow.active_flow_max, (L, T)),
            (powerflow.active_flow_min, (L, T)),
            (powerflow.reactive_flow_max, (L, T)),
            (powerflow.reactive_flow_min, (L, T)),
        ),
    }
    if m.detailed:
        table["voltage"] = (
            (powerflow.voltage_drop, (m.FIXED, T)),
            (powerflow.voltage_drop_max, (m.SWITCH, T)),
            (powerflow.voltage_drop_min, (m.SWITCH, T)),
            (powerflow.voltage_max, (Z, T)),
            (powerflow.voltage_min, (Z, T)),
            (powerflow.reference_max, (m.ROOT, T)),
            (powerflow.reference_min, (m.ROOT, T)),
        )
    if len(m.CUT):
        table["cuts"] = ((topology.no_good, (m.CUT, T)),)
    if m.inside_rating_asked:
        table["ratings"] = ((powerflow.inside_rating, (m.RATED, m.SIDE, T)),)
    if m.inside_circle_asked:
        table["apparent_power"] = (
            (units.inside_circle, (m.KIND, m.SIGN, m.SIGN, T)),
            (powerflow.infeed_inside_circle, (m.INFEED, m.SIDE, T)),
        )
    table |= cold_load.contents(m) | pick_up.contents(m) | continuity.contents(m)
    if static:
        table["static"] = (
            (topology.static_sections, (S, T)),
            *(((served.static_served, (m.LA, T)),) if m.by_area else ()),
            (topology.static_topology, (m.SWITCH, T)),
        )
    if m.growing_asked:
        table["growing"] = (
            (topology.growing_sections, (S, T)),
            *(((served.growing_served, (m.LA, T)),) if m.by_area else ()),
        )
    if m.closing_asked:
        table["closing"] = ((topology.closing_switches, (m.SWITCH, T)),)
    if m.constant_power_asked:
        table["constant_power"] = (
            (constant.same_balance_unit, (m.ROOT, T)),
            (constant.constant_pv_max, (m.PV, T)),
            (constant.constant_pv_min, (m.PV, T)),
            (constant.constant_ess, (m.ESS, m.SIGN, T)),
            (constant.constant_nbsu, (m.NBSU, m.SIGN, T)),
        )
    return {family: entries for family, entries in table.items() if family not in m.without}


def build_model(
    graph: AreaGraph,
    steps: int,
    static: bool = False,
    *,
    detailed: bool = True,
    form: Form = NO_ROWS,
    constant_power: bool = False,
    growing: bool = False,
    closing: bool = False,
) -> Model:
    """The MILP for a horizon of up to ``steps`` steps; call ``set_horizon`` before solving it.

    ``detailed`` takes LAs as nodes and adds voltages; otherwise nodes are sections. ``static``: see D14. ``form``: what
    horizons may be tightened by (``Tightened.form``). ``constant_power``: units give one power, see ``constant_power``.
    ``growing``: who is restored is kept; ``closing``: no switch opens after the first step, so that with ``growing``
    areas join one after the other what becomes one topology. A static plan is one of these.
    """
    m: Model = pyo.ConcreteModel("restoration")
    m.detailed, m.without, m.two_sided_losses = detailed, frozenset(graph.options.without), False
    m.by_area, m.in_part = graph.load_control != "section", graph.load_control == "part"
    m.constant_power_asked, m.growing_asked, m.closing_asked = constant_power, growing, closing
    m.inside_rating_asked = form.link_circles
    m.inside_circle_asked = form.unit_circles or graph.options.apparent_power == "circle"
    m.CUT = pyo.RangeSet(0, form.cuts - 1, doc="states that are ruled out")
    declare_sets(m, graph, steps)
    declare_loops(m)
    declare_data(m, graph)
    declare_variables(m)
    efficiency = {i: (graph.sources[i].parameters.ess_least, graph.sources[i].parameters.ess_most) for i in m.ESS}
    storage_losses.declare(m, efficiency, m.s_ess_min)
    served.declare(m, graph)
    cold_load.declare(m, graph)
    pick_up.declare(m, graph)
    continuity.declare(m, graph)
    for family in contents(m, static).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.restored_energy = pyo.Objective(rule=restored_energy, sense=pyo.maximize, doc=restored_energy.__doc__)
    return m


def set_horizon(m: Model, horizon: Horizon) -> None:
    """Give the model the data of a horizon of at most as many steps as it was built for; later steps become empty."""
    if horizon.steps > len(m.T):
        raise ValueError(f"a horizon of {horizon.steps} steps does not fit a model of {len(m.T)}")
    for t in m.T:
        m.dt[t], m.live[t] = horizon.dt_h(t), float(t < horizon.steps)
        for lag in m.LAG:
            m.waits[t, lag] = float(lag <= t and horizon.pv_waits_for(t, t - lag))
        _set_demand(m, horizon, t)
        for i in m.PV:
            m.pv_kw[i, t], m.delay_met[i, t] = horizon.pv_kw(i, t), float(horizon.pv_delay_met(i, t))
    for i in m.ESS:
        m.e_dis[i], m.e_char[i] = horizon.state(i)["discharge_kwh"], horizon.state(i)["charge_kwh"]
    for z in m.Z:
        m.loss_factor[z] = horizon.loss_factor(m.node_section[z])
    hours = sum(horizon.dt_h(t) for t in range(horizon.steps))
    storage_losses.set_room(m, {i: horizon.state(i)["charge_kwh"] for i in m.LOSSY}, hours)
    for k in m.SWITCH:
        m.b0[k] = float(horizon.closed[k])
    for i in m.NBSU:
        _set_nbsu(m, horizon, i)
    served.set_horizon(m, horizon)
    cold_load.set_horizon(m, horizon)
    pick_up.set_horizon(m, horizon)
    continuity.set_horizon(m, horizon)
    tighten(m, horizon.tightened)


def _set_demand(m: Model, horizon: Horizon, t: int) -> None:
    """What is drawn in a step, and what serving it is worth: by LA, or by node and section."""
    if m.by_area:
        for la in m.LA:
            m.value[la, t] = horizon.area_value_kwh(la, t)
            if m.earlier_asked:
                m.earlier[la, t] = horizon.earlier_kwh(la, t)
            m.demand[la, t], m.demand_q[la, t] = horizon.demand_kw(la, t), horizon.demand_kvar(la, t)
        return
    for s in m.S:
        m.value[s, t] = horizon.value_kwh(s, t)
        if m.earlier_asked:
            m.earlier[s, t] = sum(horizon.earlier_kwh(la, t) for la in m.areas_in[s])
    for z in m.Z:
        m.demand[z, t] = sum(horizon.demand_kw(la, t) for la in m.areas_at[z])
        m.demand_q[z, t] = sum(horizon.demand_kvar(la, t) for la in m.areas_at[z])


def _set_nbsu(m: Model, horizon: Horizon, i: str) -> None:
    message, launches = horizon.state(i), horizon.launches(i)
    online = message["nbsu_state"] == "online"
    m.online0[i] = float(online)
    m.p_nbsu_min0[i] = message["nbsu_p_min_kw"] if online else -m.p_in[i]
    m.p_nbsu_max0[i] = message["nbsu_p_max_kw"] if online else m.s_nbsu[i]
    # After a first step shorter than Δt, what the unit did before now still bounds the second step.
    recent = online and horizon.steps > 1 and horizon.dt_h(0) < horizon.full_step_h
    m.p_nbsu_min1[i] = message["nbsu_p_min_kw"] if recent else -m.p_in[i]
    m.p_nbsu_max1[i] = message["nbsu_p_max_kw"] if recent else m.s_nbsu[i]
    if not online and not m.first_step_free:
        # A unit on line at once rises from its start-up draw, or from nothing if it had none before.
        rise = horizon.graph.sources[i].parameters.ramp_up_kw_per_h * horizon.full_step_h
        drawn = m.p_in[i] if message["nbsu_state"] == "starting" else 0.0
        m.p_nbsu_max0[i] = max(0.0, min(m.s_nbsu[i], rise - drawn))
    for k in m.K:
        m.launch_ok[i, k] = float(k in launches)
        for t in range(max(k, 0), len(m.T)):
            inside = k in launches and t < horizon.steps
            m.online_if[i, k, t] = float(inside and horizon.is_online(i, k, t))
            m.starting_if[i, k, t] = float(inside and horizon.is_starting(i, k, t))
    for t in m.T:
        if t:
            m.ramp_down[i, t], m.ramp_up[i, t] = horizon.ramp_kw(i, t)
