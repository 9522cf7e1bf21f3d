"""The index system's formulas, one function each: plain numbers and arrays in, a number out.

Source: Zhu et al., "Research on the Development and Index System of Smart Distribution Network in China in the
Future", Table 1 and section 5.2; docs/indices.md quotes each definition and gives the reading taken here.
Shares are fractions of 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

RESERVE_SHARE = 0.40
"""Part of the maximum load beyond which transformation capacity counts as reserve: "exceeding 40 %" [Zhu, 5.2]."""

GETTING_ELECTRICITY_RANGES = {
    "procedures": (9.0, 3.0),
    "time_days": (248.0, 18.0),
    "cost_pct_of_income_per_capita": (8100.0, 0.0),
    "reliability_0_to_8": (0.0, 8.0),
}
"""Worst and best regulatory performance of each measure, Doing Business 2020 (recalled; see docs/indices.md)."""


class NotDefined(ValueError):
    """An index that has no value here: the message says what it would need."""


def ratio(part: float, whole: float, what: str) -> float:
    """``part / whole``. Raises NotDefined, naming the denominator ``what``, unless ``whole`` is above 0."""
    if not whole > 0:
        raise NotDefined(f"{what} above 0")
    return part / whole


def reserve_capacity_mva(transformation_mva: float, max_load_mva: float, share: float = RESERVE_SHARE) -> float:
    """Reserve capacity: max(0, C − share · P_max) in MVA. ``share`` 1.40 is the other reading: 40 % more than P_max."""
    return max(0.0, transformation_mva - share * max_load_mva)


def new_reserve_per_asset(reserve_mva: float, reserve_before_mva: float, investment: float) -> float:
    """Index 1: newly added reserve capacity over the investment (MVA per unit of ``investment``)."""
    return ratio(reserve_mva - reserve_before_mva, investment, "investment")


def import_dependence(import_kw: Sequence[float] | np.ndarray, demand_kw: Sequence[float] | np.ndarray) -> float:
    """The printed formula of index 2: largest import from the upstream grid over largest demand of the users.

    Each maximum at its own time, over the same period; exports count as no import; demand includes what is unserved.
    """
    largest_import = max(0.0, float(np.max(import_kw)))
    return ratio(largest_import, float(np.max(demand_kw)), "demand")


def coincident_import_dependence(
    import_kw: Sequence[float] | np.ndarray, demand_kw: Sequence[float] | np.ndarray
) -> float:
    """As ``import_dependence``, but with the import at the (first) time of the largest demand."""
    at = int(np.argmax(demand_kw))
    return ratio(max(0.0, float(import_kw[at])), float(demand_kw[at]), "demand")


def self_balancing(dependence: float) -> float:
    """Index 2: 1 − dependence, the part of the largest demand that needs no import; below 0 if losses exceed it."""
    return 1.0 - dependence


def outage_hours(local_area: pd.DataFrame, hours: Mapping[float, float]) -> dict[str, float]:
    """Hours without supply by local area (LA): steps in which it is dark, shed or off by order.

    ``local_area`` has the columns of relight.results.run.tables; ``hours`` gives each step's length by its start in
    minutes.
    """
    out = _out(local_area)
    length = local_area["time_min"].map(hours).where(out, 0.0)
    return {str(la): float(h) for la, h in length.groupby(local_area["local_area"], sort=False).sum().items()}


def _out(local_area: pd.DataFrame) -> pd.Series:
    """Rows of LAs without supply."""
    out = (local_area["energised"] != 1) | (local_area["shed"] == 1)
    return out | (local_area["ordered_share"] == 0) if "ordered_share" in local_area else out


def outages(local_area: pd.DataFrame) -> dict[str, int]:
    """Times each LA loses supply: at the start if it lies in the outage area, and whenever it goes dark or off.

    An area that is supplied again within the first step has lost supply once, for 0 h.
    """
    ordered = local_area.sort_values(["local_area", "time_min"], kind="stable")
    out = _out(ordered)
    at_start = ordered["in_outage_area"] == 1
    first = ~ordered["local_area"].duplicated()
    before = out.groupby(ordered["local_area"]).shift(fill_value=False)
    counts = ((out & ~before) | (first & at_start)).groupby(ordered["local_area"]).sum()
    return {str(la): int(n) for la, n in counts.items()}


def mean_per_household(value: Mapping[str, float], households: Mapping[str, float]) -> float:
    """Index 3: Σ (value of an LA × its households) / Σ households; an LA that ``value`` does not name counts as 0.

    With hours without supply this is the printed formula (SAIDI of the event), with ``outages`` the printed prose.
    Households may be any weights proportional to them.
    """
    total = sum(households.values())
    return ratio(sum(value.get(la, 0.0) * n for la, n in households.items()), total, "households")


def clean_share(pv_kwh: float, import_kwh: float, export_kwh: float, upstream_clean: float = 0.0) -> float:
    """Index 4, proxy: clean part of what supplies the area, (PV − export + clean import) / (PV − export + import).

    Losses are shared in proportion. ``upstream_clean`` is the clean fraction of imports. Storage must end as it began.
    """
    kept = pv_kwh - export_kwh
    return ratio(kept + upstream_clean * import_kwh, kept + import_kwh, "energy supplied")


def provider_share(
    pv_kwh: float, import_kwh: float, export_kwh: float, discharge_kwh: float = 0.0, charge_kwh: float = 0.0
) -> float:
    """Index 9, proxy: part of supply that local generation gives, (PV − export + discharge) / supply.

    Without storage terms stored energy keeps its origin; with them it is sold by storage operators who bought it from
    the upstream grid. Supply = PV + import − export + discharge − charge.
    """
    local = pv_kwh - export_kwh + discharge_kwh
    return ratio(local, local + import_kwh - charge_kwh, "energy supplied")


def growth_per_household(mwh: float, households: float, mwh_before: float, households_before: float) -> float:
    """Index 6: (E/H of this year − E/H of the year before) / E/H of the year before."""
    before = ratio(mwh_before, households_before, "households of the year before")
    return ratio(ratio(mwh, households, "households") - before, before, "consumption of the year before")


def getting_electricity_score(measures: Mapping[str, float]) -> float:
    """Index 7: mean of the scores 100 · (worst − x) / (worst − best) of the measures given, each within 0 to 100.

    Four measures make the score of Doing Business 2016 to 2020, without ``reliability_0_to_8`` that of 2010 to 2015
    (whose frontiers may have differed). Raises KeyError for an unknown measure.
    """
    scores: list[float] = []
    for name, value in measures.items():
        worst, best = GETTING_ELECTRICITY_RANGES[name]
        scores.append(min(100.0, max(0.0, 100 * (worst - value) / (worst - best))))
    return ratio(sum(scores), len(scores), "number of measures")


def reduction(without: float, with_it: float, what: str) -> float:
    """(without − with) / without: how much less of ``what`` than in the baseline."""
    return ratio(without - with_it, without, what)


def supply_efficiency(fed_in_kwh: float, losses_kwh: float) -> float:
    """Energy that reaches customers over energy fed into the network (import + generation - export)."""
    return ratio(fed_in_kwh - losses_kwh, fed_in_kwh, "energy fed in")
