"""The literal form of (41): (13), (18)–(40) as printed, over LAs, with only the repairs that docs/formulation.md names.

It is the oracle for small cases: c_ijkq of (26) alone has (k_max − 1) N³ T binaries. Built anew for each horizon.
"""

# pyright: basic
from __future__ import annotations

import networkx as nx
import pyomo.environ as pyo

from ....scenarios.schema.literal_size import doublings
from ... import storage_losses
from ...exchange.psc import PscParameters
from ..declarations import SIDES, Model
from ..model import Contents
from ..objective import restored_energy
from ..problem import AreaGraph, Horizon
from . import connectivity, powerflow, units


def contents(m: Model, static: bool) -> Contents:
    """Constraint family → its constraints, each with the sets it is written over."""
    N, T, K = m.N, m.T, m.K
    table = {
        "region": (
            (units.net_power, (N, T)),
            (units.net_reactive_power, (N, T)),
        ),
        "pv": ((units.pv_power_max, (m.PV, T, T)),),
        "ess": (
            (units.ess_power_max, (m.ESS, T)),
            (units.ess_power_min, (m.ESS, T)),
            (units.ess_energy_max, (m.ESS, T)),
            (units.ess_energy_min, (m.ESS, T)),
            *storage_losses.rows(m),
        ),
        "nbsu": (
            (units.nbsu_launched_max, (m.NBSU_SLOT,)),
            (units.nbsu_launched_min, (m.NBSU_SLOT,)),
            (units.nbsu_online_max, (m.NBSU, T)),
            (units.nbsu_online_min, (m.NBSU, T)),
            (units.nbsu_start_energised, (m.NBSU, T)),
            (units.nbsu_power_min, (m.NBSU, T)),
            (units.nbsu_power_max, (m.NBSU, T)),
            (units.nbsu_power_energised, (m.NBSU, T)),
            (units.nbsu_ramp_up, (m.NBSU, T)),
            (units.nbsu_ramp_down, (m.NBSU, T)),
            (units.nbsu_measured_max, (m.NBSU, T)),
            (units.nbsu_measured_min, (m.NBSU, T)),
        ),
        "reactive": (
            (units.reactive_max, (m.KIND, T, T)),
            (units.reactive_min, (m.KIND, T, T)),
            (units.nbsu_reactive_max, (m.NBSU, T)),
            (units.nbsu_reactive_min, (m.NBSU, T)),
        ),
        "infeed": (
            (units.infeed_max, (("p", "q"), m.INFEED, T)),
            (units.infeed_min, (("p", "q"), m.INFEED, T)),
        ),
        "states": (
            (connectivity.branch_missing, (N, N, T)),
            (connectivity.branch_closed, (m.ARC, T)),
            (connectivity.branch_parallel, (N, N, T)),
            (connectivity.shared_state, (N, N, T)),
            (connectivity.held_by_fault, (m.HELD, T)),
        ),
        "connection": (
            (connectivity.own_connection, (N, K, T)),
            (connectivity.first_hop, (N, N, T)),
            (connectivity.last_hop, (N, N, T)),
            (connectivity.path_max, (N, N, m.DOUBLING, T)),
            (connectivity.path_min, (N, N, m.DOUBLING, T)),
            (connectivity.symmetric, (N, N, K, T)),
            (connectivity.via_first, (N, N, m.DOUBLING, N, T)),
            (connectivity.via_second, (N, N, m.DOUBLING, N, T)),
            (connectivity.via_both, (N, N, m.DOUBLING, N, T)),
        ),
        "radial": (
            (connectivity.degree, (N, T)),
            (connectivity.radial_max, (N, T)),
            (connectivity.radial_min, (N, T)),
            (connectivity.island_degree_max, (N, N, T)),
            (connectivity.island_degree_min, (N, N, T)),
            (connectivity.other_degree_max, (N, N, T)),
            (connectivity.other_degree_min, (N, N, T)),
        ),
        "surplus": (
            (powerflow.island_power_max, (N, N, T)),
            (powerflow.island_power_min, (N, N, T)),
            (powerflow.other_power_max, (N, N, T)),
            (powerflow.other_power_min, (N, N, T)),
            (powerflow.surplus_max, (N, T)),
            (powerflow.surplus_min, (N, T)),
        ),
        "balance": (
            (powerflow.balance_max, (m.POWER, N, T)),
            (powerflow.balance_min, (m.POWER, N, T)),
            (powerflow.opposite_flow, (m.POWER, m.L, T)),
            (powerflow.flow_closed_max, (m.POWER, m.ARC, T)),
            (powerflow.flow_closed_min, (m.POWER, m.ARC, T)),
            (powerflow.flow_energised_max, (m.POWER, m.ARC, T)),
            (powerflow.flow_energised_min, (m.POWER, m.ARC, T)),
        ),
        "reference": (
            (connectivity.offer_possible, (N, T)),
            (connectivity.live_infeed_offers, (m.INFEED, T)),
            (connectivity.offer_seen_first, (N, N, T)),
            (connectivity.offer_seen_second, (N, N, T)),
            (connectivity.offer_seen_both, (N, N, T)),
            (connectivity.one_offer, (N, T)),
            (connectivity.beats_max, (N, N, T)),
            (connectivity.beats_min, (N, N, T)),
            (connectivity.reference_max, (N, T)),
            (connectivity.reference_min, (N, T)),
        ),
        "voltage": (
            (powerflow.voltage_drop_max, (m.ARC, T)),
            (powerflow.voltage_drop_min, (m.ARC, T)),
            (powerflow.voltage_max, (N, T)),
            (powerflow.voltage_min, (N, T)),
        ),
        "switching": (
            (powerflow.operation_closes, (m.SWITCH, T)),
            (powerflow.operation_opens, (m.SWITCH, T)),
        ),
    }
    if m.inside_circle_asked:
        table["apparent_power"] = (
            (units.inside_circle, (m.KIND, m.SIGN, m.SIGN, T)),
            (units.infeed_inside_circle, (m.INFEED, m.SIDE, T)),
        )
    if static:
        table["static"] = ((powerflow.static_areas, (N, T)), (powerflow.static_topology, (m.SWITCH, T)))
    if m.by_area:
        kept = ((powerflow.static_served, (N, T)),) if static else ()
        table["served"] = ((powerflow.served_live, (N, T)), *kept)
    if m.growing_asked:
        customers = ((powerflow.growing_served, (N, T)),) if m.by_area else ()
        table["growing"] = ((powerflow.growing_areas, (N, T)), *customers)
    if m.closing_asked:
        table["closing"] = ((powerflow.closing_switches, (m.SWITCH, T)),)
    return table


def build_literal(horizon: Horizon, static: bool = False, *, growing: bool = False, closing: bool = False) -> Model:
    """The literal form of one horizon; ``relight.scenarios.schema.literal_size`` says how large it gets.

    ``static``, ``growing``, ``closing``: as of the compact form.

    Raises ValueError where families are to be left out: its families are others than those of the compact form.
    """
    if horizon.graph.options.without:
        raise ValueError("the literal form is solved whole; use formulation: compact to leave families out")
    m: Model = pyo.ConcreteModel("literal")
    m.growing_asked, m.closing_asked = growing, closing
    m.by_area, m.in_part = horizon.graph.load_control != "section", horizon.graph.load_control == "part"
    _declare_sets(m, horizon)
    _declare_unit_data(m, horizon)
    _declare_launch_data(m, horizon)
    _declare_network_data(m, horizon)
    _declare_variables(m)
    parameters = _parameters(horizon.graph)
    storage_losses.declare(m, {i: (parameters[i].ess_least, parameters[i].ess_most) for i in m.ESS}, m.s_ess_min)
    storage_losses.set_room(m, m.e_char, sum(m.dt.values()))
    for family in contents(m, static).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.restored_energy = pyo.Objective(rule=restored_energy, sense=pyo.maximize, doc=restored_energy.__doc__)
    return m


def _parameters(graph: AreaGraph) -> dict[str, PscParameters]:
    """PSC parameters by LA: the literal form knows no single devices. Raises ValueError if asked for them."""
    if graph.per_device:
        raise ValueError("the literal form schedules local areas, not single devices; use formulation: compact")
    return {la: source.parameters for la, source in graph.sources.items()}


def _declare_sets(m: Model, horizon: Horizon) -> None:
    graph = horizon.graph
    parameters, links, las = _parameters(graph), graph.links, list(graph.view.local_areas)
    pv, ess, nbsu = ([la for la in las if getattr(parameters[la], f"s_{kind}_kva")] for kind in units.KINDS)
    infeed = [la for la in las if graph.live_infeed_kva.get(la)]
    m.k_max = doublings(len(las))
    m.T = pyo.RangeSet(0, horizon.steps - 1, doc="plan steps")
    m.K = pyo.RangeSet(1, m.k_max, doc="doublings k of (20)–(23)")
    m.DOUBLING = pyo.RangeSet(2, m.k_max, doc="doublings after the first")
    for name, members, told in (
        ("N", las, "LAs"),
        ("HELD", [la for la in las if graph.section[la] in graph.view.held], "LAs that a fault holds dark"),
        ("L", links, "branches between LAs, l"),
        ("SWITCH", [k for k, link in links.items() if link.switchable], "branches with a switch"),
        ("PV", pv, "LAs with PV"),
        ("ESS", ess, "LAs with storage"),
        ("NBSU", nbsu, "LAs with a non-black-start unit"),
        ("INFEED", infeed, "LAs with a live infeed"),
        ("ALWAYS_FORMER", [la for la in las if la in {*ess, *infeed}], "LAs that can always form voltage"),
        ("SIGN", (1, -1), "signs of a bound on both sides"),
        ("POWER", ("P", "Q"), "active and reactive power"),
        ("SIDE", range(SIDES), "sides of a polygon inside a circle"),
    ):
        setattr(m, name, pyo.Set(initialize=list(members), ordered=True, doc=told))
    kinds = [(kind, la) for kind, members in zip(units.KINDS, (pv, ess, nbsu), strict=True) for la in members]
    arcs = [(k, *ends) for k, link in links.items() for ends in ((link.i, link.j), (link.j, link.i))]
    m.KIND = pyo.Set(initialize=kinds, dimen=2, ordered=True, doc="(kind of unit, LA)")
    m.ARC = pyo.Set(initialize=arcs, dimen=3, ordered=True, doc="(branch, from, to), both directions")
    m.ends = {k: (link.i, link.j) for k, link in links.items()}
    m.arcs_from = {la: [(k, j) for k, i, j in arcs if i == la] for la in las}


def _declare_unit_data(m: Model, horizon: Horizon) -> None:
    """Demand with its loss allowance, what units can give, options. Numbers only; the algebra is in ``units``."""
    graph, steps = horizon.graph, range(horizon.steps)
    options, parameters = graph.options, _parameters(graph)
    m.inside_circle_asked = options.apparent_power == "circle"
    m.q_online_only = options.nbsu_reactive == "online"
    m.first_step_free = options.first_online_step_free
    m.q_ratio, m.chord, m.sides = graph.q_ratio, graph.chord, SIDES
    m.dt, m.live = {t: horizon.dt_h(t) for t in steps}, dict.fromkeys(steps, 1.0)
    factor = {i: horizon.loss_factor(graph.section[i]) for i in m.N}
    m.demand = {(i, t): factor[i] * horizon.demand_kw(i, t) for i in m.N for t in steps}
    m.demand_q = {(i, t): factor[i] * horizon.demand_kvar(i, t) for i in m.N for t in steps}
    m.value = {(i, t): horizon.area_value_kwh(i, t) for i in m.N for t in steps}
    m.pv_needs = {t: {t, *(e for e in range(t) if horizon.pv_waits_for(t, e))} for t in steps}
    m.pv_delay_met = {(i, t): float(horizon.pv_delay_met(i, t)) for i in m.PV for t in steps}
    m.pv_kw = {(i, t): m.pv_delay_met[i, t] * horizon.pv_kw(i, t) for i in m.PV for t in steps}
    for kind in units.KINDS:
        setattr(m, f"s_{kind}", {la: getattr(p, f"s_{kind}_kva") for la, p in parameters.items()})
    m.s_ess_min = {la: p.s_ess_min_kva for la, p in parameters.items()}
    m.s_infeed = {la: graph.live_infeed_kva.get(la, 0.0) for la in m.N}
    m.e_dis = {i: horizon.psc[i]["discharge_kwh"] for i in m.ESS}
    m.e_char = {i: horizon.psc[i]["charge_kwh"] for i in m.ESS}


def _declare_launch_data(m: Model, horizon: Horizon) -> None:
    """The clock of (13f), (13g) and what (13j) takes from measurements.

    A start-up under way is a launch at slot −1, so long ago that ``nbsu_remaining_min`` are left; a unit on line was
    launched T_i before now.
    """
    parameters, steps = _parameters(horizon.graph), range(horizon.steps)
    m.start, m.end = {t: horizon.start(t) for t in steps}, horizon.end_min
    m.p_in = {i: parameters[i].p_in_kw for i in m.NBSU}
    m.start_min = {i: parameters[i].start_min for i in m.NBSU}
    m.ramp_up = {i: parameters[i].ramp_up_kw_per_h * horizon.full_step_h for i in m.NBSU}
    m.ramp_down = {i: parameters[i].ramp_down_kw_per_h * horizon.full_step_h for i in m.NBSU}
    m.slots_of, m.slot_start, m.slot_min, m.tick_min = {}, {}, {}, {}
    m.p_nbsu_max, m.p_nbsu_min = {}, {}
    for i in m.NBSU:
        message = horizon.psc[i]
        state = message["nbsu_state"]
        m.slots_of[i] = [*steps] if state == "off" else [-1, *steps]
        m.slot_start |= {(i, t): m.start[t] for t in steps}
        if state != "off":
            remaining = message["nbsu_remaining_min"] if state == "starting" else 0.0
            m.slot_start[i, -1] = m.start[0] + remaining - m.start_min[i]
        for slot, following in zip(m.slots_of[i], [*m.slots_of[i][1:], None], strict=True):
            m.slot_min[i, slot] = (m.end if following is None else m.start[following]) - m.slot_start[i, slot]
        to_go = (m.slot_start[i, s] + m.start_min[i] - m.start[t] for s in m.slots_of[i] for t in steps)
        m.tick_min[i] = min((g for g in to_go if g > 1e-9), default=m.end - m.start[horizon.steps - 1]) / 2
        _measured_range(m, horizon, i)
    slots = [(i, s) for i in m.NBSU for s in m.slots_of[i]]
    m.NBSU_SLOT = pyo.Set(initialize=slots, dimen=2, ordered=True, doc="(NBSU, slot of a launch)")
    m.online_now = {i: horizon.psc[i]["nbsu_state"] == "online" for i in m.NBSU}


def _measured_range(m: Model, horizon: Horizon, i: str) -> None:
    """Output that the ramp leaves in the first step, and in the second after a first one shorter than Δt (13j)."""
    message = horizon.psc[i]
    if message["nbsu_state"] == "online":
        short = horizon.steps > 1 and m.dt[0] < horizon.full_step_h
        for t in (0, 1) if short else (0,):
            m.p_nbsu_min[i, t], m.p_nbsu_max[i, t] = message["nbsu_p_min_kw"], message["nbsu_p_max_kw"]
    elif not m.first_step_free:
        before = -m.p_in[i] if message["nbsu_state"] == "starting" else 0.0
        m.p_nbsu_max[i, 0] = max(0.0, before + m.ramp_up[i])


def _declare_network_data(m: Model, horizon: Horizon) -> None:
    graph, limits = horizon.graph, horizon.graph.limits
    links = graph.links
    m.interruptions_asked = m.earlier_asked = False
    m.switching_cost = graph.objective.switching_kwh
    m.closed_before = {k: float(horizon.closed[k]) for k in m.SWITCH}
    m.u_min, m.u_max = limits.vm_min_pu**2, limits.vm_max_pu**2
    m.u_ref = {la: vm_pu**2 for la, vm_pu in graph.reference_vm_pu.items()}
    m.s_max = {k: link.s_max_kva for k, link in links.items()}
    m.r, m.reactance = {k: link.r_pu for k, link in links.items()}, {k: link.x_pu for k, link in links.items()}
    m.ratio = {k: link.ratio for k, link in links.items()}
    m.charging, m.link_charging = graph.charging_kvar, {k: link.charging_kvar for k, link in links.items()}
    m.switches_between = {(i, j): [] for i in m.N for j in m.N}
    m.fixed_between = {(i, j): False for i in m.N for j in m.N}
    for k, i, j in m.ARC:
        if k in m.SWITCH:
            m.switches_between[i, j].append(k)
        else:
            m.fixed_between[i, j] = True
    m.degree_max = {i: len({j for _, j in m.arcs_from[i]}) for i in m.N}
    m.fixed_loops = _fixed_loops(m)
    sources = {i: m.s_pv[i] + m.s_ess[i] + m.s_nbsu[i] + m.s_infeed[i] for i in m.N}
    drawn = {i: m.p_in.get(i, 0.0) for i in m.N}
    cables = {i: m.charging[i] + sum(m.link_charging[k] for k, _ in m.arcs_from[i]) for i in m.N}
    m.p_most = {(i, t): sources[i] + drawn[i] + m.demand[i, t] for i in m.N for t in m.T}
    m.q_most = {(i, t): sources[i] + abs(m.demand_q[i, t]) for i in m.N for t in m.T}
    m.net_most = {("P", i, t): m.p_most[i, t] for i in m.N for t in m.T}
    m.net_most |= {("Q", i, t): m.q_most[i, t] + cables[i] for i in m.N for t in m.T}


def _fixed_loops(m: Model) -> dict[str, int]:
    """Loops of branches without a switch, counted at the first LA of each group that they join."""
    graph = nx.Graph()
    graph.add_nodes_from(m.N)
    graph.add_edges_from((i, j) for i in m.N for j in m.N if m.fixed_between[i, j])
    groups = [graph.subgraph(group) for group in nx.connected_components(graph)]
    first = {next(i for i in m.N if i in group): group for group in groups}
    return {i: first[i].size() - len(first[i]) + 1 if i in first else 0 for i in m.N}


def _declare_variables(m: Model) -> None:
    """Every variable is bounded by data, as in the compact form."""
    N, T = m.N, m.T
    m.X = pyo.Var(N, T, domain=pyo.Binary, doc="LA energised")
    if m.by_area:
        m.served = pyo.Var(N, T, domain=pyo.UnitInterval if m.in_part else pyo.Binary, doc="LA's customers have supply")
    m.closed = pyo.Var(m.SWITCH, T, domain=pyo.Binary, doc="b_l: switch closed")
    m.b = pyo.Var(N, N, T, domain=pyo.Binary, doc="LAs adjacent")
    m.h = pyo.Var(N, N, m.K, T, domain=pyo.Binary, doc="connected over up to 2^(k−1) branches")
    m.c = pyo.Var(N, N, range(1, m.k_max), N, T, domain=pyo.Binary, doc="c_ijkq: connected over LA q")
    m.g = pyo.Var(N, N, T, domain=pyo.Binary, doc="LAs connected")
    m.x = pyo.Var(N, T, bounds=lambda m, i, t: (0, m.degree_max[i]), doc="degree")
    m.y = pyo.Var(N, N, T, bounds=lambda m, i, j, t: (0, m.degree_max[j]), doc="degree within the island of i")
    m.G = pyo.Var(N, N, T, bounds=lambda m, i, j, t: (-m.p_most[j, t], m.p_most[j, t]), doc="net power within it [kW]")
    m.root = pyo.Var(N, T, domain=pyo.Binary, doc="r_i: LA offers to hold U_N")
    m.R = pyo.Var(N, N, T, bounds=(0, 1), doc="offers within the island of i")
    m.A = pyo.Var(N, N, T, domain=pyo.Binary, doc="i offers and j of its island does not")
    m.op = pyo.Var(m.SWITCH, T, bounds=(0, 1), doc="switch operated at the start of a step")
    m.launch_slot = pyo.Var(m.NBSU, domain=pyo.Integers, bounds=_slot_bounds, doc="t_i: slot of the launch")
    m.mu = pyo.Var(m.NBSU_SLOT, domain=pyo.Binary, doc="start-up launched")
    m.phi = pyo.Var(m.NBSU, T, domain=pyo.Binary, doc="NBSU on line")
    m.p = pyo.Var(N, T, bounds=lambda m, i, t: (-m.p_most[i, t], m.p_most[i, t]), doc="net power [kW]")
    m.q = pyo.Var(N, T, bounds=lambda m, i, t: (-m.q_most[i, t], m.q_most[i, t]), doc="net reactive power [kvar]")
    m.p_pv = pyo.Var(m.PV, T, bounds=lambda m, i, t: (0, m.s_pv[i]), doc="p^PV [kW]")
    m.p_ess = pyo.Var(m.ESS, T, bounds=lambda m, i, t: (-m.s_ess_min[i], m.s_ess_min[i]), doc="p^ESS [kW]")
    m.p_nbsu = pyo.Var(m.NBSU, T, bounds=lambda m, i, t: (-m.p_in[i], m.s_nbsu[i]), doc="p^NBSU [kW]")
    for name, told in (("p_infeed", "power of a live infeed [kW]"), ("q_infeed", "its reactive power [kvar]")):
        setattr(m, name, pyo.Var(m.INFEED, T, bounds=lambda m, i, t: (-m.s_infeed[i], m.s_infeed[i]), doc=told))
    for kind, members in (("pv", m.PV), ("ess", m.ESS), ("nbsu", m.NBSU)):
        most = {i: m.q_ratio * getattr(m, f"s_{kind}")[i] for i in members}
        setattr(
            m, f"q_{kind}", pyo.Var(members, T, bounds=lambda m, i, t, q=most: (-q[i], q[i]), doc="reactive [kvar]")
        )
    for name, told in (("P", "power from i to j [kW]"), ("Q", "reactive power from i to j [kvar]")):
        flow = pyo.Var(m.ARC, T, bounds=lambda m, k, i, j, t: (-m.s_max[k], m.s_max[k]), doc=told)
        setattr(m, name, flow)
    m.U = pyo.Var(N, T, bounds=(0, m.u_max), doc="squared voltage [p.u.²]")


def _slot_bounds(m: Model, i: str) -> tuple[int, int]:
    return m.slots_of[i][0], -1 if m.online_now[i] else len(m.T)
