"""Who gives how much in an island, by merit order instead of optimisation, and whether that is enough.

PV first, then live infeeds and non-black-start units (NBSUs), storage (ESS) last. What PV and NBSUs have to spare
charges storage; what is still too much is curtailed. NBSUs start as soon as their section is live. Powers are those of
the LAs' aggregated units (5)–(12), within the limits of (13). Voltages and flows are not looked at: they are for the
check by AC power flow.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from ..milp.problem import Horizon
from .expansion import SectionTopology

K = TypeVar("K")
_TOLERANCE_KW = 1e-6


@dataclass(frozen=True)
class SupplyState:
    """What earlier steps of a plan leave to the next: kWh taken out of each LA's store since the plan began, at most
    and at least, launch steps of NBSUs (−1: under way when it began), their last output in kW, since when sections are
    live (min)."""

    taken_kwh: Mapping[str, tuple[float, float]]
    launch: Mapping[str, int]
    nbsu_kw: Mapping[str, float]
    since_min: Mapping[str, float]


@dataclass
class StepPowers:
    """Powers of one plan step by LA, kW and kvar; ``nbsu_state`` of every LA with an NBSU."""

    p_pv: dict[str, float] = field(default_factory=dict)
    p_ess: dict[str, float] = field(default_factory=dict)
    p_nbsu: dict[str, float] = field(default_factory=dict)
    p_infeed: dict[str, float] = field(default_factory=dict)
    q_pv: dict[str, float] = field(default_factory=dict)
    q_ess: dict[str, float] = field(default_factory=dict)
    q_nbsu: dict[str, float] = field(default_factory=dict)
    q_infeed: dict[str, float] = field(default_factory=dict)
    pv_on: set[str] = field(default_factory=set)
    nbsu_state: dict[str, Literal["off", "starting", "online"]] = field(default_factory=dict)


class MeritOrder:
    """The rules for one horizon; a horizon of single devices (``per_device``) is refused."""

    def __init__(self, horizon: Horizon) -> None:
        if horizon.graph.per_device:
            raise ValueError("merit order knows local areas, not single devices")
        self._horizon, self._graph = horizon, horizon.graph
        options = self._graph.options
        self._losses = {la: horizon.loss_factor(section) for la, section in self._graph.section.items()}
        self._reserve = 1 + options.reserve_pct / 100
        self._first_free = options.first_online_step_free
        self._of = {la: source.parameters for la, source in self._graph.sources.items()}

    def now(self) -> SupplyState:
        """The state in which the horizon begins."""
        start, psc = self._horizon.start(0), self._horizon.psc
        since = {
            self._graph.section[la]: start - psc[la]["energised_min"] for la in psc if psc[la]["energised_min"] > 0
        }
        launch = {la: -1 for la in psc if psc[la]["nbsu_state"] == "starting"}
        return SupplyState({}, launch, {}, since)

    def able(self) -> set[str]:
        """Sections that can form voltage from the horizon's beginning: by an ESS, or an NBSU that is on line. None that
        a fault holds."""
        psc = self._horizon.psc
        return {
            self._graph.section[la]
            for la, p in self._of.items()
            if p.s_ess_kva or (p.s_nbsu_kva and psc[la]["nbsu_state"] == "online")
        }.difference(self._graph.view.held)

    def step(
        self, state: SupplyState, t: int, topology: SectionTopology, *, reserve: bool = False
    ) -> tuple[SupplyState, StepPowers] | None:
        """Powers of step ``t`` and the state after it; None if an island cannot be supplied.

        ``reserve``: sources must be able to give more than the demand, by ``dispatch_centre.reserve_pct``.
        """
        begun, powers = self._begin(state, t, topology)
        for island in topology.islands():
            if not self._supply(island, topology, begun, t, powers, reserve):
                return None
        dt_h = self._horizon.dt_h(t)
        taken: dict[str, tuple[float, float]] = {}
        for la, p_kw in powers.p_ess.items():
            most, least = begun.taken_kwh.get(la, (0.0, 0.0))
            of = self._of[la]
            taken[la] = most + of.ess_least.drawn_kwh(p_kw, dt_h), least + of.ess_most.drawn_kwh(p_kw, dt_h)
        running = {la: powers.p_nbsu.get(la, 0.0) for la, now in powers.nbsu_state.items() if now == "online"}
        return replace(begun, taken_kwh={**begun.taken_kwh, **taken}, nbsu_kw=running), powers

    def short_islands(self, state: SupplyState, t: int, topology: SectionTopology) -> list[frozenset[str]]:
        """Islands that cannot be supplied in step ``t``."""
        begun, powers = self._begin(state, t, topology)
        return [i for i in topology.islands() if not self._supply(i, topology, begun, t, powers, reserve=False)]

    def lasts(self, state: SupplyState, t: int, topology: SectionTopology) -> bool:
        """Whether all islands can be supplied, with reserve, from step ``t`` to the end of the window."""
        for k in range(t, self._horizon.steps):
            found = self.step(state, k, topology, reserve=True)
            if found is None:
                return False
            state = found[0]
        return True

    def value_kwh(self, section: str, t: int) -> float:
        """What serving a section from step ``t`` to the end is worth, weighted kWh."""
        return self.areas_value_kwh(self._graph.areas_in[section], t)

    def areas_value_kwh(self, areas: Collection[str], t: int) -> float:
        """What serving LAs from step ``t`` to the end is worth, weighted kWh."""
        worth = self._horizon.area_value_kwh
        return sum(sum(worth(la, k) for la in areas) for k in range(t, self._horizon.steps))

    def _begin(self, state: SupplyState, t: int, topology: SectionTopology) -> tuple[SupplyState, StepPowers]:
        """What a step begins with: sections that have just become live, NBSUs launched, their states."""
        horizon, powers = self._horizon, StepPowers()
        since = {s: state.since_min.get(s, horizon.start(t)) for s in topology.live}
        launch = dict(state.launch)
        for la, p in self._of.items():
            if not p.s_nbsu_kva:
                continue
            live = self._graph.section[la] in topology.live
            if la in launch and not live and not horizon.is_online(la, launch[la], t):
                del launch[la]  # a start is lost when its area goes dark
            on_line = horizon.psc[la]["nbsu_state"] == "online"
            if live and not on_line and la not in launch and horizon.online_from(la, t) < horizon.end_min:
                launch[la] = t
            on_line = on_line or (la in launch and horizon.is_online(la, launch[la], t))
            powers.nbsu_state[la] = "online" if on_line else "starting" if la in launch else "off"
        return replace(state, launch=launch, since_min=since), powers

    def _supply(
        self,
        island: frozenset[str],
        topology: SectionTopology,
        state: SupplyState,
        t: int,
        powers: StepPowers,
        reserve: bool,
    ) -> bool:
        """Supply an island; False if that is impossible."""
        horizon, graph, dt_h = self._horizon, self._graph, self._horizon.dt_h(t)
        las = [la for s in graph.view.sections if s in island for la in graph.areas_in[s]]
        infeed = {la: graph.live_infeed_kva[la] for la in las if la in graph.live_infeed_kva}
        pv = {la: horizon.pv_kw(la, t) for la in las if self._pv_on(la, state, t)}
        nbsu = {la: self._nbsu_range(la, state, t) for la in las if powers.nbsu_state.get(la) == "online"}
        ess = {la: self._ess_range(la, state, dt_h, reserve) for la in las if self._of[la].s_ess_kva}
        if not (infeed or ess or nbsu):
            return False
        drawn = {la: -self._of[la].p_in_kw for la in las if powers.nbsu_state.get(la) == "starting"}
        served = [la for la in las if la not in topology.off]
        need = sum(self._losses[la] * horizon.demand_kw(la, t) for la in served) - sum(drawn.values())
        least, most = (sum(limits[k] for limits in nbsu.values()) for k in (0, 1))
        charge, discharge = (sum(limits[k] for limits in ess.values()) for k in (0, 1))
        from_pv, from_infeed = sum(pv.values()), sum(infeed.values())
        if reserve and from_pv + from_infeed + most + discharge < need * self._reserve:
            return False

        lacks = need - from_pv - least
        given_infeed = min(max(lacks, -from_infeed), from_infeed)
        if lacks > 0:
            more = min(lacks - given_infeed, most - least)
            stored = min(most - least - more, -charge) if not infeed and lacks <= most - least else 0.0
            given_nbsu, given_ess = least + more + stored, lacks - given_infeed - more - stored
            given_pv = from_pv
        else:
            given_nbsu, given_ess = least, max(charge, lacks)
            given_pv = max(0.0, from_pv + lacks - given_ess)
            given_infeed = max(-from_infeed, min(0.0, need - given_pv - given_nbsu - given_ess))
        if given_ess > discharge + _TOLERANCE_KW or abs(
            given_pv + given_infeed + given_nbsu + given_ess - need
        ) > _TOLERANCE_KW * max(1.0, need):
            return False

        powers.pv_on.update(pv)
        powers.p_infeed |= _shared(given_infeed, infeed)
        powers.p_pv |= _shared(given_pv, pv)
        room = {la: high - low for la, (low, high) in nbsu.items()}
        powers.p_nbsu |= {la: nbsu[la][0] + p for la, p in _shared(given_nbsu - least, room).items()} | drawn
        side = 0 if given_ess < 0 else 1
        powers.p_ess |= _shared(given_ess, {la: abs(limits[side]) for la, limits in ess.items()})
        return self._reactive(las, served, infeed, t, powers, reserve)

    def _reactive(
        self,
        las: list[str],
        served: list[str],
        infeed: Mapping[str, float],
        t: int,
        powers: StepPowers,
        reserve: bool,
    ) -> bool:
        """Share reactive power by what each source has room for; False if that is not enough."""
        ratio = self._graph.q_ratio
        need = sum(self._losses[la] * self._horizon.demand_kvar(la, t) for la in served)
        need -= sum(self._graph.charging_kvar[la] for la in las)
        room: dict[tuple[str, str], float] = {}
        for la in las:
            p = self._of[la]
            room["infeed", la] = infeed.get(la, 0.0)
            room["pv", la] = _reactive_room(p.s_pv_kva, powers.p_pv.get(la, 0.0), ratio) if la in powers.pv_on else 0.0
            share = p.s_ess_min_kva / p.s_ess_kva if p.s_ess_kva else 1.0
            room["ess", la] = _reactive_room(p.s_ess_kva, powers.p_ess.get(la, 0.0) / share, ratio)
            online = powers.nbsu_state.get(la) == "online"
            room["nbsu", la] = _reactive_room(p.s_nbsu_kva, powers.p_nbsu.get(la, 0.0), ratio) if online else 0.0
        if sum(room.values()) < abs(need) * (self._reserve if reserve else 1.0):
            return False
        for (kind, la), q_kvar in _shared(need, room).items():
            {"infeed": powers.q_infeed, "pv": powers.q_pv, "ess": powers.q_ess, "nbsu": powers.q_nbsu}[kind][la] = (
                q_kvar
            )
        return True

    def _pv_on(self, la: str, state: SupplyState, t: int) -> bool:
        live_min = self._horizon.start(t) - state.since_min[self._graph.section[la]]
        return self._of[la].s_pv_kva > 0 and live_min >= self._graph.pv_reconnect_min - 1e-9

    def _ess_range(self, la: str, state: SupplyState, dt_h: float, reserve: bool) -> tuple[float, float]:
        """Most power into and out of an LA's ESS, kW: −charge, discharge; with reserve part of its energy is kept."""
        psc, of, (most, least) = self._horizon.psc[la], self._of[la], state.taken_kwh.get(la, (0.0, 0.0))
        charge = max(0.0, min(of.s_ess_min_kva, (psc["charge_kwh"] + least) / dt_h / of.ess_most.charge))
        store_kwh = psc["discharge_kwh"] / (self._reserve if reserve else 1.0)
        return -charge, max(0.0, min(of.s_ess_min_kva, (store_kwh - most) / dt_h * of.ess_least.discharge))

    def _nbsu_range(self, la: str, state: SupplyState, t: int) -> tuple[float, float]:
        """Least and most output of an LA's NBSUs on line, kW, (13j)."""
        horizon, p, psc = self._horizon, self._of[la], self._horizon.psc[la]
        known = psc["nbsu_state"] == "online"
        if t == 0 and known:
            return psc["nbsu_p_min_kw"], psc["nbsu_p_max_kw"]
        down, up = horizon.ramp_kw(la, t)
        if t == 0 or not (known or horizon.is_online(la, state.launch[la], t - 1)):
            drawn = p.p_in_kw if t or psc["nbsu_state"] == "starting" else 0.0
            rise = p.ramp_up_kw_per_h * horizon.full_step_h - drawn
            return 0.0, p.s_nbsu_kva if self._first_free else max(0.0, min(p.s_nbsu_kva, rise))
        before = state.nbsu_kw.get(la, 0.0)
        low, high = max(0.0, before - down), min(p.s_nbsu_kva, before + up)
        if t == 1 and known and horizon.dt_h(0) < horizon.full_step_h:
            # After a first step shorter than Δt, what the unit did before now still bounds the second step.
            low, high = max(low, psc["nbsu_p_min_kw"]), min(high, psc["nbsu_p_max_kw"])
        return min(low, high), high


def _shared(total: float, weights: Mapping[K, float]) -> dict[K, float]:
    """A total in proportion to weights; equal parts where all are 0."""
    whole = sum(weights.values())
    return {key: total * (w / whole if whole else 1 / len(weights)) for key, w in weights.items()}


def _reactive_room(s_kva: float, p_kw: float, ratio: float) -> float:
    """Reactive power left beside active power: within S sin φ and p² + q² ≤ S², kvar."""
    return min(ratio * s_kva, math.sqrt(max(0.0, s_kva**2 - p_kw**2)))
