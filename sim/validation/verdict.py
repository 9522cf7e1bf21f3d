"""The verdict on a plan: every violation, what the validator had to decide itself, and a summary of each island."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ...controllers.exchange.plan import UnitSetPoint, Violation
from ...results.run.writing import json_text
from ...scenarios.kinds.violations import VIOLATION_KINDS, by_kind
from ...scenarios.whole_file import write_whole

WIDTH = 100
SHOWN = 40
"""Violations that the text of a verdict lists; the JSON holds them all."""


@dataclass(frozen=True)
class IslandSummary:
    """An energised island in one interval: output of its balance unit by AC power flow, losses, extremes.

    ``demand_kw`` is what is served, at nominal voltage, ``voltage_effect_…`` what is drawn beyond it; ``losses_kvar``
    is less what cables give. Numbers of a power flow that does not
    converge are None; so is the loading where no branch has a rating.
    """

    step: int
    start_min: float
    end_min: float
    island: str
    balance_unit: str
    buses: int
    converged: bool
    demand_kw: float
    losses_kw: float | None = None
    losses_kvar: float | None = None
    voltage_effect_kw: float | None = None
    voltage_effect_kvar: float | None = None
    p_balance_kw: float | None = None
    q_balance_kvar: float | None = None
    vm_min_pu: float | None = None
    vm_max_pu: float | None = None
    loading_max_pct: float | None = None
    loading_max_branch: str | None = None


@dataclass(frozen=True)
class Dispatched:
    """What a plan left out and the validator decided: by step what it chose.

    ``units``: set-points by (step, start of the interval, minutes) and unit; ``energised_buses`` and ``balance_units``:
    steps in which they follow from topology and the fixed order.
    """

    units: tuple[tuple[int, float, Mapping[str, UnitSetPoint]], ...] = ()
    energised_buses: tuple[int, ...] = ()
    balance_units: tuple[int, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What was found. ``violations`` are in the order of time, with those that are ``already_so`` without the plan
    (``caused_by_plan`` tells which); ``notes`` say what else a reader should know.

    Examples:
        >>> verdict = relight.validate("plan.json", "guo45/fault-1000", actual=True)
        >>> for violation in verdict.violations:
        ...     print(violation.time_min, violation.kind, violation.element, violation.value, violation.limit)
        >>> max(island.losses_kw for island in verdict.islands) < 2
        True
    """

    scenario: str
    engine: str
    actual: bool
    violations: tuple[Violation, ...]
    islands: tuple[IslandSummary, ...]
    dispatched: Dispatched
    operations: tuple[tuple[int, str, bool], ...] = ()
    """(step, branch, closes) of every switch that the plan operates at the start of a step"""
    stored_kwh: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """ESS → energy (kWh) it can still discharge and charge at the plan's end"""
    notes: tuple[str, ...] = ()
    plan: str = "plan"
    """what the text calls the plan"""

    def __repr__(self) -> str:
        kinds = _counted(self.caused)
        found = f"{len(self.caused)} violations ({kinds})" if self.caused else "no violation"
        found += f", {len(self.already_so)} already so" if self.already_so else ""
        series = "actual" if self.actual else "forecast"
        return f"<Verdict {self.plan} on {self.scenario}, {series} series, by {self.engine}: {found}>"

    def __str__(self) -> str:
        return self.as_text()

    @property
    def clean(self) -> bool:
        """Whether the plan causes no violation."""
        return not self.caused

    @property
    def caused(self) -> tuple[Violation, ...]:
        """Violations that are not there without the plan, or that it makes worse."""
        return tuple(v for v in self.violations if v.caused_by_plan)

    @property
    def already_so(self) -> tuple[Violation, ...]:
        """Violations that are there without the plan, and no worse with it."""
        return tuple(v for v in self.violations if not v.caused_by_plan)

    @property
    def by_kind(self) -> dict[str, int]:
        """Number of violations of each kind that occurs, in the order of the contract."""
        return by_kind(v.kind for v in self.violations)

    def as_json(self) -> dict[str, Any]:
        """Plain data, for a file."""
        return {
            "schema_version": 1,
            "scenario": self.scenario,
            "engine": self.engine,
            "series": "actual" if self.actual else "forecast",
            "clean": self.clean,
            "violations_by_kind": self.by_kind,
            "already_so_by_kind": by_kind(v.kind for v in self.already_so),
            "violations": [asdict(v) for v in self.violations],
            "dispatched": {
                "energised_buses": list(self.dispatched.energised_buses),
                "balance_units": list(self.dispatched.balance_units),
                "units": [
                    {
                        "step": step,
                        "start_min": start,
                        "units": {unit: set_point.model_dump() for unit, set_point in units.items()},
                    }
                    for step, start, units in self.dispatched.units
                ],
            },
            "switch_operations": [
                {"step": step, "branch": branch, "operation": "close" if closes else "open"}
                for step, branch, closes in self.operations
            ],
            "islands": [asdict(island) for island in self.islands],
            "stored_kwh": {u: {"discharge": out, "charge": room} for u, (out, room) in self.stored_kwh.items()},
            "notes": list(self.notes),
        }

    def as_text(self, plan: str = "") -> str:
        """For a terminal; ``plan`` names the file (default: as the verdict does)."""
        series = "actual" if self.actual else "forecast"
        lines = [f"{plan or self.plan} on {self.scenario}, {series} series, AC power flow by {self.engine}"]
        steps = len({i.step for i in self.islands})
        solved = [i for i in self.islands if i.converged]
        lines.append(
            f"{len(solved)} of {len(self.islands)} islands solved in {steps} steps with supply, "
            f"{len(self.operations)} switch operations"
        )
        if solved:
            low, high = (f(_present(i, k) for i in solved) for f, k in ((min, "vm_min_pu"), (max, "vm_max_pu")))
            loading = max((i.loading_max_pct for i in solved if i.loading_max_pct is not None), default=0.0)
            losses = max(_present(i, "losses_kw") for i in solved)
            lines.append(
                f"voltage {low:.4f} to {high:.4f} p.u., loading up to {loading:.1f} %, losses up to {losses:.2f} kW"
            )
            effects = [_present(i, "voltage_effect_kw") for i in solved]
            if any(effects):
                lines.append(f"loads draw {min(effects):+.2f} to {max(effects):+.2f} kW for their voltages, by island")
        for note in self.notes:
            lines += textwrap.wrap(f"note: {note}", WIDTH, subsequent_indent="  ", break_on_hyphens=False)
        plural = "" if len(self.caused) == 1 else "s"
        lines += _listed(f"{len(self.caused)} violation{plural}", self.caused) if self.caused else ["no violation"]
        if self.already_so:
            lines += ["", *_listed(f"already so without the plan, {len(self.already_so)}", self.already_so)]
        return "\n".join(lines)


def worst(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """One of each (step, kind, element), the one furthest from its limit, but one that the plan causes if there is any;
    in the order of steps and of the contract."""
    kept: dict[tuple[int, str, str], Violation] = {}
    for violation in violations:
        key = (violation.step, violation.kind, violation.element)
        if key not in kept or _weight(violation) > _weight(kept[key]):
            kept[key] = violation
    order = {kind: k for k, kind in enumerate(VIOLATION_KINDS)}
    return tuple(sorted(kept.values(), key=lambda v: (v.step, order[v.kind])))


def _weight(violation: Violation) -> tuple[bool, float]:
    return violation.caused_by_plan, violation.excess


def _counted(violations: Iterable[Violation]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in by_kind(v.kind for v in violations).items())


def _listed(title: str, violations: Sequence[Violation]) -> list[str]:
    """A table of violations under a title that counts them by kind."""
    lines = [f"{title}: {_counted(violations)}", "", *_table(violations[:SHOWN])]
    if len(violations) > SHOWN:
        lines.append(f"... and {len(violations) - SHOWN} more; -o FILE writes all of them")
    return lines


def _present(island: IslandSummary, name: str) -> float:
    value: float | None = getattr(island, name)
    assert value is not None
    return value


def _table(violations: Iterable[Violation]) -> list[str]:
    rows = [("step", "min", "kind", "element", "value", "limit", "")]
    rows += [
        (str(v.step), f"{v.time_min:g}", v.kind, v.element, _number(v.value), _number(v.limit), v.unit)
        for v in violations
    ]
    width = [max(len(row[k]) for row in rows) for k in range(7)]
    left = {2, 3, 6}
    cells = [
        [c.ljust(w) if k in left else c.rjust(w) for k, (c, w) in enumerate(zip(row, width, strict=True))]
        for row in rows
    ]
    return ["  ".join(row).rstrip() for row in cells]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"


def write_verdict(verdict: Verdict, path: Path) -> None:
    """Write as JSON; a file that exists is replaced at once or not at all. ``-``: print it."""
    write_whole(path, json_text(verdict.as_json()))
