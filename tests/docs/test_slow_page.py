"""The page of the last slow run counts what was run, by test and seed, and names what did not pass; a run that was
stopped goes on where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import slow_page
from slow_page import End, cases_of, page, ranges, read_journal, read_rows, rows_of

pytest_plugins = ["pytester"]

CONFTEST = "from slow_page import keep_journal as pytest_configure"
TESTS = """
import pytest

@pytest.mark.parametrize("seed", range(3))
def test_seed(seed):
    assert seed != 1

@pytest.mark.skip(reason="not here")
def test_skipped(): ...

@pytest.fixture
def broken():
    raise ValueError

def test_broken(broken): ...
"""


def test_seeds_are_told_as_ranges_and_other_cases_by_name() -> None:
    assert ranges([5, 1, 2, 3, 9]) == "1–3, 5, 9"
    assert cases_of(["dynamic-1", "dynamic-2", "static-7"]) == "dynamic 1–2; static 7"
    assert cases_of(["one", "guo45/fault-0400-3", ""]) == "guo45/fault-0400-3, one"


def ends_of() -> dict[str, End]:
    return {
        "tests/conftest.py::many[0]": End("passed", 63.0, 3),
        "tests/conftest.py::many[1]": End("passed", 57.0, 3),
        "tests/conftest.py::many[2]": End("failed", 60.0, 3),
        "tests/conftest.py::other": End("error", 6.0),
        "tests/conftest.py::third": End("skipped", 0.0),
        "tests/conftest.py::open[0]": End("passed", 6.0, 2),
    }


def test_a_page_tells_counts_seeds_time_and_what_failed() -> None:
    text = page(rows_of("abc1234", ends_of(), "2026-12-01"))
    assert "- tests: 3 with 5 cases, of which 2 passed, 2 failed and 1 were skipped for what they had drawn\n" in text
    assert "- commits: abc1234 (2026-12-01): 3\n- took: 3 min, case by case\n" in text
    assert "| `tests/conftest.py::many` | 3 | 2 | 1 | 0–2 | 2 failed | 3.0 | abc1234 | 2026-12-01 |" in text
    assert "| `tests/conftest.py::other` | 1 | 0 | 1 |  | error | 0.1 | abc1234 | 2026-12-01 |" in text
    assert "| `tests/conftest.py::third` | 1 | 0 | 0 |  | 1 skipped | 0.0 | abc1234 | 2026-12-01 |" in text
    assert "open" not in text.partition("|")[2], "a test that has not come to its end has no row"


def test_a_part_run_later_leaves_the_other_rows_as_they_are() -> None:
    before = rows_of("abc1234", ends_of(), "2026-12-01")
    assert read_rows(page(before)) == [replace(row, minutes=round(row.minutes, 1)) for row in before]
    later = rows_of("def5678", {"tests/conftest.py::other": End("passed", 60.0)}, "2026-12-02")
    text = page([*read_rows(page(before)), *later])
    assert "- commits: abc1234 (2026-12-01): 2, def5678 (2026-12-02): 1\n" in text
    assert "| `tests/conftest.py::other` | 1 | 1 | 0 |  |  | 1.0 | def5678 | 2026-12-02 |" in text
    assert "| `tests/conftest.py::many` | 3 | 2 | 1 | 0–2 | 2 failed | 3.0 | abc1234 | 2026-12-01 |" in text
    assert read_rows(text.replace("tests/conftest.py::", "tests/gone.py::")) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_what_passed_is_not_run_again_on_the_same_commit(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(slow_page, "JOURNALS", pytester.path / "slow")
    monkeypatch.setattr(slow_page, "commit", lambda: "abc1234")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    pytester.runpytest_inprocess("-n", str(workers)).assert_outcomes(passed=2, failed=1, errors=1, skipped=1)
    journal = pytester.path / "slow" / "abc1234.jsonl"
    ends = {name.partition("::")[2]: one.end for name, one in read_journal(journal).items()}
    assert ends == {"test_seed[0]": "passed", "test_seed[1]": "failed", "test_seed[2]": "passed",
                    "test_skipped": "skipped", "test_broken": "error"}  # fmt: skip
    assert {name: one.cases for name, one in read_journal(journal).items() if "seed" in name} == {
        f"test_it.py::test_seed[{seed}]": 3 for seed in range(3)
    }
    with journal.open("a", encoding="utf-8") as file:
        file.write('["test_it.py::test_seed[1]", "pas')  # killed while it wrote
    pytester.makepyfile(test_it=TESTS.replace("seed != 1", "True"))
    again = pytester.runpytest_inprocess("-n", str(workers))
    again.assert_outcomes(passed=1, errors=1, deselected=3 if not workers else 0)
    assert {name: one.end for name, one in read_journal(journal).items() if "seed" in name} == {
        f"test_it.py::test_seed[{seed}]": "passed" for seed in range(3)
    }


def test_of_a_tree_with_changes_nothing_is_kept(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_page, "JOURNALS", pytester.path / "slow")
    monkeypatch.setattr(slow_page, "commit", lambda: "abc1234" + slow_page.CHANGED)
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_it=TESTS)
    pytester.runpytest_inprocess("-n", "0").assert_outcomes(passed=2, failed=1, errors=1, skipped=1)
    assert not (pytester.path / "slow").exists()


def test_a_journal_that_is_not_there_tells_nothing(tmp_path: Path) -> None:
    assert read_journal(tmp_path / "none.jsonl") == {}
