"""Indices of Zhu et al. that a simulation can answer, wholly or by a declared proxy."""

from __future__ import annotations

from dataclasses import replace

from ...scenarios.business import Business, Year
from . import formulas
from .formulas import NotDefined
from .index import Alternative, Index
from .measured import LEVELLED, NO_RATING, PV_ONLY, CapacityBound, Measured, NormalOperation, RemoteOperation

NO_SCALE = "no natural scale"


SHARES = (formulas.RESERVE_SHARE, 1.40)
"""of the largest load: as printed, and "more than 40 % over the largest load"."""


def new_reserve_per_asset(measured: Measured, business: Business) -> Index:
    """Index 1: reserve now less that of the year before, over the year's investment.

    By the books of both years where they tell reserve; else the reserve of now is simulated, and the reading says so.
    """
    formula = "reserve = transformer capacity above 40 % of the largest load; growth on the year before / investment"
    index = Index(1, "MVA/10k CNY", "higher", formula, scale=NO_SCALE)
    normal, year, this = measured.normal, business.this_year, business.of_year()
    simulated = _simulated_reserve_mva(normal)
    parts = () if simulated is None else (
        Alternative("reserve capacity itself, above 0.4 P_max, simulated", simulated[0], "MVA"),
        Alternative("reserve capacity, more than 40 % over P_max, simulated", simulated[1], "MVA"),
    )  # fmt: skip
    now, before, investment = _given_reserve_mva(this), _given_reserve_mva(business.of_year(1)), this.investment_10k_cny
    if now is None and simulated is None:
        return replace(index, needs=measured.missing["normal" if normal is None else "infeed_kva"])
    if investment is None or before is None:
        at, earlier, books = year or "<year>", year - 1 if year else "<year-1>", business.of_year(1)
        given = {
            f"years.{at}.investment_10k_cny": investment,
            f"years.{earlier}.transformation_mva": books.transformation_mva,
            f"years.{earlier}.max_load_mva": books.max_load_mva,
        }
        return replace(index, alternatives=parts, needs=_wanted(given))
    reading, source = f"{formula}; both years by their books", "given"
    if now is None:
        half = [f"{name} of {year} alone is not used" for name in ("transformation_mva", "max_load_mva")
                if getattr(this, name) is not None]  # fmt: skip
        mixed = "reserve now is simulated, that of the year before given, so the growth mixes the two"
        reading, source, now = "; ".join([formula, mixed, *half]), "computed", simulated
    assert now is not None, "given or simulated, else it was not available"
    value = [formulas.new_reserve_per_asset(a, b, investment) for a, b in zip(now, before, strict=True)]
    other = Alternative("with reserve = more than 40 % over P_max", value[1], index.unit)
    return replace(index, value=value[0], source=source, reading=reading, alternatives=(*parts, other))


def _simulated_reserve_mva(normal: NormalOperation | None) -> tuple[float, ...] | None:
    """Reserve by both readings, of infeeds' ratings and the largest demand; None where a rating is not known."""
    if normal is None or normal.infeed_kva is None:
        return None
    load_mva = float(normal.power(LEVELLED, "demand_kw").max()) / normal.power_factor / 1000
    return tuple(formulas.reserve_capacity_mva(normal.infeed_kva / 1000, load_mva, share) for share in SHARES)


def _given_reserve_mva(books: Year) -> tuple[float, ...] | None:
    """Reserve by both readings, of a year's books; None where they do not tell it."""
    if books.transformation_mva is None or books.max_load_mva is None:
        return None
    return tuple(formulas.reserve_capacity_mva(books.transformation_mva, books.max_load_mva, s) for s in SHARES)


def self_balancing(measured: Measured, business: Business) -> Index:
    """Index 2."""
    index = Index(
        2, "%", "higher",
        "1 - largest import / largest demand, each at its own time, for the printed ratio is import dependence; "
        "storage levels the import, NBSUs stand still",
        scale="as it is, 0 to 100 %",
    )  # fmt: skip
    normal = measured.normal
    if normal is None:
        return replace(index, needs=measured.missing["normal"])
    demand = normal.power(LEVELLED, "demand_kw")
    try:
        printed = formulas.import_dependence(normal.power(LEVELLED, "import_kw"), demand)
        coincident = formulas.coincident_import_dependence(normal.power(LEVELLED, "import_kw"), demand)
        idle = formulas.import_dependence(normal.power(PV_ONLY, "import_kw"), demand)
    except NotDefined as undefined:
        return replace(index, needs=str(undefined))
    value = formulas.self_balancing(printed)
    return replace(
        index,
        value=100 * value,
        source="computed",
        scaled=value,
        alternatives=(
            Alternative("as printed: largest import / largest demand", 100 * printed, "%"),
            Alternative("import at the time of the largest demand", 100 * formulas.self_balancing(coincident), "%"),
            Alternative("storage idle", 100 * formulas.self_balancing(idle), "%"),
        ),
    )


def outage_time(measured: Measured, business: Business) -> Index:
    """Index 3: SAIDI of the simulated event."""
    run = measured.outage
    index = Index(
        3, "h/household", "lower",
        f"the printed formula (SAIDI) for this outage under {run.strategy}; {run.households_are}",
        scale="1 - value / length of the outage window",
    )  # fmt: skip
    try:
        hours = formulas.mean_per_household(formulas.outage_hours(run.local_area, run.step_hours), run.households)
        times = formulas.mean_per_household(formulas.outages(run.local_area), run.households)
    except NotDefined as undefined:
        return replace(index, needs=str(undefined))
    prose = Alternative("as the prose says: number of outages per household", times, "1/household")
    scaled = 1 - hours / run.duration_h
    return replace(index, value=hours, source="computed", scaled=scaled, alternatives=(prose,))


def clean_electricity(measured: Measured, business: Business) -> Index:
    """Index 4: contracts if the business data tell them, else physical PV supply."""
    index = Index(4, "%", "higher", "", scale="as it is, 0 to 100 %")
    return _contracts_or_proxy(
        index,
        business.electricity.clean_traded_mwh,
        business,
        "clean electricity traded by contract / consumption of the year",
        measured,
        _clean_supply(measured.normal, business.electricity.upstream_clean_pct),
        "proxy for trades: PV used in the area / energy supplied, imports not counted as clean",
    )


def _contracts_or_proxy(
    index: Index,
    traded_mwh: float | None,
    business: Business,
    contracts: str,
    measured: Measured,
    supply: tuple[tuple[Alternative, ...], tuple[Alternative, ...]],
    proxy: str,
) -> Index:
    """A share of the year's consumption if the business data tell what was traded, else a share of what was measured:
    the physical proxy of ``supply``, beside its other readings. ``contracts`` and ``proxy`` say which was taken."""
    books, (physical, others) = business.of_year(), supply
    if traded_mwh is not None and books.consumption_mwh is not None:
        value = formulas.ratio(traded_mwh, books.consumption_mwh, "consumption")
        return replace(index, value=100 * value, source="given", scaled=value, reading=contracts,
                       alternatives=(*physical, *others))  # fmt: skip
    index = replace(index, reading=proxy)
    if not physical:
        return replace(index, needs=measured.missing.get("normal", "energy supplied above 0"))
    value = physical[0].value or 0.0
    return replace(index, value=value, source="proxy", scaled=value / 100, alternatives=others)


def _clean_supply(
    normal: NormalOperation | None, upstream_clean_pct: float | None
) -> tuple[tuple[Alternative, ...], tuple[Alternative, ...]]:
    """The physical proxy, and its other readings."""
    if normal is None:
        return (), ()
    pv, taken, given = (normal.energy_kwh(LEVELLED, f"{column}_kw") for column in ("pv", "import", "export"))
    try:
        share = formulas.clean_share(pv, taken, given)
        gross = formulas.ratio(pv, normal.energy_kwh(LEVELLED, "demand_kw"), "demand")
    except NotDefined:
        return (), ()
    others = [Alternative("all PV generation, exports too, / consumption", 100 * gross, "%")]
    if upstream_clean_pct is not None:
        mixed = formulas.clean_share(pv, taken, given, upstream_clean_pct / 100)
        others.append(Alternative("PV and the given clean part of imports / energy supplied", 100 * mixed, "%"))
    return (Alternative("physical: PV used in the area / energy supplied", 100 * share, "%"),), tuple(others)


def carrying_capacity(measured: Measured, business: Business) -> Index:
    """Index 5: the lowest of the thermal, voltage and reverse-flow bounds."""
    index = Index(
        5, "kW", "higher",
        "largest PV rating with no branch overloaded, voltages in limits, reverse flow within 80 % of transformer "
        "and infeed ratings",
        scale=NO_SCALE,
    )  # fmt: skip
    if not measured.capacities:
        return replace(index, needs=measured.missing["capacities"])
    main, *rest = measured.capacities
    index = replace(index, reading=f"{index.reading}; {main.pattern}; {main.conditions}")
    alternatives = [_bound(bound) for bound in main.bounds]
    for other in rest:
        lowest = other.binding
        value, kind = (lowest.capacity_kw, f", {lowest.kind} binds") if lowest else (None, ": no bound reached")
        alternatives.append(Alternative(f"{other.pattern}{kind}", value, "kW"))
    binding = main.binding
    if binding is None or binding.capacity_kw is None:
        needs = "ratings or limits that bind: none was reached in the search"
        return replace(index, alternatives=tuple(alternatives), needs=needs)
    if binding.capacity_kw > 0 and measured.installed_pv_kw > 0:
        used = 100 * measured.installed_pv_kw / binding.capacity_kw
        alternatives.append(Alternative("PV installed today / carrying capacity", used, "%"))
    return replace(index, value=binding.capacity_kw, source="computed", alternatives=tuple(alternatives))


def _bound(bound: CapacityBound) -> Alternative:
    if bound.element == NO_RATING:
        return Alternative(f"{bound.kind} bound: none, for {NO_RATING}", None, "kW")
    if bound.capacity_kw is None:
        end = f"not reached up to {bound.searched_kw:,.0f} kW"
        end += f", then {bound.element}" if bound.element else ""
        return Alternative(f"{bound.kind} bound: {end}", None, "kW")
    return Alternative(f"{bound.kind} bound, set by {bound.element}", bound.capacity_kw, "kW")


def automation_rate(measured: Measured, business: Business) -> Index:
    """Index 8, which the text does not define: the utility's count, else feeders with a field terminal."""
    index = Index(8, "%", "higher", "", scale="as it is, 0 to 100 %")
    feeders, others = _automation(measured.automation)
    if business.automation is not None:
        value = formulas.ratio(business.automation.automated_feeders, business.automation.feeders, "feeders")
        reading = "not defined in the text; automated feeders / feeders by the utility's count"
        return replace(index, value=100 * value, source="given", scaled=value, reading=reading,
                       alternatives=(*feeders, *others))  # fmt: skip
    index = replace(index, reading="not defined in the text; feeders with a field terminal / all feeders")
    if not feeders:
        return replace(index, needs="a loaded feeder that an infeed supplies, or business data: automation")
    value = feeders[0].value or 0.0
    return replace(index, value=value, source="proxy", scaled=value / 100, alternatives=others)


def _automation(counts: RemoteOperation) -> tuple[tuple[Alternative, ...], tuple[Alternative, ...]]:
    remote = 100 * formulas.ratio(counts.remote_branches, counts.branches, "branches") if counts.branches else None
    others = (
        Alternative(f"remotely switched branches / branches ({counts.remote_branches}/{counts.branches})", remote, "%"),
    )
    if not counts.feeders:
        return (), others
    share = 100 * counts.automated_feeders / counts.feeders
    label = f"feeders with a field terminal / feeders ({counts.automated_feeders}/{counts.feeders})"
    return (Alternative(label, share, "%"),), others


def provider_share(measured: Measured, business: Business) -> Index:
    """Index 9: contracts if the business data tell them, else what local generation supplies."""
    index = Index(9, "%", "higher", "", scale="as it is, 0 to 100 %")
    return _contracts_or_proxy(
        index,
        business.electricity.from_service_providers_mwh,
        business,
        "electricity that users obtained from service providers / consumption of the year",
        measured,
        _local_supply(measured.normal),
        "proxy for sales: local generation used in the area / energy supplied, as if all of it were a provider's",
    )


def _local_supply(normal: NormalOperation | None) -> tuple[tuple[Alternative, ...], tuple[Alternative, ...]]:
    if normal is None:
        return (), ()
    pv, taken, given, out = (normal.energy_kwh(LEVELLED, f"{name}_kw") for name in ("pv", "import", "export", "ess"))
    try:
        share = formulas.provider_share(pv, taken, given)
        stored = formulas.provider_share(pv, taken, given, out, normal.charge_kwh(LEVELLED))
    except NotDefined:
        return (), ()
    main = Alternative("physical: local generation used in the area / energy supplied", 100 * share, "%")
    other = Alternative("stored energy counted as bought upstream and sold by its operator", 100 * stored, "%")
    return (main,), (other,)


def _wanted(given: dict[str, float | None]) -> str:
    return "business data: " + ", ".join(key for key, value in given.items() if value is None)
