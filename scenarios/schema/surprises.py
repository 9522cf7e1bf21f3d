"""What goes wrong after the outage began: devices, lines, the infeed. Listed events at given times, and random ones.

Times are minutes since the start of the outage; an event shows in the first simulation step that starts then or later.
Random events have a stream of their own for each device, drawn before the run: every strategy meets the same world.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from ..reading.problems import Problem, no_such
from ..view import GridView
from .parts import NonNegative, Part, Positive, by_former_name, never

Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(gt=0)]
At = Annotated[NonNegative, Field(description="Minutes since the outage began.")]


class Duration(Part):
    """A time that is fixed or drawn: exponential with a mean, lognormal with a median and the sd of its logarithm."""

    distribution: Literal["fixed", "exponential", "lognormal"] = Field(
        default="fixed", description="How it is drawn, once before the run."
    )
    minutes: NonNegative = Field(description="The time itself, the mean, or the median [A].")
    sigma: NonNegative = Field(default=0.5, description="Standard deviation of ln(time), lognormal only [A].")


class NextFault(Part):
    """A short circuit. Protection makes its island dark; switches around the fault open and lock."""

    element: str = Field(
        description="A branch, bus, transformer or section (by its first bus), one that has not failed yet. Its former "
        "name branch is read too."
    )
    at_min: At
    repair: Duration | None = Field(default=None, description="From the fault on; None: not within the window.")

    @model_validator(mode="before")
    @classmethod
    def _former_names(cls, data: Any) -> Any:
        return by_former_name(data, "surprises", "faults", "*", "element")


class Repair(Part):
    """A crew that repairs one of ``outage.faulted``."""

    element: str = Field(description="One of outage.faulted. Its former name branch is read too.")
    after: Duration = Field(description="Since the start of the outage.")

    @model_validator(mode="before")
    @classmethod
    def _former_names(cls, data: Any) -> Any:
        return by_former_name(data, "surprises", "repairs", "*", "element")


class InfeedReturn(Part):
    """Voltage comes back behind the open breaker of a dead infeed."""

    infeed: str = Field(description="A dead infeed.")
    at_min: At


class UnitTrip(Part):
    """A unit goes off line and takes no orders until it is back."""

    unit: str = Field(description="A PV, ESS or NBSU.")
    at_min: At
    back_after: Duration | None = Field(default=None, description="None: not within the window.")


class StartFailure(Part):
    """An NBSU whose first start-ups fail, each when it should come on line."""

    unit: str = Field(description="An NBSU.")
    attempts: Count = Field(default=1, description="How many start-ups fail.")


class SwitchTrouble(Part):
    """A switch that refuses orders, operates late, or reports a wrong state."""

    switch: str = Field(description="A switchable branch.")
    kind: Literal["refuses", "late", "misreports"] = Field(
        description="Does not operate; operates after a delay; or its contact sticks and reports the state of from_min."
    )
    from_min: NonNegative = Field(default=0.0, description="Minutes since the outage began.")
    times: Count | None = Field(default=None, description="refuses: that many orders; None: all.")
    delay_min: Positive | None = Field(default=None, description="late: from the order to the operation.")
    until_min: Positive | None = Field(default=None, description="misreports: until then; None: to the end.")

    @model_validator(mode="after")
    def _fits(self) -> SwitchTrouble:
        own = {"refuses": "times", "late": "delay_min", "misreports": "until_min"}
        for kind, field in own.items():
            if kind != self.kind and getattr(self, field) is not None:
                raise ValueError(f"{field} says nothing of a switch that {self.kind}; it goes with kind: {kind}")
        if self.kind == "late" and self.delay_min is None:
            raise ValueError("delay_min is missing; kind: late needs it")
        return self


class RandomSurprises(Part):
    """Random events; rates are per device and hour, probabilities per device. All 0: none [A: no statistics used]."""

    faults_per_h: NonNegative = Field(default=0.0, description="Second faults, per branch with impedance.")
    repair: Duration = Field(default=Duration(distribution="lognormal", minutes=90.0), description="Of second faults.")
    trips_per_h: NonNegative = Field(default=0.0, description="Trips, per PV, ESS and NBSU.")
    back_after: Duration = Field(
        default=Duration(distribution="exponential", minutes=30.0), description="How long a tripped unit is off."
    )
    start_failure: Probability = Field(default=0.0, description="Of each start-up of an NBSU.")
    refuses: Probability = Field(default=0.0, description="That a switch never operates.")
    refuses_once: Probability = Field(default=0.0, description="That a switch refuses its first order.")
    late: Probability = Field(default=0.0, description="That a switch is late.")
    late_by: Duration = Field(
        default=Duration(distribution="exponential", minutes=10.0), description="From an order to a late operation."
    )
    misreports: Probability = Field(default=0.0, description="That a switch reports the wrong state throughout.")


class Surprises(Part):
    """All that goes wrong in a scenario, and what the dispatch centre makes of switches that do not obey."""

    faults: tuple[NextFault, ...] = Field(default=(), description="Second faults.")
    repairs: tuple[Repair, ...] = Field(default=(), description="Repairs of the first faults.")
    infeeds: tuple[InfeedReturn, ...] = Field(default=(), description="Infeeds that have voltage again.")
    trips: tuple[UnitTrip, ...] = Field(default=(), description="Units that go off line.")
    start_failures: tuple[StartFailure, ...] = Field(default=(), description="NBSUs whose start-up fails.")
    switches: tuple[SwitchTrouble, ...] = Field(default=(), description="Switches that do not obey or report wrongly.")
    random: RandomSurprises = Field(default=RandomSurprises(), description="More of the same, drawn by the seed.")
    give_up_after: Count = Field(
        default=3, description="Orders in a row that a switch did not carry out before plans do without it [A]."
    )


def check_surprises(surprises: Surprises | None, view: GridView) -> list[Problem]:
    """A problem for each thing that they name and the network does not have, or that cannot happen to it."""
    if surprises is None:
        return []
    switchable = {b.id for b in view.branches.values() if b.switchable}
    sound = set(view.may_fault) - set(view.faults)
    dead = {i.id for i in view.infeeds.values() if not i.live and not i.held}
    controlled = set(view.local_units)
    named = [
        (
            "faults",
            "element",
            [f.element for f in surprises.faults],
            sound,
            "branch, bus or transformer without a fault",
        ),
        ("repairs", "element", [r.element for r in surprises.repairs], set(view.faults), "element in outage.faulted"),
        ("infeeds", "infeed", [i.infeed for i in surprises.infeeds], dead, "dead infeed"),
        ("trips", "unit", [t.unit for t in surprises.trips], controlled, "PV, ESS or NBSU"),
        ("start_failures", "unit", [s.unit for s in surprises.start_failures], set(view.nbsu), "NBSU"),
        ("switches", "switch", [s.switch for s in surprises.switches], switchable, "switch"),
    ]
    found: list[Problem] = []
    for part, field, names, known, what in named:
        for k, name in enumerate(names):
            if name not in known:
                found.append(Problem("", f"surprises.{part}.{k}.{field}", name, no_such(what, name, sorted(known))))
            elif part in ("faults", "repairs", "infeeds", "start_failures") and name in names[:k]:
                found.append(Problem("", f"surprises.{part}.{k}.{field}", name, "is listed twice; keep one"))
    for k, one in enumerate(surprises.faults):
        if complaint := ambiguity(view, one.element):
            found.append(Problem("", f"surprises.faults.{k}.element", one.element, complaint))
    for k, one in enumerate(surprises.switches):
        if one.until_min is not None and one.until_min <= one.from_min:
            field = f"surprises.switches.{k}.until_min"
            found.append(Problem("", field, f"{one.until_min:g}", "must be later than from_min"))
    return found


def ambiguity(view: GridView, element: str) -> str:
    """What is wrong with the name of an element that is to be faulted; empty: nothing, or no element has it."""
    if element not in view.may_fault:
        return ""
    if element in view.branches and element in view.buses:
        return "is the name of a bus and of a branch; rename one of them"
    place = view.fault_place(element)
    if place != element and place in view.branches:
        return f"lies in section {place}, and a branch has this name too; rename the branch or the bus"
    return ""


def described(surprises: Surprises, end_min: float) -> list[str]:
    """The listed events of a window that ends then in words, and what may come at random."""

    def at(time_min: float) -> str:
        return f"{time_min:g} min{never(time_min, end_min)}"

    lines = [f"{f.element} faults at {at(f.at_min)}, {_after('repaired', f.repair)}" for f in surprises.faults]
    lines += [f"{r.element} is {_after('repaired', r.after)}" for r in surprises.repairs]
    lines += [f"{i.infeed} has voltage again at {at(i.at_min)}" for i in surprises.infeeds]
    lines += [f"{t.unit} trips at {at(t.at_min)}, {_after('back', t.back_after)}" for t in surprises.trips]
    lines += [f"{s.unit} fails to start, {s.attempts} times" for s in surprises.start_failures]
    lines += [
        f"{s.switch} {_TROUBLES[s.kind]} from {s.from_min:g} min on{never(s.from_min, end_min)}"
        for s in surprises.switches
    ]
    odds = surprises.random.model_dump(include=set(_ODDS))
    return lines + [f"random: {name} {value:g}{_ODDS[name]}" for name, value in odds.items() if value]


_TROUBLES = {"refuses": "refuses orders", "late": "operates late", "misreports": "reports wrongly"}
_ODDS = {
    "faults_per_h": " per branch",
    "trips_per_h": " per unit",
    "start_failure": " per start-up",
    "refuses": " per switch",
    "refuses_once": " per switch",
    "late": " per switch",
    "misreports": " per switch",
}


def _after(what: str, duration: Duration | None) -> str:
    if duration is None:
        return f"not {what} within the window"
    middle = {"fixed": "", "exponential": "mean ", "lognormal": "median "}[duration.distribution]
    return f"{what} after {middle}{duration.minutes:g} min"
