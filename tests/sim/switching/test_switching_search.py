"""The order of operations against an enumeration of all orders, on random networks; every order found is replayed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx
import numpy as np
import pytest

from relight.controllers.exchange.plan import Plan
from relight.scenarios.case import Case
from relight.sim.switching.sequence import Sequence, find_sequences
from relight.sim.validation.validator import Validator
from support.networks import Line, build_case, ess
from support.small_cases import seeds
from support.validation_cases import constant, plan, step

BUSES = "abcdefg"
SOURCES = "abc"
MOST_OPERATIONS = 6


@dataclass(frozen=True)
class Arrangement:
    """Closed lines, and the buses whose ESS forms a voltage."""

    closed: frozenset[str]
    forming: frozenset[str]


@dataclass(frozen=True)
class Puzzle:
    case: Case
    before: Arrangement
    after: Arrangement
    demand_kw: dict[str, float]

    @property
    def operations(self) -> list[tuple[str, str]]:
        """(device, operation): lines by id, units by their bus."""
        a, b = self.before, self.after
        found = [(line, "close" if line in b.closed else "open") for line in sorted(a.closed ^ b.closed)]
        return found + [(bus, "form" if bus in b.forming else "release") for bus in sorted(a.forming ^ b.forming)]


def islands(closed: frozenset[str]) -> list[set[str]]:
    graph = nx.Graph()
    graph.add_nodes_from(BUSES)
    graph.add_edges_from(line.split("-") for line in closed)
    return [set(island) for island in nx.connected_components(graph)]


def arrangement(lines: list[str], rng: np.random.Generator) -> Arrangement:
    """A random forest, most of whose trees with a source live."""
    closed: set[str] = set()
    for line in rng.permutation(lines):
        one, other = line.split("-")
        apart = not any({one, other} <= island for island in islands(frozenset(closed)))
        if apart and rng.random() < 0.75:
            closed.add(str(line))
    forming: set[str] = set()
    for island in islands(frozenset(closed)):
        sources = sorted(island & set(SOURCES))
        if sources and rng.random() < 0.85:
            forming.add(str(rng.choice(sources)))
    return Arrangement(frozenset(closed), frozenset(forming))


def puzzle(seed: int) -> Puzzle:
    rng = np.random.default_rng(seed)
    while True:
        pairs = [f"{a}-{b}" for a, b in itertools.combinations(BUSES, 2)]
        lines = [str(line) for line in rng.choice(pairs, size=9, replace=False)]
        if len(nx.Graph(line.split("-") for line in lines)) < len(BUSES):
            continue
        before, after = arrangement(lines, rng), arrangement(lines, rng)
        case = build_case(
            [Line(*line.split("-")) for line in lines], [ess(bus, 5000, 50_000) for bus in SOURCES], buses=BUSES
        )
        found = Puzzle(case, before, after, {bus: 10.0 * (k + 1) for k, bus in enumerate(BUSES)})
        if 2 <= len(found.operations) <= MOST_OPERATIONS and before.forming:
            return found


def solve(one: Puzzle, exact_operations: int) -> Sequence:
    steps = [
        step(30 * k, sorted(at.closed), None, " ".join(f"ess.{bus}" for bus in sorted(at.forming)))
        for k, at in enumerate((one.before, one.after))
    ]
    series = constant(one.case, kw=one.demand_kw)
    validator = Validator(one.case, engine="power-grid-model", forecast=series)
    made = Plan.model_validate(plan(*steps))
    assert validator.validate(made).by_kind.keys() <= {"power_balance"}
    sequences = find_sequences(validator, made, exact_operations=exact_operations)
    return next(sequence for sequence in sequences if sequence.step == 1)


def supplied(at: Arrangement) -> set[str] | None:
    """Live buses; None if a state is forbidden: a live loop, or two sources in an island."""
    live: set[str] = set()
    for island in islands(at.closed):
        sources = len(island & at.forming)
        lines = sum(line[0] in island for line in at.closed)
        if sources > 1 or (sources and lines >= len(island)):
            return None
        live |= island if sources else set()
    return live


def apply(at: Arrangement, move: tuple[tuple[str, str], ...]) -> Arrangement:
    closed, forming = set(at.closed), set(at.forming)
    for device, action in move:
        change = {"open": closed.discard, "close": closed.add, "form": forming.add, "release": forming.discard}
        change[action](device)
    return Arrangement(frozenset(closed), frozenset(forming))


def minute_cost(one: Puzzle, live: set[str]) -> tuple[float, float]:
    before, after = supplied(one.before) or set(), supplied(one.after) or set()
    wrong = (before & after - live) | (live - before - after)
    late = (before ^ after) - live
    return tuple(sum(one.demand_kw[bus] for bus in buses) / 60 for buses in (wrong, late))  # type: ignore[return-value]


def moves(at: Arrangement, pending: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], ...]]:
    """One operation; or a unit that takes over from another in its island, or in a part that is just being cut off."""
    for op in pending:
        yield (op,)
    for one, other in itertools.permutations(pending, 2):
        here = next((island for island in islands(at.closed) if one[0][0] in island), set[str]())
        if one[1] == "form" and other[1] == "release" and other[0] in here and other[0] in at.forming:
            yield (one, other)
        if one[1] == "open" and other[1] == "form":
            was, now = supplied(at), supplied(apply(at, (one,)))
            if was is not None and now is not None and other[0] in was and other[0] not in now:
                yield (one, other)


def enumerate_costs(one: Puzzle, at: Arrangement, pending: list[tuple[str, str]]) -> Iterator[tuple[float, float]]:
    """Cost of every allowed order."""
    if not pending:
        yield 0.0, 0.0
        return
    live = supplied(at)
    assert live is not None
    minute = minute_cost(one, live)
    for move in moves(at, pending):
        reached = apply(at, move)
        if supplied(reached) is not None:
            for cost in enumerate_costs(one, reached, [op for op in pending if op not in move]):
                yield cost[0] + minute[0], cost[1] + minute[1]


def replayed_cost(one: Puzzle, sequence: Sequence) -> tuple[float, float]:
    """Cost of the order found; asserts that each state on the way is allowed and that it ends where it should."""
    at, cost, done = one.before, (0.0, 0.0), []
    for _, group in itertools.groupby(sequence.operations, key=lambda op: op.time_min):
        move = tuple((op.device.removeprefix("ess."), op.action) for op in group)
        minute = minute_cost(one, supplied(at) or set())
        cost = cost[0] + minute[0], cost[1] + minute[1]
        at, done = apply(at, move), [*done, *move]
        assert supplied(at) is not None
    assert at == one.after
    assert sorted(done) == sorted(one.operations)
    return cost


@pytest.mark.parametrize("seed", seeds(6, 30))
def test_no_order_is_better_than_the_one_found(seed: int) -> None:
    one = puzzle(seed)
    costs = [(round(a, 9), round(b, 9)) for a, b in enumerate_costs(one, one.before, one.operations)]
    sequence = solve(one, MOST_OPERATIONS)
    assert sequence.exact
    if not costs:
        assert sequence.status == "impossible"
        return
    assert replayed_cost(one, sequence) == pytest.approx(min(costs), abs=1e-8)
    in_both = (supplied(one.before) or set()) & (supplied(one.after) or set())
    assert (sequence.status == "interrupting") == bool(sequence.interrupted_min)
    assert set(sequence.interrupted_min) <= in_both


@pytest.mark.parametrize("seed", seeds(3, 8))
def test_the_beam_search_finds_an_allowed_order_too(seed: int) -> None:
    one = puzzle(seed)
    exact, beam = solve(one, MOST_OPERATIONS), solve(one, 0)
    assert not beam.exact
    assert (beam.status == "impossible") == (exact.status == "impossible")
    if exact.operations:
        assert replayed_cost(one, beam) >= tuple(c - 1e-9 for c in replayed_cost(one, exact))
