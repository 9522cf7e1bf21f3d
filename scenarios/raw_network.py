"""What every kind of network source delivers, before it becomes a view."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .network_account import NO_ACCOUNT, Entry, NetworkAccount
from .series.own_profiles import OwnProfiles
from .view import EssUnit, Infeed, NbsuUnit, PvUnit

EFFICIENCIES = ("charge_efficiency", "discharge_efficiency")
"""of an ESS, where it states its own"""


class ZipShares(NamedTuple):
    """Shares of a demand that go with the square of the voltage (z) and with the voltage (i), of kW and of kvar; the
    rest is drawn at every voltage."""

    z_p: float = 0.0
    i_p: float = 0.0
    z_q: float = 0.0
    i_q: float = 0.0

    def beyond_nominal(self, vm_pu: float) -> tuple[float, float]:
        """What is drawn at a voltage beyond what is drawn at the nominal one, as shares of the latter (kW, kvar)."""
        linear, square = vm_pu - 1, vm_pu**2 - 1
        return self.i_p * linear + self.z_p * square, self.i_q * linear + self.z_q * square


@dataclass
class RawNetwork:
    """A named net and what a net cannot hold.

    ``net`` fulfils the promises of ``Case.net``. ``switchable`` holds branch ids. Loads are peaks by bus in kW and
    kvar, ``zip_shares`` how they go with the voltage where they do, ``mix_by_bus`` weighs the load classes of buses
    whose source tells them. ``elements`` gives bus and rating (kVA, or None) of elements that a scenario may declare
    as units, by ``sgen.3`` and by own name, ``element_names`` the former of the latter; ``idle`` tells what each is,
    should it be none, ``element_facts`` what its table says of it. ``withdrawn``: lines and transformers out of
    service, which a scenario may name as open switches. ``ess_efficiency`` holds what ESSs state of their own, for
    others a scenario does. ``inner``: buses that are star points or open ends. ``stays_at``: as in ``Branch``, by
    branch. ``unoperated``: switches that are there and never operate, and whether they are closed. ``profiles``:
    series of its own. ``account`` tells what was read, and what not. ``files`` were read.
    """

    net: Any
    switchable: set[str]
    infeeds: list[Infeed]
    pv: list[PvUnit] = field(default_factory=list)
    ess: list[EssUnit] = field(default_factory=list)
    nbsu: list[NbsuUnit] = field(default_factory=list)
    ess_efficiency: dict[str, dict[str, float]] = field(default_factory=dict)
    load_kw: dict[str, float] = field(default_factory=dict)
    load_kvar: dict[str, float] = field(default_factory=dict)
    zip_shares: dict[str, ZipShares] = field(default_factory=dict)
    mix_by_bus: dict[str, dict[str, float]] = field(default_factory=dict)
    elements: dict[str, tuple[str, float | None]] = field(default_factory=dict)
    element_names: dict[str, str] = field(default_factory=dict)
    idle: dict[str, Entry] = field(default_factory=dict)
    element_facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    withdrawn: tuple[str, ...] = ()
    inner: frozenset[str] = frozenset()
    stays_at: dict[str, str] = field(default_factory=dict)
    unoperated: dict[str, bool] = field(default_factory=dict)
    profiles: OwnProfiles | None = None
    account: NetworkAccount = NO_ACCOUNT
    files: list[Path] = field(default_factory=list)
