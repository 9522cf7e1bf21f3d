"""Communication between dispatch centre, gateways and field terminals, as a scenario describes it.

Without this section every message arrives at once and nobody watches a link. Addresses are ``dispatch_centre``,
``gateway.<LA>`` and ``terminal.<switch>``; a link joins the dispatch centre with one of the others.
"""

from __future__ import annotations

import math
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..reading.problems import Problem, listed
from .parts import Minutes, NonNegative, Part, Positive, never

if TYPE_CHECKING:
    from ..view import GridView

DISPATCH_CENTRE = "dispatch_centre"
LINK_KINDS = {"all": "*", "dc-gateway": "gateway.*", "dc-terminal": "terminal.*"}
"""Kinds of links, each with the pattern of the addresses at their far end."""


def gateway(local_area: str) -> str:
    """Address of the energy gateway of an LA."""
    return f"gateway.{local_area}"


def terminal(switch: str) -> str:
    """Address of the field terminal of a switch."""
    return f"terminal.{switch}"


class Span(Part):
    """From ``start_min`` for ``duration_min``, in minutes since the outage began."""

    start_min: NonNegative = Field(default=0.0, description="Minutes since the outage began.")
    duration_min: Positive | None = Field(default=None, description="None: to the end of the window.")

    @property
    def words(self) -> str:
        """For people."""
        length = "to the end" if self.duration_min is None else f"for {self.duration_min:g} min"
        return f"from {self.start_min:g} min {length}"

    def holds(self, time_min: float) -> bool:
        """Whether a time lies in [start, start + duration)."""
        return self.start_min <= time_min and (
            self.duration_min is None or time_min < self.start_min + self.duration_min
        )


class LinkOutage(Span):
    """Links that carry nothing, in neither direction; what is sent meanwhile is lost."""

    links: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        default=("all",),
        description="all, dc-gateway, dc-terminal, or addresses as globs: gateway.36, gateway.4*, terminal.12-13.",
    )

    def cuts(self, address: str) -> bool:
        """Whether it concerns the link between the dispatch centre and an address."""
        return any(fnmatchcase(address, LINK_KINDS.get(link, link)) for link in self.links)


class GatewayDown(Span):
    """Gateways that do nothing for a while, and come back without plan and memory."""

    gateways: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="LA ids, or globs of them.")
    units: Literal["hold", "stop"] = Field(
        default="hold", description="What the LA's units do meanwhile: hold their last set-point, or stop."
    )

    def concerns(self, local_area: str) -> bool:
        return any(fnmatchcase(local_area, pattern) for pattern in self.gateways)


class Communication(Part):
    """The channel between dispatch centre, gateways and field terminals, and what its users do when it is silent."""

    latency_s: NonNegative = Field(default=0.0, description="Least delay of a message.")
    jitter_s: NonNegative = Field(
        default=0.0, description="Mean of the exponentially distributed delay on top of latency_s [A]."
    )
    loss_probability: Annotated[float, Field(ge=0, le=1)] = Field(
        default=0.0, description="Of each link, direction and instant, independently of all others."
    )
    fallback_after_min: Positive = Field(
        default=10.0, description="Nothing heard for so long: contact is lost [T: interruptions of over 10 minutes]."
    )
    plan_validity_min: Minutes | None = Field(
        default=None,
        description="A gateway without contact follows its last plan for so long after it last heard of the dispatch "
        "centre, at least for fallback_after_min; None: to the plan's end.",
    )
    outages: tuple[LinkOutage, ...] = Field(default=(), description="Links that carry nothing for a while.")
    gateways_down: tuple[GatewayDown, ...] = Field(default=(), description="Gateways that are dead for a while.")
    dispatch_centre_down: tuple[Span, ...] = Field(default=(), description="When the dispatch centre is dead.")

    @property
    def plan_kept_min(self) -> float:
        """For how long after it last heard of the dispatch centre a gateway follows its plan; inf: to its end."""
        if self.plan_validity_min is None:
            return math.inf
        return max(float(self.plan_validity_min), self.fallback_after_min)

    def told(self, end_min: float) -> list[str]:
        """What this section says of a window that ends then, a sentence each."""
        valid = "to its end" if self.plan_validity_min is None else f"for {self.plan_validity_min} min"
        return [
            f"a message takes {self.latency_s:g} s and {self.jitter_s:g} s more on average; "
            f"{self.loss_probability:.2%} are lost",
            f"contact is lost after {self.fallback_after_min:g} min; a plan is then followed {valid}",
            *(f"no link {', '.join(one.links)} {one.words}{never(one.start_min, end_min)}" for one in self.outages),
            *(
                f"gateways {', '.join(one.gateways)} dead {one.words}: {one.units}{never(one.start_min, end_min)}"
                for one in self.gateways_down
            ),
            *(f"dispatch centre dead {one.words}{never(one.start_min, end_min)}" for one in self.dispatch_centre_down),
        ]

    def link_is_down(self, address: str, time_min: float) -> bool:
        """Whether the link between the dispatch centre and an address is out."""
        return any(outage.holds(time_min) and outage.cuts(address) for outage in self.outages)

    def gateway_down(self, local_area: str, time_min: float) -> GatewayDown | None:
        """Why the gateway of an LA does nothing now; None: it works."""
        down = (one for one in self.gateways_down if one.holds(time_min) and one.concerns(local_area))
        return next(down, None)

    def centre_is_down(self, time_min: float) -> bool:
        """Whether the dispatch centre does nothing now."""
        return any(span.holds(time_min) for span in self.dispatch_centre_down)

    def is_down(self, address: str, time_min: float) -> bool:
        """Whether whoever has this address receives nothing now. Field terminals always work."""
        if address == DISPATCH_CENTRE:
            return self.centre_is_down(time_min)
        kind, _, name = address.partition(".")
        return kind == "gateway" and self.gateway_down(name, time_min) is not None


def check_communication(options: Communication | None, view: GridView) -> list[Problem]:
    """A problem for each link and gateway that the section names and that does not exist."""
    problems: list[Problem] = []
    if options is None:
        return problems
    areas = list(view.local_areas)
    switches = [b.id for b in view.branches.values() if b.switchable and (b.isolates or not b.faulted)]
    addresses = [*map(gateway, areas), *map(terminal, switches)]
    for k, outage in enumerate(options.outages):
        for link in outage.links:
            if link not in LINK_KINDS and not any(fnmatchcase(address, link) for address in addresses):
                remedy = f"no such link; there are {', '.join(LINK_KINDS)} and {listed(addresses)}, or globs of them"
                problems.append(Problem("", f"communication.outages.{k}.links", link, remedy))
    for k, down in enumerate(options.gateways_down):
        for pattern in down.gateways:
            if not any(fnmatchcase(la, pattern) for la in areas):
                remedy = f"no such local area; there are {listed(areas)}, or globs of them"
                problems.append(Problem("", f"communication.gateways_down.{k}.gateways", pattern, remedy))
    return problems
