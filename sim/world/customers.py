"""Whose customers are switched on: by order of their gateway, and less than that where they were shed since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...controllers.exchange.messages import LocalAreaOrder
from ...scenarios.schema.scenario import LoadControl


class Customers:
    """Shares of every local area's (LA's) demand, in [0, 1], be the LA live or dark.

    ``ordered`` is what shall be on, ``on`` what is; less of it was shed. In the beginning all are on.
    """

    def __init__(self, areas: Iterable[str], load_control: LoadControl) -> None:
        self.load_control: LoadControl = load_control
        self.ordered = dict.fromkeys(areas, 1.0)
        self.on = dict(self.ordered)

    @property
    def shed(self) -> frozenset[str]:
        """LAs that are shed, wholly or in part."""
        return frozenset(la for la, share in self.on.items() if share < self.ordered[la])

    def check(self, la: str, order: LocalAreaOrder) -> None:
        """Raise ValueError for an order that no switch of the LA could carry out."""
        wanted, share = order["customers"], order["share"]
        if wanted not in ("on", "off", "keep") or not 0 < share <= 1:
            raise ValueError(f"order of local area {la!r}: customers {wanted!r}, share {share}")
        if (wanted == "off" and self.load_control == "section") or (share != 1 and self.load_control != "part"):
            what = "off" if wanted == "off" else f"on for a share of {share}"
            raise ValueError(f"order of local area {la!r}: its customers cannot be {what} by {self.load_control}")

    def take(self, orders: Mapping[str, LocalAreaOrder]) -> None:
        """Carry orders out."""
        for la, order in orders.items():
            if order["customers"] != "keep":
                self.ordered[la] = self.on[la] = order["share"] if order["customers"] == "on" else 0.0
