"""A case: a scenario with its network loaded, checked and named, ready for a world and its controllers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .network_account import NO_ACCOUNT, NetworkAccount
from .raw_network import ZipShares
from .schema.scenario import Scenario
from .series.from_csv import Series
from .view import KINDS, GridView

if TYPE_CHECKING:
    from pandapower import pandapowerNet


@dataclass(frozen=True)
class Case:
    """A loaded scenario.

    ``net`` is a pandapower net whose ``bus.name``, ``line.name``, ``trafo.name`` and bus-bus ``switch.name`` are the
    ids of ``view``, and shunts, at the voltage of their bus and in one step each; it holds no load, generator, storage
    or external grid: the world adds its own. Branch state is ``in_service`` of a line or transformer and ``closed`` of
    a bus-bus switch; there are no other switches in it.
    ``base_load_kw`` and ``base_load_kvar`` give each bus's part of the coincident peak (kvar None: from
    the power factor), ``zip_shares`` how what it draws goes with its voltage, where it does, ``mix_by_bus`` the weights
    of its load classes.
    ``account`` tells what of a network of somebody else's was read, and what not.
    ``unoperated``: switches of the network that stay as they are, and whether closed; ``view`` does not tell them from
    other branches, or has none of them.
    ``own_series``: mean courses that the network brings with it, ``load`` by LA and ``pv`` by unit.
    ``folder`` is where relative paths of the scenario start, ``inputs`` are the files that were read.

    Examples:
        >>> case = relight.load("guo45/fault-1000")
        >>> case.scenario.clock.plan_step_min, len(case.view.buses), list(case.view.ess)
        (30, 45, ['ess.25', 'ess.27', 'ess.37'])
    """

    scenario: Scenario
    net: pandapowerNet
    view: GridView
    folder: Path
    base_load_kw: dict[str, float]
    base_load_kvar: dict[str, float] | None
    mix_by_bus: dict[str, dict[str, float]]
    inputs: tuple[Path, ...] = ()
    account: NetworkAccount = NO_ACCOUNT
    unoperated: Mapping[str, bool] = field(default_factory=dict)
    own_series: Mapping[str, Series] = field(default_factory=dict)
    zip_shares: Mapping[str, ZipShares] = field(default_factory=dict)

    @cached_property
    def shares(self) -> dict[str, dict[str, float]]:
        """Local area → its loaded buses, each with its share of the area's demand; none where it has no demand."""
        return {la.id: self._shares_of(la.buses) for la in self.view.local_areas.values()}

    def _shares_of(self, buses: tuple[str, ...]) -> dict[str, float]:
        loads = {bus: kw for bus in buses if (kw := self.base_load_kw.get(bus, 0.0)) > 0}
        total = sum(loads.values())
        return {bus: kw / total for bus, kw in loads.items()}

    def __repr__(self) -> str:
        scenario, view = self.scenario, self.view
        switchable = sum(branch.switchable for branch in view.branches.values())
        return (
            f"<Case {scenario.name}, seed {scenario.seed}\n"
            f"  outage from {scenario.outage.start:%Y-%m-%d %H:%M} for {scenario.outage.duration_min} min, "
            f"{len(view.outage_area)} of {len(view.buses)} buses dark\n"
            f"  {len(view.branches)} branches, {switchable} of them switchable; {len(view.sections)} sections, "
            f"{len(view.local_areas)} local areas\n"
            f"  {', '.join(f'{len(view.units_of(kind.name))} {kind.word}' for kind in KINDS.values())}; "
            f"peak load {sum(self.base_load_kw.values()):,.0f} kW>"
        )
