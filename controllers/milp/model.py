"""The dispatch centre's MILP (41): max (18) s.t. (13), (19)–(40), built once and kept while its data change.

Read ``contents`` as a table of contents: each entry is a function in ``units``, ``topology`` or ``powerflow`` that
states one equation, and the Pyomo component of the same name.

Power balances hold per section. Voltages, and flows between the LAs of a section, are in the model only when it is
built ``detailed``: they rarely bind, and the planner checks them (see ``planner``).
"""

# pyright: basic
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import networkx as nx
import pyomo.environ as pyo

from . import cold_load, pick_up, powerflow, repair_rows, topology, units
from . import constant_power as constant
from .objective import restored_energy
from .problem import AreaGraph, Horizon
from .stricter_limits import NO_ROWS, Form, tighten

Model = Any
"""A Pyomo ConcreteModel: its sets, variables and constraints are attributes made at run time."""

SIDES = 16
"""Sides of the polygon inside a link's or an infeed's circle: at most 1.9 % of its rating is lost."""

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
        table["cuts"] = ((repair_rows.no_good, (m.CUT, T)),)
    if m.inside_rating_asked:
        table["ratings"] = ((repair_rows.inside_rating, (m.RATED, m.SIDE, T)),)
    if m.inside_circle_asked:
        table["apparent_power"] = (
            (units.inside_circle, (m.KIND, m.SIGN, m.SIGN, T)),
            (powerflow.infeed_inside_circle, (m.INFEED, m.SIDE, T)),
        )
    table |= cold_load.contents(m) | pick_up.contents(m)
    if static:
        table["static"] = ((topology.static_sections, (S, T)), (topology.static_topology, (m.SWITCH, T)))
    if m.constant_power_asked:
        table["constant_power"] = (
            (constant.same_balance_unit, (m.ROOT, T)),
            (constant.constant_pv_max, (m.PV, T)),
            (constant.constant_pv_min, (m.PV, T)),
            (constant.constant_ess, (m.ESS, m.SIGN, T)),
            (constant.constant_nbsu, (m.NBSU, m.SIGN, T)),
        )
    return {family: entries for family, entries in table.items() if family not in m.without}


FAMILIES = (
    "pv", "ess", "nbsu", "reactive", "infeed", "states", "forest", "loops", "switching", "balance", "flow_limits",
    "voltage", "apparent_power", "cold_load", "pick_up", "static", "constant_power",
)  # fmt: skip
"""Names of the families of ``contents``: what ``dispatch_centre.without`` may leave out."""


def build_model(
    graph: AreaGraph,
    steps: int,
    static: bool = False,
    *,
    detailed: bool = True,
    form: Form = NO_ROWS,
    constant_power: bool = False,
) -> Model:
    """The MILP for a horizon of up to ``steps`` steps; call ``set_horizon`` before solving it.

    ``detailed`` takes LAs as nodes and adds voltages; otherwise nodes are sections. ``static``: see D14. ``form``: what
    horizons may be tightened by (``Tightened.form``). ``constant_power``: units give one power, see ``constant_power``.
    """
    m: Model = pyo.ConcreteModel("restoration")
    m.detailed, m.without, m.two_sided_losses = detailed, frozenset(graph.options.without), False
    m.constant_power_asked = constant_power
    m.inside_rating_asked = form.link_circles
    m.inside_circle_asked = form.unit_circles or graph.options.apparent_power == "circle"
    m.CUT = pyo.RangeSet(0, form.cuts - 1)
    _declare_sets(m, graph, steps)
    _declare_loops(m)
    _declare_data(m, graph)
    _declare_variables(m)
    cold_load.declare(m, graph)
    pick_up.declare(m, graph)
    for family in contents(m, static).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.restored_energy = pyo.Objective(rule=restored_energy, sense=pyo.maximize, doc=restored_energy.__doc__)
    return m


def _declare_sets(m: Model, graph: AreaGraph, steps: int) -> None:
    view, sources, section = graph.view, graph.sources, graph.section
    links = {k: link for k, link in graph.links.items() if m.detailed or link.switchable}
    switches = [k for k, link in links.items() if link.switchable]

    def where(condition: Callable[[Any], float]) -> list[str]:
        return [i for i, source in sources.items() if condition(source.parameters)]

    pv, ess = where(lambda p: p.s_pv_kva), where(lambda p: p.s_ess_kva)
    nbsu, infeed = where(lambda p: p.s_nbsu_kva), [la for la in view.local_areas if graph.live_infeed_kva.get(la)]
    m.pv_la, m.ess_la, m.nbsu_la = (
        _by_node({i: sources[i].local_area for i in members}, view.local_areas) for members in (pv, ess, nbsu)
    )
    forms = {la for la in view.local_areas if m.ess_la[la] or la in infeed}
    m.T, m.K = pyo.RangeSet(0, steps - 1), pyo.RangeSet(-1, steps - 1)
    m.LAG = pyo.RangeSet(1, min(steps - 1, math.ceil(graph.pv_reconnect_min / graph.plan_step_min - 1e-9)))
    for name, members in {
        "S": view.sections,
        "Z": view.local_areas if m.detailed else view.sections,
        "L": links,
        "SWITCH": switches,
        "FIXED": [k for k in links if k not in switches],
        "PV": pv,
        "ESS": ess,
        "NBSU": nbsu,
        "INFEED": infeed,
        "ROOT": [la for la in view.local_areas if la in forms or m.nbsu_la[la]],
        "NBSU_ROOT": [la for la in view.local_areas if m.nbsu_la[la] and la not in forms],
        "SIGN": (1, -1),
        "RATED": [k for k, link in links.items() if link.s_max_kva < graph.capacity_kva],
        "SIDE": range(SIDES),
    }.items():
        setattr(m, name, pyo.Set(initialize=list(members), ordered=True))
    kinds = [(kind, i) for kind, members in (("pv", pv), ("ess", ess), ("nbsu", nbsu)) for i in members]
    m.KIND = pyo.Set(initialize=kinds, dimen=2, ordered=True)

    m.la_of = {i: source.local_area for i, source in sources.items()}
    m.section, m.home = section, {i: section[source.local_area] for i, source in sources.items()}
    m.areas_at = {la: [la] for la in m.Z} if m.detailed else graph.areas_in
    m.node_section = section if m.detailed else {s: s for s in m.S}
    for kind, by_la in (("pv", m.pv_la), ("ess", m.ess_la), ("nbsu", m.nbsu_la)):
        setattr(m, f"{kind}_at", {z: [i for la in m.areas_at[z] for i in by_la[la]] for z in m.Z})
    m.infeed_at = {z: [la for la in m.areas_at[z] if la in m.INFEED] for z in m.Z}
    m.from_la, m.to_la = {k: link.i for k, link in links.items()}, {k: link.j for k, link in links.items()}
    m.sec_i = {k: section[links[k].i] for k in switches}
    m.sec_j = {k: section[links[k].j] for k in switches}
    starts, ends = (m.from_la, m.to_la) if m.detailed else (m.sec_i, m.sec_j)
    m.links_out, m.links_in = _by_node(starts, m.Z), _by_node(ends, m.Z)
    m.links_from, m.links_into = _by_node(m.sec_i, m.S), _by_node(m.sec_j, m.S)
    m.roots_in = _by_node({la: section[la] for la in m.ROOT}, m.S)


def _by_node(node_of: Mapping[str, str], nodes: Iterable[str]) -> dict[str, list[str]]:
    """Node → the members that name it."""
    members: dict[str, list[str]] = {z: [] for z in nodes}
    for member, node in node_of.items():
        members[node].append(member)
    return members


def _declare_loops(m: Model) -> None:
    """Switches that lie on some loop of the section graph, and the sections they join, block by block."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(m.S)
    graph.add_edges_from((m.sec_i[k], m.sec_j[k], k) for k in m.SWITCH if m.sec_i[k] != m.sec_j[k])
    single = nx.Graph(graph)
    bridges = {frozenset(pair) for pair in nx.bridges(single) if graph.number_of_edges(*pair) == 1}
    graph.remove_edges_from([(i, j, k) for i, j, k in graph.edges(keys=True) if frozenset((i, j)) in bridges])
    m.block_size = {s: len(block) for block in nx.connected_components(graph) for s in block}
    looped: list[str] = [k for _, _, k in graph.edges(keys=True)]
    m.LOOP = pyo.Set(initialize=[k for k in m.SWITCH if k in looped], ordered=True)
    m.LOOPED = pyo.Set(initialize=[s for s in m.S if m.block_size[s] > 1], ordered=True)
    m.loop_size = {k: m.block_size[m.sec_i[k]] for k in m.LOOP}
    m.loop_from = _by_node({k: m.sec_i[k] for k in looped}, m.S)
    m.loop_into = _by_node({k: m.sec_j[k] for k in looped}, m.S)


def _declare_data(m: Model, graph: AreaGraph) -> None:
    options, limits = graph.options, graph.limits
    parameters = {i: source.parameters for i, source in graph.sources.items()}
    m.q_online_only = options.nbsu_reactive == "online"
    m.first_step_free = float(options.first_online_step_free)
    m.switching_cost, m.loss_factor = options.switching_cost_kwh, 1 + options.loss_allowance_pct / 100
    m.q_ratio, m.chord = graph.q_ratio, graph.chord
    m.u_min, m.u_max = limits.vm_min_pu**2, limits.vm_max_pu**2
    m.u_ref = {la: vm_pu**2 for la, vm_pu in graph.reference_vm_pu.items()}
    m.charging = {z: sum(graph.charging_kvar[la] for la in m.areas_at[z]) for z in m.Z}
    m.link_charging = {k: graph.links[k].charging_kvar for k in m.L}
    m.s_pv = {i: p.s_pv_kva for i, p in parameters.items()}
    m.s_ess = {i: p.s_ess_kva for i, p in parameters.items()}
    m.s_ess_min = {i: p.s_ess_min_kva for i, p in parameters.items()}
    m.s_nbsu = {i: p.s_nbsu_kva for i, p in parameters.items()}
    m.p_in = {i: p.p_in_kw for i, p in parameters.items()}
    m.s_infeed = graph.live_infeed_kva
    m.s_max = {k: graph.links[k].s_max_kva for k in m.L}
    m.r, m.x = {k: graph.links[k].r_pu for k in m.L}, {k: graph.links[k].x_pu for k in m.L}

    m.narrowed, m.sides = [], SIDES
    m.link_share = pyo.Param(m.L, m.T, mutable=True, initialize=1.0)
    m.cut_section = pyo.Param(m.CUT, m.S, m.T, mutable=True, initialize=1.0)
    m.u_least = pyo.Param(m.Z, m.T, mutable=True, initialize=m.u_min)
    for name, index in {
        "dt": (m.T,),
        "live": (m.T,),
        "waits": (m.T, m.LAG),
        "value": (m.S, m.T),
        "demand": (m.Z, m.T),
        "demand_q": (m.Z, m.T),
        "loss_kw": (m.Z, m.T),
        "loss_kvar": (m.Z, m.T),
        "cut_switch": (m.CUT, m.SWITCH, m.T),
        "cut_limit": (m.CUT, m.T),
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
    """Every variable is bounded by data: HiGHS 1.15 was seen to call wrong plans optimal when they were not.

    With sections and switches decided, an island has one balance unit in total; which LA holds it matters to voltages
    only. Without voltages in the model it may stay shared, and what follows from the other decisions is continuous.
    """
    m.X = pyo.Var(m.S, m.T, domain=pyo.Binary, doc="section energised")
    m.b = pyo.Var(m.SWITCH, m.T, domain=pyo.Binary, doc="switch closed")
    m.edge = pyo.Var(
        m.SWITCH, m.T, bounds=lambda m, k, t: (0, float(m.sec_i[k] != m.sec_j[k])), doc="switch closed and energised"
    )
    m.down = pyo.Var(m.SWITCH, m.T, bounds=(0, 1), doc="edge that points along its switch")
    m.op = pyo.Var(m.SWITCH, m.T, bounds=(0, 1), doc="switch operated at the start of a step")
    held = pyo.Binary if m.detailed or m.constant_power_asked else pyo.UnitInterval
    m.root = pyo.Var(m.ROOT, m.T, domain=held, doc="LA holds its island's balance unit")
    m.launch = pyo.Var(m.NBSU, m.K, domain=pyo.Binary, doc="start-up launched at a step; −1: under way")
    m.pv_on = pyo.Var(m.PV, m.T, bounds=(0, 1), doc="PV connected")
    m.flow = pyo.Var(m.LOOP, m.T, bounds=lambda m, k, t: (1 - m.loop_size[k], m.loop_size[k] - 1), doc="commodity")
    m.supply = pyo.Var(m.LOOPED, m.T, bounds=lambda m, s, t: (0, m.block_size[s]), doc="commodity given in a section")
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
    if m.detailed:
        m.U = pyo.Var(m.Z, m.T, bounds=(0, m.u_max), doc="squared voltage, p.u.²")


def set_horizon(m: Model, horizon: Horizon) -> None:
    """Give the model the data of a horizon of at most as many steps as it was built for; later steps become empty."""
    if horizon.steps > len(m.T):
        raise ValueError(f"a horizon of {horizon.steps} steps does not fit a model of {len(m.T)}")
    for t in m.T:
        m.dt[t], m.live[t] = horizon.dt_h(t), float(t < horizon.steps)
        for lag in m.LAG:
            m.waits[t, lag] = float(lag <= t and horizon.pv_waits_for(t, t - lag))
        for s in m.S:
            m.value[s, t] = horizon.value_kwh(s, t)
        for z in m.Z:
            m.demand[z, t] = sum(horizon.demand_kw(la, t) for la in m.areas_at[z])
            m.demand_q[z, t] = sum(horizon.demand_kvar(la, t) for la in m.areas_at[z])
        for i in m.PV:
            m.pv_kw[i, t], m.delay_met[i, t] = horizon.pv_kw(i, t), float(horizon.pv_delay_met(i, t))
    for i in m.ESS:
        m.e_dis[i], m.e_char[i] = horizon.state(i)["discharge_kwh"], horizon.state(i)["charge_kwh"]
    for k in m.SWITCH:
        m.b0[k] = float(horizon.closed[k])
    for i in m.NBSU:
        _set_nbsu(m, horizon, i)
    cold_load.set_horizon(m, horizon)
    pick_up.set_horizon(m, horizon)
    tighten(m, horizon.tightened)


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
