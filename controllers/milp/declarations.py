"""Sets, data and variables of the compact form; each says what it is and, in brackets, its unit.

docs/formulation.md lists them from these words. Data that a horizon brings are mutable Params, filled by
``model.set_horizon``.
"""

# pyright: basic
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import networkx as nx
import pyomo.environ as pyo

from .problem import AreaGraph
from .served import as_one

Model = Any
"""A Pyomo ConcreteModel: its sets, variables and constraints are attributes made at run time."""

SIDES = 16
"""Sides of the polygon inside a link's or an infeed's circle: at most 1.9 % of its rating is lost."""


def declare_sets(m: Model, graph: AreaGraph, steps: int) -> None:
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
    m.T = pyo.RangeSet(0, steps - 1, doc="plan steps")
    m.K = pyo.RangeSet(-1, steps - 1, doc="steps of launches and spells; −1: before now")
    lags = min(steps - 1, math.ceil(graph.pv_reconnect_min / graph.plan_step_min - 1e-9))
    m.LAG = pyo.RangeSet(1, lags, doc="steps that PV's reconnect delay reaches back")
    for name, members, told in (
        ("S", view.sections, "sections"),
        ("HELD", view.held, "sections that a fault holds dark"),
        ("Z", view.local_areas if m.detailed else view.sections, "nodes z: sections, or LAs in the detailed model"),
        *((("LA", view.local_areas, "LAs i whose customers can be off"),) if m.by_area else ()),
        ("L", links, "links between nodes, l"),
        ("SWITCH", switches, "links with a switch"),
        ("FIXED", [k for k in links if k not in switches], "links without one"),
        ("PV", pv, "sources with PV"),
        ("ESS", ess, "sources with storage"),
        ("NBSU", nbsu, "sources with a non-black-start unit"),
        ("INFEED", infeed, "LAs with a live infeed"),
        ("ROOT", [la for la in view.local_areas if la in forms or m.nbsu_la[la]], "LAs able to form voltage"),
        ("NBSU_ROOT", [la for la in view.local_areas if m.nbsu_la[la] and la not in forms], "of these, by NBSUs only"),
        ("SIGN", (1, -1), "signs of a bound on both sides"),
        ("RATED", [k for k, link in links.items() if link.s_max_kva < graph.capacity_kva], "links with a rating"),
        ("SIDE", range(SIDES), "sides of a polygon inside a circle"),
    ):
        setattr(m, name, pyo.Set(initialize=list(members), ordered=True, doc=told))
    kinds = [(kind, i) for kind, members in (("pv", pv), ("ess", ess), ("nbsu", nbsu)) for i in members]
    m.KIND = pyo.Set(initialize=kinds, dimen=2, ordered=True, doc="(kind of unit, source)")

    m.la_of = {i: source.local_area for i, source in sources.items()}
    m.section, m.home = section, {i: section[source.local_area] for i, source in sources.items()}
    m.areas_in = graph.areas_in
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


def declare_loops(m: Model) -> None:
    """Switches that lie on some loop of the section graph, and the sections they join, block by block."""
    graph = nx.MultiGraph()
    graph.add_nodes_from(m.S)
    graph.add_edges_from((m.sec_i[k], m.sec_j[k], k) for k in m.SWITCH if m.sec_i[k] != m.sec_j[k])
    single = nx.Graph(graph)
    bridges = {frozenset(pair) for pair in nx.bridges(single) if graph.number_of_edges(*pair) == 1}
    graph.remove_edges_from([(i, j, k) for i, j, k in graph.edges(keys=True) if frozenset((i, j)) in bridges])
    m.block_size = {s: len(block) for block in nx.connected_components(graph) for s in block}
    looped: list[str] = [k for _, _, k in graph.edges(keys=True)]
    m.LOOP = pyo.Set(initialize=[k for k in m.SWITCH if k in looped], ordered=True, doc="switches on a loop")
    in_loops = [s for s in m.S if m.block_size[s] > 1]
    m.LOOPED = pyo.Set(initialize=in_loops, ordered=True, doc="sections that they join")
    m.loop_size = {k: m.block_size[m.sec_i[k]] for k in m.LOOP}
    m.loop_from = _by_node({k: m.sec_i[k] for k in looped}, m.S)
    m.loop_into = _by_node({k: m.sec_j[k] for k in looped}, m.S)


def declare_data(m: Model, graph: AreaGraph) -> None:
    options, limits = graph.options, graph.limits
    parameters = {i: source.parameters for i, source in graph.sources.items()}
    m.q_online_only = options.nbsu_reactive == "online"
    m.first_step_free = float(options.first_online_step_free)
    m.narrowed, m.sides, m.given = [], SIDES, {}
    one = "an LA" if m.by_area else "a section"
    for name, value, told in (
        ("switching_cost", graph.objective.switching_kwh, "c_sw, price of a switch operation [kWh]"),
        ("q_ratio", graph.q_ratio, "reactive limit per unit of rating, 0.31"),
        ("chord", graph.chord, "(1 − cos φ)/sin φ"),
        ("u_min", limits.vm_min_pu**2, "U_min, least squared voltage [p.u.²]"),
        ("u_max", limits.vm_max_pu**2, "U_max, largest squared voltage [p.u.²]"),
        ("u_ref", {la: vm_pu**2 for la, vm_pu in graph.reference_vm_pu.items()}, "U_N of a balance unit [p.u.²]"),
        ("charging", {z: sum(graph.charging_kvar[la] for la in m.areas_at[z]) for z in m.Z}, "of cables [kvar]"),
        ("link_charging", {k: graph.links[k].charging_kvar for k in m.L}, "of a link, half at each end [kvar]"),
        ("s_pv", {i: p.s_pv_kva for i, p in parameters.items()}, "S^PV, (5) [kVA]"),
        ("s_ess", {i: p.s_ess_kva for i, p in parameters.items()}, "S^ESS, (6) [kVA]"),
        ("s_ess_min", {i: p.s_ess_min_kva for i, p in parameters.items()}, "S^ESS_min, (8) [kVA]"),
        ("s_nbsu", {i: p.s_nbsu_kva for i, p in parameters.items()}, "S^NBSU, (7) [kVA]"),
        ("p_in", {i: p.p_in_kw for i, p in parameters.items()}, "p^in, start-up power, (12) [kW]"),
        ("s_infeed", graph.live_infeed_kva, "rating of live infeeds [kVA]"),
        ("s_max", {k: graph.links[k].s_max_kva for k in m.L}, "S_l, rating of a link [kVA]"),
        ("r", {k: graph.links[k].r_pu for k in m.L}, "R_l on 1 MVA [p.u.]"),
        ("x", {k: graph.links[k].x_pu for k in m.L}, "X_l on 1 MVA [p.u.]"),
        ("ratio", {k: graph.links[k].ratio for k in m.L}, "ρ_l, U_j / U_i of a link without current"),
    ):
        setattr(m, name, value)
        m.given[name] = told
    m.earlier_asked = graph.objective.earlier_kwh > 0
    for name, index, first, told in (
        *(
            (("earlier", (as_one(m), m.T), 0.0, f"c_e c Δt τ, worth of serving {one} now, not later [kWh]"),)
            if m.earlier_asked
            else ()
        ),
        ("link_share", (m.L, m.T), 1.0, "share of a link's rating that its apparent power may take"),
        ("cut_section", (m.CUT, m.S, m.T), 1.0, "1: section of a state that is ruled out"),
        ("u_least", (m.Z, m.T), m.u_min, "least squared voltage, raised by checks [p.u.²]"),
        ("dt", (m.T,), 0.0, "Δt; 0 past the window [h]"),
        ("live", (m.T,), 0.0, "1: step of the window"),
        ("waits", (m.T, m.LAG), 0.0, "1: PV's reconnect delay reaches back so far"),
        (
            "value",
            (as_one(m), m.T),
            0.0,
            f"C p^L Δt, what serving {one} is worth [kWh]",
        ),
        ("demand", (m.LA if m.by_area else m.Z, m.T), 0.0, "p^L [kW]"),
        ("demand_q", (m.LA if m.by_area else m.Z, m.T), 0.0, "q^L [kvar]"),
        ("loss_factor", (m.Z,), 1.0, "demand with its loss allowance, a multiple"),
        ("loss_kw", (m.Z, m.T), 0.0, "losses beyond the allowance [kW]"),
        ("loss_kvar", (m.Z, m.T), 0.0, "losses beyond the allowance [kvar]"),
        ("cut_switch", (m.CUT, m.SWITCH, m.T), 0.0, "1: closed in a state that is ruled out, −1: open"),
        ("cut_limit", (m.CUT, m.T), 0.0, "n − 1 of a state that is ruled out"),
        ("pv_kw", (m.PV, m.T), 0.0, "ζ S^PV, available of PV [kW]"),
        ("delay_met", (m.PV, m.T), 0.0, "1: PV's delay before now is over"),
        ("e_dis", (m.ESS,), 0.0, "E^Dis, (4) [kWh]"),
        ("e_char", (m.ESS,), 0.0, "E^Char, (3) [kWh]"),
        ("b0", (m.SWITCH,), 0.0, "1: switch closed now"),
        ("online0", (m.NBSU,), 0.0, "1: NBSU on line now"),
        ("launch_ok", (m.NBSU, m.K), 0.0, "1: launch that exists"),
        ("online_if", (m.NBSU, m.K, m.T), 0.0, "1: on line in a step if launched then"),
        ("starting_if", (m.NBSU, m.K, m.T), 0.0, "1: starting in a step if launched then"),
        ("p_nbsu_min0", (m.NBSU,), 0.0, "least power that the ramp leaves in the first step [kW]"),
        ("p_nbsu_max0", (m.NBSU,), 0.0, "largest power that the ramp leaves in the first step [kW]"),
        ("ramp_up", (m.NBSU, m.T), 0.0, "p^up Δt [kW]"),
        ("p_nbsu_min1", (m.NBSU,), 0.0, "least power in the second step after a short one [kW]"),
        ("p_nbsu_max1", (m.NBSU,), 0.0, "largest power in the second step after a short one [kW]"),
        ("ramp_down", (m.NBSU, m.T), 0.0, "p^down Δt [kW]"),
    ):
        setattr(m, name, pyo.Param(*index, mutable=True, initialize=first, doc=told))


def declare_variables(m: Model) -> None:
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
    m.p_pv = pyo.Var(m.PV, m.T, bounds=lambda m, i, t: (0, m.s_pv[i]), doc="p^PV [kW]")
    m.p_ess = pyo.Var(m.ESS, m.T, bounds=lambda m, i, t: (-m.s_ess_min[i], m.s_ess_min[i]), doc="p^ESS [kW]")
    m.e_ess = pyo.Var(m.ESS, m.T, doc="energy taken out so far [kWh]")
    m.p_nbsu = pyo.Var(m.NBSU, m.T, bounds=lambda m, i, t: (-m.p_in[i], m.s_nbsu[i]), doc="p^NBSU [kW]")
    for name, told in (("p_infeed", "power of a live infeed [kW]"), ("q_infeed", "its reactive power [kvar]")):
        setattr(m, name, pyo.Var(m.INFEED, m.T, bounds=lambda m, i, t: (-m.s_infeed[i], m.s_infeed[i]), doc=told))
    for name, members, rating in (("q_pv", m.PV, m.s_pv), ("q_ess", m.ESS, m.s_ess), ("q_nbsu", m.NBSU, m.s_nbsu)):
        most_q = {i: m.q_ratio * rating[i] for i in members}
        setattr(m, name, pyo.Var(members, m.T, bounds=lambda m, i, t, q=most_q: (-q[i], q[i]), doc="reactive [kvar]"))
    m.P = pyo.Var(m.L, m.T, bounds=lambda m, k, t: (-m.s_max[k], m.s_max[k]), doc="active power from i to j [kW]")
    m.Q = pyo.Var(m.L, m.T, bounds=lambda m, k, t: (-m.s_max[k], m.s_max[k]), doc="reactive power from i to j [kvar]")
    if m.detailed:
        m.U = pyo.Var(m.Z, m.T, bounds=(0, m.u_max), doc="squared voltage [p.u.²]")
