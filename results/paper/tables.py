"""What a reproduction found, as tables; energies are MWh restored in the outage area over the window."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .published_claims import PRINTED_MWH, Bound, Row

STORAGES = {"printed": "Table 3 as printed, 5220 kWh", "reduced": "610 kWh, calibrated cases"}
"""The two readings of Table 3; the second was used to calibrate peak load and clear-sky index."""

VARIATION_COLUMNS = (
    "storage", "variation", "changed", "dynamic_0400_mwh", "static_0400_mwh", "dynamic_1000_mwh", "static_1000_mwh",
    "ratio_0400", "ratio_1000", "worst_gap", "all_proven",
)  # fmt: skip
STATIC_COLUMNS = ("storage", "strategy", "meaning", "0400_mwh", "1000_mwh", "worst_gap", "all_proven")
MAP_COLUMNS = ("storage", "case", "peak_kw", "clear_sky_index", "energy_mwh", "gap", "status")
SPREAD_COLUMNS = ("storage", "case", "spread", "shares_seed", "energy_mwh", "gap", "status")
RUN_COLUMNS = (
    "scenario", "strategy", "seed", "demand_mwh", "first_plan_mwh", "served_mwh", "interruptions",
    "interruptions_3h", "deviation_3h_pct", "areas_shed", "violated_steps",
)  # fmt: skip

DIGITS = 6
"""Decimals in tables."""
MAP_GAP = 0.005
"""The map's plans are solved once, to half a per cent; the gap reached is written down for each point."""

PEAK_STEP_KW = 10.0
Interval = tuple[float, float]

TIMED = frozenset({"seconds"})
"""Claims about wall time: what follows from it is in timing.json and nowhere else, so that the rest repeats byte for
byte; the verdict, too, is told on the terminal only."""
TIMING = "timing.json"


@dataclass(frozen=True)
class Reproduction:
    """Everything that is written. ``seconds`` are wall times by command; ``inputs`` hashes of the files read."""

    rows: tuple[Row, ...]
    variations: pd.DataFrame
    statics: pd.DataFrame
    restored_map: pd.DataFrame
    spread: pd.DataFrame
    runs: pd.DataFrame
    quick: bool
    seconds: dict[str, float]
    inputs: dict[str, str]

    @property
    def claims(self) -> pd.DataFrame:
        """One row per claim, as ``claims.csv`` holds them."""
        return pd.DataFrame([_claim_record(row) for row in self.rows])

    @property
    def reach(self) -> pd.DataFrame:
        return reach(self.restored_map)

    @property
    def spread_summary(self) -> pd.DataFrame:
        """Least, mean and largest energy over the random distributions of load, of the energies as they are written."""
        written = self.spread.round({"energy_mwh": DIGITS})
        groups = written.groupby(["storage", "case", "spread"], sort=False)["energy_mwh"]
        return groups.agg(least="min", mean="mean", largest="max", draws="size").reset_index()


def reach(restored_map: pd.DataFrame) -> pd.DataFrame:
    """By storage, case and peak load: the least and the largest energy over all clear-sky indices of the map."""
    groups = restored_map.groupby(["storage", "case", "peak_kw"], sort=False)["energy_mwh"]
    return groups.agg(least_mwh="min", largest_mwh="max").reset_index()


def peaks_that_meet(restored_map: pd.DataFrame, storage: str, printed_mwh: Mapping[str, float]) -> list[Interval]:
    """Intervals of peak load (kW) at which every printed energy lies between the least and the largest of its case,
    each case with a clear-sky index of its own, to the gap that the map was solved to; between the map's peaks both
    are interpolated."""
    found = reach(restored_map)
    peaks = np.arange(found["peak_kw"].min(), found["peak_kw"].max() + 1, PEAK_STEP_KW)
    met = np.ones(len(peaks), dtype=bool)
    for case, printed in printed_mwh.items():
        own = found[(found["storage"] == storage) & (found["case"] == case)].sort_values("peak_kw")
        least, largest = (np.interp(peaks, own["peak_kw"], own[name]) for name in ("least_mwh", "largest_mwh"))
        met &= (least <= printed * (1 + MAP_GAP)) & (printed * (1 - MAP_GAP) <= largest)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], met, [False]]).astype(int)))
    return [(float(peaks[a]), float(peaks[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def crossings(restored_map: pd.DataFrame) -> pd.DataFrame:
    """The contours as points: where the energy crosses the printed one on the map's grid lines, interpolated along
    the line (``along``)."""
    records: list[dict[str, Any]] = []
    axes = ("peak_kw", "clear_sky_index")
    for (storage, case), points in restored_map.groupby(["storage", "case"], sort=False):
        printed = PRINTED_MWH[str(case)]
        for along, fixed in (axes, axes[::-1]):
            for value, line in points.groupby(fixed):
                ordered = line.sort_values(along)
                x, y = ordered[along].to_list(), ordered["energy_mwh"].to_list()
                for k in range(len(x) - 1):
                    if (y[k] < printed) == (y[k + 1] < printed):
                        continue
                    at = x[k] + (x[k + 1] - x[k]) * (printed - y[k]) / (y[k + 1] - y[k])
                    record = {"storage": storage, "case": case, "printed_mwh": printed, "along": along}
                    records.append({**record, fixed: value, along: at})
    columns = ["storage", "case", "printed_mwh", "along", *axes]
    return pd.DataFrame(records, columns=columns)


def shown_peaks(intervals: Sequence[Interval]) -> str:
    """``2.42 to 2.48 MW or 5.9 MW``."""
    told = [f"{a / 1e3:.2f}" if a == b else f"{a / 1e3:.2f} to {b / 1e3:.2f}" for a, b in intervals]
    return f"{' or '.join(told)} MW" if told else "no peak load of the map"


def _claim_record(row: Row) -> dict[str, Any]:
    claim, timed = row.claim, row.claim.id in TIMED
    return {
        "id": claim.id,
        "case": claim.case,
        "quantity": claim.quantity,
        "printed": claim.value,
        "unit": claim.unit,
        "measured": None if timed else row.fact.value,
        "measured_low": row.fact.low,
        "measured_high": row.fact.high,
        **_bound("bound", row.bound),
        "verdict": shown_verdict(row),
        "reason": row.reason,
        "calibrated_measured": None if timed else row.reduced.value,
        "calibrated_low": row.reduced.low,
        "calibrated_high": row.reduced.high,
        **_bound("calibrated_bound", row.reduced_bound),
        "seeds": row.fact.seeds,
        "command": row.fact.command,
        "where": claim.where,
        "quote": claim.quote,
    }


def _bound(name: str, bound: Bound | None) -> dict[str, float | None]:
    return {f"{name}_low": bound.low if bound else None, f"{name}_high": bound.high if bound else None}


def shown(value: float | None) -> str:
    """A number for people: three significant digits, two decimals at most; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    value = round(value, 6)  # as the tables hold it, so that text follows from them
    if abs(value) >= 100 or value == round(value):
        return f"{value:.0f}"
    if abs(value) < 1:
        return f"{value:.3f}".rstrip("0") if round(value, 3) else "0"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def shown_verdict(row: Row) -> str:
    """The verdict as files hold it: of a claim about wall time only where that is to be found."""
    return TIMING if row.claim.id in TIMED else row.verdict


def shown_bound(bound: Bound | None) -> str:
    """``<= 14.2``, or ``5 to 94`` where something else than zero bounds below; a dash where nothing does."""
    if bound is None:
        return "-"
    return f"<= {shown(bound.high)}" if bound.low <= 0 else f"{shown(bound.low)} to {shown(bound.high)}"


def storages_in(table: pd.DataFrame) -> Sequence[str]:
    """Readings of Table 3 that a table holds, in our order."""
    return [storage for storage in STORAGES if storage in set(table["storage"])]
