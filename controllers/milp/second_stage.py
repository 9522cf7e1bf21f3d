"""The second stage of planning: with sections, switches, start-ups and balance units decided, who gives how much.

Objective (18) counts load only, so any dispatch that serves it is equally good and the split between PV, ESS and NBSU
would be the solver's whim. This linear problem chooses one on stated grounds: balance units keep headroom for what the
forecast misses, then energy stays in store, then generation is cheap. Energy of a live infeed costs half of an NBSU's,
so that it comes after PV; none of it is put into store, where it would be of no more use than behind the infeed.
"""

# pyright: basic
from __future__ import annotations

from collections.abc import Collection

import pyomo.environ as pyo

from ..storage_cost import ess_charge_cost, ess_discharge_cost
from ..storage_losses import LOSSLESS, least_discharge
from .model import Contents, Model, build_model, contents
from .problem import AreaGraph
from .served import hold
from .stricter_limits import NO_ROWS, Form
from .units import X, phi

SHORTFALL_COST = 20.0
"""CNY per kWh of missing headroom; above any cost of energy, so headroom comes first."""
INFEED_COST = 0.5
"""Cost of energy from a live infeed, as a share of an NBSU's: between PV, which costs nothing, and NBSUs [A]."""


def dispatch_contents(m: Model) -> Contents:
    """Family → its constraints, each with the sets it is written over; those of the MILP come before them."""
    return {
        "headroom": (
            (headroom_power, (m.FORMER, m.T)),
            (headroom_energy, (m.FORMER, m.T)),
            (headroom_reactive, (m.FORMER, m.SIGN, m.T)),
        ),
        "dispatch_cost": (
            (nbsu_generation, (m.NBSU, m.T)),
            (infeed_import, (m.INFEED, m.T)),
            (ess_discharge_cost, (m.ESS, m.T)),
            (ess_charge_cost, (m.ESS, m.T)),
        ),
    }


def headroom_power(m, la, unit, t):
    """Who holds an island keeps a reserve of power: Σ (p^ESS + p^NBSU) + reserve ≤ S + shortfall, kW."""
    ess, nbsu = m.members[la, unit]
    p = sum(m.p_ess[i, t] for i in ess) + sum(m.p_nbsu[i, t] for i in nbsu)
    s = sum(m.s_ess_min[i] * X(m, i, t) for i in ess) + sum(m.s_nbsu[i] * phi(m, i, t) for i in nbsu)
    return p + m.reserve_kw[la, unit, t] <= s + m.short_p[la, unit, t]


def headroom_energy(m, la, unit, t):
    """Who holds an island keeps energy for its reserve over one step: Σ e + reserve Δt ≤ Σ E^Dis + shortfall, kWh; the
    reserve over the least η^Dis where storage loses energy."""
    ess, _ = m.members[la, unit]
    if not ess:
        return pyo.Constraint.Skip
    taken, store = sum(m.e_ess[i, t] for i in ess), sum(m.e_dis[i] for i in ess)
    asked = m.reserve_kw[la, unit, t] * m.dt[t]
    efficiency = least_discharge(m, ess)
    return taken + (asked if efficiency == 1.0 else asked / efficiency) <= store + m.short_e[la, unit, t]


def headroom_reactive(m, la, unit, sign, t):
    """Who holds an island keeps a reserve of reactive power: ±Σ q + reserve ≤ 0.31 S + shortfall, kvar."""
    ess, nbsu = m.members[la, unit]
    q = sum(m.q_ess[i, t] for i in ess) + sum(m.q_nbsu[i, t] for i in nbsu)
    s = sum(m.s_ess[i] * X(m, i, t) for i in ess) + sum(m.s_nbsu[i] * phi(m, i, t) for i in nbsu)
    return sign * q + m.reserve_kvar[la, unit, t] <= m.q_ratio * s + m.short_q[la, unit, t]


def nbsu_generation(m, i, t):
    """Generated power of an NBSU, without its start-up draw: g ≥ p^NBSU, kW."""
    return m.g_nbsu[i, t] >= m.p_nbsu[i, t]


def infeed_import(m, i, t):
    """What a live infeed gives, not what it takes: g ≥ p^infeed, kW."""
    return m.g_infeed[i, t] >= m.p_infeed[i, t]


def dispatch_cost(m):
    """Cost of missing headroom and of energy taken out of store, then that of (42), of NBSUs and of infeed, CNY."""
    shortfall = sum(m.dt[t] * (m.short_p[i, t] + m.short_q[i, t]) + m.short_e[i, t] for i in m.FORMER for t in m.T)
    stored = 0.0 if "ess" in m.without else sum(m.e_ess[i, m.T.last()] for i in m.ESS)
    fuel = sum(m.dt[t] * m.g_nbsu[i, t] for i in m.NBSU for t in m.T)
    wear = sum(m.dt[t] * m.c_ess[i, t] for i in m.ESS for t in m.T)
    bought = sum(m.dt[t] * m.g_infeed[i, t] for i in m.INFEED for t in m.T)
    cost = SHORTFALL_COST * shortfall + m.stored_energy_value * stored + wear + m.nbsu_cost * fuel
    return cost + INFEED_COST * m.nbsu_cost * bought


DECIDED = ("X", "b", "edge", "root", "launch")
"""What the MILP decides and the dispatch problem takes as given, with who is served where customers can be off."""
TOPOLOGY = ("states", "forest", "loops", "switching", "interruptions", "continuity", "static")
"""Families that speak of decided things only."""


def build_dispatch(
    graph: AreaGraph,
    steps: int,
    *,
    detailed: bool,
    form: Form = NO_ROWS,
    constant_power: bool = False,
) -> Model:
    """The dispatch problem: the MILP's constraints with what it decided to be fixed, and its own objective."""
    m = build_model(graph, steps, detailed=detailed, form=form._replace(cuts=0), constant_power=constant_power)
    m.restored_energy.deactivate()
    m.two_sided_losses = True
    for family in TOPOLOGY:
        for rule, _ in contents(m, static=False).get(family, ()):
            getattr(m, rule.__name__).deactivate()
    m.members = _formers(m, graph)
    m.FORMER = pyo.Set(initialize=list(m.members), dimen=2, ordered=True, doc="(LA, device) able to form voltage")
    m.stored_energy_value, m.nbsu_cost = graph.options.stored_energy_value, graph.nbsu_cost
    m.ess_discharge_cost_rate, m.ess_wear_charging = graph.ess_discharge_cost, graph.ess_charge_cost
    m.ess_charge_cost_rate = pyo.Param(
        m.ESS, m.T, mutable=True, initialize=graph.ess_charge_cost, doc="α^Char as raised [CNY/kWh]"
    )
    for name, members, told in (
        ("short_p", m.FORMER, "power missing from the headroom [kW]"),
        ("short_e", m.FORMER, "energy missing from the headroom [kWh]"),
        ("short_q", m.FORMER, "reactive power missing from the headroom [kvar]"),
        ("g_nbsu", m.NBSU, "generated power, without start-up draw [kW]"),
        ("g_infeed", m.INFEED, "power that a live infeed gives, not takes [kW]"),
        ("c_ess", m.ESS, "wear of storage, C_c [CNY/h]"),
    ):
        setattr(m, name, pyo.Var(members, m.T, domain=pyo.NonNegativeReals, doc=told))
    for name, told in (("reserve_kw", "headroom of power asked [kW]"), ("reserve_kvar", "of reactive power [kvar]")):
        setattr(m, name, pyo.Param(m.FORMER, m.T, mutable=True, initialize=0.0, doc=told))
    for family in dispatch_contents(m).values():
        for rule, index in family:
            setattr(m, rule.__name__, pyo.Constraint(*index, rule=rule, doc=rule.__doc__))
    m.dispatch_cost = pyo.Objective(rule=dispatch_cost, sense=pyo.minimize, doc=dispatch_cost.__doc__)
    for name in (*DECIDED, *(("served",) if m.by_area else ())):
        for variable in getattr(m, name).values():
            variable.domain = pyo.Reals
    return m


def _formers(m: Model, graph: AreaGraph) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """(LA, "") → its ESSs and NBSUs; where single devices are scheduled, (LA, device) → that device as well.

    An LA's gateway makes up at each measurement for what its units miss; only the balance unit does so at once.
    """
    las = dict.fromkeys(graph.sources[i].local_area for i in (*m.ESS, *m.NBSU))
    members = {(la, ""): (m.ess_la[la], m.nbsu_la[la]) for la in las}
    if graph.per_device:
        members |= {(graph.sources[i].local_area, i): ([i], []) for i in m.ESS}
        members |= {(graph.sources[i].local_area, i): ([], [i]) for i in m.NBSU}
    return members


def price_charging(m: Model, t: int, fed: Collection[str]) -> None:
    """Where a live infeed holds the island (LAs ``fed``), stored energy is worth no more than the infeed's in step t.

    That is charged as a cost of charging, so that what is in store already keeps its value: PV that is left over is
    stored, the infeed's energy is not, and what is in store stays there as long as it is worth as much.
    """
    for i in m.ESS:
        gets_in = m.store_efficiency.get(i, (LOSSLESS, LOSSLESS))[1].charge
        excess = max(gets_in * m.stored_energy_value - INFEED_COST * m.nbsu_cost, 0.0)
        m.ess_charge_cost_rate[i, t] = m.ess_wear_charging + excess * (m.la_of[i] in fed)


def decide(m: Model, decided: Model) -> None:
    """Take over what the MILP decided: as bounds, so that the compiled problem keeps its shape."""
    for name in DECIDED:
        for index, variable in getattr(decided, name).items():
            own = getattr(m, name)[index]
            own.setlb(variable.value)
            own.setub(variable.value)
            own.set_value(variable.value, skip_validation=True)
    if m.by_area:
        for index, share in decided.served.items():
            hold(m.served[index], share.value)
