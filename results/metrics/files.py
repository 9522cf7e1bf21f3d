"""Metrics as files of a run's folder: ``metrics.csv`` and ``psc.csv``, computed from its tables alone."""

from __future__ import annotations

from pathlib import Path

from ..run.read import RunTables
from ..run.writing import write_text
from .score import score_run
from .supply_capability import power_supply_capability
from .text import metrics_csv, table_csv

METRICS_FILE, PSC_FILE = "metrics.csv", "psc.csv"


def write_metrics(folder: Path, run: RunTables) -> list[Path]:
    """Write both files into a run's folder; return them."""
    write_text(folder / METRICS_FILE, metrics_csv(score_run(run)))
    write_text(folder / PSC_FILE, table_csv(power_supply_capability(run.unit), digits=6))
    return [folder / METRICS_FILE, folder / PSC_FILE]
