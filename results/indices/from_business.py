"""Indices of Zhu et al. that only business data can answer."""

from __future__ import annotations

from dataclasses import replace

from ...scenarios.business import Business
from . import formulas
from .from_simulation import NO_SCALE
from .index import Alternative, Index
from .measured import Measured

CNY_PER_10K = 10_000


def growth_per_household(measured: Measured, business: Business) -> Index:
    """Index 6."""
    index = Index(
        6, "%", "higher", "consumption per household, this year on the year before: difference / value before",
        scale=NO_SCALE,
    )  # fmt: skip
    now, before, year = business.of_year(), business.of_year(1), business.this_year
    values = {
        f"years.{year or '<year>'}.consumption_mwh": now.consumption_mwh,
        f"years.{year or '<year>'}.households": now.households,
        f"years.{year - 1 if year else '<year-1>'}.consumption_mwh": before.consumption_mwh,
        f"years.{year - 1 if year else '<year-1>'}.households": before.households,
    }
    known = [value for value in values.values() if value is not None]
    if len(known) < len(values):
        return replace(index, needs="business data: " + ", ".join(k for k, v in values.items() if v is None))
    per_household = [1000 * known[0] / known[1], 1000 * known[2] / known[3]]
    alternatives = (
        Alternative("consumption per household", per_household[0], "kWh"),
        Alternative("consumption per household, year before", per_household[1], "kWh"),
    )
    growth = formulas.growth_per_household(*known)
    return replace(index, value=100 * growth, source="given", alternatives=alternatives)


def getting_electricity(measured: Measured, business: Business) -> Index:
    """Index 7."""
    index = Index(
        7, "of 100", "higher",
        "the World Bank's getting electricity score: mean over procedures, time, cost and reliability",
        scale="value / 100",
    )  # fmt: skip
    given = business.getting_electricity
    if given is None:
        return replace(index, needs="business data: getting_electricity")
    if given.score is not None:
        return replace(index, value=given.score, source="given", scaled=given.score / 100,
                       reading="the World Bank's getting electricity score, as published")  # fmt: skip
    measures = given.model_dump(exclude={"score"}, exclude_none=True)
    value = formulas.getting_electricity_score(measures)
    if "reliability_0_to_8" not in measures:
        reading = "the World Bank's score of 2010 to 2015: mean over procedures, time and cost"
        return replace(index, value=value, source="given", scaled=value / 100, reading=reading)
    three = {name: v for name, v in measures.items() if name != "reliability_0_to_8"}
    other = Alternative("without reliability, as in 2010 to 2015", formulas.getting_electricity_score(three), "of 100")
    return replace(index, value=value, source="given", scaled=value / 100, alternatives=(other,))


def value_added_services(measured: Measured, business: Business) -> Index:
    """Index 10."""
    index = Index(
        10, "%", "higher", "market-oriented income other than from selling electricity / total operating income",
        scale="as it is, 0 to 100 %",
    )  # fmt: skip
    income = business.income
    if income is None:
        return replace(index, needs="business data: income")
    share = formulas.ratio(income.market_other_than_sales_10k_cny, income.total_operating_10k_cny, "income")
    return replace(index, value=100 * share, source="given", scaled=share)


def final_users_revenue(measured: Measured, business: Business) -> Index:
    """Index 11."""
    index = Index(
        11, "10k CNY", "higher",
        "income of users outside the electricity business from market trading plus that from demand response",
        scale=NO_SCALE,
    )  # fmt: skip
    given = business.final_users
    parts = given.model_dump(exclude={"users"})
    known = [value for value in parts.values() if value is not None]
    if len(known) < len(parts):
        missing = ", ".join(f"final_users.{name}" for name, value in parts.items() if value is None)
        return replace(index, needs=f"business data: {missing} (0 if there is none)")
    value = sum(known)
    per_user = () if given.users is None else (
        Alternative("per final user", value * CNY_PER_10K / given.users, "CNY"),
    )  # fmt: skip
    return replace(index, value=value, source="given", alternatives=per_user)


def satisfaction(measured: Measured, business: Business) -> Index:
    """Index 12."""
    index = Index(
        12, "%", "higher", "users very satisfied / users asked, for a sample stands for all users",
        scale="as it is, 0 to 100 %",
    )  # fmt: skip
    survey = business.survey
    if survey is None:
        return replace(index, needs="business data: survey")
    share = formulas.ratio(survey.very_satisfied, survey.asked, "users asked")
    literal = () if survey.users is None else (
        Alternative("as printed: / all users, asked or not", 100 * survey.very_satisfied / survey.users, "%"),
    )  # fmt: skip
    return replace(index, value=100 * share, source="given", scaled=share, alternatives=literal)
