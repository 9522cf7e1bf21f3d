"""A run's folder: whole or not at all, the same bytes again, read back as written."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from relight.results.new_folder import new_folder
from relight.results.run.summary import EnergyImbalance, summarise
from relight.results.run.tables import EVENTS, SERIES
from relight.results.run.writing import cell, write_json
from relight.results.run_folder import FolderNotEmpty, NotARun, Recorder, RunRecord, RunTables, read_run, write_run
from relight.scenarios.loader import input_hashes, load_case
from support.synthetic_run import make_scenario, record, write_failed, write_synthetic


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_holds_what_the_contract_says(tmp_path: Path) -> None:
    files = contents(write_synthetic(tmp_path / "run", steps=12))
    series = ("bus", "branch", "switch", "island", "local_area", "unit", "message")
    expected = {f"series/{name}.csv" for name in series} | {
        "manifest.json", "scenario.yaml", "plans/0000-0min.json", "violations.csv", "events.csv", "summary.json",
        "timing.json", "metrics.csv", "psc.csv",
    }  # fmt: skip
    assert set(files) == expected
    manifest = json.loads(files["manifest.json"])
    assert (manifest["status"], manifest["reason"], manifest["seed"]) == ("complete", "", 0)
    assert manifest["versions"]["pandas"]
    assert json.loads(files["timing.json"]) == {"solve_s": 1.5, "total_s": 4.0}


def test_two_writes_are_the_same_bytes(tmp_path: Path) -> None:
    one, two = (contents(write_synthetic(tmp_path / name, steps=12)) for name in ("one", "elsewhere"))
    assert one == two
    assert not any(b"\r" in text or str(tmp_path).encode() in text for text in one.values())


def test_reads_back_as_written(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "run", steps=12)
    run = read_run(folder)
    assert run.complete
    assert run.scenario == make_scenario(steps=12)
    assert set(run.bus["bus"]) == {str(k + 1) for k in range(45)}  # text, although they look like numbers
    dark = run.bus[run.bus["energised"] == 0]
    assert len(dark)
    assert dark["vm_pu"].isna().all()
    write_json(tmp_path / "again.json", summarise(run))
    assert (tmp_path / "again.json").read_bytes() == (folder / "summary.json").read_bytes()


def test_ids_that_look_missing_survive(tmp_path: Path) -> None:
    recorder = record(steps=12)
    recorder.add_event(0, "la_shed", "NA", text="nan, with a comma")
    run = read_run(
        write_run(
            tmp_path / "run", RunRecord(scenario=make_scenario(steps=12), strategy="dynamic", seed=0, recorder=recorder)
        )
    )
    assert run.events["element"].iloc[-1] == "NA"
    assert run.events["text"].iloc[-1] == "nan, with a comma"


def test_refuses_and_overwrites(tmp_path: Path) -> None:
    folder = write_synthetic(tmp_path / "run", steps=12)
    before = contents(folder)
    arguments = {"scenario": make_scenario(steps=12), "seed": 0, "recorder": record(steps=12)}
    with pytest.raises(FolderNotEmpty, match="--overwrite"):
        write_run(folder, RunRecord(strategy="other", **arguments))
    assert contents(folder) == before
    write_run(folder, RunRecord(strategy="other", **arguments), overwrite=True)
    assert read_run(folder).strategy == "other"
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_never_replaces_a_folder_of_somebody_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(FolderNotEmpty, match="never replaced"), new_folder(home, overwrite=True):
        pass
    assert (home / "thesis.tex").exists()


def test_an_empty_folder_is_fine(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert read_run(write_synthetic(tmp_path / "run", steps=12)).complete


def test_an_exception_midway_leaves_nothing(tmp_path: Path) -> None:
    def burst(folder: Path, run: RunTables) -> None:
        assert (folder / "summary.json").exists() and run.complete
        raise RuntimeError("figure failed")

    folder = write_synthetic(tmp_path / "old", steps=12)
    before = contents(folder)
    for target in (tmp_path / "new", folder):
        with pytest.raises(RuntimeError):
            write_run(
                target,
                RunRecord(scenario=make_scenario(steps=12), strategy="dynamic", seed=1, recorder=record(steps=12)),
                overwrite=True,
                finish=burst,
            )
    assert contents(folder) == before
    assert [p.name for p in tmp_path.iterdir()] == ["old"]


def test_cleans_up_after_a_killed_run(tmp_path: Path) -> None:
    (tmp_path / ".run.partial" / "series").mkdir(parents=True)
    (tmp_path / ".run.partial" / "half.csv").write_text("half", encoding="utf-8")
    write_synthetic(tmp_path / "run", steps=12)
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    # Killed between the two renames of an overwrite: the old results come back, and are not lost by the refusal.
    (tmp_path / "run").rename(tmp_path / ".run.replaced")
    with pytest.raises(FolderNotEmpty):
        write_synthetic(tmp_path / "run", steps=12)
    assert read_run(tmp_path / "run").complete


def test_a_failed_run_is_written_with_what_there_is(tmp_path: Path) -> None:
    folder = write_failed(tmp_path / "run", "the gateway of LA 7 raised KeyError")
    run = read_run(folder)
    assert (run.complete, run.end_min) == (False, 30)
    assert run.manifest["reason"] == "the gateway of LA 7 raised KeyError"
    assert json.loads((folder / "summary.json").read_text(encoding="utf-8"))["status"] == "failed"


def test_a_run_that_stopped_early_is_never_complete(tmp_path: Path) -> None:
    folder = write_run(
        tmp_path / "run",
        RunRecord(scenario=make_scenario(steps=12), strategy="dynamic", seed=0, recorder=record(steps=6)),
    )
    assert read_run(folder).manifest["reason"] == "recorded 6 of 12 simulation steps"


def test_an_energy_imbalance_is_raised_and_kept_for_inspection(tmp_path: Path) -> None:
    recorder = record(steps=12)
    recorder.rows["island"] = [(*row[:7], row[7] + 1.0, *row[8:]) for row in recorder.rows["island"]]
    made = RunRecord(scenario=make_scenario(steps=12), strategy="dynamic", seed=0, recorder=recorder)
    handed_on: list[RunTables] = []
    with pytest.raises(EnergyImbalance):
        write_run(tmp_path / "run", made, finish=lambda _, run: handed_on.append(run))
    run = read_run(tmp_path / "run")
    assert not run.complete and not handed_on[0].complete
    assert not (tmp_path / "run" / "metrics.csv").exists()
    assert "unaccounted for" in run.manifest["reason"]


def test_a_damaged_folder_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(NotARun, match=r"manifest\.json"):
        read_run(tmp_path)
    folder = write_synthetic(tmp_path / "run", steps=12)
    (folder / "events.csv").write_text("time,what\n", encoding="utf-8")
    with pytest.raises(NotARun, match=r"events\.csv"):
        read_run(folder)


def test_the_recorder_is_strict() -> None:
    recorder = Recorder()
    with pytest.raises(ValueError, match="missing columns"):
        recorder.add("switch", [{"time_min": 0, "switch": "1-2"}])
    with pytest.raises(ValueError, match="unknown table"):
        recorder.add("switches", [])
    row = {"time_min": 0, "step": 0, "island": "", "element": "7", "value": 1, "limit": 0, "unit": "K"}
    with pytest.raises(ValueError, match="kind 'too_hot' is none of not_radial, "):
        recorder.add("violations", [{**row, "kind": "too_hot"}])
    with pytest.raises(ValueError, match="kind 'tea_time' is none of plan_issued, "):
        recorder.add("events", [dict.fromkeys(EVENTS) | {"time_min": 0, "kind": "tea_time"}])
    message = dict.fromkeys(SERIES["message"]) | {"time_min": 0, "kind": "psc", "status": "delivered"}
    with pytest.raises(ValueError, match="kind 'gossip' is none of psc, "):
        recorder.add("message", [{**message, "kind": "gossip"}])
    with pytest.raises(ValueError, match="status 'forgotten' is none of delivered, "):
        recorder.add("message", [{**message, "status": "forgotten"}])
    assert not any(recorder.rows.values())
    recorder.add("violations", [{**row, "kind": "overload"}])
    recorder.add("message", [message])
    assert recorder.steps_seen == 0
    recorder.add("switch", [{"time_min": t, "switch": "1-2", "closed": True, "operated": False} for t in (0, 5, 5)])
    assert recorder.steps_seen == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (math.nan, ""), (True, "1"), (7, "7"), (1.0, "1"), (-0.0, "0"), (-1e-9, "0"), (0.1 + 0.2, "0.3"),
        (1234.5678901, "1234.56789"), (math.inf, "inf"), ("NA", "NA"), (100.0, "100"),
    ],
)  # fmt: skip
def test_cells(value: object, text: str) -> None:
    assert cell(value) == text


def test_json_refuses_what_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"gap": math.inf})


def test_hashes_name_no_machine() -> None:
    names = list(input_hashes(load_case("guo45/fault-0400")))
    assert "guo45/lines.csv" in names and not any(Path(name).is_absolute() for name in names)
