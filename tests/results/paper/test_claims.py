"""The rule that judges claims, the arithmetic of its bounds, and what is derived from the map."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from relight.results.paper.published_claims import (
    CLAIMS,
    PRINTED_MWH,
    PRINTED_STATIC_MWH,
    Bound,
    Claim,
    Fact,
    judge,
    literal_binaries,
    table_bounds,
    verdict,
)
from relight.results.paper.tables import crossings, peaks_that_meet, shown, shown_bound, shown_peaks


def claim(value: float, relation: str) -> Claim:
    return Claim("c", "04:00", "energy", value, "MWh", relation, "5", "quoted", "f", "b", "because {why}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("relation", "printed", "measured", "bound", "expected"),
    [
        ("equals", 7.0, 7.35, None, "reproduced"),
        ("equals", 7.0, 6.65, None, "reproduced"),
        ("equals", 7.0, 7.36, None, "differs"),
        ("equals", 7.0, 6.64, Bound(0, 9), "differs"),
        ("equals", 7.0, 7.0, Bound(0, 6.9), "not reachable"),
        ("equals", 7.0, 7.0, Bound(7.1, 9), "not reachable"),
        ("equals", 0.0, 0.0, None, "reproduced"),
        ("equals", 0.0, 0.1, None, "differs"),
        ("equals", 7.0, None, None, "undefined"),
        ("equals", 7.0, math.inf, None, "undefined"),
        ("equals", 7.0, None, Bound(0, 1), "not reachable"),
        ("below", 5.0, 5.0, None, "reproduced"),
        ("below", 5.0, 0.0, None, "reproduced"),
        ("below", 5.0, 5.01, None, "differs"),
        ("share", 34.1, 34.1, Bound(0, 54), "undefined"),
        ("share", 28.5, 28.5, Bound(0, 8.7), "not reachable"),
        ("undefined", 18.0, 18.0, None, "undefined"),
    ],
)
def test_verdict(relation, printed, measured, bound, expected) -> None:
    assert verdict(claim(printed, relation), measured, bound) == expected


def test_a_row_keeps_both_readings_apart_and_the_calibrated_one_never_decides() -> None:
    bounds, reduced_bounds = {"b": Bound(0, 9)}, {"b": Bound(0, 5)}
    row = judge(
        claim(7, "equals"), {"f": Fact(11.4)}, bounds, {"f": Fact(7.0)}, reduced_bounds, {"why": "of the weather"}
    )
    assert (row.verdict, row.reason) == ("differs", "because of the weather")
    assert row.out_of_reach_reduced and row.reduced.value == 7.0
    assert judge(claim(7, "equals"), {}, bounds, {"f": Fact(7.0)}, {}, {"why": "x"}).verdict == "undefined"


def test_bounds_by_hand() -> None:
    bounds = table_bounds({"0400": 4.0, "1000": 14.0}, 0.61, 3.78, {"0400": 7.0, "1000": 5.0})
    assert bounds["energy_0400"].high == pytest.approx(8.39)
    assert bounds["nbsu_energy_0400"] == Bound(0.0, 3.78)
    share = bounds["ess_share_0400"]
    assert (share.low, share.high) == pytest.approx((0.0, 100 * 0.61 / 7))  # 4 + 3.78 alone make 7
    share = bounds["pv_share_0400"]
    assert (share.low, share.high) == pytest.approx((100 * (7 - 0.61 - 3.78) / 7, 100 * 4 / 7))
    assert bounds["pv_share_1000"].high == 100  # 14 MWh of sun, but no more than all


def test_printed_numbers_by_hand() -> None:
    assert literal_binaries(45, 10) == 5_467_500
    assert PRINTED_MWH["1000"] / PRINTED_STATIC_MWH == pytest.approx(26.9, abs=0.05)


def test_claims_are_told_once_and_name_where() -> None:
    assert len({c.id for c in CLAIMS}) == len(CLAIMS)
    assert all(c.where and c.quote and c.reason for c in CLAIMS)
    assert all(c.fact for c in CLAIMS if c.relation != "undefined")


MAP = pd.DataFrame(
    [
        ("printed", case, peak, index, energy, 0.0, "optimal")
        for case, energies in {"0400": [6, 8, 9, 11], "1000": [10, 12, 4, 6]}.items()
        for (peak, index), energy in zip([(2000, 0.2), (2000, 1.0), (4000, 0.2), (4000, 1.0)], energies, strict=True)
    ],
    columns=["storage", "case", "peak_kw", "clear_sky_index", "energy_mwh", "gap", "status"],
)


def test_peaks_that_meet_the_printed_energies() -> None:
    # 04:00: least energy rises from 6 to 9 MWh over 2 MW, so 7 MWh (+ 0.5 %, the map's gap) is left at 2690 kW.
    assert peaks_that_meet(MAP, "printed", {"0400": 7.0}) == [pytest.approx((2000.0, 2690.0), abs=10.0)]
    # 10:00: least energy falls from 10 to 4 MWh, so 5 MWh (+ 0.5 %) is reached at 3658 kW.
    assert peaks_that_meet(MAP, "printed", {"1000": 5.0}) == [pytest.approx((3660.0, 4000.0), abs=10.0)]
    # No width at all: 7 MWh is met where least and largest cross it together.
    flat = MAP.assign(energy_mwh=[6.0, 6.0, 8.0, 8.0] * 2)
    assert peaks_that_meet(flat, "printed", {"0400": 7.0}) == [pytest.approx((2970.0, 3030.0), abs=10.0)]
    assert peaks_that_meet(MAP, "printed", {"0400": 7.0, "1000": 5.0}) == []
    assert shown_peaks([(2000.0, 2660.0), (3000.0, 3000.0)]) == "2.00 to 2.66 or 3.00 MW"
    assert shown_peaks([]).startswith("no peak")


def test_contour_points() -> None:
    points = crossings(MAP)
    at = {(row.case, row.along): (row.peak_kw, row.clear_sky_index) for row in points.itertuples()}
    assert at["0400", "clear_sky_index"] == pytest.approx((2000, 0.6))
    assert at["0400", "peak_kw"] == pytest.approx((2000 + 2000 / 3, 0.2))
    assert at["1000", "clear_sky_index"] == pytest.approx((4000, 0.6))


def test_numbers_for_people() -> None:
    numbers = (None, math.inf, 7.0, 11.437, 1.9, 0.186, 0.0001, 100.4, 5.468)
    assert [shown(v) for v in numbers] == ["-", "-", "7", "11.4", "1.90", "0.186", "0", "100", "5.47"]
    assert [shown_bound(b) for b in (None, Bound(0, 3.78), Bound(28.5, 54.0))] == ["-", "<= 3.78", "28.5 to 54"]
