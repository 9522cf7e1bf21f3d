"""Kinds of events: what ``events.csv`` tells of a run beside its courses."""

from __future__ import annotations

from typing import Literal

EventKind = Literal[
    "plan_issued", "planning_failed", "plan_rejected", "cut_by_clock",
    "switch_operated", "switch_refused", "switch_late", "closing_blocked", "protection_trip",
    "island_energised", "island_dark", "balance_unit_changed", "collapse", "not_converged",
    "la_shed", "section_shed", "la_switched_off", "la_picked_up", "cold_load_pick_up",
    "pv_connected", "pv_curtailed", "charging_cut", "nbsu_throttled", "discharge_cut",
    "nbsu_start", "nbsu_online", "nbsu_off", "nbsu_start_failed", "unit_tripped", "unit_back",
    "frequency_step", "ufls_stage",
    "branch_faulted", "branch_repaired", "infeed_returned", "infeed_connected", "infeed_disconnected",
    "cloud_begins", "cloud_ends", "forecast_issued",
    "link_down", "link_up", "contact_lost", "contact_regained", "fallback_begins", "fallback_ends",
    "gateway_down", "gateway_restarted", "dispatch_centre_down", "dispatch_centre_back",
]  # fmt: skip

EVENT_KINDS: dict[EventKind, str] = {
    "plan_issued": "the dispatch centre's plan: energy promised; why it was made, status and gap",
    "planning_failed": "no plan was found, and why; the plan in force goes on",
    "plan_rejected": "its own check found violations in a plan: objective; what was done then",
    "cut_by_clock": "a time limit stopped part of a planning: what follows depends on the machine",
    "switch_operated": "1 closed, 0 opened, by order",
    "switch_refused": "an order that was not carried out: locked, or the switch does not operate",
    "switch_late": "an order that will be carried out later, in so many minutes",
    "closing_blocked": "an order to close, or an infeed's breaker, held back, and why",
    "protection_trip": "protection opened a branch: a new fault, or closed onto one",
    "island_energised": "an island, named after its first bus, gained so many buses",
    "island_dark": "it lost so many buses, by order unless a `collapse` stands beside it",
    "balance_unit_changed": "another unit forms an island's voltage, or may no longer",
    "collapse": "the island could not be held, and why",
    "not_converged": "its power flow has no solution",
    "la_shed": "customers of so many kW switched off, for the balance unit could give no more or by a UFLS stage",
    "section_shed": "a section switch opened for the same reasons, and so many kW behind it are dark",
    "la_switched_off": "customers of so many kW switched off by order",
    "la_picked_up": "customers that had been shed or switched off are back on",
    "cold_load_pick_up": "customers came back; how many times as much they draw as without an outage",
    "pv_connected": "PV on line after its reconnect delay",
    "pv_curtailed": "PV of an island gave way by so many kW",
    "charging_cut": "storage of an island took so many kW less than ordered",
    "nbsu_throttled": "NBSUs of an island gave so many kW less than ordered",
    "discharge_cut": "storage of an island gave so many kW less than ordered",
    "nbsu_start": "start-up launched",
    "nbsu_online": "start-up finished",
    "nbsu_off": "an NBSU stopped, or lost its start-up",
    "nbsu_start_failed": "an NBSU did not start",
    "unit_tripped": "a unit failed, or a frequency out of its range took it off line, at so many kW",
    "unit_back": "it can be used again",
    "frequency_step": "the furthest frequency after a sudden step of power, and where it settles",
    "ufls_stage": "a stage of under-frequency load shedding switched off so many kW",
    "branch_faulted": "a new fault",
    "branch_repaired": "a fault is repaired",
    "infeed_returned": "voltage behind an infeed's open breaker",
    "infeed_connected": "its breaker closed",
    "infeed_disconnected": "its breaker opened",
    "cloud_begins": "a passing cloud reaches PV; how much it takes",
    "cloud_ends": "it is over",
    "forecast_issued": "from now on this forecast is in use",
    "link_down": "links that are out from now on",
    "link_up": "links that are back",
    "contact_lost": "gateways that hear nothing, or whom the dispatch centre no longer hears",
    "contact_regained": "they hear or are heard again",
    "fallback_begins": "gateways that run their areas by themselves from now on",
    "fallback_ends": "they follow a plan again",
    "gateway_down": "gateways that are dead from now on",
    "gateway_restarted": "they are back, without plan and memory",
    "dispatch_centre_down": "the dispatch centre is dead from now on",
    "dispatch_centre_back": "it is back",
}
"""Kind → meaning; groups as above."""

CUT_BY_CLOCK: EventKind = "cut_by_clock"
"""The one that says that a run depends on the machine."""
