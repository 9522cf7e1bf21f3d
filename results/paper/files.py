"""A reproduction as files: CSV, Markdown, LaTeX, figures; wall times in timing.json and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ..comparison.text import table_csv
from ..figures import style
from ..run.writing import write_json, write_text
from ..run_folder import installed_versions
from .figures import load_spread, restored_map
from .tables import DIGITS, Reproduction, crossings
from .text import as_latex, as_markdown, variations_latex


def write_reproduction(found: Reproduction, folder: Path) -> None:
    """Write everything into an existing folder; the same outcomes give the same bytes, but for ``timing.json``."""
    tables: dict[str, pd.DataFrame] = {
        "claims": found.claims,
        "variations": found.variations,
        "statics": found.statics,
        "restored_map": found.restored_map,
        "map_contours": crossings(found.restored_map),
        "load_spread": found.spread,
        "load_spread_summary": found.spread_summary,
        "runs": found.runs,
    }
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table_csv(table, DIGITS))
    write_text(folder / "README.md", as_markdown(found))
    write_text(folder / "claims.tex", as_latex(found))
    write_text(folder / "variations.tex", variations_latex(found))
    with style.house_style():
        style.save(restored_map(found.restored_map), folder / "figures" / "restored_map")
        style.save(load_spread(found.spread), folder / "figures" / "load_spread")
    content = {"extent": "quick" if found.quick else "full", "inputs": found.inputs, "versions": installed_versions()}
    write_json(folder / "reproduction.json", content)
    write_json(folder / "timing.json", found.seconds)
