"""The kinds of network that a scenario can name. Tags in the descriptions as in ``scenario``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from .parts import Count, FileName, Kilo, Names, Part, Seed, Share


def _choice(value: object) -> object:
    """``all``, or a mapping of one of two words to patterns."""
    if value == "all":
        return value
    words: dict[object, object] = dict(value) if isinstance(value, dict) else {}  # pyright: ignore
    names: object = next(iter(words.values()), None)
    several = isinstance(names, list | tuple) and names and all(isinstance(name, str) for name in names)  # pyright: ignore
    if list(words) not in (["only"], ["except"]) or not several:
        raise ValueError("must be all, {only: [names or patterns]} or {except: [names or patterns]}")
    if twice := [name for k, name in enumerate(names) if name in names[:k]]:  # pyright: ignore
        raise ValueError(f"{twice[0]} is listed twice; keep one")
    return value  # pyright: ignore


def _is_all(value: object) -> bool:
    """What every network had before there was a choice stays out of a scenario's resolved form."""
    return value == "all"


Operated = Annotated[
    Literal["all"] | dict[Literal["only", "except"], tuple[str, ...]],
    BeforeValidator(_choice),
    Field(
        exclude_if=_is_all,
        description="Switches that may be operated: all, {only: [names or patterns]} or {except: […]}, patterns with * "
        "and ?. The others stay as the network has them: closed ones inside a section, open ones no branch for a plan.",
    ),
]


class TablesNetwork(Part):
    """A network from CSV tables in a folder; ``options`` choose between the readings that the folder declares."""

    kind: Literal["tables"] = Field(default="tables", description="CSV tables in a folder.")
    folder: FileName = Field(
        description="Folder with the tables, relative to the scenario file; else a shipped one such as guo45."
    )
    options: dict[str, str] = Field(
        default_factory=dict, description="Option name → value, see the folder's options.yaml."
    )
    operated: Operated = "all"

    @field_validator("options", mode="before")
    @classmethod
    def _numbers_as_text(cls, options: object) -> object:
        """A value that is a whole number need not be quoted."""
        if not isinstance(options, dict):
            return options
        return {name: str(value) if type(value) is int else value for name, value in options.items()}  # pyright: ignore


Switchable = Annotated[Names, Field(description="Branches with a remotely operated switch, added to the net's own.")]
NormallyOpen = Annotated[Names | None, Field(description="Open before the outage; None: as the net has it.")]


class PandapowerFunction(Part):
    """A network from a function of ``pandapower.networks``."""

    kind: Literal["function"] = Field(default="function", description="A function that makes a net.")
    function: str = Field(description="Its name in pandapower.networks, e.g. create_cigre_network_mv.")
    arguments: dict[str, str | int | float | bool] = Field(default_factory=dict, description="What it is called with.")
    switchable: Switchable = ()
    normally_open: NormallyOpen = None
    operated: Operated = "all"


class PandapowerJson(Part):
    """A network from a file written by ``pandapower.to_json``."""

    kind: Literal["json"] = Field(default="json", description="A file.")
    file: FileName = Field(description="Relative to the scenario file.")
    switchable: Switchable = ()
    normally_open: NormallyOpen = None
    operated: Operated = "all"


class SimbenchNetwork(Part):
    """A network of SimBench with its profiles, from the package simbench (``pip install relight[simbench]``)."""

    kind: Literal["simbench"] = Field(default="simbench", description="A network of SimBench.")
    code: str = Field(description="Its code there, e.g. 1-MV-rural--0-sw.")
    profiles: bool = Field(
        default=True,
        description="Loads and PV of the net follow its own profiles, by quarters of an hour in 2016; false: class "
        "curves and clear sky.",
    )
    switchable: Switchable = ()
    normally_open: NormallyOpen = None
    operated: Operated = "all"


PandapowerNetwork = PandapowerFunction | PandapowerJson | SimbenchNetwork
"""Kinds that are nets of pandapower."""


class SyntheticNetwork(Part):
    """Radial medium-voltage feeders drawn from a seed, with units; ``scenarios/networks/synthetic.py`` says how."""

    kind: Literal["synthetic"] = Field(default="synthetic", description="Drawn from a seed.")
    buses: Annotated[int, Field(ge=4, le=100_000)] = Field(description="Bus bars included.")
    sections: Annotated[Count, Field(ge=3)] = Field(description="Bus bars included, each a section of its own.")
    feeders: Annotated[Count, Field(ge=1)] | None = Field(default=None, description="None: one per six sections.")
    ties: Count | None = Field(
        default=None, description="Normally open lines between feeders; None: one per two feeders."
    )
    seed: Seed = Field(default=0, description="Of the network, not of the run.")
    vn_kv: Annotated[float, Field(ge=0.1, le=150)] = Field(default=10.0, description="Nominal voltage.")
    feeder_peak_kw: Kilo = Field(default=4000.0, description="Peak load of a feeder [A: as guo45 as a whole].")
    pv_units: Count | None = Field(default=None, description="None: at one bus in ten.")
    ess_units: Count | None = Field(default=None, description="None: in one section of four.")
    nbsu_units: Count | None = Field(default=None, description="None: in one section of four.")
    pv_pct: Share = Field(default=100.0, description="Rated PV power, % of the peak load [A: guo45 has 108].")
    ess_pct: Share = Field(default=40.0, description="Rated storage power, % of the peak load [A: guo45 has 38].")
    ess_hours: Annotated[float, Field(gt=0, le=1000)] = Field(
        default=3.0, description="Energy to discharge per rated power, h [A: guo45 has 3.5]."
    )
    nbsu_pct: Share = Field(default=20.0, description="Rated NBSU power, % of the peak load [A: guo45 has 21].")
    operated: Operated = "all"

    @model_validator(mode="after")
    def _fits(self) -> SyntheticNetwork:
        if self.bars + self.feeder_count > self.sections:
            least = self.bars + self.feeder_count
            raise ValueError(f"sections must be at least {least}: {self.bars} bus bars and {self.feeder_count} feeders")
        if self.sections > self.buses:
            raise ValueError("buses must be at least as many as sections")
        return self

    @property
    def feeder_count(self) -> int:
        return self.feeders or max(1, round(self.sections / 6))

    @property
    def bars(self) -> int:
        """Bus bars of substations, each with up to eight feeders."""
        return -(-self.feeder_count // 8)


KINDS = ("tables", "function", "json", "simbench", "synthetic")

Network = Annotated[TablesNetwork | PandapowerNetwork | SyntheticNetwork, Field(discriminator="kind")]
