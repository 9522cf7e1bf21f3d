"""A comparison as files and as text: comparison.csv, .md and .json (no wall times), timing.csv, and the terminal."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import pandas as pd

from ..metrics.side_by_side import metric_rows, metrics_over_seeds
from ..run.writing import cell, write_json, write_text
from ..terminal import WIDTH, Rows, column_tables, text_table
from .compare import CALIBRATED, COMPUTED, KEYS, NOT_DEFINED, PRINTED, ComparedRuns, is_static
from .forecast import HEAD, forecast_tables
from .forecast import LEGEND as FORECAST_LEGEND
from .ladder import explained, ladder_lines, ladder_rows
from .measures import SHOWN, VIOLATIONS, shown_of

GROUPS = {
    "demand_energy_mwh": "Energy (MWh)",
    "switch_operations": "Operation",
    "ac_steps": "AC power flow",
    "plan_count": "Plans",
}
"""Headings of the terminal's table, by the measure that they stand above."""

MARKS = {COMPUTED: "c", CALIBRATED: "k", f"{COMPUTED}; numerator calibrated": "k", PRINTED: "p"}
LEGEND = {
    "c": "c computed by our runs",
    "p": "p printed in the publication",
    "k": "k computed, but free numbers of the scenario (for a ratio: of its numerator) were calibrated to the printed "
    "number, so agreement proves nothing",
}

CUSTOMERS = "Customers count in proportion to peak load: the scenario does not number them."

Column = list[str]


def write_comparison(comparison: ComparedRuns, folder: Path) -> list[Path]:
    """Write a comparison's files into a folder (made if needed, other files in it stay); return their paths.

    ``comparison.csv`` one row per run, ``comparison_seeds.csv`` mean, min and max over seeds, ``published.csv`` our
    numbers beside printed ones, ``served.csv`` power over time, ``forecast.csv`` how good the forecasts were,
    ``comparison.md``, ``comparison.json``; these compare byte for byte. ``metrics.csv`` and ``metrics_seeds.csv`` are
    the same for metrics, ``ladder.csv`` what each rung of the ladder is worth, where all were run. Wall times are in
    ``timing.csv`` only.
    """
    tables = {
        "comparison": comparison.runs,
        "comparison_seeds": comparison.over_seeds(),
        "published": comparison.published,
        "served": comparison.served,
        "forecast": comparison.forecast,
        "timing": comparison.timing,
        "metrics": comparison.metrics,
        "metrics_seeds": metrics_over_seeds(comparison.metrics),
        **({"ladder": comparison.ladder} if len(comparison.ladder) else {}),
    }
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table_csv(table))
    write_text(folder / "comparison.md", as_markdown(comparison))
    zones = {name: clock.timezone for name, clock in comparison.clocks.items() if clock.timezone != "UTC"}
    content = {
        "starts": {name: clock.start.isoformat() for name, clock in comparison.clocks.items()},
        **({"timezones": zones} if zones else {}),
        "notes": comparison.notes,
        "runs": records(comparison.runs),
        "over_seeds": records(comparison.over_seeds()),
        "published": [
            {**row, "value": NOT_DEFINED} if row["value"] is None else row for row in records(comparison.published)
        ],
        "forecast": records(comparison.forecast),
        **({"ladder": records(comparison.ladder)} if len(comparison.ladder) else {}),
    }
    write_json(folder / "comparison.json", content)
    return [folder / f"{name}.csv" for name in tables] + [folder / "comparison.md", folder / "comparison.json"]


def as_markdown(comparison: ComparedRuns) -> str:
    """The comparison as Markdown, without wall times."""
    parts = ["# Comparison of strategies", ""]
    for scenario in comparison.clocks:
        strategies, rows = measure_rows(comparison, scenario)
        parts += [f"## {scenario}", "", *_md_table(["", "unit", *strategies], [[r[0], r[1], *r[2]] for r in rows]), ""]
        if seeds := _seeds_line(comparison, scenario):
            parts += [seeds, ""]
        metrics = metric_rows(comparison.metrics[comparison.metrics["scenario"] == scenario], strategies)
        parts += ["Metrics:", "", *_md_table(["", "unit", *strategies], [[m[0], m[1], *m[2]] for m in metrics]), ""]
        if scenario in comparison.unnumbered:
            parts += [CUSTOMERS, ""]
        for table in forecast_tables(comparison.forecast, scenario):
            parts += [f"{table.title}:", "", *_md_table(HEAD, table.rows), "", FORECAST_LEGEND, ""]
        if rows := _beside(comparison, scenario):
            head = ["", "strategy", "ours", "mark", *(("published", "mark") if _is_printed(rows) else ())]
            body = [[row["quantity"], row["strategy"], *_ours(row), *_theirs(row)][: len(head)] for row in rows]
            parts += [f"{_heading(rows)}:", "", *_md_table(head, body), ""]
        if scenario in set(comparison.ladder["scenario"]):
            head, body = ladder_rows(comparison.ladder, scenario)
            parts += ["What each rung of the ladder is worth:", "", *_md_table(head, body), ""]
            parts += [explained(comparison.ladder, scenario), ""]
        for note in _notes(comparison, scenario):
            parts += [note, ""]
    return "\n".join(parts)


def as_text(comparison: ComparedRuns) -> str:
    """The comparison for a terminal of 80 columns, plain text, with wall times (marked as such)."""
    lines: list[str] = []
    for scenario in comparison.clocks:
        strategies, rows = measure_rows(comparison, scenario)
        metrics = comparison.metrics[comparison.metrics["scenario"] == scenario]
        title = f"{scenario}, {_seeds_of(comparison, scenario)}"
        lines += [title, "=" * len(title)]
        wall = ("Wall time (s)", _wall_time_rows(comparison, scenario, strategies))
        lines += column_tables("", strategies, [*_grouped(comparison, scenario, rows), wall])
        lines += column_tables("Metrics", strategies, [("", metric_rows(metrics, strategies, headline=True))])
        if scenario in comparison.unnumbered:
            lines += [*textwrap.wrap(CUSTOMERS, WIDTH), ""]
        for table in forecast_tables(comparison.forecast, scenario, ranges=False):
            lines += [*text_table([table.title, *HEAD[1:]], table.rows), *textwrap.wrap(FORECAST_LEGEND, WIDTH), ""]
        if seeds := _seeds_line(comparison, scenario):
            lines += [*textwrap.wrap(seeds, WIDTH), ""]
        if beside := _beside(comparison, scenario):
            lines += [*_published_lines(beside), ""]
        if scenario in set(comparison.ladder["scenario"]):
            lines += [*text_table(*ladder_lines(comparison.ladder, scenario)), ""]
            lines += [*textwrap.wrap(explained(comparison.ladder, scenario), WIDTH), ""]
        for note in _notes(comparison, scenario):
            lines += [*textwrap.wrap(note, WIDTH), ""]
    if len(comparison.runs.groupby(["scenario", "strategy"])) > 1:
        lines += [*overview(comparison), ""]
    return "\n".join(lines)


def overview(comparison: ComparedRuns) -> list[str]:
    """A heading per case and a line per strategy: energies in MWh, interruptions, violated steps, served dynamic /
    static where both ran, and the mark of what was calibrated."""
    columns = [f"{name}_energy_mwh" for name in ("demand", "first_plan", "planned", "served")]
    columns += ["interruptions", "ac_violated_steps"]
    means = comparison.runs.groupby(["scenario", "strategy"], sort=False)[columns].mean()
    published = comparison.published
    ratios = published[published["quantity"] == "served energy, ratio"]
    of_case = dict(zip(ratios["scenario"], ratios["value"], strict=True))
    calibrated = set(published.loc[published["mark"] == CALIBRATED, ["scenario", "strategy"]].itertuples(index=False))
    seeds = ", means over seeds" if len(set(comparison.runs["seed"])) > 1 else ""
    with_ratio = any(not math.isnan(value) for value in ratios["value"].dropna())
    head = [f"Overview (MWh{seeds})", "demand", "first", "plan", "served", "int.", "viol."]
    head += ["ratio"] if with_ratio else []
    body: list[list[str]] = []
    for (scenario, strategy), row in zip(means.index.tolist(), means.to_numpy().tolist(), strict=True):
        if [scenario] not in body:
            body.append([scenario])
        ratio = of_case.get(scenario)
        shown = f"{ratio:.2f}x" if strategy == "dynamic" and ratio is not None and not math.isnan(ratio) else ""
        cells = [
            *("-" if math.isnan(mwh) else f"{mwh:.2f}" for mwh in row[:4]),
            *(f"{count:.1f}".removesuffix(".0") for count in row[4:]),
            *([shown] if with_ratio else []),
        ]
        body.append([f"  {strategy}", *cells, *(["k"] if (scenario, strategy) in calibrated else [])])
    if not calibrated:
        return text_table(head, body)
    full = [row if len(row) in (1, len(head) + 1) else [*row, ""] for row in body]
    return [*text_table([*head, " "], full), *_legend("k")]


def _beside(comparison: ComparedRuns, scenario: str) -> list[dict[str, Any]]:
    """Rows of ``published`` worth showing: all beside a publication, else ratios alone, for the rest was said above."""
    rows = records(comparison.published[comparison.published["scenario"] == scenario])
    return rows if _is_printed(rows) else [row for row in rows if row["unit"] == "x"]


def _notes(comparison: ComparedRuns, scenario: str) -> list[str]:
    """What must be said of a scenario's numbers: who served nothing and why, and what is printed for it."""
    mine = comparison.runs[comparison.runs["scenario"] == scenario]
    notes: list[str] = []
    for strategy, runs in mine.groupby("strategy", sort=False):
        nothing = (runs["planned_energy_mwh"] <= 1e-6) & (runs["served_energy_mwh"] <= 1e-6)
        if nothing.all() and is_static(str(strategy)) and runs["all_proven"].all():
            notes.append(
                f"{strategy} restores nothing: one set of areas must be supplied from a fixed topology throughout the "
                "window, and by the forecast no set can be (docs/strategies.md)."
            )
    return [*notes, *filter(None, [comparison.notes.get(scenario)])]


def measure_rows(comparison: ComparedRuns, scenario: str) -> tuple[list[str], list[tuple[str, str, Column]]]:
    """Strategies of a scenario, and for each measure its label, unit and one text per strategy: a value, or
    ``mean [min..max]`` where several seeds differ."""
    runs = comparison.runs[comparison.runs["scenario"] == scenario]
    strategies = list(dict.fromkeys(runs["strategy"]))
    rows: list[tuple[str, str, Column]] = []
    for measure in shown_of(runs.columns):
        part = measure.name.startswith(VIOLATIONS)
        if part and not runs[measure.name].any():
            continue
        values = [runs.loc[runs["strategy"] == s, measure.name].tolist() for s in strategies]
        label = f"· {measure.label}" if part else measure.label
        rows.append((label, measure.unit, [_spread(v, measure.name, measure.decimals) for v in values]))
    return strategies, rows


def table_csv(table: pd.DataFrame, digits: int = 9) -> str:
    """A table as CSV text: fixed rounding, ``\\n`` line ends."""
    texts = table.map(lambda value: cell(None if value is pd.NA else value, digits))
    return texts.to_csv(index=False, lineterminator="\n")


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain values, None where nothing is defined."""
    return [
        {str(name): None if not isinstance(value, str) and pd.isna(value) else value for name, value in row.items()}
        for row in table.astype(object).to_dict("records")
    ]


def _spread(values: list[Any], measure: str, decimals: int) -> str:
    known = [float(v) for v in values if v is not None and not pd.isna(v)]
    if measure == "worst_gap" and len(known) < len(values):
        return "undefined"
    if not known:
        return "-"
    if measure == "all_proven":
        return "yes" if all(known) else "no" if len(known) == 1 else f"{sum(map(int, known))} of {len(known)}"
    scale = 100 if measure == "worst_gap" else 1
    low, high, mean = min(known) * scale, max(known) * scale, sum(known) / len(known) * scale
    if measure == "worst_gap" and high > 1000:
        return "over 1000"
    if f"{low:.{decimals}f}" == f"{high:.{decimals}f}":
        return f"{low:.{decimals}f}"
    return f"{mean:.{max(decimals, 1)}f} [{low:.{decimals}f}..{high:.{decimals}f}]"


def _seeds_of(comparison: ComparedRuns, scenario: str) -> str:
    seeds = sorted(set(comparison.runs.loc[comparison.runs["scenario"] == scenario, "seed"]))
    if len(seeds) == 1:
        return f"seed {seeds[0]}"
    every = seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"seeds {seeds[0]}..{seeds[-1]}" if every else f"{len(seeds)} seeds"


def _seeds_line(comparison: ComparedRuns, scenario: str) -> str:
    seeds = sorted(set(comparison.runs.loc[comparison.runs["scenario"] == scenario, "seed"]))
    return f"Mean [min..max] over {len(seeds)} seeds." if len(seeds) > 1 else ""


def _wall_time_rows(comparison: ComparedRuns, scenario: str, strategies: list[str]) -> list[tuple[str, str, Column]]:
    timing = comparison.timing[comparison.timing["scenario"] == scenario]
    # How orchestration divides is told in timing.csv only.
    names = [
        str(c)
        for c in timing.columns
        if c not in (*KEYS, "mosaik_s", "setup_s")
        and not str(c).endswith("_actor_s")
        and pd.api.types.is_numeric_dtype(timing[c])
    ]
    return [
        (name.removesuffix("_s").replace("_", " "), "s",
         [_spread(timing.loc[timing["strategy"] == s, name].tolist(), name, 2) for s in strategies])
        for name in names
    ]  # fmt: skip


def _ours(row: dict[str, Any]) -> tuple[str, str]:
    return (NOT_DEFINED if row["value"] is None else _number(row["value"], row["unit"])), row["mark"]


def _theirs(row: dict[str, Any]) -> tuple[str, str]:
    return ("-" if row["printed"] is None else _number(row["printed"], row["unit"])), row["printed_mark"]


def _number(value: float, unit: str) -> str:
    return f"{value:.1f}x" if unit == "x" else f"{value:.3f} {unit}"


def _published_lines(rows: list[dict[str, Any]]) -> list[str]:
    names = [f"{row['quantity']}: {row['strategy']}" for row in rows]
    # The full words of what is not defined are too wide for the column; they follow below.
    ours, theirs = [_ours(row)[0].split(" (")[0] for row in rows], [_theirs(row)[0] for row in rows]
    undefined = [NOT_DEFINED] if any(row["value"] is None for row in rows) else []
    if not _is_printed(rows):
        return [*text_table([_heading(rows), "ours"], list(zip(names, ours, strict=True))), *undefined]
    marks = [(MARKS[row["mark"]], MARKS.get(row["printed_mark"], " ")) for row in rows]
    body = [
        [name, f"{mine} {c}", f"{printed} {p}"]
        for name, mine, printed, (c, p) in zip(names, ours, theirs, marks, strict=True)
    ]
    lines = text_table([_heading(rows), "ours  ", "published  "], body)
    used = {letter for pair in marks for letter in pair}
    return [*lines, *_legend(*(letter for letter in LEGEND if letter in used)), *undefined]


def _legend(*letters: str) -> list[str]:
    return [part for letter in letters for part in textwrap.wrap(LEGEND[letter], WIDTH, subsequent_indent="  ")]


def _is_printed(rows: list[dict[str, Any]]) -> bool:
    return any(row["printed"] is not None for row in rows)


def _heading(rows: list[dict[str, Any]]) -> str:
    return "Beside the publication" if _is_printed(rows) else "Dynamic and static"


def _grouped(comparison: ComparedRuns, scenario: str, rows: Rows) -> list[tuple[str, Rows]]:
    """The rows of ``measure_rows`` under their headings."""
    begins = {SHOWN[measure].label: heading for measure, heading in GROUPS.items()}
    groups: list[tuple[str, list[tuple[str, str, Column]]]] = []
    for row in rows:
        if row[0] in begins or not groups:
            groups.append((begins.get(row[0], ""), []))
        groups[-1][1].append(row)
    return [(heading, group) for heading, group in groups]


def _md_table(head: list[str], body: list[list[str]]) -> list[str]:
    rule = ["---" if k == 0 else "---:" for k in range(len(head))]
    return ["| " + " | ".join(row) + " |" for row in [head, rule, *body]]
