"""docs/metrics.md defines every metric with its unit, and its example is what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from relight.results.metrics.catalogue import METRICS
from relight.results.metrics.score import score_supply
from relight.results.metrics.supply_file import read_supply
from relight.results.metrics.text import metrics_csv

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "metrics.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    return PAGE.split(f"<!-- {name} -->")[1].split("```csv\n")[1].split("```")[0]


def test_the_page_defines_every_metric_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+)\|", PAGE, flags=re.MULTILINE)
    assert [name for name, _, _ in rows] == list(dict.fromkeys(name for name, _, _ in rows))
    assert {name: unit.strip() for name, unit, _ in rows} == {m.name: m.unit or "–" for m in METRICS.values()}
    assert all(len(definition.strip()) > 3 for _, _, definition in rows)


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda m: m.name)
def test_units_stand_in_names(metric) -> None:
    ending = {"MWh": "_mwh", "%": "_pct", "min": "_min", "kW": "_kw", "p.u.": "_pu", "h": "_h", "%/h": "_pct_per_h",
              "% h": "_pct_h", "bus h": "_bus_h", "branch h": "_branch_h", "min/customer": "_min"}  # fmt: skip
    assert metric.name.endswith(ending.get(metric.unit, ""))


def test_the_example_is_what_the_program_says(tmp_path: Path) -> None:
    (tmp_path / "theirs.csv").write_text(block("theirs.csv"), encoding="utf-8")
    said = metrics_csv(score_supply(read_supply(tmp_path / "theirs.csv", end_min=60))).splitlines()
    shown = block("scored").splitlines()
    assert len(shown) > 5
    for line in shown:
        assert line in said


def test_the_example_in_python_gives_the_same(tmp_path: Path, monkeypatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    *lines, last = code.strip().splitlines()
    expression, _, shown = last.partition("  # ")
    (tmp_path / "theirs.csv").write_text(block("theirs.csv"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    assert eval(expression, names) == pytest.approx(float(shown))
