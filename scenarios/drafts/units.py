"""Units for a draft: those that a network holds, as far as Relight has their kind, else storage that is proposed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..raw_network import RawNetwork

STORE_H = 3.0
"""Energy in store over rating where nothing is said of it [A]."""
STORE_SHARE = 0.4
"""Of the peak load that storage is proposed for [A: guo45 has 0.38]."""
EVERY = 4
"""One storage is proposed for so many sections [A]."""
_SUN, _WIND = ("pv", "solar", "photovoltaic", "lv_res"), ("wind", "wp", "wka")
_OTHERS = ("chp", "fuel cell", "fuel_cell", "diesel", "biomass", "hydro", "gas", "turbine")

Spec = dict[str, Any]


@dataclass
class Candidates:
    """Units as a scenario lists them, and what was left out, by reason."""

    pv: list[Spec] = field(default_factory=list)
    ess: list[Spec] = field(default_factory=list)
    nbsu: list[Spec] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    proposed: bool = False
    """storage is proposed, not found"""


def found_in(raw: RawNetwork) -> Candidates:
    """Elements of the net that give or store power, by what their type and name say they are."""
    found = Candidates()
    for element in raw.idle:
        rating_kva = raw.elements[element][1]
        facts = raw.element_facts.get(element, {})
        table, words = element.split(".")[0], f"{facts.get('type', '')} {facts.get('name', '')}".lower()
        if rating_kva is None or not facts:
            found.left_out.setdefault("without a rating, or a negative load", []).append(element)
        elif table == "storage":
            found.ess.append({"id": f"ess.{element}", "element": element, **_stored(facts, rating_kva)})
        elif _says(words, _WIND):
            found.left_out.setdefault("wind, for which Relight has no model", []).append(element)
        elif table == "gen" or _says(words, _OTHERS):
            found.nbsu.append({"id": f"nbsu.{element}", "element": element, **_started(rating_kva)})
        elif table in ("sgen", "asymmetric_sgen"):
            found.pv.append({"id": f"pv.{element}", "element": element})
    return found


def _says(words: str, any_of: Collection[str]) -> bool:
    """Whether a word of the text begins with one of these."""
    padded = f" {words.replace('_', ' ')}"
    return any(f" {word.replace('_', ' ')}" in padded for word in any_of)


def _stored(facts: Mapping[str, Any], rating_kva: float) -> Spec:
    """Energy in store and room, from the net's own figures where it has them."""
    capacity_kwh = 1000 * _number(facts.get("max_e_mwh"))
    if not capacity_kwh > 0:
        capacity_kwh = STORE_H * rating_kva
    share = _number(facts.get("soc_percent")) / 100
    full_kwh = capacity_kwh * (share if 0 <= share <= 1 else 1.0)
    return {"discharge_kwh": round(full_kwh, 1), "charge_kwh": round(capacity_kwh - full_kwh, 1)}


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _started(rating_kva: float) -> Spec:
    ramp = round(2 * rating_kva, 1)
    return {
        "p_in_kw": round(0.02 * rating_kva, 2), "ramp_up_kw_per_h": ramp, "ramp_down_kw_per_h": ramp, "start_min": 30
    }  # fmt: skip


def propose_storage(load_kw: Mapping[str, float], sections: Sequence[Sequence[str]]) -> list[Spec]:
    """One storage in every fourth of the sections that have load, at the bus with most of it; all alike, together so
    much of the peak, for three hours."""
    loaded = [section for section in sections if sum(load_kw.get(bus, 0.0) for bus in section) > 0]
    chosen = loaded[::EVERY]
    if not chosen:
        return []
    s_kva = round(STORE_SHARE * sum(load_kw.values()) / len(chosen), 1)
    places = [max(section, key=lambda bus: load_kw.get(bus, 0.0)) for section in chosen]
    energy = {"discharge_kwh": round(STORE_H * s_kva, 1), "charge_kwh": 0}
    return [{"id": f"store.{k}", "bus": bus, "s_kva": s_kva, **energy} for k, bus in enumerate(places, start=1)]
