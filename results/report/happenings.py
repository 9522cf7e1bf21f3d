"""Events and violations of a run as the page lists them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from ..run.read import RunTables

_SAME = ["kind", "element", "island"]


def happenings(run: RunTables) -> list[list[Any]]:
    """Events and violations in order of time: first and last minute, violation (1) or event (0), kind, element, text.

    Rows of one violation in consecutive steps are one happening.
    """
    rows = [
        [e["time_min"], e["time_min"], 0, e["kind"], e["element"], _words(e["value"], e["unit"], _why(e))]
        for e in run.events.to_dict("records")
    ]
    chain: list[dict[Any, Any]] = []
    for violation in run.violations.sort_values([*_SAME, "step"], kind="stable").to_dict("records"):
        if chain and not _goes_on(chain[-1], violation):
            rows.append(_violation(chain))
            chain = []
        chain.append(violation)
    if chain:
        rows.append(_violation(chain))
    return sorted(rows, key=lambda row: row[0])


def _why(row: dict[Any, Any]) -> str:
    """The text of an event and its cause, where that says more; runs of earlier versions have none."""
    text, cause = row["text"], row.get("cause", "")
    return "; ".join(part for part in (text, cause if cause not in text else "") if part)


def _goes_on(before: dict[Any, Any], now: dict[Any, Any]) -> bool:
    return all(before[name] == now[name] for name in _SAME) and now["step"] - before["step"] <= 1


def _violation(chain: list[dict[Any, Any]]) -> list[Any]:
    """One row for the same violation in step after step, told by its worst."""
    first, worst = chain[0], max(chain, key=_excess)
    limit = f"limit {_words(worst['limit'], worst['unit'], '')}" if math.isfinite(worst["limit"]) else ""
    text = ", ".join(part for part in (_words(worst["value"], worst["unit"], ""), limit) if part)
    if len(chain) > 1:
        text = f"worst of {len(chain)} steps: {text}" if text else f"{len(chain)} steps"
    return [first["time_min"], chain[-1]["time_min"], 1, first["kind"], first["element"] or first["island"], text]


def _excess(violation: dict[Any, Any]) -> float:
    excess = abs(violation["value"] - violation["limit"])
    return -1.0 if math.isnan(excess) else excess


def _words(value: float, unit: str, text: str) -> str:
    """A value with its unit, and a text; ``15 kW; closed``."""
    number = ""
    if pd.notna(value):
        digits = 4 if unit == "p.u." else 0 if abs(value) >= 100 else 2
        number = f"{value:,.{digits}f}"
        number = number.rstrip("0").rstrip(".") if "." in number else number
    # A number without a unit says nothing that its text does not say.
    amount = f"{number} {unit}".strip() if number and (unit or not text) else ""
    return "; ".join(part for part in (amount, text) if part)
