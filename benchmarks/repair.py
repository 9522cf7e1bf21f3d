"""Plans of stressed scenarios under the validator's eye: python benchmarks/repair.py [REGIME ...].

Per scenario: what is planned without verification, which limits its AC check finds broken, by kind and in all, and the
same after the dispatch centre has repaired its plan (``dispatch_centre.verify: repair``).
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stressed import REGIMES, STRESSED, stressed_case, with_options

from relight.controllers.exchange.plan import Plan
from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator

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
    """What a repairing planner ends with, the rounds it needed and how each ended, and seconds for plan and checks."""

    judged: Judged
    ways: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Row:
    """A scenario before and after."""

    name: str
    before: Judged
    after: Repaired
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


def measure(regime: str, seed: int, folder: Path) -> Row:
    """Plan one scenario without verification, and with repair."""
    case = stressed_case(regime, seed, folder)
    validator = Validator(case, engine="power-grid-model")
    plans, seconds = list[Plan](), list[float]()
    for verify in ("off", "repair"):
        began = time.perf_counter()
        plans.append(plan_once(with_options(case, verify=verify), STRATEGY).plan)
        seconds.append(time.perf_counter() - began)
    before, after = (judge(validator, plan) for plan in plans)
    ways = tuple(check.then for check in plans[1].checks)
    return Row(f"{regime}-{seed}", before, Repaired(after, ways, seconds[1]), seconds[0])


def as_table(rows: Sequence[Row]) -> str:
    """Markdown; energy given up is that of the first plan less that of the repaired one."""
    lines = [
        "| scenario | planned kWh | losses % | violations before (worst excess) | after | rounds | given up kWh | s |",
        "|---|---:|---:|---|---:|---|---:|---:|",
    ]
    for row in rows:
        before = row.before
        kinds = ", ".join(f"{kind} {n} (by {before.worst[kind]})" for kind, n in before.by_kind.items()) or "none"
        after, given_up_kwh = row.after, before.energy_kwh - row.after.judged.energy_kwh
        left = ", ".join(f"{kind} {n}" for kind, n in after.judged.by_kind.items()) or "none"
        lines.append(
            f"| {row.name} | {before.energy_kwh:.0f} | {before.losses_pct:.2f} | {kinds} | {left} "
            f"| {len(after.ways)}: {', '.join(after.ways)} | {given_up_kwh:.0f} "
            f"| {row.seconds:.1f} → {after.seconds:.1f} |"
        )
    return "\n".join(lines)


def summary(rows: Sequence[Row]) -> str:
    """How many fail, by regime, and in which kinds."""
    lines = [
        "| regime | scenarios | with violations | kinds (scenarios) | after | rounds, mean (most) "
        "| given up %, mean (most) |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for regime in dict.fromkeys(row.name.rpartition("-")[0] for row in rows):
        own = [row for row in rows if row.name.rpartition("-")[0] == regime]
        kinds = Counter(kind for row in own for kind in row.before.by_kind)
        told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        rounds = [len(row.after.ways) for row in own]
        given_up_pct = [100 * (1 - row.after.judged.energy_kwh / row.before.energy_kwh) for row in own]
        lines.append(
            f"| {regime} | {len(own)} | {sum(row.before.count > 0 for row in own)} | {told} "
            f"| {sum(row.after.judged.count > 0 for row in own)} | {statistics.mean(rounds):.1f} ({max(rounds)}) "
            f"| {statistics.mean(given_up_pct):.1f} ({max(given_up_pct):.1f}) |"
        )
    return "\n".join(lines)


def _judged(rows: Sequence[Row]) -> tuple[list[Judged], list[Judged]]:
    return [row.before for row in rows], [row.after.judged for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("regimes", nargs="*", help=f"default: all of {', '.join(REGIMES)}")
    parser.add_argument("--draws", type=int, help="Judge the first so many draws of each regime, failing or not.")
    arguments = parser.parse_args()
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for regime in arguments.regimes or REGIMES:
            seeds = STRESSED[regime] if arguments.draws is None else range(arguments.draws)
            rows += [measure(regime, seed, Path(folder)) for seed in seeds]
    before, after = (sum(judged.count > 0 for judged in of) for of in _judged(rows))
    planned, kept = (sum(judged.energy_kwh for judged in of) for of in _judged(rows))
    off_s, repair_s = (statistics.median(r.seconds for r in of) for of in (rows, [r.after for r in rows]))
    print(
        f"Python {platform.python_version()}, {platform.machine()}; of {len(rows)} plans {before} break limits without "
        f"verification, {after} after repair\nenergy given up {100 * (1 - kept / planned):.1f} % of "
        f"{planned / 1000:.1f} MWh; median per plan {off_s:.2f} s without, {repair_s:.2f} s with repair\n"
    )
    print(f"{as_table(rows)}\n\n{summary(rows)}")


if __name__ == "__main__":
    main()
