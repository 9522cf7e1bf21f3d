"""Kinds of violations: limits that a plan, or what happened to it, may break."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, NamedTuple

ViolationKind = Literal[
    "not_radial", "no_balance_unit", "several_balance_units", "not_converged", "voltage_low", "voltage_high",
    "overload", "unit_p", "unit_q", "unit_s", "unit_energy", "unit_ramp", "unit_start", "pv_reconnect",
    "pick_up", "before_first_order", "faulted_branch_closed", "unswitchable_branch_opened", "area_left_off",
    "served_in_part", "unsupplied_load", "power_balance",
]  # fmt: skip


class Meaning(NamedTuple):
    """What a row's ``value`` and ``limit`` are, and when a row is written."""

    value: str
    limit: str
    broken_when: str


VIOLATION_KINDS: dict[ViolationKind, Meaning] = {
    "not_radial": Meaning(
        "independent loops of the sections of an energised island", "0",
        "there is one; several ways inside one section, as of a double line without switches, are none",
    ),
    "no_balance_unit": Meaning(
        "0", "1", "an island that the plan wants energised has no unit able to form its voltage"
    ),
    "several_balance_units": Meaning(
        "units", "1", "more than one forms it; live infeeds count without being named"
    ),
    "not_converged": Meaning("–", "–", "the power flow of an island has no solution"),
    "voltage_low": Meaning("p.u.", "`limits.vm_min_pu`", "at any bus"),
    "voltage_high": Meaning("p.u.", "`limits.vm_max_pu`", "at any bus"),
    "overload": Meaning(
        "% of the rating", "`limits.max_loading_pct`", "the larger end current of a line or transformer"
    ),
    "unit_p": Meaning("kW", "rating; available sun; start-up draw; 0 on a dark bus", "p beyond it, either side"),
    "unit_q": Meaning("kvar", "S sin φ of `limits.min_power_factor`", "|q| beyond it"),
    "unit_s": Meaning(
        "kVA", "S",
        "p² + q² > S². The octagon (15a)–(17a) never binds: with |p| ≤ S, |q| ≤ 0.31 S it lets a unit reach "
        "1.047 S",
    ),
    "unit_energy": Meaning(
        "kWh asked of an ESS in the step", "what was left when it began", "it runs empty, or full; then it stays so"
    ),
    "unit_ramp": Meaning(
        "kW",
        "range left by the outputs of the last window (plan step, or `world.nbsu_ramp_window_min`)",
        "outside; first on-line step free (D8)",
    ),
    "unit_start": Meaning(
        "minutes of start-up, energised", "`start_min`", "an NBSU is on line too early, or starts on a dark bus"
    ),
    "pv_reconnect": Meaning("minutes energised", "`pv.reconnect_delay_min`", "PV gives power too early"),
    "pick_up": Meaning(
        "kW newly drawn when a step begins", "`world.pick_up_limit_pct` of the rating",
        "more than that is picked up at once in an island that an ESS forms",
    ),
    "before_first_order": Meaning(
        "minute of the plan",
        "minute when the first orders take effect (`outage.first_order_min`, `switching.in_runs`)",
        "an island is to be energised, or a switch operated, too early; further judged as dark, as not operated",
    ),
    "faulted_branch_closed": Meaning(
        "1", "0",
        "a faulted branch, or a switch that isolates a fault, is named as closed; further judged as open, for "
        "protection opens it. Or what is faulted is to be energised with its section; further judged as dark",
    ),
    "unswitchable_branch_opened": Meaning(
        "1", "0", "not named where all are, or energised at one end only; further judged as closed"
    ),
    "area_left_off": Meaning(
        "kW promised", "kW drawn",
        "an LA of a live section is to be off, by `local_areas.load_control: section`: nothing can switch it off, so "
        "it is served with its section, and judged so",
    ),
    "served_in_part": Meaning(
        "kW promised", "kW drawn",
        "only a part of an LA is to be served, by `local_areas.load_control: area` or `section`: it is served wholly, "
        "and judged so",
    ),
    "unsupplied_load": Meaning(
        "kW promised", "0", "a promised LA is dark, or one that had not lost supply goes dark"
    ),
    "power_balance": Meaning(
        "kW as the plan has it", "kW as it is", "a plan's own numbers miss each other ([validation](../validation.md))"
    ),
}  # fmt: skip
"""Kind → meaning, in the order in which tables tell them."""


def by_kind(kinds: Iterable[str]) -> dict[str, int]:
    """How often each kind occurs, in the order of the list; kinds of another version, which are not in it, last."""
    count = Counter(kinds)
    others = sorted(set(count) - set(VIOLATION_KINDS))
    return {kind: count[kind] for kind in (*VIOLATION_KINDS, *others) if kind in count}
