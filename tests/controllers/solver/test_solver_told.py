"""What HiGHS says is not taken at its word, and it says nothing that nobody asked for."""

from __future__ import annotations

import pytest

from relight.controllers.milp.model import build_model, set_horizon
from relight.controllers.solver.compiled import Compiled
from relight.controllers.solver.highs import KeptSolver, configured
from support.small_cases import random_case


def solver_of(seed: int) -> KeptSolver:
    case = random_case(seed)
    m = build_model(case.graph, case.horizon.steps)
    set_horizon(m, case.horizon)
    return KeptSolver(m, {})


def test_an_incumbent_worth_something_else_than_told_is_no_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = solver_of(3).solve()
    assert honest.status == "optimal" and honest.objective > 1
    monkeypatch.setattr(Compiled, "objective", lambda self, x: 0.5)
    found = solver_of(3).solve()
    assert found.status == "feasible" and found.objective == 0.5
    assert "is worth 0.5, not" in found.reason
    assert solver_of(3).solve_checked().status == "feasible"


def test_nothing_but_our_own_words_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    """Not by the solver's own library either, which writes past sys.stdout."""
    configured({}).run()
    print("ours")
    assert capfd.readouterr() == ("ours\n", "")
