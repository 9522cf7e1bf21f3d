"""Business data of a distribution network: what the index system asks for and no simulation can know.

A YAML file, every part of it optional: an index whose input is missing is reported as not available. Numbers are
numbers, not true or text; counts are whole; ``automation``, ``income`` and ``survey`` are given whole or not at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from .reading.problems import Problem, ScenarioError, display_name, find_input, listed
from .reading.wording import in_plain_words
from .reading.yaml_text import read_mapping
from .schema.parts import Part

_REMEDIES = {
    "extra_forbidden": "unknown key",
    "missing": "missing; this part needs it, or leave the whole part out",
}


def _number(value: object) -> object:
    """YAML's true is no 1, and a text no number."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise ValueError("must be a number")
    return value


MOST = 1e12
"""Of any figure, whatever its unit."""
Positive = Annotated[float, Field(ge=1e-6, le=MOST), BeforeValidator(_number)]
NonNegative = Annotated[float, Field(ge=0, le=MOST), BeforeValidator(_number)]
Count = Annotated[int, Field(gt=0, le=10**10), BeforeValidator(_number)]
CountOrZero = Annotated[int, Field(ge=0, le=10**10), BeforeValidator(_number)]
"""a count that may be 0"""


class Year(Part):
    """A year of the public grid company's books for the area."""

    consumption_mwh: Positive | None = Field(default=None, description="Electricity consumed by all users.")
    households: Count | None = Field(default=None, description="Households supplied.")
    investment_10k_cny: Positive | None = Field(
        default=None, description="Investment of the public grid in the area (10⁴ CNY)."
    )
    transformation_mva: Positive | None = Field(
        default=None, description="Transformer capacity that feeds the area at the end of the year."
    )
    max_load_mva: Positive | None = Field(default=None, description="Largest load of the area in the year.")


class Electricity(Part):
    """Electricity by contract in the evaluated year, as shares of ``consumption_mwh`` of that year."""

    clean_traded_mwh: NonNegative | None = Field(default=None, description="Clean electricity that users traded.")
    from_service_providers_mwh: NonNegative | None = Field(
        default=None, description="Electricity users obtained from power service providers."
    )
    upstream_clean_pct: NonNegative | None = Field(
        default=None, le=100, description="Clean part of what the upstream grid delivers."
    )


class GettingElectricity(Part):
    """The World Bank's Doing Business topic: its raw measures, or the published ``score`` where these are not known."""

    procedures: Positive | None = None
    time_days: Positive | None = None
    cost_pct_of_income_per_capita: NonNegative | None = None
    reliability_0_to_8: NonNegative | None = Field(
        default=None, le=8, description="Reliability of supply and transparency of tariffs index."
    )
    score: NonNegative | None = Field(default=None, le=100)

    @model_validator(mode="after")
    def _one_way(self) -> GettingElectricity:
        raw = (self.procedures, self.time_days, self.cost_pct_of_income_per_capita)
        if self.score is None and None in raw:
            raise ValueError("give procedures, time_days and cost_pct_of_income_per_capita, or the published score")
        if self.score is not None and any(value is not None for value in (*raw, self.reliability_0_to_8)):
            raise ValueError("give either the raw measures or the score, not both")
        return self


class Automation(Part):
    """Distribution automation by the utility's own count."""

    feeders: Count
    automated_feeders: CountOrZero

    @model_validator(mode="after")
    def _part_of_all(self) -> Automation:
        if self.automated_feeders > self.feeders:
            raise ValueError("automated_feeders cannot exceed feeders")
        return self


class Income(Part):
    """Income of power service providers or the grid company in the evaluated year (10⁴ CNY)."""

    total_operating_10k_cny: Positive
    market_other_than_sales_10k_cny: NonNegative = Field(
        description="Market-oriented income other than from selling electricity."
    )

    @model_validator(mode="after")
    def _part_of_all(self) -> Income:
        if self.market_other_than_sales_10k_cny > self.total_operating_10k_cny:
            raise ValueError("market_other_than_sales_10k_cny cannot exceed total_operating_10k_cny")
        return self


class FinalUsers(Part):
    """Income of users who do not trade electricity as a business, in the evaluated year (10⁴ CNY)."""

    market_trading_10k_cny: NonNegative | None = None
    demand_response_10k_cny: NonNegative | None = None
    users: Count | None = Field(default=None, description="Final users, for income per user.")


class Survey(Part):
    """A survey of customer satisfaction."""

    asked: Count
    very_satisfied: CountOrZero
    users: Count | None = Field(default=None, description="All users of the provider, asked or not.")

    @model_validator(mode="after")
    def _part_of_all(self) -> Survey:
        if self.very_satisfied > self.asked:
            raise ValueError("very_satisfied cannot exceed asked")
        if self.users is not None and self.asked > self.users:
            raise ValueError("asked cannot exceed users")
        return self


class Business(Part):
    """A business-data file."""

    schema_version: Literal[1] = 1
    example: bool = Field(default=False, strict=True, description="Invented numbers; every output says so.")
    source: str = Field(default="", description="Where the numbers are from.")
    year: Annotated[int, BeforeValidator(_number)] | None = Field(
        default=None, description="The year evaluated; None: the latest in years."
    )
    years: dict[int, Year] = Field(default_factory=dict)
    electricity: Electricity = Electricity()
    getting_electricity: GettingElectricity | None = None
    automation: Automation | None = None
    income: Income | None = None
    final_users: FinalUsers = FinalUsers()
    survey: Survey | None = None

    @field_validator("years")
    @classmethod
    def _plausible(cls, years: dict[int, Year]) -> dict[int, Year]:
        if any(not 1900 <= year <= 2200 for year in years):
            raise ValueError(f"years must lie between 1900 and 2200, not {listed(years)}")
        return years

    @model_validator(mode="after")
    def _known_year(self) -> Business:
        if self.year is not None and self.year not in self.years:
            raise ValueError(f"year {self.year} is not among years ({listed(self.years)})")
        return self

    @property
    def this_year(self) -> int | None:
        return self.year if self.year is not None else max(self.years, default=None)

    def of_year(self, back: int = 0) -> Year:
        """The evaluated year's books, or those of so many years before; empty where the file has none."""
        year = self.this_year
        return Year() if year is None else self.years.get(year - back, Year())


def business_path(name: str | Path) -> Path:
    """The file ``name``, or the one of that name that ships with Relight (``business-example.yaml``)."""
    return find_input(str(name), Path())


def load_business(name: str | Path) -> Business:
    """Read and check a business-data file. Raises ``ScenarioError`` with everything wrong in it."""
    path = business_path(name)
    file = display_name(path, Path())
    if not path.exists():
        raise ScenarioError([Problem(str(name), "", None, "no such file; docs/indices.md says what it holds")])
    data = read_mapping(path, file, "docs/indices.md")
    try:
        return Business.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_problem(file, item) for item in error.errors()) from error


def _problem(file: str, item: Any) -> Problem:
    """Pydantic's complaint in our words."""
    remedy: str = _REMEDIES.get(item["type"]) or in_plain_words(item)
    if item["type"] == "extra_forbidden":
        remedy += f"; known: {listed(_known_keys(item['loc'][:-1]), 30)}"
    value = None if item["type"] == "missing" or isinstance(item["input"], dict) else item["input"]
    return Problem(file, ".".join(str(key) for key in item["loc"]), value, remedy)


def _known_keys(place: tuple[int | str, ...]) -> list[str]:
    """Keys of the part that a path of keys leads to."""
    if place[:1] == ("years",):
        return list(Year.model_fields)
    parts: dict[tuple[int | str, ...], type[Part]] = {
        (): Business, ("electricity",): Electricity, ("getting_electricity",): GettingElectricity,
        ("automation",): Automation, ("income",): Income, ("final_users",): FinalUsers, ("survey",): Survey,
    }  # fmt: skip
    return list(parts[place].model_fields) if place in parts else []
