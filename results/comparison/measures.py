"""What a study compares: every result of a run by name, with label, unit, decimals, and whether more is better."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..metrics.catalogue import METRICS
from ..run.read import read_json
from .compare import flatten
from .text import LABELS

MORE_IS_BETTER = (
    "served_", "weighted_", "planned_energy", "first_plan_energy", "asai", "psc_", "resilience_at_end", "resilience_pi",
    "resilience_rate", "all_proven", "ac_converged", "vm_min",
)  # fmt: skip
LESS_IS_BETTER = (
    "interruptions", "switch", "ac_violated", "violations_", "worst_gap", "cut_by_clock", "losses", "pv_curtailed",
    "energy_not_supplied", "time_to_", "saifi", "saidi", "caidi", "maifi", "customers_still_out", "resilience_phi",
    "resilience_e_h", "resilience_area", "resilience_loss", "vm_outside", "loading_", "nbsu_startup",
)  # fmt: skip
"""How names begin; of all others neither more nor less is better, so nobody wins."""


@dataclass(frozen=True)
class Measure:
    """A result of a run. ``better`` is 1 where more is better, -1 where less is, 0 where neither; values within
    ``tie`` of each other count as equal: one unit of the last decimal shown, nothing for counts."""

    name: str
    label: str
    unit: str
    decimals: int
    better: int

    @property
    def tie(self) -> float:
        return 10.0**-self.decimals if self.decimals else 0.0

    @property
    def title(self) -> str:
        """Label with its unit, for tables and axes."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def _measure(name: str, label: str, unit: str, decimals: int) -> Measure:
    better = 1 if name.startswith(MORE_IS_BETTER) else -1 if name.startswith(LESS_IS_BETTER) else 0
    return Measure(name, label.removeprefix("· "), unit, decimals, better)


MEASURES: dict[str, Measure] = {
    **{name: _measure(name, m.label, m.unit, m.decimals) for name, m in METRICS.items()},
    **{name: _measure(name, *shown) for name, shown in LABELS.items()},
    "worst_gap": _measure("worst_gap", "worst gap", "", 5),  # a share here, shown in % elsewhere
}
"""Every measure by name: those of summary.json as ``relight compare`` flattens them, and all metrics."""


def read_measures(folder: Path) -> dict[str, float | None]:
    """All measures of a complete run from its ``summary.json`` and ``metrics.csv``; None where one is not defined."""
    summary: dict[str, Any] = flatten(read_json(folder / "summary.json"))
    found = {name: None if value is None else float(value) for name, value in summary.items()}
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["metric"] not in found:
                found[row["metric"]] = float(row["value"]) if row["value"] else None
    return found
