"""The reference of the library, from the names that ``import relight`` offers: python tools/library_page.py rewrites
docs/reference/library.md."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import relight

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "library.md"
HEAD = """# Library

<!-- written by tools/library_page.py -->

What the command line does, from Python, with imports from one module:

```python
import relight

case = relight.load("guo45/fault-1000", overrides={"outage.duration_min": 60})
run = relight.run(case, "dynamic")
print(run.summary())
run.served_by_area().sum(axis=1)  # kW by clock time
verdict = relight.validate(run.plans[0], case, actual=True)
print(verdict)
run.plot.areas().savefig("areas.pdf")
```

The [notebook](../notebook/from-scenario-to-figure.ipynb) goes through it once. All of it works in a notebook too, and
in a script without `if __name__ == "__main__"`. What is not on this page may change without notice, so also modules
below `relight` other than `relight.strategy`. Every name has types (`py.typed`) and is loaded when it is first used.

Errors are exceptions with one message each, the same that the command line prints, all of them `RelightError`, with the
`exit_code` of the command line."""
METHODS = {
    "Plan": ["gap", "step_at", "end_of", "duration_h", "planned_energy_kwh", "energy_kwh", "write"],
    "Case": [],
    "Verdict": ["clean", "caused", "already_so", "by_kind", "as_json", "as_text"],
}
"""Members shown of classes that have more than users need; of others all."""
STRATEGY = {
    "SectionTopology": "live sections, closed switches, and LAs that are off",
    "extensions, starts, joins, reconnections, Expansion": "moves that enlarge a topology",
    "MeritOrder, SupplyState, StepPowers": "what units can give, step by step, by merit order",
    "rule_step, rule_record": "a step, and a whole plan, as the dispatch centre issues it",
    "AreaGraph, Horizon": "what a strategy is told: the network, and each time it plans, the last messages",
    "Plan, PlanStep, UnitSetPoint, LocalAreaSetPoint, PlanRecord": "a plan of your own making",
    "Strategy, PlanMaker, StrategyError": "a strategy with other flags, what makes its plans, what is wrong with one",
}
"""Names of ``relight.strategy`` and what they are for."""


def kinds() -> dict[str, list[str]]:
    """Public names under the headings of the page; functions in the order of use."""
    order = ["load", "shipped", "explain", "run", "read_run", "compare", "study", "plan", "validate"]
    found: dict[str, list[str]] = {"Functions": order, "What they return": [], "Errors": []}
    for name in relight.__all__:
        kind = getattr(relight, name)
        if inspect.isclass(kind):
            found["Errors" if issubclass(kind, Exception) else "What they return"].append(name)
        elif inspect.isfunction(kind):
            assert name in order, f"say where relight.{name} stands on the page"
    return found


def lines() -> Iterator[str]:
    yield HEAD
    for heading, names in kinds().items():
        yield from ["", f"## {heading}"]
        for name in names:
            yield from ["", f"::: relight.{name}"]
            if name in METHODS or heading == "Errors":
                yield from ["    options:", f"      members: {METHODS.get(name) or 'false'}".replace("'", "")]
    yield from [
        "",
        "## For authors of strategies",
        "",
        "`from relight.strategy import …`; [strategies](../strategies.md) tells",
    ]
    yield from ["how one is written and checked.", "", "| name | what it is |", "|---|---|"]
    told = [name for names in STRATEGY for name in names.split(", ")]
    assert sorted(told) == sorted(relight.strategy.__all__), "STRATEGY and relight.strategy.__all__ differ"
    for names, what in STRATEGY.items():
        yield f"| {', '.join(f'`{name}`' for name in names.split(', '))} | {what} |"


def page() -> str:
    """The whole page."""
    return "\n".join(lines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
