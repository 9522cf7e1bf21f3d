"""The index system of Zhu et al.: all twelve level-2 indices of a case, and the source's background figures."""

from __future__ import annotations

from ...scenarios.business import Business
from . import formulas, from_business, from_simulation
from .formulas import NotDefined
from .index import Check, Index
from .measured import LEVELLED, NO_UNITS, Measured, NormalOperation

INDICES = (
    from_simulation.new_reserve_per_asset,
    from_simulation.self_balancing,
    from_simulation.outage_time,
    from_simulation.clean_electricity,
    from_simulation.carrying_capacity,
    from_business.growth_per_household,
    from_business.getting_electricity,
    from_simulation.automation_rate,
    from_simulation.provider_share,
    from_business.value_added_services,
    from_business.final_users_revenue,
    from_business.satisfaction,
)
"""One function per index, in Table 1's order."""


def index_system(measured: Measured, business: Business | None = None) -> tuple[Index, ...]:
    """The twelve indices; without business data those that need them are not available."""
    return tuple(index(measured, business or Business()) for index in INDICES)


def background_checks(measured: Measured) -> tuple[Check, ...]:
    """The figures that section 2.2 tells of microgrids, each against a stated baseline; targets in no index.

    DOE's own baseline (UPS and diesel sets) is not in a scenario, so ours differ and say so.
    """
    return (
        _peak_reduction(measured),
        _outage_reduction(measured, required_only=True),
        _outage_reduction(measured, required_only=False),
        _carbon_reduction(measured),
        _efficiency_gain(measured),
    )


def _peak_reduction(measured: Measured) -> Check:
    figure, baseline = "peak load of the substation reduced", "same period without PV and storage"
    normal = measured.normal
    if normal is None:
        return Check(figure, 15, baseline, needs=measured.missing["normal"])
    peaks = [float(normal.power(operation, "import_kw").max()) for operation in (NO_UNITS, LEVELLED)]
    return _check(figure, 15, baseline, peaks, "import")


def _outage_reduction(measured: Measured, required_only: bool) -> Check:
    run = measured.outage
    figure = f"outage time of {'required' if required_only else 'all'} loads reduced"
    baseline = "same outage without restoration: the area dark to the end of the window"
    table = run.local_area
    if required_only:
        table = table[table["priority"] > 1]
        if table.empty:
            return Check(figure, 98, baseline, needs="local areas with a priority above 1 (local_areas.priority)")
    areas = dict.fromkeys(table["local_area"])
    households = {la: n for la, n in run.households.items() if la in areas}
    dark = table[table["in_outage_area"] == 1].groupby("local_area")["time_min"].min()
    first_min = float(table["time_min"].min())
    lost = {str(la): run.duration_h - (float(from_min) - first_min) / 60 for la, from_min in dark.items()}
    try:
        without = formulas.mean_per_household(lost, households)
        with_it = formulas.mean_per_household(formulas.outage_hours(table, run.step_hours), households)
    except NotDefined as undefined:
        return Check(figure, 98, baseline, needs=str(undefined))
    return _check(figure, 98, baseline, [without, with_it], "outage time of these loads")


def _carbon_reduction(measured: Measured) -> Check:
    figure = "carbon emissions reduced"
    baseline = "same period, all energy imported; PV emits nothing, exports earn no credit"
    normal = measured.normal
    if normal is None:
        return Check(figure, 20, baseline, needs=measured.missing["normal"])
    # The upstream grid's emission factor cancels.
    energies = [normal.energy_kwh(operation, "import_kw") for operation in (NO_UNITS, LEVELLED)]
    return _check(figure, 20, baseline, energies, "import")


def _efficiency_gain(measured: Measured) -> Check:
    figure, baseline = "system energy efficiency raised", "same period without PV and storage; network losses only"
    normal = measured.normal
    if normal is None:
        return Check(figure, 20, baseline, needs=measured.missing["normal"])
    try:
        without, with_it = (_efficiency(normal, operation) for operation in (NO_UNITS, LEVELLED))
    except NotDefined as undefined:
        return Check(figure, 20, baseline, needs=str(undefined))
    return Check(figure, 20, baseline, 100 * (with_it / without - 1))


def _efficiency(normal: NormalOperation, operation: str) -> float:
    taken, pv, given, losses = (normal.energy_kwh(operation, f"{c}_kw") for c in ("import", "pv", "export", "losses"))
    return formulas.supply_efficiency(taken + pv - given, losses)


def _check(figure: str, target_pct: float, baseline: str, values: list[float], what: str) -> Check:
    try:
        return Check(figure, target_pct, baseline, 100 * formulas.reduction(values[0], values[1], what))
    except NotDefined as undefined:
        return Check(figure, target_pct, baseline, needs=str(undefined))
