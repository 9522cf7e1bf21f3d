"""The page that tells the last run of the slow tests: pytest -m slow --write-slow FILE."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ENDS = ("passed", "failed", "error", "skipped", "xfailed", "xpassed")


def commit() -> str:
    """The commit that is checked out; empty where git does not tell."""
    try:
        told = subprocess.run(
            ["git", "describe", "--always", "--exclude", "*", "--dirty=, with changes"],
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


def page(stats: dict[str, list[Any]], seconds: float, workers: int) -> str:
    """The page of a run; ``stats`` are the reports of each end, as pytest's terminal reporter keeps them."""
    ended: dict[str, dict[str, str]] = {}
    took: dict[str, float] = {}
    for end in ENDS:
        for report in stats.get(end, []):
            test, _, parameters = report.nodeid.partition("[")
            ended.setdefault(test, {})[parameters.removesuffix("]")] = end
    for report in (r for reports in stats.values() for r in reports if hasattr(r, "when") and hasattr(r, "duration")):
        test = report.nodeid.partition("[")[0]
        took[test] = took.get(test, 0.0) + report.duration
    ends = [end for results in ended.values() for end in results.values()]
    counts = ", ".join(f"{ends.count(end)} {end}" for end in ENDS if end in ends) or "nothing was run"
    lines = [
        "# Slow tests: the last run", "",
        "`make slow` runs what takes too long for `make test` and writes this page.", "",
        f"- commit: {commit()}", f"- date: {date.today().isoformat()}",
        f"- took: {seconds / 60:.1f} min in {workers} process{'es' if workers > 1 else ''}", f"- tests: {counts}", "",
        "| Test | Cases | Seeds or cases | Not passed | Minutes |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for test, results in sorted(ended.items()):
        wrong = [f"{name} {end}".strip() for name, end in sorted(results.items()) if end in ("failed", "error")]
        rest = [f"{count} {end}" for end in ENDS[3:] if (count := [*results.values()].count(end))]
        other = ", ".join(wrong + rest)
        minutes = took.get(test, 0.0) / 60
        lines.append(f"| `{test}` | {len(results)} | {cases_of([*results])} | {other} | {minutes:.1f} |")
    return "\n".join(lines) + "\n"
