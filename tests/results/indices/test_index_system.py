"""The twelve rows: always there, never a made-up zero, each missing input named; the checks, the text, the radar."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from relight.results.figures import style
from relight.results.indices.index import NAMES, NOT_AVAILABLE, TABLE_1, Index
from relight.results.indices.measured import (
    LEVELLED,
    NO_UNITS,
    NORMAL_COLUMNS,
    PV_ONLY,
    CapacityBound,
    CarryingCapacity,
    Measured,
    NormalOperation,
    OutageRun,
    RemoteOperation,
)
from relight.results.indices.radar import radar
from relight.results.indices.report import Report, as_text, write_manifest, write_report
from relight.results.indices.report import number as shown
from relight.results.indices.system import background_checks, index_system
from relight.scenarios.business import Business, load_business


def normal_operation() -> NormalOperation:
    """Four steps of 15 min of 100, 200, 400, 300 kW: PV 0, 100, 100, 0; storage moves 50 kW from step 1 to step 3."""
    demand, pv, ess = (100.0, 200.0, 400.0, 300.0), (0.0, 100.0, 100.0, 0.0), (-50.0, 0.0, 50.0, 0.0)
    rows = []
    for operation, with_pv, with_ess in ((NO_UNITS, 0, 0), (PV_ONLY, 1, 0), (LEVELLED, 1, 1)):
        for k in range(4):
            losses = 4.0 if operation == NO_UNITS else 2.0
            taken = demand[k] + losses - with_pv * pv[k] - with_ess * ess[k]
            values = (operation, 15.0 * k, demand[k], with_pv * pv[k], with_ess * ess[k], taken, 0.0, losses,
                      0.98, 1.0, 50.0)  # fmt: skip
            rows.append(dict(zip(NORMAL_COLUMNS, values, strict=True)))
    return NormalOperation("a period", 15.0, pd.DataFrame(rows), 1000.0, 0.8, ("tie is closed",))


def measured(**changes: object) -> Measured:
    table = pd.DataFrame(
        [
            {"time_min": t, "local_area": la, "in_outage_area": 1, "priority": priority, "energised": on, "shed": 0}
            for la, priority, states in (("a", 2.0, (0, 1)), ("b", 1.0, (0, 0)))
            for t, on in zip((0.0, 60.0), states, strict=True)
        ]
    )
    bounds = (CapacityBound("thermal", 900.0, "1-2", 900.0), CapacityBound("voltage", 800.0, "bus 2", 800.0),
              CapacityBound("reverse flow", None, "no power flow", 2000.0))  # fmt: skip
    made = Measured(
        scenario="made/up",
        installed_pv_kw=200.0,
        automation=RemoteOperation(feeders=4, automated_feeders=3, branches=20, remote_branches=5),
        outage=OutageRun("dynamic", 0, 2.0, table, {0.0: 1.0, 60.0: 1.0}, {"a": 30.0, "b": 10.0}, "households"),
        normal=normal_operation(),
        capacities=(CarryingCapacity("PV at its present sites", "at noon", 300.0, bounds),),
    )
    return replace(made, **changes)  # pyright: ignore


def rows(business: Business | None = None, **changes: object) -> dict[int, object]:
    return {index.number: index for index in index_system(measured(**changes), business)}


def test_all_twelve_in_table_1_s_order_with_and_without_business_data() -> None:
    for business in (None, load_business("business-example.yaml")):
        found = index_system(measured(), business)
        assert [index.name for index in found] == list(NAMES) and len(NAMES) == 12
        assert [index.number for index in found] == list(range(1, 13))
        assert [index.head for index in found] == [head for head, names in TABLE_1.items() for _ in names]
        for index in found:
            assert index.available == bool(index.source) != bool(index.needs)
            assert index.unit and index.reading and index.scale and index.direction in ("higher", "lower")


def test_values_worked_by_hand() -> None:
    found = rows()
    # Import, levelled: 152, 102, 252, 302 kW against 400 kW: D = 0.755.
    assert found[2].value == pytest.approx(24.5)
    assert [a.value for a in found[2].alternatives] == pytest.approx([75.5, 37.0, 24.5])
    # a (30 households) is out 1 of 2 h, b (10) both: (30 + 20) / 40; everybody once.
    assert found[3].value == pytest.approx(1.25) and found[3].scaled == pytest.approx(1 - 1.25 / 2)
    assert found[3].alternatives[0].value == pytest.approx(1.0)
    # PV 50 kWh of 252 kWh supplied in that hour.
    assert found[4].value == pytest.approx(100 * 200 / 1008) == found[9].value
    assert (found[4].source, found[9].source, found[8].source) == ("proxy",) * 3
    assert found[9].alternatives[0].value == pytest.approx(100 * 250 / 1008)
    assert found[5].value == 800.0 and found[5].source == "computed"
    assert found[5].alternatives[-1].value == pytest.approx(25.0)
    assert found[8].value == 75.0 and found[8].alternatives[0].value == 25.0
    # C = 1 MVA, P_max = 400 kW / 0.8 = 0.5 MVA: 1 - 0.4 * 0.5 and 1 - 1.4 * 0.5.
    assert [a.value for a in found[1].alternatives] == pytest.approx([0.8, 0.3])


def test_business_data_take_the_place_of_proxies_and_keep_them_in_sight() -> None:
    found = rows(load_business("business-example.yaml"))
    assert found[4].value == pytest.approx(28.0) and found[4].source == "given"  # 6300 / 22500
    assert found[4].alternatives[0].value == pytest.approx(100 * 200 / 1008)
    assert found[4].alternatives[2].value == pytest.approx(100 * (200 + 0.3 * 808) / 1008)
    assert found[9].value == pytest.approx(100 * 3400 / 22500)
    assert found[8].value == 75.0 and found[8].source == "given"
    # Before: 40 - 0.4 * 4.1 = 38.36 MVA; now 0.8: a loss over 3200.
    assert found[1].value == pytest.approx((0.8 - 38.36) / 3200) and found[1].source == "computed"
    assert found[6].value == pytest.approx(100 * (22500 / 5300 / (21000 / 5200) - 1))
    assert found[7].value == pytest.approx((100 + 100 * 216 / 230 + 100 + 87.5) / 4)
    assert found[10].value == pytest.approx(8.0) and found[11].value == pytest.approx(20.0)
    assert found[11].alternatives[0].value == pytest.approx(200_000 / 5400)
    assert found[12].value == pytest.approx(77.5) and found[12].alternatives[0].value == pytest.approx(62000 / 5400)


def test_reserve_is_taken_from_the_books_of_both_years_or_its_mix_is_told() -> None:
    before = {"transformation_mva": 40, "max_load_mva": 5}
    both = {2024: before, 2025: {"transformation_mva": 43, "max_load_mva": 4, "investment_10k_cny": 2000}}
    books = Business.model_validate({"years": both})
    index = rows(books)[1]
    # Now 43 - 0.4 * 4 = 41.4, before 40 - 0.4 * 5 = 38 MVA; with 1.4: 37.4 and 33.
    assert index.value == pytest.approx(3.4 / 2000) and index.source == "given"
    assert index.alternatives[-1].value == pytest.approx(4.4 / 2000)
    assert "both years by their books" in index.reading
    bare = rows(books, normal=None, missing={"normal": "an infeed"})[1]
    assert bare.value == index.value and len(bare.alternatives) == 1
    half = {2024: before, 2025: {"transformation_mva": 43, "investment_10k_cny": 2000}}
    mixed = rows(Business.model_validate({"years": half}))[1]
    assert mixed.value == pytest.approx((0.8 - 38) / 2000) and mixed.source == "computed"
    assert "mixes the two" in mixed.reading and "transformation_mva of 2025 alone is not used" in mixed.reading


def test_a_missing_input_is_named_and_never_zero() -> None:
    found = rows()
    for number, key in ((1, "investment"), (6, "households"), (7, "getting_electricity"), (10, "income"),
                        (11, "final_users"), (12, "survey")):  # fmt: skip
        assert found[number].value is None and key in found[number].needs, number
    bare = rows(normal=None, capacities=(), missing={"normal": "an infeed", "capacities": "an infeed"})
    for number in (1, 2, 4, 5, 9):
        assert bare[number].value is None and bare[number].needs == "an infeed", number
    unrated = rows(normal=replace(normal_operation(), infeed_kva=None), missing={"infeed_kva": "ratings"})
    assert unrated[1].needs == "ratings"
    partly = Business.model_validate({"years": {2025: {"consumption_mwh": 5, "households": 2}}})
    assert "years.2024.consumption_mwh, years.2024.households" in rows(partly)[6].needs
    response_only = Business.model_validate({"final_users": {"demand_response_10k_cny": 3}})
    assert rows(response_only)[11].value is None and "market_trading" in rows(response_only)[11].needs


def test_background_checks_against_their_baselines() -> None:
    peak, required, everybody, carbon, efficiency = background_checks(measured())
    assert peak.value_pct == pytest.approx(100 * (404 - 302) / 404) and peak.met
    # Required loads are those of priority above 1: a is out 1 h instead of 2. All: 1.25 h instead of 2.
    assert required.value_pct == pytest.approx(50) and required.met is False
    assert everybody.value_pct == pytest.approx(37.5)
    assert carbon.value_pct == pytest.approx(100 * (1016 - 808) / 1016) and carbon.met
    assert efficiency.value_pct == pytest.approx(100 * ((1000 / 1008) / (1000 / 1016) - 1)) and efficiency.met is False
    run = measured().outage
    equal = replace(run, local_area=run.local_area.assign(priority=1.0))
    undefined = background_checks(measured(outage=equal))[1]
    assert undefined.met is None and "priority" in undefined.needs
    bare = background_checks(measured(normal=None, missing={"normal": "an infeed"}))
    assert [check.met for check in bare] == [None, False, False, None, None]


def report(business: str = "") -> Report:
    books = load_business(business) if business else None
    found = measured()
    return Report(found, index_system(found, books), background_checks(found), business, "", bool(business))


def test_the_text_fits_80_columns_and_is_plain() -> None:
    for business in ("", "business-example.yaml"):
        text = as_text(report(business))
        assert max(map(len, text.splitlines())) <= 80 and "\x1b" not in text and text.isascii()
        for head in TABLE_1:
            assert head in text
        assert ("EXAMPLE" in text) == bool(business) and ("not available" in text) != bool(business)


def test_files(tmp_path: Path) -> None:
    files = write_report(report(), tmp_path)
    assert all(path.is_file() for path in files)
    with (tmp_path / "indices.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["index"] for row in table] == list(NAMES)
    assert {row["number"] for row in table if row["value"] == ""} == {"1", "6", "7", "10", "11", "12"}
    assert all((row["source"] == NOT_AVAILABLE) == (row["value"] == "") == (row["needs"] != "") for row in table)
    first = {path.name: path.read_bytes() for path in [*files, write_manifest(report(), tmp_path, {}, {})]}
    write_report(report(), tmp_path)
    write_manifest(report(), tmp_path, {}, {})
    assert {name: (tmp_path / name).read_bytes() for name in first} == first


def test_the_radar_leaves_gaps_for_missing_indices_and_out_what_has_no_scale() -> None:
    with style.house_style():
        figure = radar(report().indices, "made/up")
        texts = " ".join(
            text.get_text().replace("\n", " ") for text in figure.findobj(lambda a: hasattr(a, "get_text"))
        )
        axes = figure.axes[0]
        # Axes 2, 3, 4 | 7 missing | 8, 9 | 10, 12 missing: three joined pairs, 2-3, 3-4 and 8-9.
        assert len(axes.patches) == 3
        # No marker sits at the centre: nothing missing looks like zero.
        markers = [xy for line in axes.lines if line.get_marker() not in ("", "None") for xy in line.get_xydata()]
        assert len(markers) == 5 and all(abs(x) + abs(y) > 0.1 for x, y in markers)
        assert "Left out, having no natural scale: 1 New reserve" in texts and "5 Distributed" in texts
        assert "7 Obtain power index not available" in texts
        full = radar(report("business-example.yaml").indices, "made/up", "EXAMPLE")
        assert len(full.axes[0].patches) == 8


def test_values_beyond_a_scale_are_drawn_at_its_end() -> None:
    def made(number: int, scaled: float) -> Index:
        return Index(number, "%", "higher", "r", 100 * scaled, "computed", scaled=scaled, scale="as it is")

    with style.house_style():
        figure = radar([made(2, -0.5), made(4, 1.7), made(8, 0.3)], "made/up")
    markers = [xy for line in figure.axes[0].lines if line.get_marker() == "o" for xy in line.get_xydata()]
    assert [float(x) ** 2 + float(y) ** 2 for x, y in markers] == pytest.approx([0.0, 1.0, 0.09])


def test_the_docs_tell_of_every_index() -> None:
    page = (Path(__file__).parents[3] / "docs" / "indices.md").read_text(encoding="utf-8")
    for number, name in enumerate(NAMES, start=1):
        assert f"| {number} | {name} (" in page, name


def test_numbers_hold_four_digits_and_no_noise() -> None:
    assert [shown(v) for v in (0.0465116, 28.0523, 10795.6, -4e-14, -0.25)] == [
        "0.04651", "28.05", "10,796", "0", "-0.25"
    ]  # fmt: skip
