"""Metrics of all runs of a comparison or a study: as those of each run, in the order of strategies given."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from relight.results.comparison.compare import compare
from relight.results.comparison.text import write_comparison
from relight.results.run.writing import write_json
from support.synthetic_run import write_synthetic

KEPT_BY_A_STUDY = ("manifest.json", "metrics.csv", "summary.json")


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    folder = tmp_path / "c"
    runs = [
        write_synthetic(folder / "runs" / f"{s}{seed}", s, seed=seed, steps=6, areas=10, sections=5, switches=4)
        for s in ("static", "dynamic")
        for seed in (0, 1)
    ]
    write_comparison(compare(runs), folder)
    return folder


def test_a_comparison_in_every_form(relight, comparison: Path) -> None:
    code, out, err = relight("metrics", str(comparison))
    assert (code, err) == (0, "") and out.startswith("guo45/fault-1000\n====")
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80 and lines[-1] == "Mean [min..max] over 2 seeds."
    assert lines[2].split() == ["static", "dynamic"]
    operations = next(line for line in lines if line.startswith("switch operations")).split()[-2:]
    assert operations == [_own(comparison, name, "switch_operations") for name in ("static0", "dynamic0")]
    assert operations[0] != operations[1]
    code, out, _ = relight("metrics", str(comparison), "--format", "csv")
    rows = list(csv.DictReader(out.splitlines()))
    assert [(row["run"], row["seed"]) for row in rows if row["metric"] == "saidi_min"] == [
        ("static0", "0"), ("static1", "1"), ("dynamic0", "0"), ("dynamic1", "1")
    ]  # fmt: skip
    for name in ("static0", "dynamic1"):
        own = csv.DictReader((comparison / "runs" / name / "metrics.csv").read_text(encoding="utf-8").splitlines())
        mine = [{k: row[k] for k in ("metric", "value", "note")} for row in rows if row["run"] == name]
        assert mine == [{k: row[k] for k in ("metric", "value", "note")} for row in own]
    assert "| SAIFI | 1/customer | " in relight("metrics", str(comparison), "--format", "markdown")[1]


def _own(comparison: Path, run: str, metric: str) -> str:
    table = (comparison / "runs" / run / "metrics.csv").read_text(encoding="utf-8")
    return next(row["value"] for row in csv.DictReader(table.splitlines()) if row["metric"] == metric)


def test_a_study_keeps_no_series_but_its_metrics(relight, comparison: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    runs = [{"run": p.name, "point": "peak_kw=1", "strategy": p.name[:-1]} for p in (comparison / "runs").iterdir()]
    for run in runs:
        (study / "runs" / run["run"]).mkdir(parents=True)
        for name in KEPT_BY_A_STUDY:
            shutil.copy(comparison / "runs" / run["run"] / name, study / "runs" / run["run"])
    write_json(study / "study.json", {"runs": sorted(runs, key=lambda run: run["run"])})
    code, out, _ = relight("metrics", str(study))
    assert code == 0 and out.startswith("guo45/fault-1000, peak_kw=1\n")
    ours = [line.split() for line in relight("metrics", str(comparison))[1].splitlines() if line.startswith("SAIDI")]
    theirs = [line.split() for line in out.splitlines() if line.startswith("SAIDI")]
    assert theirs == [[*row[:-2], row[-1], row[-2]] for row in ours]  # dynamic first here
    (study / "runs" / "static0" / "metrics.csv").write_text("no,table\n1,2\n", encoding="utf-8")
    code, out, err = relight("metrics", str(study))
    assert (code, out) == (2, "") and "static0" in err and "metrics.csv" in err


def test_failed_runs_are_left_out_and_told(relight, comparison: Path) -> None:
    manifests = sorted((comparison / "runs").glob("*/manifest.json"))
    for count, path in enumerate(manifests, start=1):
        path.write_text(path.read_text(encoding="utf-8").replace('"complete"', '"failed"'), encoding="utf-8")
        code, out, err = relight("metrics", str(comparison))
        if count < len(manifests):
            assert code == 0 and f"left out: {count}" in err
        else:
            assert (code, out) == (2, "") and "none of its 4 runs is complete" in err


def test_other_folders_say_what_they_are(relight, tmp_path: Path) -> None:
    (tmp_path / "reproduction.json").write_text("{}", encoding="utf-8")
    code, _, err = relight("metrics", str(tmp_path))
    assert code == 2 and "a reproduction, which keeps no runs" in err
    code, _, err = relight("report", str(tmp_path / "nowhere"))
    assert code == 2 and "nowhere: no such folder" in err
