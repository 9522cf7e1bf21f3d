"""One index of Zhu et al.'s Table 1 as it is reported, and the table's order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["higher", "lower"]
Source = Literal["computed", "proxy", "given", ""]
"""computed: the definition's formula on simulated quantities (with business data where it asks for them); proxy: a
simulated quantity that stands for what the definition means; given: from the business data alone; empty: none."""

NOT_AVAILABLE = "not available"

TABLE_1: dict[str, tuple[str, ...]] = {
    "Safe and efficient": (
        "New reserve capacity per unit asset",
        "Power self-balancing capability",
        "Average outage time per household",
    ),
    "Green and low carbon": (
        "Specific gravity of clean electricity",
        "Distributed new energy carrying capacity",
        "Growth rate of electricity consumption per household",
    ),
    "Interactive and open": (
        "Obtain power index",
        "Distribution automation rate",
        "Electricity sold by power service providers",
    ),
    "Value sharing": (
        "Proportion of value-added service charges",
        "Revenue of final power users",
        "Customer service satisfaction",
    ),
}
"""Level-1 heads → level-2 indices, worded as printed."""

NAMES = tuple(name for names in TABLE_1.values() for name in names)
HEAD_OF = {name: head for head, names in TABLE_1.items() for name in names}


@dataclass(frozen=True)
class Alternative:
    """The value under another reading, or a part of the index; None where it has none, as ``reading`` says why."""

    reading: str
    value: float | None
    unit: str


@dataclass(frozen=True)
class Index:
    """A level-2 index. ``value`` None: not available, and ``needs`` names the input that is missing.

    ``scaled`` is the value on the radar chart's scale of 0 (worst) to 1 (best), None where the index has no natural
    scale or no value; ``scale`` says how it is made, or why there is none.
    """

    number: int
    unit: str
    direction: Direction
    reading: str
    value: float | None = None
    source: Source = ""
    needs: str = ""
    alternatives: tuple[Alternative, ...] = ()
    scaled: float | None = None
    scale: str = ""

    @property
    def name(self) -> str:
        return NAMES[self.number - 1]

    @property
    def head(self) -> str:
        return HEAD_OF[self.name]

    @property
    def available(self) -> bool:
        return self.value is not None


@dataclass(frozen=True)
class Check:
    """A background figure of the source held against this case; ``met`` None: not available, see ``needs``."""

    figure: str
    target_pct: float
    baseline: str
    value_pct: float | None = None
    needs: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.value_pct is None else self.value_pct >= self.target_pct
