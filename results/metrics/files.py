"""Metrics as files of a run's folder: ``metrics.csv`` and ``psc.csv``, computed from its tables alone."""

from __future__ import annotations

from pathlib import Path

from results.metrics.score import score_run
from results.metrics.supply_capability import power_supply_capability
from results.metrics.text import metrics_csv, table_csv
from results.recorder import write_text
from results.run_tables import RunTables

METRICS_FILE, PSC_FILE = "metrics.csv", "psc.csv"


def write_metrics(folder: Path, run: RunTables) -> list[Path]:
    """Write both files into a run's folder; return them."""
    write_text(folder / METRICS_FILE, metrics_csv(score_run(run)))
    write_text(folder / PSC_FILE, table_csv(power_supply_capability(run.unit), digits=6))
    return [folder / METRICS_FILE, folder / PSC_FILE]
