"""Which switches a draft has: the net's own, some of them where they are many, more where they are few."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from ..raw_network import RawNetwork
from ..view import Branch, find_sections
from .feeders import Feeder, FeederTrees

FEW, MANY = 4, 30
"""Closed switches of a net's own below which lines are given some [A]; switches above which not all operate [A]."""
PIECES = 12
"""About so many sections a network is parted into where the net does not say [A]."""


@dataclass(frozen=True)
class Switches:
    """``own`` are the net's; ``added`` are given to lines, ``ties`` brought back into service; ``operated``: None, all;
    ``faulted`` lead to the most loaded feeder. ``sections`` are what comes of it, as buses."""

    own: tuple[str, ...]
    added: tuple[str, ...]
    ties: tuple[str, ...]
    operated: tuple[str, ...] | None
    faulted: tuple[str, ...]
    feeder: Feeder | None
    sections: tuple[tuple[str, ...], ...]


def choose(raw: RawNetwork, branches: Collection[Branch], ties: Collection[str]) -> Switches:
    """Switches for a network; ``ties`` are lines out of service that it was read with, as open switches."""
    topology = FeederTrees(raw, branches)
    feeders = topology.feeders()
    feeder = next((one for one in feeders if len(one.heads) == 1), feeders[0] if feeders else None)
    heads = feeder.heads if feeder else ()
    own = [branch.id for branch in branches if branch.switchable and branch.id not in ties]
    closed = {b.id for b in branches if b.switchable and b.closed and b.kind != "trafo"}
    added = [head for head in heads if head not in own]
    operated: list[str] | None = None
    if len(closed) < FEW:
        lines = {branch.id for branch in branches if branch.closed and branch.kind == "line"}
        added += [line for line in topology.cuts(lines, PIECES) if line not in (*own, *added)]
    elif len(own) > MANY:
        normal = list(dict.fromkeys([*heads, *topology.cuts(closed, PIECES)]))
        switched_ties = [tie for tie in topology.ties if tie.switchable]
        operated = [*normal, *topology.useful_ties(switched_ties, normal)]
    final = {*(own if operated is None else operated), *added, *ties}
    seen = (replace(b, switchable=b.id in final) for b in branches if b.closed or b.id in final)
    sections = tuple(section.buses for section in find_sections(raw.net.bus.name, seen).values())
    chosen = tuple(operated) if operated is not None else None
    return Switches(tuple(own), tuple(added), tuple(ties), chosen, heads, feeder, sections)
