"""The page that tells the last run of each slow test: pytest -m slow --write-slow FILE. All of them take hours, so they
may be run in several sittings: each end is written down at once, whoever starts again on the same commit goes on with
what is left, and the page keeps the rows of tests that were not run, or not to their end, with the commit of theirs."""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
JOURNALS = ROOT / "build" / "slow"
CHANGED = ", with changes"
ENDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
WRONG = ("failed", "error")
CASES = "cases"
"""property of a case: how many its test has"""


@dataclass(frozen=True)
class End:
    """How a case of a test ended, what it took with its setup and teardown (s), and how many cases the test has."""

    end: str
    seconds: float
    cases: int = 1


@dataclass(frozen=True)
class Row:
    """What the page tells of a test; ``wrong``: of how many cases the end is wrong."""

    test: str
    cases: int
    passed: int
    wrong: int
    told: str
    not_passed: str
    minutes: float
    commit: str
    day: str

    def __str__(self) -> str:
        counts = f"{self.cases} | {self.passed} | {self.wrong}"
        told = f"{self.told} | {self.not_passed} | {self.minutes:.1f} | {self.commit} | {self.day}"
        return f"| `{self.test}` | {counts} | {told} |"


def commit() -> str:
    """The commit that is checked out; empty where git does not tell."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--exclude", "*", f"--dirty={CHANGED}"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()


def ranges(numbers: Iterable[int]) -> str:
    """Whole numbers in order, with neighbours as from–to."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}–{high}" for low, high in found)


def test_of(name: str) -> str:
    """The test of a case."""
    return name.partition("[")[0]


def cases_of(parameters: list[str]) -> str:
    """What a test was run on: the seeds of "static-17" and the like as ranges, any other parameters one by one."""
    seeds: dict[str, list[int]] = {}
    named: list[str] = []
    for text in filter(None, parameters):
        parts = text.split("-")
        numbers = [part for part in parts if re.fullmatch(r"\d+", part)]
        if len(numbers) == 1:
            seeds.setdefault("-".join(part for part in parts if part != numbers[0]), []).append(int(numbers[0]))
        else:
            named.append(text)
    told = [f"{name} {ranges(numbers)}".strip() for name, numbers in seeds.items()]
    return "; ".join([*told, ", ".join(sorted(named))] if named else told)


def end_of(report: Any) -> str:
    """What a report says of its test; empty if that is still open, or told before."""
    if report.when == "call":
        kept = hasattr(report, "wasxfail")
        return {"skipped": "xfailed", "passed": "xpassed"}.get(report.outcome, "failed") if kept else report.outcome
    if report.outcome == "failed":
        return "error"
    return "skipped" if report.outcome == "skipped" else ""


class Journal:
    """A pytest plugin: how slow tests ended on a commit, a JSON line each; what passed or was skipped is left out."""

    def __init__(self, told: Iterable[str] | None = None) -> None:
        """``told``: to a worker, what is done already; None: read the journal of this commit."""
        self.commit = commit()
        self.file = JOURNALS / f"{self.commit}.jsonl"
        self._keeps = told is None and not self.commit.endswith(CHANGED)
        self.ends = read_journal(self.file) if self._keeps else {}
        told = (name for name, one in self.ends.items() if one.end not in WRONG) if told is None else told
        self.done = frozenset(told)
        self._open: dict[str, End] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["done"] = sorted(self.done)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
        cases = Counter(test_of(item.nodeid) for item in items)
        for item in items:
            item.user_properties.append((CASES, cases[test_of(item.nodeid)]))
        if before := [item for item in items if item.nodeid in self.done]:
            items[:] = [item for item in items if item.nodeid not in self.done]
            config.hook.pytest_deselected(items=before)

    def pytest_runtest_logreport(self, report: Any) -> None:
        before, cases = self._open.get(report.nodeid, End("", 0.0)), dict(report.user_properties).get(CASES, 1)
        self._open[report.nodeid] = End(end_of(report) or before.end, before.seconds + report.duration, cases)
        if report.when == "teardown":
            self.ends[report.nodeid] = ended = self._open.pop(report.nodeid)
            if self._keeps:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as file:
                    line = [report.nodeid, ended.end, round(ended.seconds, 3), ended.cases]
                    file.write("\n" + json.dumps(line))


def keep_journal(config: Any) -> None:
    """Let a run of pytest keep its ends; a worker of it is told what is done already."""
    told = config.workerinput["done"] if hasattr(config, "workerinput") else None
    config.pluginmanager.register(Journal(told), "slow journal")


def read_journal(file: Path) -> dict[str, End]:
    """Test → how it ended last. A line that was cut off when the run was killed is no end."""
    ends: dict[str, End] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            name, end, seconds, cases = json.loads(line)
        except ValueError:
            continue
        ends[name] = End(end, seconds, cases)
    return ends


def rows_of(commit: str, ends: Mapping[str, End], day: str) -> list[Row]:
    """A row for each test of which every case has ended."""
    by_test: dict[str, dict[str, End]] = {}
    for name, one in ends.items():
        by_test.setdefault(test_of(name), {})[name.partition("[")[2].removesuffix("]")] = one
    rows: list[Row] = []
    for test, results in by_test.items():
        if len(results) < max(one.cases for one in results.values()):
            continue
        every = [one.end for one in results.values()]
        wrong = [f"{name} {one.end}".strip() for name, one in sorted(results.items()) if one.end in WRONG]
        rest = [f"{every.count(end)} {end}" for end in ENDS[3:] if end in every]
        minutes = sum(one.seconds for one in results.values()) / 60
        told, not_passed = cases_of([*results]), ", ".join(wrong + rest)
        rows.append(Row(test, len(every), every.count("passed"), len(wrong), told, not_passed, minutes, commit, day))
    return rows


def read_rows(text: str) -> list[Row]:
    """The rows of a page, but for tests whose files are gone."""
    rows: list[Row] = []
    for line in text.splitlines():
        if line.startswith("| `"):
            test, cases, passed, wrong, told, not_passed, minutes, commit, day = line[2:-2].split(" | ")
            counts = int(cases), int(passed), int(wrong)
            if (ROOT / test.strip("`").partition("::")[0]).is_file():
                rows.append(Row(test.strip("`"), *counts, told, not_passed, float(minutes), commit, day))
    return rows


def page(rows: Iterable[Row]) -> str:
    """The page of these rows, the later ones in place of earlier ones of the same test."""
    last = {row.test: row for row in rows}
    cases, passed, wrong = (sum(getattr(row, name) for row in last.values()) for name in ("cases", "passed", "wrong"))
    commits = Counter(f"{row.commit} ({row.day})" for row in last.values())
    lines = [
        "# Slow tests: the last run of each", "",
        "`make slow` runs what takes too long for `make test` and writes this page; stopped, it goes on where it was",
        "on the same commit. `make slow PART=tests/sim/cosim` runs a part; other rows stay, with the commit of theirs.",
        "",
        f"- tests: {len(last)} with {cases:,} cases, of which {passed:,} passed, {wrong:,} failed and "
        f"{cases - passed - wrong:,} were skipped for what they had drawn",
        f"- commits: {', '.join(f'{one}: {count}' for one, count in sorted(commits.items()))}",
        f"- took: {sum(row.minutes for row in last.values()):.0f} min, case by case", "",
        "| Test | Cases | Passed | Failed | Seeds or cases | Not passed | Minutes | Commit | Date |",
        "|---|---:|---:|---:|---|---|---:|---|---|",
    ]  # fmt: skip
    return "\n".join([*lines, *(str(row) for _, row in sorted(last.items()))]) + "\n"
