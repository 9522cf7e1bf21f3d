"""Power supply capability (PSC) of a local area: equations (1)–(12) of Guo et al. 2025, one function each.

The dispatch centre stores the static part, (5)–(12), as ``PscParameters``; the gateway sends the rest, D_i of (1), as a
``PscMessage``. A kind of unit that an LA does not have counts as zero. Sums are correctly rounded (``fsum``), so that
equal devices say the same as one device of their size would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import fsum
from typing import Literal, TypeVar

from ...scenarios.view import EssUnit, GridView, NbsuUnit, PvUnit, StoreEfficiency
from .messages import ON_LINE, Forecast, LocalAreaMeasurement, PscMessage, SourceState, UnitMeasurement
from .start_up import NbsuState, start_up_remaining

U = TypeVar("U", PvUnit, EssUnit, NbsuUnit)
EssAggregation = Literal["printed", "proportional"]
LOSSLESS = StoreEfficiency()


@dataclass(frozen=True)
class PscParameters:
    """What the dispatch centre stores of an LA, (5)–(12): kVA, kW, kW/h, minutes.

    ``s_ess_min_kva`` bounds the power of the ESSs together: (8), or Σ S where they share it by rating.
    """

    s_pv_kva: float
    s_ess_kva: float
    s_ess_min_kva: float
    s_nbsu_kva: float
    ramp_up_kw_per_h: float
    ramp_down_kw_per_h: float
    start_min: float
    p_in_kw: float
    ess_least: StoreEfficiency = LOSSLESS
    """least efficiencies of the ESSs: by them so much is in store at least"""
    ess_most: StoreEfficiency = LOSSLESS
    """largest efficiencies of the ESSs: by them so much is in store at most"""


def pv_factor(pv: Sequence[PvUnit], pv_pu: Mapping[str, Sequence[float]], step: int) -> float:
    """Available PV power per unit of rating. (2): ζ^PV_{i,t} = Σ_b S_b ζ_{t,b} / Σ_b S_b."""
    rating = pv_rating(pv)
    return fsum(b.s_kva * pv_pu[b.id][step] for b in pv) / rating if rating else 0.0


def charge_energy(ess: Sequence[EssUnit], measured: Mapping[str, UnitMeasurement]) -> float:
    """Room in store of the ESSs, kWh. (3): E_i^Char = Σ_c E_c^Char."""
    return fsum(measured[c.id]["charge_kwh"] for c in ess)


def discharge_energy(ess: Sequence[EssUnit], measured: Mapping[str, UnitMeasurement]) -> float:
    """Energy in store that the ESSs can still discharge, kWh. (4): E_i^Dis = Σ_c E_c^Dis."""
    return fsum(measured[c.id]["discharge_kwh"] for c in ess)


def proportional_energy(ess: Sequence[EssUnit], energy_kwh: Mapping[str, float]) -> float:
    """Energy of ESSs that share power by rating, kWh: Σ_c S_c · min_c E_c / S_c, in place of (3) or (4).

    With p_c = p S_c / Σ S, |p| ≤ Σ S gives |p_c| ≤ S_c, and the bound on Δt Σ p gives each ESS its own. Where E_c / S_c
    is the same for all this is Σ E: together they can do what a single one could, and no region is larger.
    """
    return ess_rating(ess) * min((energy_kwh[c.id] / c.s_kva for c in ess), default=0.0)


def pv_rating(pv: Sequence[PvUnit]) -> float:
    """Rated power of the PVs, kVA. (5): S_i^PV = Σ_b S_b."""
    return fsum(b.s_kva for b in pv)


def ess_rating(ess: Sequence[EssUnit]) -> float:
    """Rated power of the ESSs, kVA. (6): S_i^ESS = Σ_c S_c."""
    return fsum(c.s_kva for c in ess)


def nbsu_rating(nbsu: Sequence[NbsuUnit]) -> float:
    """Rated power of the NBSUs, kVA. (7): S_i^NBSU = Σ_e S_e."""
    return fsum(e.s_kva for e in nbsu)


def ess_smallest_rating(ess: Sequence[EssUnit]) -> float:
    """Rated power of the smallest ESS, kVA. (8): S_{i,min}^ESS = min_c S_c."""
    return min((c.s_kva for c in ess), default=0.0)


def ess_efficiency(ess: Sequence[EssUnit], pick: Callable[[Iterable[float]], float]) -> StoreEfficiency:
    """Least (``min``) or largest (``max``) efficiencies of the ESSs; 1 where there is none."""
    if not ess:
        return StoreEfficiency()
    return StoreEfficiency(pick(c.charge_efficiency for c in ess), pick(c.discharge_efficiency for c in ess))


def ramp_down(nbsu: Sequence[NbsuUnit]) -> float:
    """Slowest fall of an NBSU, kW/h. (9): p_i^down = min_e p_e^down."""
    return min((e.ramp_down_kw_per_h for e in nbsu), default=0.0)


def ramp_up(nbsu: Sequence[NbsuUnit]) -> float:
    """Slowest rise of an NBSU, kW/h. (10): p_i^up = min_e p_e^up."""
    return min((e.ramp_up_kw_per_h for e in nbsu), default=0.0)


def start_duration(nbsu: Sequence[NbsuUnit]) -> float:
    """Start-up time of the slowest NBSU, min. (11): T_i^NBSU = max_e T_e."""
    return max((e.start_min for e in nbsu), default=0.0)


def startup_power_printed(nbsu: Sequence[NbsuUnit]) -> float:
    """Start-up power that keeps the start-up energy, kW. (12): p_i^in = Σ_e T_e p_e^in / T_i.

    Not sufficient where start-up times differ, see ``startup_power_sum``.
    """
    duration = start_duration(nbsu)
    return fsum(e.start_min * e.p_in_kw for e in nbsu) / duration if duration else startup_power_sum(nbsu)


def startup_power_sum(nbsu: Sequence[NbsuUnit]) -> float:
    """Start-up power while all NBSUs start together, kW. (12) as decided in D9: p_i^in = Σ_e p_e^in."""
    return fsum(e.p_in_kw for e in nbsu)


def units_of(view: GridView, la_id: str) -> tuple[tuple[PvUnit, ...], tuple[EssUnit, ...], tuple[NbsuUnit, ...]]:
    """PVs, ESSs and NBSUs of an LA, in the view's order."""
    ids = view.units_in[la_id]

    def inside(units: Mapping[str, U]) -> tuple[U, ...]:
        return tuple(units[u] for u in ids if u in units)

    return inside(view.pv), inside(view.ess), inside(view.nbsu)


def psc_parameters(
    view: GridView, la_id: str, startup_power: str, ess_aggregation: EssAggregation = "printed"
) -> PscParameters:
    """The static PSC of an LA, (5)–(12).

    ``startup_power`` is ``sum`` or ``printed`` (D9); ValueError for another word. ``ess_aggregation`` says how ESSs
    share power.
    """
    start_up = {"sum": startup_power_sum, "printed": startup_power_printed}
    if startup_power not in start_up:
        raise ValueError(f"startup_power is {startup_power!r}; it must be one of {', '.join(start_up)}")
    pv, ess, nbsu = units_of(view, la_id)
    parameters = _parameters(pv, ess, nbsu, start_up[startup_power](nbsu))
    return replace(parameters, s_ess_min_kva=ess_rating(ess)) if ess_aggregation == "proportional" else parameters


def device_parameters(view: GridView, unit_id: str) -> PscParameters:
    """The static data of a single device in the same form: of one unit (5)–(12) are the identity."""
    pv, ess, nbsu = _alone(view, unit_id)
    return _parameters(pv, ess, nbsu, startup_power_sum(nbsu))


def _alone(view: GridView, unit_id: str) -> tuple[list[PvUnit], list[EssUnit], list[NbsuUnit]]:
    """A single unit in the form of ``units_of``."""

    def found(units: Mapping[str, U]) -> list[U]:
        return [units[unit_id]] if unit_id in units else []

    return found(view.pv), found(view.ess), found(view.nbsu)


def _parameters(
    pv: Sequence[PvUnit], ess: Sequence[EssUnit], nbsu: Sequence[NbsuUnit], p_in_kw: float
) -> PscParameters:
    return PscParameters(
        s_pv_kva=pv_rating(pv),
        s_ess_kva=ess_rating(ess),
        s_ess_min_kva=ess_smallest_rating(ess),
        s_nbsu_kva=nbsu_rating(nbsu),
        ramp_up_kw_per_h=ramp_up(nbsu),
        ramp_down_kw_per_h=ramp_down(nbsu),
        start_min=start_duration(nbsu),
        p_in_kw=p_in_kw,
        ess_least=ess_efficiency(ess, min),
        ess_most=ess_efficiency(ess, max),
    )


def aggregate_nbsu_state(
    nbsu: Sequence[NbsuUnit], measured: Mapping[str, UnitMeasurement], age_min: float
) -> tuple[NbsuState, float]:
    """State of an LA's NBSUs as one unit, and the minutes of start-up still to go.

    All NBSUs of one gateway start to generate together (Sec. 3.1): a fast one is launched with the slow ones and held
    at its start-up power. So they are on line when all are, and start for as long as the slowest needs; a unit that
    tripped while others run has its whole start-up before it.
    """
    states = [measured[e.id]["state"] for e in nbsu]
    if nbsu and all(state in ON_LINE for state in states):
        return "online", 0.0
    if all(state in ("off", "waiting") for state in states):
        return "off", 0.0
    return "starting", max(start_up_remaining(e, measured[e.id], age_min) for e in nbsu)


def assess(
    view: GridView,
    la_id: str,
    measurement: LocalAreaMeasurement,
    forecast: Forecast,
    time_min: float,
    *,
    ess_aggregation: EssAggregation = "printed",
    per_device: bool = False,
) -> PscMessage:
    """D_i of (1): forecast demand, ζ^PV (2), E^Char (3) and E^Dis (4), with the state to plan from.

    E^Char and E^Dis are what is left now, as measured. Durations (energised, start-up) are brought forward from the
    measurement's ``time_min`` to ``time_min``. ``per_device`` adds the state of every unit by itself.
    """
    age_min = max(0.0, time_min - measurement["time_min"])
    units = units_of(view, la_id)
    message = PscMessage(
        local_area=la_id,
        issued_at_min=time_min,
        step_start_min=list(forecast["step_start_min"]),
        demand_p_kw=list(forecast["demand_p_kw"]),
        demand_q_kvar=list(forecast["demand_q_kvar"]),
        energised_min=measurement["energised_min"] + age_min if measurement["energised"] else 0.0,
        shed=not measurement["share_on"] > 0,
        **_state(*units, measurement, forecast, age_min),
    )
    if 0 < measurement["share_on"] < 1:
        message["share_on"] = measurement["share_on"]
    if "supply_changes_min" in measurement:
        message["supply_changes_min"] = list(measurement["supply_changes_min"])
    if ess_aggregation == "proportional":
        measured, ess = measurement["units"], units[1]
        message["discharge_kwh"] = proportional_energy(ess, {c.id: measured[c.id]["discharge_kwh"] for c in ess})
        message["charge_kwh"] = proportional_energy(ess, {c.id: measured[c.id]["charge_kwh"] for c in ess})
    if per_device:
        message["devices"] = {
            unit.id: _state(*_alone(view, unit.id), measurement, forecast, age_min) for kind in units for unit in kind
        }
    return message


def _state(
    pv: Sequence[PvUnit],
    ess: Sequence[EssUnit],
    nbsu: Sequence[NbsuUnit],
    measurement: LocalAreaMeasurement,
    forecast: Forecast,
    age_min: float,
) -> SourceState:
    """State of these units as one, from a measurement that is ``age_min`` old."""
    measured = measurement["units"]
    state, remaining_min = aggregate_nbsu_state(nbsu, measured, age_min)
    on_line = nbsu if state == "online" else ()
    return SourceState(
        pv_pu=[pv_factor(pv, forecast["pv_pu"], step) for step in range(len(forecast["step_start_min"]))],
        charge_kwh=charge_energy(ess, measured),
        discharge_kwh=discharge_energy(ess, measured),
        nbsu_state=state,
        nbsu_remaining_min=remaining_min,
        nbsu_p_min_kw=fsum(measured[e.id]["p_min_kw"] for e in on_line),
        nbsu_p_max_kw=fsum(measured[e.id]["p_max_kw"] for e in on_line),
    )
