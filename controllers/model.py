"""The dispatch centre's MILP (41): max (18) s.t. (13), (19)–(40), built once and kept while its data change.

Read ``contents`` as a table of contents: each entry is a function in ``region``, ``topology`` or ``powerflow`` that
states one equation, and the Pyomo component of the same name.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyomo.environ as pyo

from controllers import powerflow, region, topology
from controllers.problem import AreaGraph, Horizon

Model = Any
"""A Pyomo ConcreteModel: its sets, variables and constraints are attributes made at run time."""

Contents = Mapping[str, tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]]


def contents(m: Model, static: bool) -> Contents:
    """Constraint family → its constraints, each with the sets it is written over."""
    N, L, S, T = m.N, m.L, m.S, m.T
    table: dict[str, tuple[tuple[Callable[..., Any], tuple[Any, ...]], ...]] = {
        "pv": (
            (region.pv_energised, (m.PV, T)),
            (region.pv_reconnects, (m.PV, T, T)),
            (region.pv_was_connected, (m.PV, T)),
            (region.pv_available, (m.PV, T)),
        ),
        "ess": (
            (region.ess_power_max, (m.ESS, T)),
            (region.ess_power_min, (m.ESS, T)),
            (region.ess_state, (m.ESS, T)),
            (region.ess_energy_max, (m.ESS, T)),
            (region.ess_energy_min, (m.ESS, T)),
        ),
        "nbsu": (
            (region.nbsu_launched_once, (m.NBSU,)),
            (region.nbsu_launch_allowed, (m.NBSU, m.K)),
            (region.nbsu_start_energised, (m.NBSU, T)),
            (region.nbsu_power_min, (m.NBSU, T)),
            (region.nbsu_power_max, (m.NBSU, T)),
            (region.nbsu_power_energised, (m.NBSU, T)),
            (region.nbsu_ramp_up, (m.NBSU, T)),
            (region.nbsu_ramp_down, (m.NBSU, T)),
            (region.nbsu_recent_max, (m.NBSU,)),
            (region.nbsu_recent_min, (m.NBSU,)),
        ),
        "reactive": (
            (region.q_max, (m.KIND, T)),
            (region.q_min, (m.KIND, T)),
            (region.q_nbsu_energised_max, (m.NBSU, T)),
            (region.q_nbsu_energised_min, (m.NBSU, T)),
        ),
        "infeed": (
            (powerflow.infeed_max, (m.INFEED, T)),
            (powerflow.infeed_min, (m.INFEED, T)),
            (powerflow.infeed_q_max, (m.INFEED, T)),
            (powerflow.infeed_q_min, (m.INFEED, T)),
        ),
        "states": (
            (topology.within_window, (S, T)),
            (topology.live_infeed_forms, (m.INFEED, T)),
            (topology.switch_joins_from, (m.SWITCH, T)),
            (topology.switch_joins_to, (m.SWITCH, T)),
        ),
        "forest": (
            (topology.edge_closed, (m.SWITCH, T)),
            (topology.edge_energised, (m.SWITCH, T)),
            (topology.edge_complete, (m.SWITCH, T)),
            (topology.radial, (T,)),
            (topology.connected, (S, T)),
            (topology.flow_max, (m.SWITCH, T)),
            (topology.flow_min, (m.SWITCH, T)),
            (topology.supply_from_root, (m.ROOT, T)),
            (topology.root_energised, (S, T)),
            (topology.root_online, (m.NBSU_ROOT, T)),
        ),
        "switching": (
            (topology.operation_closes, (m.SWITCH, T)),
            (topology.operation_opens, (m.SWITCH, T)),
        ),
        "balance": (
            (powerflow.active_balance, (N, T)),
            (powerflow.reactive_balance, (N, T)),
            (powerflow.active_flow_max, (L, T)),
            (powerflow.active_flow_min, (L, T)),
            (powerflow.reactive_flow_max, (L, T)),
            (powerflow.reactive_flow_min, (L, T)),
        ),
        "voltage": (
            (powerflow.voltage_drop, (m.FIXED, T)),
            (powerflow.voltage_drop_max, (m.SWITCH, T)),
            (powerflow.voltage_drop_min, (m.SWITCH, T)),
            (powerflow.voltage_max, (N, T)),
            (powerflow.voltage_min, (N, T)),
            (powerflow.reference_max, (m.ROOT, T)),
            (powerflow.reference_min, (m.ROOT, T)),
        ),
    }
    if m.inside_circle_asked:
        table["apparent_power"] = ((region.inside_circle, (m.KIND, m.SIGN, m.SIGN, T)),)
    if static:
        table["static"] = ((topology.static_sections, (S, T)), (topology.static_topology, (m.SWITCH, T)))
    return table


def build_model(graph: AreaGraph, steps: int, static: bool = False) -> Model:
    """The MILP for a horizon of up to ``steps`` steps; call ``set_horizon`` before solving it."""
    m: Model = pyo.ConcreteModel("restoration")
    _declare_sets(m, graph, steps)
    _declare_data(m, graph)
    _declare_variables(m)
    for family in contents(m, static).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.restored_energy = pyo.Objective(
        rule=powerflow.restored_energy, sense=pyo.maximize, doc=powerflow.restored_energy.__doc__
    )
    return m


def _declare_sets(m: Model, graph: AreaGraph, steps: int) -> None:
    view, parameters, links = graph.view, graph.parameters, graph.links
    las, switches = list(view.local_areas), [k for k, link in links.items() if link.switchable]

    def where(condition: Callable[[str], Any]) -> list[str]:
        return [la for la in las if condition(la)]

    pv, ess = where(lambda la: parameters[la].s_pv_kva), where(lambda la: parameters[la].s_ess_kva)
    nbsu, infeed = where(lambda la: parameters[la].s_nbsu_kva), where(lambda la: graph.live_infeed_kva.get(la))
    m.T, m.K = pyo.RangeSet(0, steps - 1), pyo.RangeSet(-1, steps - 1)
    for name, members in {
        "S": view.sections,
        "N": las,
        "L": links,
        "SWITCH": switches,
        "FIXED": [k for k in links if k not in switches],
        "PV": pv,
        "ESS": ess,
        "NBSU": nbsu,
        "INFEED": infeed,
        "ROOT": where(lambda la: la in {*ess, *nbsu, *infeed}),
        "NBSU_ROOT": where(lambda la: la in nbsu and la not in {*ess, *infeed}),
        "SIGN": (1, -1),
    }.items():
        setattr(m, name, pyo.Set(initialize=list(members), ordered=True))
    kinds = [(kind, la) for kind, members in (("pv", pv), ("ess", ess), ("nbsu", nbsu)) for la in members]
    m.KIND = pyo.Set(initialize=kinds, dimen=2, ordered=True)

    m.section = graph.section
    m.from_la, m.to_la = {k: link.i for k, link in links.items()}, {k: link.j for k, link in links.items()}
    m.links_out = {la: [k for k, link in links.items() if link.i == la] for la in las}
    m.links_in = {la: [k for k, link in links.items() if link.j == la] for la in las}
    m.sec_i = {k: graph.section[links[k].i] for k in switches}
    m.sec_j = {k: graph.section[links[k].j] for k in switches}
    m.links_from = {s: [k for k in switches if m.sec_i[k] == s] for s in view.sections}
    m.links_into = {s: [k for k in switches if m.sec_j[k] == s] for s in view.sections}
    m.roots_in = {s: [la for la in m.ROOT if graph.section[la] == s] for s in view.sections}


def _declare_data(m: Model, graph: AreaGraph) -> None:
    options, limits, parameters = graph.options, graph.limits, graph.parameters
    m.inside_circle_asked = options.apparent_power == "circle"
    m.q_online_only = options.nbsu_reactive == "online"
    m.first_step_free = float(options.first_online_step_free)
    m.switching_cost, m.loss_factor = options.switching_cost_kwh, 1 + options.loss_allowance_pct / 100
    m.q_ratio, m.chord = graph.q_ratio, graph.chord
    m.u_min, m.u_max = limits.vm_min_pu**2, limits.vm_max_pu**2
    m.u_ref = {la: vm_pu**2 for la, vm_pu in graph.reference_vm_pu.items()}
    m.charging = graph.charging_kvar
    m.link_charging = {k: link.charging_kvar for k, link in graph.links.items()}
    m.s_pv = {la: p.s_pv_kva for la, p in parameters.items()}
    m.s_ess = {la: p.s_ess_kva for la, p in parameters.items()}
    m.s_ess_min = {la: p.s_ess_min_kva for la, p in parameters.items()}
    m.s_nbsu = {la: p.s_nbsu_kva for la, p in parameters.items()}
    m.p_in = {la: p.p_in_kw for la, p in parameters.items()}
    m.s_infeed = graph.live_infeed_kva
    m.s_max = {k: link.s_max_kva for k, link in graph.links.items()}
    m.r, m.x = {k: link.r_pu for k, link in graph.links.items()}, {k: link.x_pu for k, link in graph.links.items()}

    for name, index in {
        "dt": (m.T,),
        "live": (m.T,),
        "waits": (m.T, m.T),
        "value": (m.S, m.T),
        "demand": (m.N, m.T),
        "demand_q": (m.N, m.T),
        "pv_kw": (m.PV, m.T),
        "delay_met": (m.PV, m.T),
        "e_dis": (m.ESS,),
        "e_char": (m.ESS,),
        "b0": (m.SWITCH,),
        "online0": (m.NBSU,),
        "launch_ok": (m.NBSU, m.K),
        "online_if": (m.NBSU, m.K, m.T),
        "starting_if": (m.NBSU, m.K, m.T),
        "p_nbsu_min0": (m.NBSU,),
        "p_nbsu_max0": (m.NBSU,),
        "ramp_up": (m.NBSU, m.T),
        "p_nbsu_min1": (m.NBSU,),
        "p_nbsu_max1": (m.NBSU,),
        "ramp_down": (m.NBSU, m.T),
    }.items():
        setattr(m, name, pyo.Param(*index, mutable=True, initialize=0.0))


def _declare_variables(m: Model) -> None:
    """Every variable is bounded by data: HiGHS 1.15 was seen to call wrong plans optimal when they were not."""
    most = len(m.S)
    m.X = pyo.Var(m.S, m.T, domain=pyo.Binary, doc="section energised")
    m.b = pyo.Var(m.SWITCH, m.T, domain=pyo.Binary, doc="switch closed")
    m.edge = pyo.Var(m.SWITCH, m.T, domain=pyo.Binary, doc="switch closed and energised")
    m.op = pyo.Var(m.SWITCH, m.T, domain=pyo.Binary, doc="switch operated at the start of a step")
    m.root = pyo.Var(m.ROOT, m.T, domain=pyo.Binary, doc="LA holds its island's balance unit")
    m.launch = pyo.Var(m.NBSU, m.K, domain=pyo.Binary, doc="start-up launched at a step; −1: under way")
    m.pv_on = pyo.Var(m.PV, m.T, domain=pyo.Binary, doc="PV connected")
    m.flow = pyo.Var(m.SWITCH, m.T, bounds=(1 - most, most - 1), doc="commodity that proves connection")
    m.supply = pyo.Var(m.ROOT, m.T, bounds=(0, most), doc="commodity given by a balance unit")
    m.p_pv = pyo.Var(m.PV, m.T, bounds=lambda m, i, t: (0, m.s_pv[i]))
    m.p_ess = pyo.Var(m.ESS, m.T, bounds=lambda m, i, t: (-m.s_ess_min[i], m.s_ess_min[i]))
    m.e_ess = pyo.Var(m.ESS, m.T)
    m.p_nbsu = pyo.Var(m.NBSU, m.T, bounds=lambda m, i, t: (-m.p_in[i], m.s_nbsu[i]))
    m.p_infeed = pyo.Var(m.INFEED, m.T, bounds=lambda m, i, t: (-m.s_infeed[i], m.s_infeed[i]))
    m.q_infeed = pyo.Var(m.INFEED, m.T, bounds=lambda m, i, t: (-m.s_infeed[i], m.s_infeed[i]))
    for name, members, rating in (("q_pv", m.PV, m.s_pv), ("q_ess", m.ESS, m.s_ess), ("q_nbsu", m.NBSU, m.s_nbsu)):
        most_q = {i: m.q_ratio * rating[i] for i in members}
        setattr(m, name, pyo.Var(members, m.T, bounds=lambda m, i, t, q=most_q: (-q[i], q[i])))
    m.P = pyo.Var(m.L, m.T, bounds=lambda m, k, t: (-m.s_max[k], m.s_max[k]), doc="kW")
    m.Q = pyo.Var(m.L, m.T, bounds=lambda m, k, t: (-m.s_max[k], m.s_max[k]), doc="kvar")
    m.U = pyo.Var(m.N, m.T, bounds=(0, m.u_max), doc="squared voltage, p.u.²")


def set_horizon(m: Model, horizon: Horizon) -> None:
    """Give the model the data of a horizon of at most as many steps as it was built for; later steps become empty."""
    if horizon.steps > len(m.T):
        raise ValueError(f"a horizon of {horizon.steps} steps does not fit a model of {len(m.T)}")
    for t in m.T:
        m.dt[t], m.live[t] = horizon.dt_h(t), float(t < horizon.steps)
        for earlier in range(t):
            m.waits[t, earlier] = float(horizon.pv_waits_for(t, earlier))
        for s in m.S:
            m.value[s, t] = horizon.value_kwh(s, t)
        for i in m.N:
            m.demand[i, t], m.demand_q[i, t] = horizon.demand_kw(i, t), horizon.demand_kvar(i, t)
        for i in m.PV:
            m.pv_kw[i, t], m.delay_met[i, t] = horizon.pv_kw(i, t), float(horizon.pv_delay_met(i, t))
    for i in m.ESS:
        m.e_dis[i], m.e_char[i] = horizon.psc[i]["discharge_kwh"], horizon.psc[i]["charge_kwh"]
    for k in m.SWITCH:
        m.b0[k] = float(horizon.closed[k])
    for i in m.NBSU:
        _set_nbsu(m, horizon, i)


def _set_nbsu(m: Model, horizon: Horizon, i: str) -> None:
    message, launches = horizon.psc[i], horizon.launches(i)
    online = message["nbsu_state"] == "online"
    ready = message["nbsu_state"] == "starting" and horizon.is_online(i, -1, 0)
    m.online0[i] = float(online)
    m.p_nbsu_min0[i] = message["nbsu_p_min_kw"] if online else -m.p_in[i]
    m.p_nbsu_max0[i] = message["nbsu_p_max_kw"] if online else m.s_nbsu[i]
    # After a first step shorter than Δt, what the unit did before now still bounds the second step.
    recent = online and horizon.steps > 1 and horizon.dt_h(0) < horizon.full_step_h
    m.p_nbsu_min1[i] = message["nbsu_p_min_kw"] if recent else -m.p_in[i]
    m.p_nbsu_max1[i] = message["nbsu_p_max_kw"] if recent else m.s_nbsu[i]
    if ready and not m.first_step_free:
        rate = horizon.graph.parameters[i].ramp_up_kw_per_h
        m.p_nbsu_max0[i] = max(0.0, min(m.s_nbsu[i], rate * horizon.full_step_h - m.p_in[i]))
    for k in m.K:
        m.launch_ok[i, k] = float(k in launches)
        for t in m.T:
            inside = k in launches and t < horizon.steps
            m.online_if[i, k, t] = float(inside and horizon.is_online(i, k, t))
            m.starting_if[i, k, t] = float(inside and horizon.is_starting(i, k, t))
    for t in m.T:
        if t:
            m.ramp_down[i, t], m.ramp_up[i, t] = horizon.ramp_kw(i, t)
