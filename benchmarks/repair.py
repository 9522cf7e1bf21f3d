"""Plans of stressed scenarios under the validator's eye: python benchmarks/repair.py [REGIME ...].

Per scenario: what is planned without verification, and which limits its AC check finds broken, by kind and in all. The
columns after repair are filled by a planner that takes the check back into its plan; without one they are empty.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stressed import REGIMES, STRESSED, stressed_case

from controllers.plan import Plan
from scenarios.case import Case
from sim.plan_once import plan_once
from sim.validation.validator import Validator

STRATEGY = "dynamic"


@dataclass(frozen=True)
class Judged:
    """A plan and what its check says: energy it promises, violations by kind and by how much the worst of
    each passes its limit, losses in % of the demand served."""

    energy_kwh: float
    by_kind: dict[str, int]
    worst: dict[str, str]
    losses_pct: float

    @property
    def count(self) -> int:
        return sum(self.by_kind.values())


@dataclass(frozen=True)
class Repaired:
    """What a repairing planner ends with, and the rounds it needed."""

    judged: Judged
    rounds: int


Repair = Callable[[Case, Validator], tuple[Plan, int]]
"""A planner with verification: plan and rounds."""
REPAIR: Repair | None = None


@dataclass(frozen=True)
class Row:
    """A scenario before and after."""

    name: str
    before: Judged
    after: Repaired | None
    seconds: float


def judge(validator: Validator, plan: Plan) -> Judged:
    """Energy and violations of a plan, by the forecast."""
    verdict = validator.validate(plan)
    solved = [island for island in verdict.islands if island.losses_kw is not None]
    hours = [(island.end_min - island.start_min) / 60 for island in solved]
    demand = sum(island.demand_kw * h for island, h in zip(solved, hours, strict=True))
    losses = sum((island.losses_kw or 0.0) * h for island, h in zip(solved, hours, strict=True))
    worst = {
        kind: max((v for v in verdict.violations if v.kind == kind), key=lambda v: v.excess) for kind in verdict.by_kind
    }
    by_how_much = {kind: f"{v.excess:.2g} {v.unit}".strip() for kind, v in worst.items()}
    return Judged(plan.planned_energy_kwh, verdict.by_kind, by_how_much, 100 * losses / demand if demand else 0.0)


def measure(regime: str, seed: int, folder: Path, repair: Repair | None) -> Row:
    """Plan one scenario without verification, and with it if there is a planner that can."""
    case = stressed_case(regime, seed, folder)
    validator = Validator(case, engine="power-grid-model")
    began = time.perf_counter()
    before = judge(validator, plan_once(case, STRATEGY).plan)
    seconds = time.perf_counter() - began
    after = None
    if repair is not None:
        plan, rounds = repair(case, validator)
        after = Repaired(judge(validator, plan), rounds)
    return Row(f"{regime}-{seed}", before, after, seconds)


def as_table(rows: Sequence[Row]) -> str:
    """Markdown; energy given up is that of the first plan less that of the repaired one."""
    lines = [
        "| scenario | planned kWh | losses % | violations before (worst excess) | after | rounds | energy given up |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for row in rows:
        before = row.before
        kinds = ", ".join(f"{kind} {n} (by {before.worst[kind]})" for kind, n in before.by_kind.items()) or "none"
        after = rounds = given_up = ""
        if row.after is not None:
            after, rounds = str(row.after.judged.count), str(row.after.rounds)
            given_up = f"{before.energy_kwh - row.after.judged.energy_kwh:.1f} kWh"
        lines.append(
            f"| {row.name} | {before.energy_kwh:.0f} | {before.losses_pct:.2f} | {kinds} | {after} | {rounds} "
            f"| {given_up} |"
        )
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """How many fail, by regime, and in which kinds."""
    lines = ["| regime | scenarios | with violations | kinds (scenarios) |", "|---|---:|---:|---|"]
    for regime in dict.fromkeys(row.name.rpartition("-")[0] for row in rows):
        own = [row for row in rows if row.name.rpartition("-")[0] == regime]
        kinds = Counter(kind for row in own for kind in row.before.by_kind)
        told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        lines.append(f"| {regime} | {len(own)} | {sum(row.before.count > 0 for row in own)} | {told} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("regimes", nargs="*", help=f"default: all of {', '.join(REGIMES)}")
    parser.add_argument("--draws", type=int, help="Judge the first so many draws of each regime, failing or not.")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for regime in arguments.regimes or REGIMES:
            seeds = STRESSED[regime] if arguments.draws is None else range(arguments.draws)
            rows += [measure(regime, seed, Path(folder), REPAIR) for seed in seeds]
    failing = sum(row.before.count > 0 for row in rows)
    print(
        f"Python {platform.python_version()}, {platform.machine()}; {failing} of {len(rows)} first plans break limits"
    )
    print(f"median {statistics.median(row.seconds for row in rows):.2f} s per plan and check\n")
    print(f"{as_table(rows)}\n\n{summary(rows)}")


if __name__ == "__main__":
    main()
