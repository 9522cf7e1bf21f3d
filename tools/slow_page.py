"""The page that tells the last run of the slow tests, which may take several sittings: pytest -m slow --write-slow
FILE. Each end is written down at once; whoever starts again on the same commit goes on with what is left."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
JOURNALS = ROOT / "build" / "slow"
CHANGED = ", with changes"
ENDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")
WRONG = ("failed", "error")


@dataclass(frozen=True)
class End:
    """How a test ended, and what it took with its setup and teardown (s)."""

    end: str
    seconds: float


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
        if before := [item for item in items if item.nodeid in self.done]:
            items[:] = [item for item in items if item.nodeid not in self.done]
            config.hook.pytest_deselected(items=before)

    def pytest_runtest_logreport(self, report: Any) -> None:
        before = self._open.get(report.nodeid, End("", 0.0))
        self._open[report.nodeid] = End(end_of(report) or before.end, before.seconds + report.duration)
        if report.when == "teardown":
            self.ends[report.nodeid] = ended = self._open.pop(report.nodeid)
            if self._keeps:
                self.file.parent.mkdir(parents=True, exist_ok=True)
                with self.file.open("a", encoding="utf-8") as file:
                    file.write("\n" + json.dumps([report.nodeid, ended.end, round(ended.seconds, 3)]))


def keep_journal(config: Any) -> None:
    """Let a run of pytest keep its ends; a worker of it is told what is done already."""
    told = config.workerinput["done"] if hasattr(config, "workerinput") else None
    config.pluginmanager.register(Journal(told), "slow journal")


def read_journal(file: Path) -> dict[str, End]:
    """Test → how it ended last. A line that was cut off when the run was killed is no end."""
    ends: dict[str, End] = {}
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        try:
            name, end, seconds = json.loads(line)
        except ValueError:
            continue
        ends[name] = End(end, seconds)
    return ends


def page(commit: str, ends: Mapping[str, End]) -> str:
    """The page of all that was run on a commit."""
    by_test: dict[str, dict[str, End]] = {}
    for name, one in ends.items():
        test, _, parameters = name.partition("[")
        by_test.setdefault(test, {})[parameters.removesuffix("]")] = one
    every = [one.end for one in ends.values()]
    counts = ", ".join(f"{every.count(end)} {end}" for end in ENDS if end in every) or "nothing was run"
    lines = [
        "# Slow tests: the last run", "",
        "`make slow` runs what takes too long for `make test` and writes this page; stopped, it goes on where it was.",
        "",
        f"- commit: {commit}", f"- date: {date.today().isoformat()}",
        f"- took: {sum(one.seconds for one in ends.values()) / 60:.0f} min, test by test", f"- tests: {counts}", "",
        "| Test | Cases | Seeds or cases | Not passed | Minutes |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for test, results in sorted(by_test.items()):
        wrong = [f"{name} {one.end}".strip() for name, one in sorted(results.items()) if one.end in WRONG]
        rest = [f"{count} {end}" for end in ENDS[3:] if (count := [one.end for one in results.values()].count(end))]
        minutes = sum(one.seconds for one in results.values()) / 60
        told = f"{cases_of([*results])} | {', '.join(wrong + rest)} | {minutes:.1f}"
        lines.append(f"| `{test}` | {len(results)} | {told} |")
    return "\n".join(lines) + "\n"
