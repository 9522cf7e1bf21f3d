"""Ctrl-C while something runs that must not be cut off: it is heard at once, and takes effect when that has ended."""

from __future__ import annotations

import random
import signal
import threading
import time
from _thread import interrupt_main
from collections.abc import Iterator

import pyomo.environ as pyo
import pytest

from relight.controllers.solver.ctrl_c import held_back, told_as_such
from relight.controllers.solver.highs import KeptSolver


@pytest.fixture(autouse=True)
def hears_ctrl_c() -> Iterator[None]:
    """Also where the tests were started in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def market_split(rows: int = 5, seed: int = 1) -> pyo.ConcreteModel:
    """A problem of Cornuéjols and Dawande that takes a search of hours: to halve many numbers at once."""
    rng, m = random.Random(seed), pyo.ConcreteModel()
    m.C, m.R = pyo.RangeSet(10 * (rows - 1)), pyo.RangeSet(rows)
    m.x, m.off = pyo.Var(m.C, domain=pyo.Binary), pyo.Var(m.R, domain=pyo.NonNegativeReals)
    size = {(r, c): rng.randrange(100) for r in m.R for c in m.C}
    half = {r: sum(size[r, c] for c in m.C) // 2 for r in m.R}
    total = {r: sum(size[r, c] * m.x[c] for c in m.C) for r in m.R}
    m.over = pyo.Constraint(m.R, rule=lambda m, r: total[r] - m.off[r] <= half[r])
    m.under = pyo.Constraint(m.R, rule=lambda m, r: total[r] + m.off[r] >= half[r])
    m.goal = pyo.Objective(expr=-sum(m.off[r] for r in m.R), sense=pyo.maximize)
    return m


def test_a_search_stops_within_a_second() -> None:
    pressed_at: list[float] = []

    def press() -> None:
        pressed_at.append(time.monotonic())
        interrupt_main()

    solver = KeptSolver(market_split(), {"mip_rel_gap": 0.0}, time_limit_s=300)
    threading.Timer(1.0, press).start()
    with pytest.raises(KeyboardInterrupt):
        solver.solve()
    assert 0 < time.monotonic() - pressed_at[0] < 5  # of a second, on a machine that has nothing else to do
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_is_heard_at_once_and_takes_effect_at_the_end() -> None:
    heard: list[str] = []
    with pytest.raises(KeyboardInterrupt), held_back(lambda: heard.append("pressed")):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        assert heard == ["pressed"]
        heard.append("ended")
    assert heard == ["pressed", "ended"]


def test_without_it_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    with held_back(lambda: pytest.fail("nobody pressed anything")):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back(lambda: pytest.fail("this process is deaf to it")):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_error_that_it_became_is_told_as_such() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as told, told_as_such():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise AttributeError("INVALID") from None
    assert isinstance(told.value.__cause__, AttributeError)
    assert signal.getsignal(signal.SIGINT) is before


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(AttributeError), told_as_such():
        raise AttributeError("nobody pressed anything")
    with pytest.raises(OSError, match="full"), told_as_such(but=OSError):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise OSError("the disk is full") from None
