"""What a plan decides once powers are left aside, read from the literal form of the model and fixed in the compact one.

With these decisions fixed either form is a linear problem in powers and voltages, so that they say the same exactly if
each finds the other's decisions feasible with the same objective.
"""

# pyright: basic
from __future__ import annotations

from dataclasses import dataclass, field

from ..model import Model


@dataclass(frozen=True)
class Decisions:
    """The integers of a plan by step t = 0 … steps − 1.

    ``energised``: (LA, t); ``closed``: (switch, t); ``balance``: (LA, t), the LAs that hold U_N; ``launch``: step of
    each NBSU's start-up, −1 if under way, None if it has none (never launched, or on line before). ``served``: (LA, t)
    → share of its demand, where customers can be off in an energised LA.
    """

    steps: int
    energised: frozenset[tuple[str, int]]
    closed: frozenset[tuple[str, int]]
    balance: frozenset[tuple[str, int]]
    launch: dict[str, int | None]
    served: dict[tuple[str, int], float] = field(default_factory=dict)


def _chosen(var, steps: int) -> frozenset:
    return frozenset(index for index, member in var.items() if index[-1] < steps and member.value > 0.5)


def _shares(m: Model) -> dict[tuple[str, int], float]:
    shares = {index: min(1.0, max(0.0, n.value)) for index, n in m.served.items()}
    return shares if m.in_part else {index: float(round(share)) for index, share in shares.items()}


def fix_compact(m: Model, decisions: Decisions) -> None:
    """Fix decisions in a compact model; ``unfix_compact`` frees them again."""
    for i in m.section:
        for t in range(decisions.steps):
            m.X[m.section[i], t].fix(float((i, t) in decisions.energised))
    for index, share in decisions.served.items():
        m.served[index].fix(share)
    for var, chosen in ((m.b, decisions.closed), (m.root, decisions.balance)):
        for index in var:
            if index[-1] < decisions.steps:
                var[index].fix(float(index in chosen))
    for i, k in m.launch:
        m.launch[i, k].fix(float(decisions.launch[i] == k))


def unfix_compact(m: Model) -> None:
    for var in (m.X, m.b, m.root, m.launch, *((m.served,) if m.by_area else ())):
        var.unfix()


def read_literal(m: Model) -> Decisions:
    """Decisions of a solved literal model."""
    steps = len(m.T)
    slots = {i: round(m.launch_slot[i].value) for i in m.NBSU}
    return Decisions(
        steps,
        energised=_chosen(m.X, steps),
        closed=_chosen(m.closed, steps),
        balance=_chosen(m.root, steps),
        launch={i: None if m.online_now[i] or slot == steps else slot for i, slot in slots.items()},
        served=_shares(m) if m.by_area else {},
    )
