"""What a study compares: every result of a run by name, with label, unit, decimals, and whether more is better."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...scenarios.kinds.violations import VIOLATION_KINDS
from ..metrics.catalogue import LESS, METRICS, MORE
from ..run.read import read_json
from .compare import flatten

VIOLATIONS = "violations_"
"""How the names of counts of violations by kind begin."""


@dataclass(frozen=True)
class Measure:
    """A result of a run. ``better`` is ``MORE``, ``LESS``, or 0 where neither is better, so nobody wins; values within
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


def _count(kind: str) -> Measure:
    return Measure(f"{VIOLATIONS}{kind}", kind, "", 0, LESS)


SHOWN: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("demand_energy_mwh", "demand", "MWh", 3, 0),
        Measure("cold_load_energy_mwh", "cold load pick-up", "MWh", 3, 0),
        Measure("first_plan_energy_mwh", "first plan", "MWh", 3, MORE),
        Measure("planned_energy_mwh", "planned", "MWh", 3, MORE),
        Measure("served_energy_mwh", "served", "MWh", 3, MORE),
        Measure("weighted_served_energy_mwh", "served, weighted", "MWh", 3, MORE),
        Measure("objective_mwh", "by the objective", "MWh", 3, MORE),
        Measure("pv_mwh", "from PV", "MWh", 3, 0),
        Measure("pv_curtailed_mwh", "PV curtailed", "MWh", 3, LESS),
        Measure("ess_discharge_mwh", "from ESS", "MWh", 3, 0),
        Measure("ess_charge_mwh", "into ESS", "MWh", 3, 0),
        Measure("ess_losses_mwh", "lost by ESS", "MWh", 3, LESS),
        Measure("nbsu_mwh", "from NBSU", "MWh", 3, 0),
        Measure("nbsu_startup_mwh", "NBSU start-up", "MWh", 3, LESS),
        Measure("infeed_mwh", "from infeed", "MWh", 3, 0),
        Measure("losses_mwh", "losses", "MWh", 3, LESS),
        Measure("switch_operations", "switch operations", "", 0, LESS),
        Measure("interruptions", "interruptions", "", 0, LESS),
        Measure("ac_steps", "AC steps", "", 0, 0),
        Measure("ac_converged_steps", "AC steps converged", "", 0, MORE),
        Measure("ac_violated_steps", "AC steps violated", "", 0, LESS),
        *(_count(kind) for kind in VIOLATION_KINDS),
        Measure("plan_count", "plans", "", 0, 0),
        Measure("worst_gap", "worst gap", "%", 3, LESS),
        Measure("all_proven", "all plans proven", "", 0, MORE),
        Measure("cut_by_clock", "plannings cut by clock", "", 0, LESS),
    )
}
"""What a comparison shows of summary.json, as ``flatten`` names it, in the order of the tables."""

MEASURES: dict[str, Measure] = {
    **{name: Measure(name, m.label, m.unit, m.decimals, m.better) for name, m in METRICS.items()},
    **SHOWN,
    "worst_gap": replace(SHOWN["worst_gap"], unit="", decimals=5),  # a share here, shown in % elsewhere
}
"""Every measure by name: those of summary.json as ``relight compare`` flattens them, and all metrics."""


def shown_of(columns: Iterable[str]) -> list[Measure]:
    """Measures among a comparison's columns, in the order of the tables; a kind of violation that only another version
    knows stands below the last that this one does."""
    there = list(columns)
    unknown = [name for name in there if name.startswith(VIOLATIONS) and name not in SHOWN]
    shown = [measure for name, measure in SHOWN.items() if name in there]
    plans = next((k for k, measure in enumerate(shown) if measure.name == "plan_count"), len(shown))
    return [*shown[:plans], *(_count(name.removeprefix(VIOLATIONS)) for name in unknown), *shown[plans:]]


def read_measures(folder: Path) -> dict[str, float | None]:
    """All measures of a complete run from its ``summary.json`` and ``metrics.csv``; None where one is not defined."""
    summary: dict[str, Any] = flatten(read_json(folder / "summary.json"))
    found = {name: None if value is None else float(value) for name, value in summary.items()}
    with (folder / "metrics.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["metric"] not in found:
                found[row["metric"]] = float(row["value"]) if row["value"] else None
    return found
