"""Every metric by name: label, unit, decimals shown, heading. docs/metrics.md defines each of them; a test compares."""

from __future__ import annotations

from dataclasses import dataclass

MORE, LESS = 1, -1
"""What is better."""


@dataclass(frozen=True)
class Metric:
    """A metric's name (units in it), label and unit for tables, decimals shown there, and the heading it stands under.

    ``better``: whether ``MORE`` of it is, or ``LESS``; 0 where neither, so nobody wins. ``headline`` metrics are shown
    by ``relight run`` and ``compare``.
    """

    name: str
    label: str
    unit: str
    decimals: int
    heading: str
    better: int = 0
    headline: bool = False


@dataclass(frozen=True)
class Value:
    """A metric's value, None where it is not defined; ``note`` says why, or what the number rests on.

    ``low`` and ``high``: the interval in which the value is not identified, if there is one.
    """

    value: float | None
    note: str = ""
    low: float | None = None
    high: float | None = None


SOURCES = {
    "pv": "PV",
    "ess_net": "ESS, net of charging",
    "nbsu_net": "NBSU, net of start-up",
    "infeed": "infeed",
    "ess_discharge": "ESS, gross",
}
"""Sources of energy; all but the last add up to all that is supplied."""

SHARES = (50, 80, 100)
"""Shares of demand (%) whose restoration is timed."""


def _list() -> tuple[Metric, ...]:
    energy, times, customers = "Energy", "Time to restore", "Customers (IEEE 1366)"
    trapezoid, network, sources, psc = "Resilience trapezoid", "Network", "Sources", "Supply capability"
    plan = "First plan, with the interval at its objective"
    return (
        Metric("demand_energy_mwh", "demand", "MWh", 3, energy),
        Metric("served_energy_mwh", "served", "MWh", 3, energy, MORE),
        Metric("energy_not_supplied_mwh", "energy not supplied", "MWh", 3, energy, LESS, headline=True),
        Metric("served_pct", "served / demand", "%", 1, energy, MORE, headline=True),
        Metric("weighted_served_energy_mwh", "served, weighted", "MWh", 3, energy, MORE),
        Metric("weighted_served_pct", "weighted served / demand", "%", 1, energy, MORE),
        *(Metric(f"time_to_{x}_pct_min", f"{x} % first served", "min", 0, times, LESS, headline=True) for x in SHARES),
        *(Metric(f"time_to_{x}_pct_lasting_min", f"{x} % served for good", "min", 0, times, LESS) for x in SHARES),
        Metric("customers", "customers", "", 0, customers),
        Metric("saifi", "SAIFI", "1/customer", 3, customers, LESS, headline=True),
        Metric("saidi_min", "SAIDI", "min/customer", 1, customers, LESS, headline=True),
        Metric("caidi_min", "CAIDI", "min", 1, customers, LESS, headline=True),
        Metric("maifi", "MAIFI", "1/customer", 3, customers, LESS, headline=True),
        Metric("asai", "ASAI", "", 5, customers, MORE, headline=True),
        Metric("customers_still_out_pct", "customers out at the end", "%", 1, customers, LESS),
        Metric("saifi_outside", "SAIFI outside the outage area", "1/customer", 3, customers, LESS),
        Metric("saidi_outside_min", "SAIDI outside the outage area", "min/customer", 1, customers, LESS),
        Metric("resilience_phi_pct_per_h", "Φ, how fast", "%/h", 1, trapezoid, LESS),
        Metric("resilience_lambda_pct", "Λ, how low", "%", 1, trapezoid, headline=True),
        Metric("resilience_e_h", "E, how long", "h", 2, trapezoid, LESS, headline=True),
        Metric("resilience_pi_pct_per_h", "Π, how promptly", "%/h", 1, trapezoid, MORE, headline=True),
        Metric("resilience_area_pct_h", "area", "% h", 1, trapezoid, LESS),
        Metric("resilience_rate_to_end_pct_per_h", "mean rise to the end", "%/h", 1, trapezoid, MORE),
        Metric("resilience_at_end_pct", "level at the end", "%", 1, trapezoid, MORE),
        Metric("resilience_loss_pct_h", "resilience loss", "% h", 1, trapezoid, LESS, headline=True),
        Metric("switch_operations", "switch operations", "", 0, network, LESS),
        Metric("switches_operated", "switches operated", "", 0, network, LESS),
        Metric("vm_min_pu", "voltage, least", "p.u.", 4, network, MORE, headline=True),
        Metric("vm_p5_pu", "voltage, 5th percentile", "p.u.", 4, network),
        Metric("vm_mean_pu", "voltage, mean", "p.u.", 4, network),
        Metric("vm_p95_pu", "voltage, 95th percentile", "p.u.", 4, network),
        Metric("vm_max_pu", "voltage, largest", "p.u.", 4, network),
        Metric("vm_outside_limits_bus_h", "voltage outside its limits", "bus h", 2, network, LESS),
        Metric("loading_mean_pct", "loading, mean", "%", 1, network, LESS),
        Metric("loading_p95_pct", "loading, 95th percentile", "%", 1, network, LESS),
        Metric("loading_max_pct", "loading, largest", "%", 1, network, LESS, headline=True),
        Metric("loading_over_limit_branch_h", "loading over its limit", "branch h", 2, network, LESS),
        Metric("losses_mwh", "losses", "MWh", 3, sources, LESS),
        Metric("losses_pct", "losses / supply", "%", 2, sources, LESS),
        Metric("storage_losses_mwh", "losses of storage", "MWh", 3, sources, LESS),
        Metric("pv_curtailed_mwh", "PV curtailed", "MWh", 3, sources, LESS),
        Metric("pv_curtailed_pct", "PV curtailed / available", "%", 1, sources, LESS, headline=True),
        *(Metric(f"share_{s}_pct", f"from {label}", "%", 1, sources) for s, label in SOURCES.items()),
        Metric("psc_min_kw", "PSC, least", "kW", 0, psc, MORE),
        Metric("psc_mean_kw", "PSC, mean", "kW", 0, psc, MORE, headline=True),
        Metric("psc_max_kw", "PSC, largest", "kW", 0, psc, MORE),
        *(Metric(f"first_plan_{s}_energy_mwh", f"from {label}", "MWh", 3, plan) for s, label in SOURCES.items()),
        *(Metric(f"first_plan_share_{s}_pct", f"from {label}", "%", 1, plan) for s, label in SOURCES.items()),
    )


METRICS: dict[str, Metric] = {metric.name: metric for metric in _list()}
"""All metrics by name, in the order of the tables."""
