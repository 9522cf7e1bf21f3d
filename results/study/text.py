"""A study's tables for readers: Markdown, LaTeX (booktabs) and the terminal. Intervals stand in square brackets."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from ..comparison.ladder import explained as explained_ladder
from ..comparison.ladder import ladder_lines, ladder_rows
from ..comparison.measures import MEASURES
from ..comparison.text import records
from ..metrics.text import rounded
from .bounds import bounds_table, means_of_worlds, verdict
from .tables import ALL, StudyShape, StudyTables, overall

WIDTH = 80
FEW = 10
"""With fewer units than that an interval is too narrow (docs/studies.md)."""

Table = tuple[list[str], list[list[str]]]
"""Heading and rows."""

MOST_POINTS = 24
"""Points of a grid that study.md lists one by one; the CSV tables have them all."""


def strategy_table(tables: StudyTables, shape: StudyShape, scenario: str) -> Table:
    """Mean and interval of each measure (row) for each strategy (column)."""
    rows = {(row["measure"], row["strategy"]): row for row in records(overall(tables.strategies, scenario))}
    body: list[list[str]] = []
    for name in shape.measures:
        cells = [_estimate(rows[name, s], "mean", MEASURES[name].decimals) for s in shape.strategies]
        body.append([MEASURES[name].title, *cells])
    body.append([units_of(shape), *(str(rows[shape.measures[0], s]["units"] or 0) for s in shape.strategies)])
    failed = [rows[shape.measures[0], s]["failed"] for s in shape.strategies]
    if any(failed):
        body.append(["failed runs", *map(str, failed)])
    return ["", *shape.strategies], body


def paired_table(tables: StudyTables, shape: StudyShape, scenario: str) -> Table:
    """The reference against each other strategy: difference, interval, relative, effect sizes, wins."""
    head = ["", "against", "difference", "%", "d_z", "r_rb", "win/tie/loss", "pairs"]
    body = []
    for row in records(overall(tables.paired, scenario)):
        measure = MEASURES[row["measure"]]
        counts = [row[k] for k in ("wins", "ties", "losses")]
        body.append([
            measure.title, row["other"], _estimate(row, "difference", measure.decimals + (measure.decimals == 0)),
            _number(row["relative_pct"], 1), _number(row["cohen_dz"], 2), _number(row["rank_biserial"], 2),
            "-" if counts[0] is None else "/".join(str(int(n)) for n in counts),
            str(row["pairs"]) + (f" of {row['pairs'] + row['missing']}" if row["missing"] else ""),
        ])  # fmt: skip
    return head, body


def point_table(tables: StudyTables, shape: StudyShape, scenario: str) -> Table:
    """The first measure at every point of the parameters, and the reference's difference from each other strategy."""
    name = shape.measures[0]
    others = [s for s in shape.strategies if s != shape.reference]
    body: list[list[str]] = []
    mine = [row for row in records(tables.strategies) if row["scenario"] == scenario and row["measure"] == name]
    pairs = [row for row in records(tables.paired) if row["scenario"] == scenario and row["measure"] == name]
    digits = MEASURES[name].decimals
    for point in dict.fromkeys(row["point"] for row in mine if row["point"] != ALL):
        here = {row["strategy"]: row for row in mine if row["point"] == point}
        against = {row["other"]: row for row in pairs if row["point"] == point}
        body.append([
            *(_parameter(here[shape.strategies[0]][p]) for p in shape.parameters),
            *(_number(here[s]["mean"], digits) for s in shape.strategies),
            *(_estimate(against[o], "difference", digits) for o in others),
        ])  # fmt: skip
    return [*shape.parameters, *shape.strategies, *(f"{shape.reference} - {o}" for o in others)], body


def as_markdown(tables: StudyTables, shape: StudyShape, title: str, command: str) -> str:
    """study.md."""
    told = " ".join((explained(shape), *warnings_of(tables, shape)))
    parts = [f"# {title}", "", f"Made by `{command}`.", "", told, ""]
    for scenario in dict.fromkeys(tables.runs["scenario"]):
        parts += [f"## {scenario}", "", *markdown(strategy_table(tables, shape, scenario)), ""]
        if len(shape.strategies) > 1:
            parts += [f"`{shape.reference}` minus each other strategy, in the same worlds:", ""]
            parts += [*markdown(paired_table(tables, shape, scenario)), ""]
        for point, ladder in _ladders(tables, scenario):
            parts += [f"What each rung of the ladder is worth{point}:", ""]
            parts += [*markdown(ladder_rows(ladder, scenario)), "", explained_ladder(ladder, scenario), ""]
        head, body = point_table(tables, shape, scenario)
        if shape.parameters and not shape.sampled and len(body) <= MOST_POINTS:
            parts += [f"{MEASURES[shape.measures[0]].title}, by parameters:", "", *markdown((head, body)), ""]
        if len(tables.bounds):
            parts += [f"Bounds: {means_of_worlds(tables.bounds, scenario)}.", ""]
            parts += [*markdown(bounds_table(tables.bounds, scenario, shape.strategies)), ""]
    parts += [line for told in verdict(tables.bounds) for line in (told, "")]
    failed = records(tables.runs[tables.runs["status"] != "complete"])
    if failed:
        rows = [[r["scenario"], r["point"], r["strategy"], str(r["seed"]), r["reason"]] for r in failed]
        parts += ["## Failed runs", "", *markdown((["scenario", "point", "strategy", "seed", "reason"], rows)), ""]
    return "\n".join(parts)


def as_latex(tables: StudyTables, shape: StudyShape, command: str) -> str:
    """study.tex: a booktabs table of strategies and one of differences per scenario, to be \\input."""
    lines = [f"% Made by {command}; needs \\usepackage{{booktabs}}."]
    for scenario in dict.fromkeys(tables.runs["scenario"]):
        found = [("Strategies", strategy_table(tables, shape, scenario))]
        if len(shape.strategies) > 1:
            found.append((f"{shape.reference} minus each other strategy", paired_table(tables, shape, scenario)))
        for caption, (head, body) in found:
            lines += ["\\begin{table}", "\\centering", f"\\caption{{{_tex(f'{caption}, {scenario}')}}}"]
            lines += [f"\\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}", "\\toprule"]
            lines += [" & ".join(map(_tex, head)) + " \\\\", "\\midrule"]
            lines += [" & ".join(map(_tex, row)) + " \\\\" for row in body]
            lines += ["\\bottomrule", "\\end{tabular}", "\\end{table}", ""]
    return "\n".join(lines)


def as_text(tables: StudyTables, shape: StudyShape) -> str:
    """What the terminal shows, at most ``WIDTH`` columns wide unless names are long."""
    lines: list[str] = []
    for scenario in dict.fromkeys(tables.runs["scenario"]):
        lines += [scenario, "=" * len(scenario), *_in_pieces(strategy_table(tables, shape, scenario)), ""]
        if len(shape.strategies) > 1:
            lines += [f"{shape.reference} minus each other strategy, in the same worlds", ""]
            lines += [*_grouped(paired_table(tables, shape, scenario)), ""]
        for point, ladder in _ladders(tables, scenario):
            head, body = ladder_lines(ladder, scenario)
            lines += [*_aligned(([head[0] + point, *head[1:]], body)), ""]
        if len(tables.bounds):
            lines += textwrap.wrap(f"Bounds: {means_of_worlds(tables.bounds, scenario)}", WIDTH)
            lines += [*_aligned(bounds_table(tables.bounds, scenario, shape.strategies)), ""]
    told = [*verdict(tables.bounds), explained(shape), *warnings_of(tables, shape)]
    return "\n".join([*lines, *(line for text in told for line in textwrap.wrap(text, WIDTH))])


def _ladders(tables: StudyTables, scenario: str) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each point with a ladder, in words, and its rows."""
    mine = tables.ladder[tables.ladder["scenario"] == scenario]
    for point, rows in mine.groupby("point", sort=False):
        yield f", {point}" if point else "", rows


def units_of(shape: StudyShape) -> str:
    """What intervals rest on."""
    return "samples" if shape.sampled else "seeds"


def warnings_of(tables: StudyTables, shape: StudyShape) -> list[str]:
    """What a reader must know before believing an interval."""
    shown = tables.strategies
    if shape.sampled:  # single samples are in no text, and rest on few seeds by design
        shown = pd.concat([overall(shown, scenario) for scenario in dict.fromkeys(shown["scenario"])])
    units = [int(n) for n in shown["units"].dropna()]
    least = min(units, default=0)
    if least >= FEW:
        return []
    what = units_of(shape) if least != 1 else units_of(shape).removesuffix("s")
    told = "there are no intervals" if least < 2 else f"with fewer than about {FEW} the intervals are too narrow"
    return [f"Warning: only {least} {what} in places; {told}."]


def explained(shape: StudyShape) -> str:
    """What the numbers mean, in two sentences."""
    how = shape.statistics
    return (
        f"Means with {100 * how.confidence:g} % bootstrap intervals (BCa, {how.resamples} resamples of "
        f"{units_of(shape)}). "
        "d_z: mean difference over its standard deviation; r_rb: rank-biserial correlation of pairs; "
        "win/tie/loss: pairs in which the reference is better, equal within the last decimal shown, worse."
    )


def markdown(table: Table) -> list[str]:
    head, body = table
    rows = [[cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in (head, *body)]
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(row) + " |" for row in (rows[0], rule, *rows[1:])]


def _in_pieces(table: Table) -> list[str]:
    """An aligned table, cut into several where it is too wide; each has the first column."""
    head, body = table
    rows = (head, *body)
    widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
    pieces: list[list[int]] = [[]]
    for k in range(1, len(head)):
        if pieces[-1] and widths[0] + sum(2 + widths[n] for n in (*pieces[-1], k)) > WIDTH:
            pieces.append([])
        pieces[-1].append(k)
    lines: list[str] = []
    for piece in pieces:
        cut = [[row[k] for k in (0, *piece)] for row in rows]
        lines += [*([""] if lines else []), *_aligned((cut[0], cut[1:]))]
    return lines


def _grouped(table: Table) -> list[str]:
    """An aligned table whose first column stands in lines of its own, above the rows that share it. Columns that only
    say otherwise what others say are left out where it is too wide; study.md has them all."""
    head, body = table
    lines: list[str] = []
    for spared in (set[str](), {"r_rb"}, {"r_rb", "%"}, {"r_rb", "%", "d_z"}):
        kept = [k for k, name in enumerate(head) if k > 1 and name not in spared]
        cells = [[f"  {row[1]}", *(row[k] for k in kept)] for row in (head, *body)]
        lines = _aligned((cells[0], cells[1:]))
        if max(map(len, lines)) <= WIDTH:
            break
    told = lines[:1]
    for k, (row, line) in enumerate(zip(body, lines[1:], strict=True)):
        told += [*([row[0]] if not k or body[k - 1][0] != row[0] else []), line]
    return told


def _aligned(table: Table) -> list[str]:
    head, body = table
    widths = [max(len(row[k]) for row in (head, *body)) for k in range(len(head))]
    return [
        "  ".join(
            c.ljust(w) if k == 0 else c.rjust(w) for k, (c, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *body)
    ]


def _estimate(row: dict[str, Any], name: str, decimals: int) -> str:
    """A mean with its interval, a dash where there is none."""
    mean, low, high = row[name], row["low"], row["high"]
    if mean is None or pd.isna(mean):
        return "-"
    digits = decimals or 1
    text = rounded(float(mean), digits)
    return text if low is None or pd.isna(low) else f"{text} [{rounded(low, digits)}, {rounded(high, digits)}]"


def _number(value: Any, decimals: int) -> str:
    return "-" if value is None or pd.isna(value) else rounded(float(value), decimals or 1)


def _parameter(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


_TEX = {"\\": r"\textbackslash{}", **{c: f"\\{c}" for c in "&%$#_{}"}, "~": r"\textasciitilde{}", "^": r"\^{}",
        "Σ": r"$\Sigma$", "Φ": r"$\Phi$", "Λ": r"$\Lambda$", "Π": r"$\Pi$"}  # fmt: skip


def _tex(text: str) -> str:
    return "".join(_TEX.get(c, c) for c in text)


def list_figures(figures: Sequence[tuple[str, str]], command: str) -> str:
    """figures/README.md: each figure, its data and the command that made it."""
    rows = [[f"`{name}`", f"`{name}.csv`", what] for name, what in figures]
    lines = [
        "# Figures",
        "",
        f"Made by `{command}`; drawn again from the tables by `relight report` of this study's folder.",
    ]
    return "\n".join([*lines, "", *markdown((["figure (PDF, PNG)", "data", "shows"], rows)), ""])
