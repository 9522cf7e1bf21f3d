"""Balance of one island: what gives way when orders, demand and losses do not fit what its balance unit can do.

Followers keep their set-points and the balance unit takes the rest. Where that is beyond it:

* too little power: charging of followers is cut, then LAs are shed, those first of which the plan serves least value,
  wholly or, where an LA can be served in part, only as far as needed;
* too much power: PV is curtailed, then NBSUs throttled as far as their ramps let them, then discharge reduced,
  each in proportion to what it gives;
* reactive power: followers share what the balance unit lacks, in proportion to their headroom; then the balance unit
  is relieved of active power, as above, as far as that makes room in its circle; then LAs are shed.

An LA that takes none of what is lacking (kW or kvar) is not shed for it. Shedding whole LAs may overshoot; charging
that was cut is then given back. Where no LA can be off in a live section nobody is shed here (``section_shedding``).
Powers are kW and kvar.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, get_args

from ...scenarios.angles import reactive_limit
from ...scenarios.schema.scenario import LoadControl
from ..units.unit_model import GivesWay, clip

TOLERANCE_KW = 2e-4
"""By how much (kW or kvar) a balance unit may pass its limits; booked at the limit, it leaves 0.2 W unaccounted."""
MARGIN_KW = 0.02
"""Actions go this far (kW or kvar) beyond the limit that called for them, or a change in losses would undo them."""
NEEDLESS_KW = 0.1
"""An action that leaves the balance unit this far (kW) inside its limit is computed again, with better losses."""
NOBODY_SHED: Mapping[str, float] = MappingProxyType({})

Cause = Literal["deficit", "surplus", "reactive deficit", "reactive surplus"]


@dataclass(frozen=True)
class Shortfall:
    """What a balance unit would have been asked for (kW, or kvar where reactive) beyond its limit."""

    cause: Cause
    asked: float
    limit: float

    @property
    def reactive(self) -> bool:
        return "reactive" in self.cause


class CannotBalance(Exception):
    """Nothing is left that could give way: ``amount`` (kW or kvar) is lacking or too much beyond ``limit``, the balance
    unit's."""

    def __init__(self, cause: Cause, amount: float, limit: float = 0.0) -> None:
        super().__init__(f"{cause} of {amount:.3g} {'kvar' if 'reactive' in cause else 'kW'}")
        self.cause: Cause = cause
        self.amount = amount
        self.shortfall = Shortfall(cause, limit + amount if "deficit" in cause else limit - amount, limit)


@dataclass(frozen=True)
class BalanceSource:
    """A unit on line with what it was asked (``p_kw``, ``q_kvar``) and its range in this step."""

    id: str
    gives_way: GivesWay | None
    s_kva: float
    sin_phi: float
    p_range: tuple[float, float]
    p_kw: float = 0.0
    q_kvar: float = 0.0

    def q_max(self, p_kw: float) -> float:
        """Largest |q| beside ``p_kw``."""
        return reactive_limit(self.s_kva, p_kw, self.sin_phi)


@dataclass(frozen=True)
class Demand:
    """Demand of an LA whose customers are on. ``value``: priority of (18) times what the plan serves of it, kW; among
    equals by what comes next."""

    local_area: str
    value: tuple[float, ...]
    p_kw: float
    q_kvar: float


@dataclass(frozen=True)
class Task:
    """An island to balance: its balance unit, its followers, start-up power and the LAs that are not shed yet."""

    balance: BalanceSource
    followers: tuple[BalanceSource, ...]
    startup_kw: float
    demands: tuple[Demand, ...]
    load_control: LoadControl = "area"


@dataclass(frozen=True)
class IslandDispatch:
    """What followers do (by unit id) and who is shed: ``kept`` is the share left of each LA's demand that was.
    ``charging_cut_kw`` and the amounts of surplus are ≥ 0; ``p_range`` is the balance unit's range, narrowed where it
    needed room for reactive power. ``shortfalls``: by LA that was shed, what there was too little of before
    anybody was."""

    p_kw: dict[str, float]
    q_kvar: dict[str, float]
    kept: dict[str, float]
    p_range: tuple[float, float]
    charging_cut_kw: float = 0.0
    curtailed_kw: float = 0.0
    throttled_kw: float = 0.0
    discharge_cut_kw: float = 0.0
    shortfalls: Mapping[str, Shortfall] = field(default_factory=dict)

    def is_within(self, task: Task, p_kw: float, q_kvar: float) -> bool:
        """Whether the balance unit can give what the power flow asks of it."""
        low, high = task.balance.p_range
        q_max = task.balance.q_max(clip(p_kw, low, high))
        return low - TOLERANCE_KW <= p_kw <= high + TOLERANCE_KW and abs(q_kvar) <= q_max + TOLERANCE_KW

    def is_needless(self, p_kw: float) -> bool:
        """Whether charging was cut or generation lowered by clearly more than was needed."""
        lowered_kw = self.curtailed_kw + self.throttled_kw + self.discharge_cut_kw
        cut_too_much = self.charging_cut_kw > NEEDLESS_KW and p_kw < self.p_range[1] - NEEDLESS_KW
        return cut_too_much or (lowered_kw > NEEDLESS_KW and p_kw > self.p_range[0] + NEEDLESS_KW)


def shedding_order(demands: Iterable[Demand]) -> list[Demand]:
    """The first to be shed first: least value, then id."""
    return sorted(demands, key=lambda d: (d.value, d.local_area))


def balance(
    task: Task, losses_kw: float = 0.0, losses_kvar: float | None = None, kept: Mapping[str, float] = NOBODY_SHED
) -> IslandDispatch:
    """Find what followers do and which LAs are shed, given the losses of the last power flow.

    ``losses_kvar`` None: not known yet, so reactive power is not limited (cables give reactive power: 0 would not be a
    cautious guess). ``kept``: shares left of LAs shed already in this step; they come to no more. Raises CannotBalance.
    """
    left, order = dict(kept), shedding_order(task.demands)
    shortfalls, first = dict[str, Shortfall](), dict[Cause, Shortfall]()  # what was asked before anybody was shed
    while True:
        try:
            return replace(_allocate(task, left, losses_kw, losses_kvar), shortfalls=shortfalls)
        except CannotBalance as problem:
            if "surplus" in problem.cause or task.load_control == "section":
                raise
            drawn = {d.local_area: d.p_kw if problem.cause == "deficit" else d.q_kvar for d in order}
            least = next((la for la, power in drawn.items() if power > 0 and left.get(la, 1.0) > 0), None)
            if least is None:
                raise
            shortfalls.setdefault(least, first.setdefault(problem.cause, problem.shortfall))
            share = (problem.amount + MARGIN_KW) / drawn[least] if task.load_control == "part" else 1.0
            left[least] = max(left.get(least, 1.0) - share, 0.0)


@dataclass
class _Outputs:
    """Followers' outputs while they give way."""

    p_kw: dict[str, float]
    q_kvar: dict[str, float] = field(default_factory=dict)


def _allocate(task: Task, kept: dict[str, float], losses_kw: float, losses_kvar: float | None) -> IslandDispatch:
    served = [(d, kept.get(d.local_area, 1.0)) for d in task.demands if kept.get(d.local_area, 1.0) > 0]
    need_kw = sum(d.p_kw * share for d, share in served) + task.startup_kw + losses_kw
    low, high = task.balance.p_range
    need_kvar = None if losses_kvar is None else sum(d.q_kvar * share for d, share in served) + losses_kvar
    for attempt in ("as it is", "relieved"):
        outputs = _Outputs({f.id: f.p_kw for f in task.followers})
        actions = _active(task, outputs, need_kw, low, high)
        p_balance = need_kw - sum(outputs.p_kw.values())
        lacking, q_balance = _reactive(task, outputs, need_kvar, p_balance)
        if abs(lacking) <= TOLERANCE_KW:
            return IslandDispatch(outputs.p_kw, outputs.q_kvar, kept, (low, high), **actions)  # pyright: ignore[reportArgumentType]
        reach = task.balance.s_kva**2 - q_balance**2
        gives_q_at_some_p = abs(q_balance) <= task.balance.s_kva * task.balance.sin_phi
        if attempt == "relieved" or not gives_q_at_some_p or reach < 0:
            break
        # Keep p inside the circle beside q: less room for active power, so more charging cut or PV curtailed.
        low, high = max(low, -math.sqrt(reach)), min(high, math.sqrt(reach))
        if low > high:
            break
    most = math.copysign(task.balance.q_max(p_balance), lacking)
    raise CannotBalance("reactive deficit" if lacking > 0 else "reactive surplus", abs(lacking), most)


def _active(task: Task, outputs: _Outputs, need_kw: float, low: float, high: float) -> dict[str, float]:
    """Change followers' p until the balance unit's part is within [low, high]; returns the amounts of each action."""
    margin = min(MARGIN_KW, (high - low) / 2)
    rest = need_kw - sum(outputs.p_kw.values())
    if rest - high > TOLERANCE_KW:
        charging = {f.id: -f.p_kw for f in task.followers if f.p_kw < 0}
        cut = _lower(outputs, charging, rest - high + margin, -1)
        if rest - high - cut > TOLERANCE_KW:
            raise CannotBalance("deficit", rest - high - cut, high)
        return {"charging_cut_kw": cut}
    if low - rest <= TOLERANCE_KW:
        return {}
    surplus, actions = low - rest + margin, {}
    for name in get_args(GivesWay):
        floor = {f.id: max(f.p_range[0], 0.0) for f in task.followers if f.gives_way == name}
        room = {unit: outputs.p_kw[unit] - low_kw for unit, low_kw in floor.items() if outputs.p_kw[unit] > low_kw}
        actions[name] = _lower(outputs, room, surplus, 1)
        surplus -= actions[name]
    if surplus - margin > TOLERANCE_KW:
        raise CannotBalance("surplus", surplus - margin, low)
    return actions


def _lower(outputs: _Outputs, room: dict[str, float], amount: float, sign: int) -> float:
    """Take ``amount``, at most all, off outputs (sign 1) or charging (sign -1), in proportion to ``room``."""
    total = sum(room.values())
    taken = min(amount, total)
    for unit, part in room.items():
        # The whole room is taken exactly, so that no rounding is left on a unit brought to its floor.
        outputs.p_kw[unit] -= sign * (part if taken == total else taken * part / total)
    return taken


def _reactive(task: Task, outputs: _Outputs, need_kvar: float | None, p_balance: float) -> tuple[float, float]:
    """Set followers' q; returns what is lacking (+) or too much (−), and what the balance unit has to give."""
    limits = {f.id: f.q_max(outputs.p_kw[f.id]) for f in task.followers}
    outputs.q_kvar = {f.id: clip(f.q_kvar, -limits[f.id], limits[f.id]) for f in task.followers}
    if need_kvar is None:
        return 0.0, 0.0
    rest = need_kvar - sum(outputs.q_kvar.values())
    sign = 1.0 if rest > 0 else -1.0
    lacking = abs(rest) - task.balance.q_max(p_balance)
    if lacking <= TOLERANCE_KW:
        return 0.0, rest
    room = {unit: limits[unit] - sign * q for unit, q in outputs.q_kvar.items()}
    total = sum(room.values())
    shared = min(lacking + MARGIN_KW, total)
    for unit, part in room.items():
        outputs.q_kvar[unit] += sign * (shared * part / total if total > 0 else 0.0)
    return sign * max(lacking - shared, 0.0), rest - sign * shared
