"""The tables of a run: names, columns and units. Every row of a series holds for [time_min, time_min + step).

Other tools' results can be scored by these columns too. Flags are 0 or 1; an empty cell means "not defined here"
(the voltage of a dark bus, the flow through a switch without impedance).
"""

from __future__ import annotations

SERIES: dict[str, tuple[str, ...]] = {
    "bus": ("time_min", "bus", "energised", "vm_pu", "va_degree"),
    "branch": (
        "time_min",
        "branch",
        "closed",
        "energised",
        "p_from_kw",
        "q_from_kvar",
        "p_to_kw",
        "q_to_kvar",
        "loading_pct",
    ),
    "switch": ("time_min", "switch", "closed", "operated"),
    "island": (
        "time_min",
        "island",
        "balance_unit",
        "buses",
        "radial",
        "converged",
        "violations",
        "generation_kw",
        "discharge_kw",
        "charge_kw",
        "infeed_kw",
        "startup_kw",
        "served_kw",
        "losses_kw",
        "mismatch_kw",
        "vm_min_pu",
        "vm_max_pu",
        "loading_max_pct",
    ),
    "local_area": (
        "time_min",
        "local_area",
        "section",
        "in_outage_area",
        "priority",
        "customers",
        "energised",
        "shed",
        "demand_kw",
        "demand_kvar",
        "planned_kw",
        "served_kw",
        "served_kvar",
    ),
    "unit": (
        "time_min",
        "unit",
        "kind",
        "local_area",
        "state",
        "p_kw",
        "q_kvar",
        "p_available_kw",
        "p_order_kw",
        "p_min_kw",
        "p_max_kw",
        "discharge_kwh",
        "charge_kwh",
    ),
    "message": ("time_min", "sender", "receiver", "kind", "delivered_min", "status"),
}
"""Series tables: file stem → columns. Generation and discharge are positive; ``p_available_kw`` is a PV unit's
available power, ``p_min_kw`` and ``p_max_kw`` the range that a unit's own limits leave it after the step, as its
gateway meters it, ``discharge_kwh`` and ``charge_kwh`` what is in an ESS's store at the end of the step, and the room
left there (before losses), ``mismatch_kw`` the energy balance of an island (generation + discharge + infeed − start-up
− served − charge − losses − ``voltage_effect_kw``, where there is such a column), ``violations`` the number of rows in
violations.csv for this island and step; a message's ``kind`` and ``status`` are among
``relight.scenarios.kinds.messages``."""

FREQUENCY_COLUMNS: tuple[str, ...] = (
    "step_kw",
    "f_min_hz",
    "f_max_hz",
    "f_settled_hz",
    "rocof_hz_per_s",
    "ufls_kw",
)
OPTIONAL: dict[str, tuple[str, ...]] = {
    "island": (*FREQUENCY_COLUMNS, "voltage_effect_kw"),
    "local_area": ("ordered_share",),
    "unit": ("storage_losses_kw",),
    "events": ("cause",),
}
"""Columns that a table has only where a scenario asks for them: table → columns, after all others. Runs of earlier
versions have no causes of events.

``frequency:`` gives sudden lack of power at the start of the step (negative: surplus), lowest and highest frequency of
the response, frequency at its end, largest rate of change of frequency, and demand shed by under-frequency relays;
empty for islands held by an infeed. See docs/frequency.md. Where loads go with the voltage, an island has
``voltage_effect_kw``: what they draw beyond their demand, which like ``served_kw`` counts nominal voltage; a term of
its own in the energy balance. Where customers can be off in a live section, a local area has ``ordered_share``: the
share of its demand that is on by order, whatever was ``shed`` of it since. Where storage loses energy, a unit has
``storage_losses_kw``: what left an ESS's store and was not given, or was taken and not stored, so that p + losses is
what its energy fell by."""

OPTIONAL_SERIES: dict[str, tuple[str, ...]] = {
    "cold_load": ("time_min", "local_area", "multiple", "cold_load_kw"),
}
"""Series tables that a run's folder holds only where there is something in them. ``cold_load``: what a local area with
supply draws as a multiple of what it would draw without an outage, and the excess, part of its demand and of what is
served (docs/world.md)."""

EVENTS: tuple[str, ...] = ("time_min", "kind", "element", "value", "unit", "text")
"""events.csv; ``kind``: ``relight.scenarios.kinds.events``."""

FORECAST: tuple[str, ...] = (
    "kind",
    "lead_min",
    "steps",
    "actual_kw",
    "bias_kw",
    "rmse_kw",
    "rmse_single_kw",
    "common_share",
)
"""forecast.csv, of runs that know their forecasts: how good they are, for ``load`` (all local areas) and ``sun`` (all
PV units), by lead time and, where ``lead_min`` is empty, over all; so many plan steps (``steps``) were compared. Bias
and root-mean-square error of the total, the sum of the errors of single areas (units), and the share of the error in
common, 0 to 1 (docs/world.md)."""

OPTIONAL_TABLES: dict[str, tuple[str, ...]] = {**OPTIONAL_SERIES, "forecast": FORECAST}
"""Tables that a run's folder holds only where there is something in them."""

VIOLATIONS: tuple[str, ...] = ("time_min", "step", "island", "kind", "element", "value", "limit", "unit")
"""violations.csv; ``step`` counts simulation steps from 0; ``kind``: ``relight.scenarios.kinds.violations``."""
