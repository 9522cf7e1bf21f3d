"""A reproduction as text: for a terminal of 80 columns, as Markdown, and as LaTeX tables (booktabs)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import pandas as pd

from .figures import clock
from .published_claims import PRINTED_MWH, SOURCE, TOLERANCE, VERDICTS, Row
from .tables import (
    STORAGES,
    TIMED,
    TIMING,
    Reproduction,
    peaks_that_meet,
    shown,
    shown_bound,
    shown_peaks,
    shown_verdict,
    storages_in,
)

WIDTH = 80
QUANTITY = 30

RULE = (
    f"Rule: outside the bound from Tables 2 to 4: not reachable; no baseline, no definition, a share that the "
    f"objective leaves open, or not measured: undefined; within {100 * TOLERANCE:g} % of the printed value (for "
    f'"below": not above it): reproduced; else differs.'
)
CALIBRATED = (
    "k: the calibrated cases (610 kWh of storage). Their storage, peak load and clear-sky index were chosen so that "
    "the energies come near the printed ones; agreement there proves nothing, so no verdict follows."
)


def counts(rows: Sequence[Row]) -> str:
    """``3 reproduced, 4 differ, ...``"""
    verdicts = [row.verdict for row in rows]
    words = {"differs": "differ"}
    return ", ".join(f"{verdicts.count(verdict)} {words.get(verdict, verdict)}" for verdict in VERDICTS)


def as_text(found: Reproduction) -> str:
    """The claims table, wall times included, and its rule."""
    head = f"{'case':<7}{'claim':<{QUANTITY}}{'printed':>11}{'ours':>8}{'k':>8}  verdict"
    lines = [f"Claims of {SOURCE}", "", f"{head}", "-" * WIDTH]
    for row in found.rows:
        lines += _claim_lines(row)
    lines += ["-" * WIDTH, counts(found.rows), ""]
    lines += [*textwrap.wrap(RULE, WIDTH), "", *textwrap.wrap(CALIBRATED, WIDTH)]
    return "\n".join(lines)


def _claim_lines(row: Row) -> list[str]:
    """Claim, printed value, ours, the calibrated case's, the verdict; below it bounds and the feasible interval."""
    claim = row.claim
    lines = [
        f"{claim.case:<7}{claim.quantity:<{QUANTITY}}{f'{_printed(row)} {claim.unit}'.rstrip():>11}"
        f"{shown(row.fact.value):>8}{shown(row.reduced.value):>8}  {row.verdict}"
    ]
    told = [f"bound {shown_bound(row.bound)}"] if row.bound else []
    if row.fact.low is not None and claim.relation == "share":
        told.append(f"feasible {shown(row.fact.low)} to {shown(row.fact.high)}")
    if row.out_of_reach_reduced:
        told.append(f"k: bound {shown_bound(row.reduced_bound)}, not reachable")
    return [*lines, f"{'':<9}{'; '.join(told)}"] if told else lines


def _printed(row: Row) -> str:
    return ("< " if row.claim.relation == "below" else "") + shown(row.claim.value)


def _ours(row: Row, calibrated: bool = False) -> str:
    """Our value, with its feasible interval where the objective leaves one."""
    fact = row.reduced if calibrated else row.fact
    if row.claim.id in TIMED:
        return TIMING
    if row.claim.relation == "share" and fact.low is not None:
        return f"{shown(fact.value)} ({shown(fact.low)} to {shown(fact.high)})"
    return shown(fact.value)


def as_markdown(found: Reproduction) -> str:
    """Everything, without wall times."""
    command = "relight reproduce --quick" if found.quick else "relight reproduce"
    untimed = [row for row in found.rows if row.claim.id not in TIMED]
    parts = [
        f"# {SOURCE}: claims against measurements", "",
        f"Made by `{command}`; do not edit. docs/reproduction.md says what each table means.",
        f"Of {len(untimed)} claims: {counts(untimed)}. The verdict on computation time follows from timing.json.", "",
        RULE, "", CALIBRATED, "",
        *_md(
            ["case", "claim", "unit", "printed", "ours", "bound", "verdict", "k: ours", "k: bound"],
            [
                [row.claim.case, row.claim.quantity, row.claim.unit, _printed(row), _ours(row), shown_bound(row.bound),
                 f"**{shown_verdict(row)}**", _ours(row, calibrated=True),
                 shown_bound(row.reduced_bound) + (": not reachable" if row.out_of_reach_reduced else "")]
                for row in found.rows
            ],
        ),
        "", "Shares: ours, and in parentheses proven bounds over all plans worth as much as our first one.",
        "", "## Why", "",
        *_md(
            ["claim", "printed in", "quote", "reason", "command, seeds"],
            [
                [row.claim.id, row.claim.where, f"\"{row.claim.quote}\"", row.reason, _command(row)]
                for row in found.rows
            ],
        ),
        "", *_statics(found.statics), *_variations(found), *_map(found), *_spread(found), *_runs(found.runs),
    ]  # fmt: skip
    return "\n".join(parts)


def _command(row: Row) -> str:
    return f"`{row.fact.command}`, seed {row.fact.seeds}" if row.fact.command else "-"


def _statics(statics: pd.DataFrame) -> list[str]:
    body = [
        [STORAGES[str(row["storage"])], str(row["strategy"]), str(row["meaning"]),
         *(shown(row[f"{case}_mwh"]) for case in PRINTED_MWH), _gap(row)]
        for _, row in statics.iterrows()
    ]  # fmt: skip
    return [
        "## What static may mean", "",
        "First plans of the shipped cases under every strategy whose name begins with static, MWh restored.", "",
        *_md(["storage", "strategy", "meaning", *map(clock, PRINTED_MWH), "worst gap"], body), "",
    ]  # fmt: skip


def _gap(row: pd.Series) -> str:
    gap = "undefined" if pd.isna(row["worst_gap"]) else f"{100 * row['worst_gap']:.2f} %"
    return gap + ("" if row["all_proven"] else ", not proven")


def _variations(found: Reproduction) -> list[str]:
    parts = [
        "## Readings and options, one at a time", "",
        "First plans, MWh restored. *Dynamic* may change areas and switches at every step; *static* keeps one topology "
        "and one set of areas for the whole window, units following the forecast known at the fault time.", "",
    ]  # fmt: skip
    head = ["", *(f"{c} {s}" for c in map(clock, PRINTED_MWH) for s in ("dynamic", "static", "ratio")), "worst gap"]
    for storage in storages_in(found.variations):
        body = [
            [
                str(row["variation"]),
                *(shown(row[f"{name}_{c}{unit}"]) for c in PRINTED_MWH
                  for name, unit in (("dynamic", "_mwh"), ("static", "_mwh"), ("ratio", ""))),
                _gap(row),
            ]
            for _, row in found.variations[found.variations["storage"] == storage].iterrows()
        ]  # fmt: skip
        parts += [f"{STORAGES[storage]}:", "", *_md(head, body), ""]
    return parts


def _map(found: Reproduction) -> list[str]:
    points = found.restored_map
    parts = [
        "## Restored energy over peak load and clear-sky index", "",
        "![Restored energy over peak load and clear-sky index](figures/restored_map.png)", "",
        f"First dynamic plans, one solve each, worst gap {100 * points['gap'].max():.2f} %"
        + ("" if (points["status"] == "optimal").all() else ", some not proven")
        + ". Contours: printed energies; cross: our assumption. Least and largest energy over all indices, MWh:",
        "",
    ]  # fmt: skip
    head = ["storage, fault", *(f"{peak / 1e3:g} MW" for peak in dict.fromkeys(points["peak_kw"]))]
    body = [
        [f"{STORAGES[str(storage)]}, {clock(str(case))}",
         *(f"{shown(row['least_mwh'])} to {shown(row['largest_mwh'])}" for _, row in of_case.iterrows())]
        for (storage, case), of_case in found.reach.groupby(["storage", "case"], sort=False)
    ]  # fmt: skip
    parts += [*_md(head, body), "", "Peak loads at which some clear-sky index gives the printed energy:", ""]
    head = ["storage", *(f"{printed:g} MWh at {clock(case)}" for case, printed in PRINTED_MWH.items()), "both"]
    body = [
        [STORAGES[storage],
         *(shown_peaks(peaks_that_meet(points, storage, {case: printed})) for case, printed in PRINTED_MWH.items()),
         shown_peaks(peaks_that_meet(points, storage, PRINTED_MWH))]
        for storage in storages_in(points)
    ]  # fmt: skip
    return [*parts, *_md(head, body), ""]


def _spread(found: Reproduction) -> list[str]:
    body = [
        [STORAGES[str(row["storage"])], clock(str(row["case"])), f"± {100 * row['spread']:.0f} %",
         shown(row["least"]), shown(row["mean"]),
         shown(row["largest"]), str(row["draws"])]
        for _, row in found.spread_summary.iterrows()
    ]  # fmt: skip
    return [
        "## How load is spread", "",
        "![Restored energy by spread of load](figures/load_spread.png)", "",
        "First dynamic plans; each bus's share of the load is drawn from 1 ± spread (uniform, seeded) and normalised. "
        "Restored energy, MWh:", "",
        *_md(["storage", "fault", "spread", "least", "mean", "largest", "draws"], body), "",
    ]  # fmt: skip


def _runs(runs: pd.DataFrame) -> list[str]:
    body = [
        [str(row["scenario"]), str(row["strategy"]), str(row["seed"]),
         *(shown(float(row[name])) for name in runs.columns[3:])]
        for _, row in runs.iterrows()
    ]  # fmt: skip
    head = [
        "scenario", "strategy", "seed", "demand, MWh", "first plan, MWh", "served, MWh", "interruptions",
        "interruptions in 3 h", "deviation in 3 h, %", "areas shed", "violated steps",
    ]  # fmt: skip
    return [
        "## Co-simulations", "",
        "Clouds of ±30 % that no forecast knows; deviation: served against first plan, first three hours.", "",
        *_md(head, body), "",
    ]  # fmt: skip


def _md(head: Sequence[str], body: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return ["| " + " | ".join(cells) + " |" for cells in [head, rule, *body]]


def as_latex(found: Reproduction) -> str:
    """The claims as a booktabs table."""
    body = [
        [row.claim.case, row.claim.quantity, row.claim.unit, _printed(row), _ours(row), shown_bound(row.bound),
         shown_verdict(row)]
        for row in found.rows
    ]  # fmt: skip
    head = ["case", "claim", "unit", "printed", "ours", "bound", "verdict"]
    return _latex("lllrrll", head, body, f"Claims of {SOURCE} against our measurements. {RULE}", "tab:claims")


def variations_latex(found: Reproduction) -> str:
    """Readings and options as a booktabs table."""
    columns = [f"{name}_{case}_mwh" for case in PRINTED_MWH for name in ("dynamic", "static")]
    body = [
        ["5220" if row["storage"] == "printed" else "610", str(row["variation"]), *(shown(row[c]) for c in columns),
         shown(row["ratio_1000"])]
        for _, row in found.variations.iterrows()
    ]  # fmt: skip
    head = ["storage, kWh", "variation", *(f"{clock(c)} {s}" for c in PRINTED_MWH for s in ("dyn.", "static")), "ratio"]
    caption = "Energy restored by the first plan (MWh); ratio: dynamic over static at 10:00."
    return _latex("rlrrrrr", head, body, caption, "tab:variations")


_ESCAPED = {
    "%": r"\%",
    "_": r"\_",
    "&": r"\&",
    "#": r"\#",
    "±": r"$\pm$",
    "<= ": r"$\leq$ ",
    "< ": r"$<$ ",
    ">": r"$>$",
}


def _escape(text: str) -> str:
    for plain, latex in _ESCAPED.items():
        text = text.replace(plain, latex)
    return text.replace('"', "''")


def _latex(columns: str, head: Sequence[str], body: Sequence[Sequence[str]], caption: str, label: str) -> str:
    lines = [" & ".join(map(_escape, cells)) + r" \\" for cells in [head, *body]]
    return "\n".join(
        [
            "% needs \\usepackage{booktabs}", r"\begin{table}", r"\centering", rf"\caption{{{_escape(caption)}}}",
            rf"\label{{{label}}}", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", lines[0], r"\midrule", *lines[1:],
            r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
        ]
    )  # fmt: skip
