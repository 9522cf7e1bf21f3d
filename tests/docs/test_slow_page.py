"""The page of the last slow run counts what was run, by test and seed, and names what did not pass."""

from __future__ import annotations

from types import SimpleNamespace

from slow_page import cases_of, page, ranges


def report(nodeid: str, seconds: float, when: str = "call") -> SimpleNamespace:
    return SimpleNamespace(nodeid=nodeid, duration=seconds, when=when)


def test_seeds_are_told_as_ranges_and_other_cases_by_name() -> None:
    assert ranges([5, 1, 2, 3, 9]) == "1–3, 5, 9"
    assert cases_of(["dynamic-1", "dynamic-2", "static-7"]) == "dynamic 1–2; static 7"
    assert cases_of(["one", "guo45/fault-0400-3", ""]) == "guo45/fault-0400-3, one"


def test_a_page_tells_counts_seeds_time_and_what_failed() -> None:
    stats = {
        "": [report("t.py::many[0]", 3.0, "setup")],
        "passed": [report("t.py::many[0]", 60.0), report("t.py::many[1]", 57.0)],
        "failed": [report("t.py::many[2]", 60.0), report("t.py::other", 6.0)],
    }
    text = page(stats, 120.0, workers=2)
    assert "- took: 2.0 min in 2 processes\n- tests: 2 passed, 2 failed\n" in text
    assert "| `t.py::many` | 3 | 0–2 | 2 failed | 3.0 |" in text
    assert "| `t.py::other` | 1 |  | failed | 0.1 |" in text
