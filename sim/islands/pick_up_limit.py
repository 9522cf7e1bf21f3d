"""How much an inverter that forms an island can take at once: what is picked up beyond it is not.

Newly drawn is what customers draw who had no supply in the step before. Of them those go off again first of whom the
plan serves least; where single areas have no switch, section switches open that lead to some of them, and where none
does, the island collapses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...results.run.rows import Row, event
from .balance import Demand, shedding_order
from .operating_point import IslandStep

TOLERANCE_KW = 1e-3


def keep_pick_up_limit(
    islands: Iterable[IslandStep], limit_pct: float, supplied: Mapping[str, float]
) -> tuple[list[Row], list[IslandStep]]:
    """Shed what islands that an ESS forms pick up beyond ``limit_pct`` of its rating, before they are balanced.

    ``supplied``: share of each LA that had supply in the step before. Returns the events, and what section switches
    parted, dark.
    """
    events, parts = list[Row](), list[IslandStep]()
    for one in islands:
        if not one.energised or one.choice.unit is None or one.units[one.choice.unit].kind != "ess":
            continue
        unit = one.units[one.choice.unit]
        limit_kw = limit_pct / 100 * unit.s_kva
        why = f"{unit.id} can take {limit_kw:.1f} kW at once"
        if one.load_control == "section":
            while (new_kw := sum(_new_kw(one, supplied).values())) > limit_kw + TOLERANCE_KW:
                cut = one.least_cut("deficit", {la for la, kw in _new_kw(one, supplied).items() if kw > 0})
                if cut is None:
                    one.fail("collapse", f"{why}, not {new_kw:.1f}")
                    break
                parts.append(one.part(cut, why, f"{why}, not {new_kw:.1f}"))
        else:
            events += _shed(one, limit_kw, supplied, why)
    return events, parts


def _new_kw(one: IslandStep, supplied: Mapping[str, float]) -> dict[str, float]:
    """What each LA of an island newly draws."""
    return {
        la: max(one.on[la] - supplied[la], 0.0) * sum(p_kw for p_kw, _ in buses.values())
        for la, buses in one.demand.items()
    }


def _shed(one: IslandStep, limit_kw: float, supplied: Mapping[str, float], why: str) -> Iterable[Row]:
    """Switch off again whom the limit does not allow, the last one in part where that can be."""
    new = [Demand(la, one.value[la], kw, 0.0) for la, kw in _new_kw(one, supplied).items() if kw > 0]
    excess_kw = sum(d.p_kw for d in new) - limit_kw
    cause = f"{why}, not {limit_kw + excess_kw:.1f}"
    for d in shedding_order(new):
        if excess_kw <= TOLERANCE_KW:
            return
        part = min(excess_kw / d.p_kw, 1.0) if one.load_control == "part" else 1.0
        one.on[d.local_area] -= part * (one.on[d.local_area] - supplied[d.local_area])
        excess_kw -= part * d.p_kw
        yield event("la_shed", d.local_area, part * d.p_kw, "kW", why, cause)
