"""Switching sequences as text, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...scenarios.reading.problems import listed
from ...scenarios.whole_file import write_whole
from .sequence import Sequence, SequencedOperation

COLUMNS = (
    "step", "order", "begins_min", "time_min", "device", "operation", "reason", "islands", "dark_local_areas",
    "vm_min_pu", "vm_max_pu", "loading_max_pct",
)  # fmt: skip


def as_text(sequences: Iterable[Sequence]) -> str:
    """For a terminal."""
    sequences = list(sequences)
    if not sequences:
        return "switching sequences: nothing to operate"
    lines: list[str] = []
    for one in sequences:
        lines += ["", _head(one)]
        lines += [
            f"  {one.start_min:7.2f}  {verb:7}  customers of {len(areas)} local area{'' if len(areas) == 1 else 's'}: "
            f"{listed(areas, 20)}"
            for verb, areas in _customers(one)
        ]
        lines += [f"  {op.time_min:7.2f}  {op.action:7}  {op.device:12}  {op.reason}" for op in one.operations]
        lines += [f"  {remark}" for remark in _remarks(one)]
    return "\n".join(lines[1:])


def as_json(sequences: Iterable[Sequence], scenario: str) -> dict[str, Any]:
    """Plain data, for a file."""
    return {
        "schema_version": 1,
        "scenario": scenario,
        "sequences": [
            {**asdict(one), "duration_min": one.duration_min, "is_longer_than_step": one.is_longer_than_step}
            for one in sequences
        ],
    }


def as_csv(sequences: Iterable[Sequence]) -> str:
    """A row per operation; a step without an order has one row ``impossible``, with the reason.

    Customers that are switched come first, a row for each local area: ``customers_off``, ``customers_on`` or, in part,
    ``customers_to`` with the share in ``reason``.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in sequences:
        for la, (_, share) in one.customers.items():
            verb, why = _order_of(share)
            at = _number(one.start_min, 3)
            writer.writerow([one.step, "", at, at, la, f"customers_{verb}", why, *[""] * 5])
        for order, op in enumerate(one.operations, start=1):
            writer.writerow(_row(one.step, order, op))
        if one.status == "impossible":
            writer.writerow([one.step, "", f"{one.start_min:g}", "", "", "impossible", one.reason, *[""] * 5])
    return text.getvalue()


def write_sequences(sequences: Iterable[Sequence], path: Path, scenario: str) -> None:
    """Write as CSV where the name ends so, else as JSON; a file that exists is replaced at once or not at all.

    ``-``: print JSON.
    """
    sequences = list(sequences)
    if path.suffix.lower() == ".csv":
        text = as_csv(sequences)
    else:
        text = json.dumps(as_json(sequences, scenario), indent=1, ensure_ascii=False) + "\n"
    write_whole(path, text)


def _head(one: Sequence) -> str:
    count = len(one.operations) or len(one.pending)
    what = f"{count} operation{'' if count == 1 else 's'}"
    if one.status != "impossible":
        what += f" in {one.duration_min:g} min"
    search = "" if one.exact else ", beam search: a better order may exist"
    return f"step {one.step}, minute {one.start_min:g}: {what}, {one.status}{search}"


def _order_of(share: float) -> tuple[str, str]:
    """off, on, or to a share, which is told."""
    return ("off", "") if share == 0 else ("on", "") if share == 1 else ("to", f"{100 * share:.4g} %")


def _customers(one: Sequence) -> Iterable[tuple[str, list[str]]]:
    """LAs whose customers are switched, by what is done."""
    found: dict[str, list[str]] = {}
    for la, (_, share) in one.customers.items():
        verb, why = _order_of(share)
        found.setdefault(verb, []).append(f"{la} ({why})" if why else la)
    return found.items()


def _remarks(one: Sequence) -> Iterable[str]:
    if one.status == "impossible":
        yield f"pending: {', '.join(f'{op.action} {op.device}' for op in one.pending)}"
        yield f"no order of these: {one.reason}" if one.reason else "no order of these"
    if one.interrupted_min:
        longest = max(one.interrupted_min.values())
        yield (
            f"interrupted up to {longest:g} min, {one.interrupted_kwh:.1f} kWh: "
            f"local areas {listed(one.interrupted_min, 20)}"
        )
    if one.passing_min:
        yield f"supplied in passing: local areas {listed(one.passing_min, 20)}"
    if one.reconnecting:
        yield f"dark on the way, must wait or start anew whatever the plan says: {listed(one.reconnecting, 20)}"
    if one.refused:
        yield f"not closed, for it is faulted: {listed(one.refused)}"
    if one.is_longer_than_step:
        yield f"takes longer than the step of {one.step_min:g} min"


def _row(step: int, order: int, op: SequencedOperation) -> list[str]:
    numbers = [_number(value, 6) for value in (op.vm_min_pu, op.vm_max_pu)]
    islands, dark = " ".join(op.islands), " ".join(op.dark)
    times = tuple(_number(value, 3) for value in (op.begins_min, op.time_min))
    loading = _number(op.loading_max_pct, 3)
    return [str(step), str(order), *times, op.device, op.action, op.reason, islands, dark, *numbers, loading]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
