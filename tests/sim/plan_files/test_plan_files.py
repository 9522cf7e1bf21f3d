"""Plan files of other tools: read where that is harmless, else every mistake at once, each in one clear line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.sim.plan_files.read_plan import PlanError, read_plan
from support.networks import Line, build_case, chain, ess, nbsu, pv
from support.validation_cases import judge

STEP: dict[str, Any] = {"start_min": 0, "closed_branches": ["a-b"]}


@pytest.fixture(scope="module")
def case() -> Case:
    lines = [*chain("a", "b", "c"), Line("c", "d", switchable=False), Line("d", "e", faulted=True)]
    return build_case(lines, [ess("a"), pv("b"), nbsu("c")])


def problems(case: Case, path: Path) -> list[str]:
    with pytest.raises(PlanError) as caught:
        read_plan(path, case)
    lines = str(caught.value).splitlines()
    assert lines == [str(problem) for problem in caught.value.problems] and len(set(lines)) == len(lines)
    assert all(line.startswith(path.name) or str(path) in line for line in lines)
    return lines


def write(folder: Path, content: Any, name: str = "plan.json") -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def test_a_plan_needs_no_more_than_steps_with_starts_and_switches(case: Case, tmp_path: Path) -> None:
    plan = read_plan(write(tmp_path, {"steps": [STEP, {**STEP, "start_min": 45}]}), case)
    assert (plan.issued_at_min, plan.step_min, plan.end_min) == (0, 45, 300)
    assert plan.objective is None and plan.gap != plan.gap and plan.planned_energy_kwh == 0
    assert read_plan(write(tmp_path, {"step_min": 20, "steps": [STEP]}), case).end_min == 20
    assert read_plan(write(tmp_path, {"steps": [STEP]}), case).end_min == 300


def test_our_own_plan_survives_writing_and_reading(case: Case, tmp_path: Path) -> None:
    units = {"ess.a": {"p_kw": 3, "q_kvar": 1, "state": "form"}}
    areas = {"a": {"p_kw": -7, "q_kvar": 1, "demand_kw": 10, "nbsu_state": "off"}}
    steps = [{**STEP, "energised_buses": ["a"], "balance_units": ["ess.a"], "units": units, "local_areas": areas}]
    plan = Plan.model_validate({
        "scenario": "test", "strategy": "dynamic", "objective": 1.5, "bound": 2.0, "status": "feasible", "steps": steps,
    })  # fmt: skip
    plan.write(tmp_path / "own.json")
    assert read_plan(tmp_path / "own.json", case) == plan
    assert [path.name for path in tmp_path.iterdir()] == ["own.json"]


def test_a_failed_write_leaves_the_old_file(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Plan.model_validate({"steps": [STEP]})
    path = write(tmp_path, "before")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        plan.write(path)
    assert path.read_text(encoding="utf-8") == "before" and list(tmp_path.iterdir()) == [path]


UNIT = {"p_kw": 1.0}
WRONG: dict[str, tuple[Any, str, str]] = {
    "no such file": (None, "plan.json", "no such file"),
    "not JSON": ('{"steps": [,]}', "line 1, column 12", "not JSON"),
    "a list": ("[]", "plan.json", "must be an object"),
    "empty": ({"steps": []}, "steps", "at least one step"),
    "no steps": ({"scenario": "x"}, "steps", "at least one step"),
    "steps is text": ({"steps": "all"}, "steps", "must be a list"),
    "wrong schema": ({"schema_version": 2, "steps": [STEP]}, "schema_version", "must be 1"),
    "unknown key": ({"plans": 1, "steps": [STEP]}, "plans", "known keys: schema_version"),
    "unknown key in a step": ({"steps": [{**STEP, "when": 1}]}, "steps[0].when", "known keys: start_min"),
    "missing key": ({"steps": [{"start_min": 0}]}, "steps[0].closed_branches", "required"),
    "step is a number": ({"steps": [3]}, "steps[0]", "must be a mapping"),
    "text for a number": ({"steps": [{**STEP, "start_min": "soon"}]}, "steps[0].start_min", "must be a number"),
    "flag for a number": ({"steps": [{**STEP, "start_min": True}]}, "steps[0].start_min", "must be a number"),
    "NaN": ('{"steps": [{"start_min": NaN, "closed_branches": []}]}', "steps[0].start_min", "finite"),
    "infinite": ('{"objective": 1e999, "steps": [{"start_min": 0, "closed_branches": []}]}', "objective", "finite"),
    "start of 5000 digits": (
        '{"steps": [{"start_min": %s, "closed_branches": []}]}' % ("1" * 5000), "steps[0].start_min", "finite"
    ),
    "length of 400 digits": (
        '{"step_min": -%s, "steps": [{"start_min": 0, "closed_branches": []}]}' % ("1" * 400), "step_min", "finite"
    ),
    "version of 5000 digits": (
        '{"schema_version": %s, "steps": [{"start_min": 0, "closed_branches": []}]}' % ("1" * 5000),
        "schema_version", "must be 1",
    ),
    "more power than there is": (
        {"steps": [{**STEP, "units": {"ess.a": {"p_kw": 1e308}}}]}, "steps[0].units.ess.a.p_kw", "in kW and kvar"
    ),
    "NaN set-point": (
        '{"steps": [{"start_min": 0, "closed_branches": [], "units": {"ess.a": {"p_kw": NaN}}}]}',
        "steps[0].units.ess.a.p_kw",
        "finite",
    ),
    "unknown branch": ({"steps": [{**STEP, "closed_branches": ["a-z"]}]}, "steps[0].closed_branches", "known: a-b"),
    "unknown bus": ({"steps": [{**STEP, "energised_buses": ["z"]}]}, "steps[0].energised_buses", "no such bus"),
    "unknown balance unit": ({"steps": [{**STEP, "balance_units": ["z"]}]}, "steps[0].balance_units", "no such unit"),
    "unknown unit": ({"steps": [{**STEP, "units": {"z": UNIT}}]}, "steps[0].units", "known: pv.b, ess.a, nbsu.c"),
    "unknown area": (
        {"steps": [{**STEP, "local_areas": {"z": {"p_kw": 1, "q_kvar": 0}}}]}, "steps[0].local_areas", "no such local"
    ),
    "unknown state": (
        {"steps": [{**STEP, "units": {"ess.a": {**UNIT, "state": "on"}}}]}, "steps[0].units.ess.a.state", "'follow'"
    ),
    "negative demand": (
        {"steps": [{**STEP, "local_areas": {"a": {"p_kw": 1, "q_kvar": 0, "demand_kw": -1}}}]},
        "steps[0].local_areas.a.demand_kw",
        "0 or more",
    ),
    "named twice": ({"steps": [{**STEP, "closed_branches": ["a-b", "a-b"]}]}, "steps[0].closed_branches", "twice"),
    "key twice": (
        '{"strategy": "x", "strategy": "y", "steps": [{"start_min": 0, "closed_branches": []}]}', "strategy", "twice"
    ),
    "unit twice": (
        '{"steps": [{"start_min": 0, "closed_branches": [], "units": {"ess.a": {"p_kw": 1}, "ess.a": {"p_kw": 2}}}]}',
        "steps[0].units.ess.a",
        "twice",
    ),
    "out of order": ({"steps": [{**STEP, "start_min": 30}, STEP]}, "steps[1].start_min", "out of order"),
    "same start": ({"steps": [STEP, STEP]}, "steps[1].start_min", "overlaps"),
    "overlapping": (
        {"step_min": 30, "steps": [{**STEP, "start_min": t} for t in (0, 30, 45)]}, "steps[2].start_min", "overlaps"
    ),
    "step missing": (
        {"step_min": 30, "steps": [STEP, {**STEP, "start_min": 60}]}, "steps[1].start_min", "30 to 60 are missing"
    ),
    "end missing": ({"step_min": 30, "end_min": 90, "steps": [STEP]}, "end_min", "minutes 30 to 90 are missing"),
    "after the window": ({"steps": [{**STEP, "start_min": 300}]}, "steps[0].start_min", "minutes 0 to 300"),
    "before the window": ({"steps": [{**STEP, "start_min": -5}]}, "steps[0].start_min", "minutes 0 to 300"),
    "ends after the window": ({"end_min": 400, "steps": [STEP]}, "end_min", "by minute 300"),
    "ends before its last step": ({"end_min": 20, "steps": [{**STEP, "start_min": 20}]}, "end_min", "minute 20"),
    "no length": ({"step_min": 0, "steps": [STEP]}, "step_min", "greater than 0"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_one_mistake_gives_one_clear_line(case: Case, tmp_path: Path, mistake: str) -> None:
    content, field, remedy = WRONG[mistake]
    path = tmp_path / "plan.json" if content is None else write(tmp_path, content)
    (line,) = problems(case, path)
    assert field in line and remedy in line


def test_all_mistakes_are_told_at_once(case: Case, tmp_path: Path) -> None:
    steps = [
        {**STEP, "closed_branches": ["a-b", "x-y"], "energised_buses": ["a", "q"]},
        {"start_min": "late", "closed_branches": ["x-y"]},
        {**STEP, "start_min": 60, "closed_branches": ["x-y"], "units": {"ess.a": {"q_kvar": 1}}},
        {**STEP, "start_min": 90, "closed_branches": ["x-y"], "balance_units": ["sun"]},
    ]
    lines = problems(case, write(tmp_path, {"schema_version": 7, "colour": "red", "steps": steps}))
    for fragment in ("schema_version = 7", "colour", "'x-y': no such branch (in 4 steps)", "'q'", "steps[1].start_min",
                     "steps[2].units.ess.a.p_kw", "'sun'"):  # fmt: skip
        assert sum(fragment in line for line in lines) == 1, fragment
    assert len(lines) == 7


def test_the_first_step_may_be_shorter_for_it_may_begin_between_plan_steps(case: Case, tmp_path: Path) -> None:
    steps = [{**STEP, "start_min": start} for start in (10, 30, 60)]
    assert read_plan(write(tmp_path, {"step_min": 30, "steps": steps}), case).end_min == 90


SHEET = "time,device,operation\n"


def test_a_switching_sheet_becomes_a_plan_that_names_all_closed_branches(case: Case, tmp_path: Path) -> None:
    text = SHEET + "2025-06-21T04:10,a-b,open\n10,b-c,OPEN\n\n2025-06-21T04:40,a-b,close\n40,c-d,close\n"
    plan = read_plan(write(tmp_path, text, "sheet.csv"), case)
    assert [(s.start_min, s.closed_branches) for s in plan.steps] == [(10, ["c-d"]), (40, ["a-b", "c-d"])]
    assert plan.end_min == 300 and plan.steps[0].energised_buses is None


WRONG_SHEETS = {
    "": ("header", "time,device,operation"),
    "when,what\n1,2\n": ("header", "time,device,operation"),
    SHEET.replace(",", ";") + "0;a-b;open\n": ("header", "separated by commas, not by semicolons"),
    SHEET.replace(",", "\t") + "0\ta-b\topen\n": ("header", "separated by commas, not by tabs"),
    SHEET: ("sheet.csv", "no operations"),
    SHEET + "0,a-b\n": ("row 2", "3 cells"),
    SHEET + "soon,a-b,open\n": ("row 2, time", "local time"),
    SHEET + "2025-06-21T04:10+08:00,a-b,open\n": ("row 2, time", "without an offset"),
    SHEET + "nan,a-b,open\n": ("row 2, time", "local time"),
    SHEET + "300,a-b,open\n": ("row 2, time", "300 minutes from 2025-06-21T04:00"),
    SHEET + "0,a-z,open\n": ("row 2, device", "known: a-b, b-c"),
    SHEET + "0,a-b,toggle\n": ("row 2, operation", "open or close"),
    SHEET + "9,a-b,open\n3,b-c,open\n": ("row 3, time", "out of order"),
    SHEET + "9,a-b,open\n9,a-b,close\n": ("row 3, device", "twice"),
}


@pytest.mark.parametrize("text", WRONG_SHEETS)
def test_one_mistake_in_a_sheet_gives_one_clear_line(case: Case, tmp_path: Path, text: str) -> None:
    field, remedy = WRONG_SHEETS[text]
    (line,) = problems(case, write(tmp_path, text, "sheet.csv"))
    assert field in line and remedy in line


def test_all_mistakes_of_a_sheet_are_told_at_once(case: Case, tmp_path: Path) -> None:
    text = SHEET + "0,a-z,open\nsoon,a-b,open\n5,a-b,toggle\n"
    assert len(problems(case, write(tmp_path, text, "sheet.csv"))) == 3


def test_a_file_that_is_no_text(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xff\xfe\x00")
    (line,) = problems(case, path)
    assert "UTF-8" in line


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 400), st.floats(), st.text(max_size=3), st.just([]), st.just({}),
    st.lists(st.sampled_from(["a-b", "b-c", "a", "ess.a", 3, None]), max_size=3),
    st.dictionaries(st.sampled_from(["a", "ess.a", "p_kw", "x"]), st.integers(0, 9), max_size=2),
)  # fmt: skip


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """Paths of all values inside a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, one in inner for place in places(one, (*path, key)))]


@settings(max_examples=200)
@given(st.data())
def test_a_spoilt_plan_is_read_or_refused_but_never_crashes(case: Case, data: st.DataObject) -> None:
    units = {"ess.a": {"p_kw": 3, "q_kvar": 1, "state": "form"}, "pv.b": {"p_kw": 0, "q_kvar": 0}}
    step = {**STEP, "energised_buses": ["a", "b"], "balance_units": ["ess.a"], "units": units,
            "local_areas": {"a": {"p_kw": -7, "q_kvar": 1, "demand_kw": 10}}}  # fmt: skip
    content: Any = {"step_min": 30, "end_min": 60, "objective": 3, "steps": [step, {**step, "start_min": 30}]}
    content = json.loads(json.dumps(content))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(places(content)))
        junk = data.draw(JUNK)
        if not place:
            content = junk
            break
        target = content
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = junk
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), json.dumps(content))
        try:
            plan = read_plan(path, case)
        except PlanError as error:
            assert error.problems
        else:
            assert plan.end_min > plan.steps[-1].start_min
            judge(case, plan.model_dump())
