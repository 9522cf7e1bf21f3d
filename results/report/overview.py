"""Key numbers in the head of the page: of one run, and of all runs of a comparison."""

from __future__ import annotations

from html import escape
from typing import Any

import pandas as pd

from ..comparison.forecast import HEAD, LEGEND, forecast_tables
from ..comparison.ladder import COLUMNS, explained, ladder_rows
from .page import table, tiles

_COLUMNS = {
    "demand": ("demand_energy_mwh", 2),
    "first plan": ("first_plan_energy_mwh", 2),
    "planned": ("planned_energy_mwh", 2),
    "served": ("served_energy_mwh", 2),
    "interruptions": ("interruptions", 0),
    "AC steps violated": ("ac_violated_steps", 0),
    "switch operations": ("switch_operations", 0),
}


def run_tiles(summary: dict[str, Any]) -> str:
    """Demand, planned and served energy, interruptions and violations of a run, from its summary."""
    demand, served = summary["demand_energy_mwh"], summary["served_energy_mwh"]
    first = summary["plans"]["first_plan_energy_mwh"]
    ac = summary["ac"]
    rows = sum(ac["violations_by_kind"].values())
    share = f", {100 * served / demand:.1f} %" if demand > 0 else ""
    return tiles([
        ("demand", f"{demand:.2f}", "MWh", ""),
        ("first plan promised", "–" if first is None else f"{first:.2f}", "MWh", "planned"),
        ("planned, in force", f"{summary['planned_energy_mwh']:.2f}", "MWh", "planned"),
        (f"served{share}", f"{served:.2f}", "MWh", "served"),
        ("interruptions", str(summary["interruptions"]), "", ""),
        ("switch operations", str(summary["switch_operations"]), "", ""),
        ("violated steps", str(ac["violated_steps"]), f"of {ac['steps']}", "bad" if ac["violated_steps"] else ""),
        ("violations", str(rows), "rows" if rows else "every limit kept", "bad" if rows else ""),
    ])  # fmt: skip


def overview(records: list[dict[str, Any]]) -> str:
    """One row per case and strategy: means over seeds, with the range where seeds differ."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault((record["scenario"], record["strategy"]), []).append(record)
    rows = [
        [scenario, strategy, str(len(mine)), *(_spread([r[c] for r in mine], d) for c, d in _COLUMNS.values())]
        for (scenario, strategy), mine in groups.items()
    ]
    head = ["case", "strategy", "seeds", *_COLUMNS]
    return table(head, rows, "Energies in MWh; mean and, in brackets, least and largest over the seeds", 2)


def forecasts(records: list[dict[str, Any]]) -> str:
    """How good the forecasts of each case were, as ``comparison.json`` tells it; nothing where it does not."""
    if not records:
        return ""
    told = pd.DataFrame(records)
    return "".join(
        table(HEAD, one.rows, f"{escape(f'{one.title}, {scenario}')}. {escape(LEGEND)}", 1)
        for scenario in dict.fromkeys(told["scenario"])
        for one in forecast_tables(told, scenario)
    )


def ladder(records: list[dict[str, Any]]) -> str:
    """What each rung of the ladder of freedom is worth, a table for each scenario that has one."""
    frame = pd.DataFrame(records, columns=COLUMNS)
    return "".join(
        table(*ladder_rows(frame, scenario), f"What each rung of the ladder is worth, {escape(scenario)}. "
              f"{escape(explained(frame, scenario))}", 3)
        for scenario in dict.fromkeys(frame["scenario"])
    )  # fmt: skip


def _spread(values: list[float | None], digits: int) -> str:
    known = [float(value) for value in values if value is not None]
    if not known:
        return "–"
    low, high, mean = min(known), max(known), sum(known) / len(known)
    if high - low < 10**-digits / 2:
        return f"{mean:.{digits}f}"
    return f"{mean:.{max(digits, 1)}f} [{low:.{digits}f}–{high:.{digits}f}]"
