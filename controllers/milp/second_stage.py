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

from .model import Model, build_model, contents
from .problem import AreaGraph
from .units import X, phi

SHORTFALL_COST = 20.0
"""CNY per kWh of missing headroom; above any cost of energy, so headroom comes first."""
INFEED_COST = 0.5
"""Cost of energy from a live infeed, as a share of an NBSU's: between PV, which costs nothing, and NBSUs [A]."""


def headroom_power(m, la, unit, t):
    """Who holds an island keeps a reserve of power: Σ (p^ESS + p^NBSU) + reserve ≤ S + shortfall, kW."""
    ess, nbsu = m.members[la, unit]
    p = sum(m.p_ess[i, t] for i in ess) + sum(m.p_nbsu[i, t] for i in nbsu)
    s = sum(m.s_ess_min[i] * X(m, i, t) for i in ess) + sum(m.s_nbsu[i] * phi(m, i, t) for i in nbsu)
    return p + m.reserve_kw[la, unit, t] <= s + m.short_p[la, unit, t]


def headroom_energy(m, la, unit, t):
    """Who holds an island keeps energy for its reserve over one step: Σ e + reserve Δt ≤ Σ E^Dis + shortfall, kWh."""
    ess, _ = m.members[la, unit]
    if not ess:
        return pyo.Constraint.Skip
    taken, store = sum(m.e_ess[i, t] for i in ess), sum(m.e_dis[i] for i in ess)
    return taken + m.reserve_kw[la, unit, t] * m.dt[t] <= store + m.short_e[la, unit, t]


def headroom_reactive(m, la, unit, sign, t):
    """Who holds an island keeps a reserve of reactive power: ±Σ q + reserve ≤ 0.31 S + shortfall, kvar."""
    ess, nbsu = m.members[la, unit]
    q = sum(m.q_ess[i, t] for i in ess) + sum(m.q_nbsu[i, t] for i in nbsu)
    s = sum(m.s_ess[i] * X(m, i, t) for i in ess) + sum(m.s_nbsu[i] * phi(m, i, t) for i in nbsu)
    return sign * q + m.reserve_kvar[la, unit, t] <= m.q_ratio * s + m.short_q[la, unit, t]


def nbsu_generation(m, i, t):
    """Generated power of an NBSU, without its start-up draw: g ≥ p^NBSU, kW."""
    return m.g_nbsu[i, t] >= m.p_nbsu[i, t]


def ess_discharge_cost(m, i, t):
    """Wear of discharging, (44): C ≥ α^Dis p, CNY/h."""
    return m.c_ess[i, t] >= m.ess_discharge_cost_rate * m.p_ess[i, t]


def ess_charge_cost(m, i, t):
    """Wear of charging, (45) read as a cost (D12): C ≥ −α^Char p, CNY/h; α^Char may be raised, ``price_charging``."""
    return m.c_ess[i, t] >= -m.ess_charge_cost_rate[i, t] * m.p_ess[i, t]


def infeed_import(m, i, t):
    """What a live infeed gives, not what it takes: g ≥ p^infeed, kW."""
    return m.g_infeed[i, t] >= m.p_infeed[i, t]


def dispatch_cost(m):
    """Missing headroom, energy taken out of store, wear of storage, NBSU generation and infeed, CNY."""
    shortfall = sum(m.dt[t] * (m.short_p[i, t] + m.short_q[i, t]) + m.short_e[i, t] for i in m.FORMER for t in m.T)
    stored = 0.0 if "ess" in m.without else sum(m.e_ess[i, m.T.last()] for i in m.ESS)
    fuel = sum(m.dt[t] * m.g_nbsu[i, t] for i in m.NBSU for t in m.T)
    wear = sum(m.dt[t] * m.c_ess[i, t] for i in m.ESS for t in m.T)
    bought = sum(m.dt[t] * m.g_infeed[i, t] for i in m.INFEED for t in m.T)
    cost = SHORTFALL_COST * shortfall + m.stored_energy_value * stored + wear + m.nbsu_cost * fuel
    return cost + INFEED_COST * m.nbsu_cost * bought


DECIDED = ("X", "b", "edge", "root", "launch")
"""What the MILP decides and the dispatch problem takes as given."""
TOPOLOGY = ("states", "forest", "loops", "switching", "static")
"""Families that speak of decided things only."""


def build_dispatch(
    graph: AreaGraph,
    steps: int,
    *,
    detailed: bool,
    form: tuple[int, bool, bool] = (0, False, False),
    constant_power: bool = False,
) -> Model:
    """The dispatch problem: the MILP's constraints with what it decided to be fixed, and its own objective."""
    m = build_model(graph, steps, detailed=detailed, form=(0, *form[1:]), constant_power=constant_power)
    m.restored_energy.deactivate()
    m.two_sided_losses = True
    for family in TOPOLOGY:
        for rule, _ in contents(m, static=False).get(family, ()):
            getattr(m, rule.__name__).deactivate()
    m.members = _formers(m, graph)
    m.FORMER = pyo.Set(initialize=list(m.members), dimen=2, ordered=True)
    m.stored_energy_value, m.nbsu_cost = graph.options.stored_energy_value, graph.nbsu_cost
    m.ess_discharge_cost_rate, m.ess_wear_charging = graph.ess_discharge_cost, graph.ess_charge_cost
    m.ess_charge_cost_rate = pyo.Param(m.ESS, m.T, mutable=True, initialize=graph.ess_charge_cost)
    for name in ("short_p", "short_e", "short_q"):
        setattr(m, name, pyo.Var(m.FORMER, m.T, domain=pyo.NonNegativeReals))
    m.g_nbsu = pyo.Var(m.NBSU, m.T, domain=pyo.NonNegativeReals)
    m.g_infeed = pyo.Var(m.INFEED, m.T, domain=pyo.NonNegativeReals)
    m.c_ess = pyo.Var(m.ESS, m.T, domain=pyo.NonNegativeReals)
    m.reserve_kw = pyo.Param(m.FORMER, m.T, mutable=True, initialize=0.0)
    m.reserve_kvar = pyo.Param(m.FORMER, m.T, mutable=True, initialize=0.0)
    m.headroom_power = pyo.Constraint(m.FORMER, m.T, rule=headroom_power)
    m.headroom_energy = pyo.Constraint(m.FORMER, m.T, rule=headroom_energy)
    m.headroom_reactive = pyo.Constraint(m.FORMER, m.SIGN, m.T, rule=headroom_reactive)
    m.nbsu_generation = pyo.Constraint(m.NBSU, m.T, rule=nbsu_generation)
    m.infeed_import = pyo.Constraint(m.INFEED, m.T, rule=infeed_import)
    m.ess_discharge_cost = pyo.Constraint(m.ESS, m.T, rule=ess_discharge_cost)
    m.ess_charge_cost = pyo.Constraint(m.ESS, m.T, rule=ess_charge_cost)
    m.dispatch_cost = pyo.Objective(rule=dispatch_cost, sense=pyo.minimize)
    for name in DECIDED:
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
    excess = max(m.stored_energy_value - INFEED_COST * m.nbsu_cost, 0.0)
    for i in m.ESS:
        m.ess_charge_cost_rate[i, t] = m.ess_wear_charging + excess * (m.la_of[i] in fed)


def decide(m: Model, decided: Model) -> None:
    """Take over what the MILP decided: as bounds, so that the compiled problem keeps its shape."""
    for name in DECIDED:
        for index, variable in getattr(decided, name).items():
            own = getattr(m, name)[index]
            own.setlb(variable.value)
            own.setub(variable.value)
            own.set_value(variable.value, skip_validation=True)
