"""Print plans that a made-up check has repaired, and to the last digit what they follow from: run in processes that
hash strings differently, with the seeds of cases as arguments."""

from __future__ import annotations

import sys

from relight.controllers.exchange.plan import Findings, IslandLosses, Plan, Violation
from relight.controllers.planning.planner import Planner, section_islands
from relight.controllers.planning.repair import PlanRepair
from support.small_cases import random_case


class LossyAndParted:
    """Each island loses more than planned, and the first plan's largest must not come back."""

    def __init__(self) -> None:
        self.first = True

    def __call__(self, plan: Plan) -> Findings:
        islands = [(t, unit) for t, step in enumerate(plan.steps) for unit in step.balance_units or ()]
        losses = [IslandLosses(t, unit, 0.7 + t / 3, 0.3 + t / 7) for t, unit in islands]
        found: list[Violation] = []
        if self.first:
            t, step = max(enumerate(plan.steps), key=lambda at: len(at[1].energised_buses or ()))
            found = [Violation(t, 0.0, "not_converged", bus, None, None, "") for bus in step.energised_buses or ()][:1]
        self.first = False
        return Findings(found, losses)


def main() -> None:
    for seed in sys.argv[1:]:
        case = random_case(int(seed), sections=(6, 8))
        repair = PlanRepair(Planner(case.graph, case.horizon.steps), LossyAndParted(), 4)
        record = repair.plan(case.horizon)
        known, steps = record.horizon.tightened, range(case.horizon.steps)
        print(record.plan.model_dump_json())
        print(dict(known.loss_kw), dict(known.loss_kvar), dict(known.bounds))
        print([section_islands(repair.planner.decided, t) for t in steps])


if __name__ == "__main__":
    main()
