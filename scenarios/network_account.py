"""What was read from a network that somebody else made, and what of it was not taken over."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Entry:
    """Elements of one kind: how many, what they draw or give in all (kW, kvar; None where that says nothing), and a
    text: how they are modelled or, of what was left out, what that may change."""

    what: str
    count: int
    p_kw: float | None = None
    q_kvar: float | None = None
    text: str = ""
    changes_numbers: bool = True
    """of what was left out: whether results would differ if it were modelled"""

    def __str__(self) -> str:
        powers = [(self.p_kw, "kW"), (self.q_kvar, "kvar")]
        amounts = [f"{value:,.6g} {unit}" for value, unit in powers if value is not None]
        return f"{self.what}: {', '.join([f'{self.count:,}', *amounts])}" + (f"; {self.text}" if self.text else "")


LOADS = ("loads", "asymmetric loads", "motors", "wards")
"""Entries whose power is demand."""


@dataclass(frozen=True)
class NetworkAccount:
    """Entries in the order of the tables; both empty where the network is of our own kind, which is read whole."""

    read: tuple[Entry, ...] = ()
    left: tuple[Entry, ...] = ()

    def with_units(self, idle: Mapping[str, Entry], units: Collection[str], load_source: str) -> NetworkAccount:
        """The account of a scenario: elements that it makes units of are read, other ``idle`` ones left out, and so are
        all loads of the network if those of the scenario have another source."""
        active = (replace(entry, text="units of the scenario") for element, entry in idle.items() if element in units)
        asleep = (entry for element, entry in idle.items() if element not in units)
        read, left = [*self.read, *_summed(active)], [*_summed(asleep), *self.left]
        if load_source != "network":
            unread = [entry for entry in read if entry.what in LOADS]
            told = "the scenario's own: load.source is not network"
            left = [*(replace(entry, text=told) for entry in unread), *left]
            read = [entry for entry in read if entry not in unread]
        return NetworkAccount(tuple(read), tuple(left))

    def differences(self) -> Iterator[Entry]:
        """What was left out and may change the numbers of a run, a plan or a verdict."""
        return (entry for entry in self.left if entry.changes_numbers)

    def in_one_line(self) -> str:
        """For who does not read ``relight check``; empty if nothing that matters was left out."""
        told = [f"{entry.what} ({entry.count:,})" for entry in self.differences()]
        return f"not taken over from the network: {', '.join(told)}; see relight check" if told else ""


NO_ACCOUNT = NetworkAccount()
"""Of a network of our own kind."""


def _summed(entries: Iterable[Entry]) -> Iterator[Entry]:
    """One entry for all of a kind that are told in the same words."""
    kinds: dict[tuple[str, str, bool], list[Entry]] = {}
    for entry in entries:
        kinds.setdefault((entry.what, entry.text, entry.changes_numbers), []).append(entry)
    for (what, text, changes_numbers), alike in kinds.items():
        p_kw, q_kvar = (
            None if None in values else round(sum(value or 0.0 for value in values), 6)
            for values in ([entry.p_kw for entry in alike], [entry.q_kvar for entry in alike])
        )
        yield Entry(what, sum(entry.count for entry in alike), p_kw, q_kvar, text, changes_numbers)
