"""What the dispatch centre learns of a network that changes: faults, repairs, failed units, switches, infeeds.

It learns from PSC messages and from what field terminals report, one simulation step old, never from the world itself.
What it knows becomes a ``GridView`` of its own, so that the planner and the check of plans need no new rules.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

import networkx as nx

from ...scenarios.schema.surprises import Surprises
from ...scenarios.view import Branch, GridView, find_sections, with_faults, without_faults, without_units
from ..exchange.messages import PscMessage, SwitchOrder
from ..exchange.plan import PlanStep
from .contacts import Address


@dataclass(frozen=True)
class Facts:
    """What differs from the view at the fault time.

    ``faults``: branches, or sections somewhere inside of which there is one; ``stuck``: switches given up, with the
    state they stay in; ``failed``: units out of service; ``infeeds``: those with voltage again; ``lost``: LAs that had
    supply at first, lost it since, and are not fed by a live infeed again.
    """

    faults: frozenset[str] = frozenset()
    stuck: tuple[tuple[str, bool], ...] = ()
    failed: frozenset[str] = frozenset()
    infeeds: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


def changed_view(base: GridView, facts: Facts) -> GridView:
    """The view that plans are made with.

    A switch that stays open counts as a faulted branch, one that stays closed as a branch without a switch. Of the
    branches that lead to the outage area, with what was lost later, those with a switch count as open before: what an
    infeed that returned supplies by itself is its own section.
    """
    stuck, sound = dict(facts.stuck), without_faults(base)
    gone = base.outage_area.union(*(base.local_areas[la].buses for la in facts.lost))

    def branch(b: Branch) -> Branch:
        frozen = stuck.get(b.id)
        return replace(
            b,
            switchable=b.switchable and frozen is not True,
            faulted=b.id in facts.faults or frozen is False,
            closed=frozen is True or (b.closed and not (b.switchable and not gone.isdisjoint((b.from_bus, b.to_bus)))),
        )

    branches = {k: branch(b) for k, b in sound.branches.items()}
    sections = find_sections(base.buses, branches.values())
    section_of = {bus: s.id for s in sections.values() for bus in s.buses}
    view = replace(
        without_units(sound, facts.failed),
        branches=branches,
        sections=sections,
        local_areas={k: replace(la, section=section_of[la.buses[0]]) for k, la in base.local_areas.items()},
        infeeds={k: replace(i, live=i.live or k in facts.infeeds) for k, i in sound.infeeds.items()},
    )
    held = (section for section in sorted(facts.faults) if section in base.sections)
    return with_faults(view, list(dict.fromkeys(one for section in held for one in base.held.get(section, (section,)))))


class FixedWorld:
    """Knowledge of a network that nothing happens to: it stays as it is, and switches are as reported."""

    facts = Facts()

    def __init__(self, view: GridView) -> None:
        self._view = view
        self.closed: Mapping[str, bool] = {}

    def learn(
        self,
        time_min: float,
        psc: Mapping[str, PscMessage],
        closed: Mapping[str, bool],
        faults: Mapping[str, Collection[str]],
        heard: Collection[Address],
        shed_min: Mapping[str, float] | None = None,
    ) -> list[str]:
        """Nothing is news."""
        self.closed = dict(closed)
        return []

    def view(self) -> GridView:
        """The network at the fault time."""
        return self._view

    def fed(self, view: GridView, psc: Mapping[str, PscMessage]) -> frozenset[str]:
        """No infeed returns."""
        return frozenset()

    def note_orders(self, due_min: float, orders: Iterable[SwitchOrder]) -> None:
        """Switches do what is ordered."""

    def reminders(self, time_min: float) -> list[SwitchOrder]:
        """None."""
        return []

    def not_started(self, steps: Mapping[str, PlanStep], psc: Mapping[str, PscMessage], since_min: float) -> list[str]:
        """Start-ups do not fail."""
        return []


class KnownWorld:
    """The dispatch centre's knowledge: ``learn`` takes in reports, ``view`` is what follows."""

    def __init__(self, view: GridView, give_up_after: int) -> None:
        self._base, self._give_up_after = view, give_up_after
        self.facts = Facts(faults=frozenset(map(view.fault_place, view.faults)))
        self._unseen = frozenset(s for s in view.held if not view.switches_at(s))
        """sections with a fault that no terminal sees, so that nobody tells of its repair"""
        self.closed: dict[str, bool] = {}
        """switches as they are believed to be"""
        self.returned: dict[str, str] = {}
        """infeeds that were dead → dead, live (behind the breaker) or connected"""
        self._doubted: frozenset[str] = frozenset()
        self._ordered: dict[str, tuple[float, bool]] = {}
        self._failures: dict[str, int] = {}
        self._stuck: dict[str, bool] = {}

    def learn(
        self,
        time_min: float,
        psc: Mapping[str, PscMessage],
        closed: Mapping[str, bool],
        faults: Mapping[str, Collection[str]],
        heard: Collection[Address],
        shed_min: Mapping[str, float] | None = None,
    ) -> list[str]:
        """Take in all that was reported last; returns what is new and calls for a plan, in words.

        ``closed`` and ``faults`` are by switch; ``faults`` names where its terminal saw any. ``heard``: whose report is
        of now; older ones contradict nothing, and tell of no order. ``shed_min``: switch that opened by itself to shed
        what lies behind it → when.
        """
        news: list[str] = []
        for message in psc.values():
            self.returned |= message.get("infeeds", {})
        self._believe(psc, closed, heard, news)
        self._watch_orders(time_min, faults, shed_min or {}, heard, news)
        failed = frozenset(u for message in psc.values() for u in message.get("out_of_service", ()))
        live = frozenset(i for i, state in self.returned.items() if state != "dead")
        facts = Facts(
            self._unseen | {place for places in faults.values() for place in places},
            tuple(sorted(self._stuck.items())),
            failed,
            live,
            self._lost_by_now(psc, heard),
        )
        before = self.facts
        for told, gone, new in (
            ("{} faulted", before.faults, facts.faults),
            ("{} repaired", facts.faults, before.faults),
            ("{} out of service", before.failed, facts.failed),
            ("{} back in service", facts.failed, before.failed),
            ("{} has voltage again", before.infeeds, facts.infeeds),
        ):
            news += [told.format(one) for one in sorted(new - gone)]
        self.facts = facts
        return news

    def view(self) -> GridView:
        """The network as it is known."""
        return changed_view(self._base, self.facts)

    def fed(self, view: GridView, psc: Mapping[str, PscMessage]) -> frozenset[str]:
        """Live buses that returned infeeds feed, as far as reports tell."""
        graph = self._joined(view)
        found: set[str] = set()
        for infeed, state in self.returned.items():
            if state == "connected":
                found |= nx.node_connected_component(graph, view.infeeds[infeed].bus)
        return frozenset(bus for bus in found if psc[view.local_area_of_bus[bus]]["energised_min"] > 0)

    def note_orders(self, due_min: float, orders: Iterable[SwitchOrder]) -> None:
        """Remember what was ordered; what is reported later than ``due_min`` tells whether it is done."""
        for order in orders:
            switch, state = order["switch"], order["closed"]
            if self._ordered.get(switch, (0.0, not state))[1] != state:
                self._failures.pop(switch, None)
            self._ordered[switch] = (due_min, state)

    def reminders(self, time_min: float) -> list[SwitchOrder]:
        """Orders that were not carried out though they were due, to be sent again."""
        return [
            SwitchOrder(switch=switch, closed=self._ordered[switch][1])
            for switch, count in self._failures.items()
            if 0 < count < self._give_up_after and self._ordered[switch][0] < time_min
        ]

    def not_started(self, steps: Mapping[str, PlanStep], psc: Mapping[str, PscMessage], since_min: float) -> list[str]:
        """LAs that report no NBSU, live for longer than that, though the plan step told of them has one on its way."""
        return [
            la
            for la, message in psc.items()
            if la in steps and la in (areas := steps[la].local_areas) and areas[la].nbsu_state != "off"
            and message["nbsu_state"] == "off" and message["energised_min"] > since_min
        ]  # fmt: skip

    def _watch_orders(
        self,
        time_min: float,
        faults: Mapping[str, Collection[str]],
        shed_min: Mapping[str, float],
        heard: Collection[Address],
        news: list[str],
    ) -> None:
        """Count orders that were not carried out; give a switch up after some, and trust it again once it moves."""
        for switch, (due_min, state) in list(self._ordered.items()):
            if ("terminal", switch) not in heard:
                continue
            shed_since = shed_min.get(switch, -1.0) >= due_min
            if switch in faults or shed_since:  # protection holds it open, or it opened to shed: no fault of the switch
                del self._ordered[switch]
                self._failures.pop(switch, None)
            elif self.closed[switch] == state:
                self._failures.pop(switch, None)
                if self._stuck.pop(switch, None) is not None:
                    news.append(f"{switch} has operated after all")
            elif due_min < time_min and switch not in self._stuck:
                self._failures[switch] = self._failures.get(switch, 0) + 1
                if self._failures[switch] >= self._give_up_after:
                    self._stuck[switch] = self.closed[switch]
                    news.append(f"{switch} does not operate")

    def _believe(
        self, psc: Mapping[str, PscMessage], reported: Mapping[str, bool], heard: Collection[Address], news: list[str]
    ) -> None:
        """Believe terminals, unless gateways show that a report is wrong.

        A closed switch joins the states of its ends: if one is live and the other dark, it is open. A live part without
        a source of its own is fed through a switch that reports open: if only one can be it, it is closed.
        """
        view, self.closed = self._base, dict(reported)
        live = {bus for bus, la in view.local_area_of_bus.items() if psc[la]["energised_min"] > 0}
        for switch in reported:
            ends = view.branches[switch]
            areas = {("gateway", view.local_area_of_bus[end]) for end in (ends.from_bus, ends.to_bus)}
            if not areas.union({("terminal", switch)}).issubset(heard):
                continue
            if reported[switch] and (ends.from_bus in live) != (ends.to_bus in live):
                self.closed[switch] = False
        sources = self._possible_sources(psc)
        whole = all(("gateway", la) in heard for la in psc) and all(("terminal", one) in heard for one in reported)
        for part in list(nx.connected_components(self._joined(view))) if whole else ():
            if part.isdisjoint(live) or not part.isdisjoint(sources):
                continue
            ways = [
                switch
                for switch, closed in self.closed.items()
                if not closed and reported[switch] is False and self._leads(switch, part, live)
            ]
            if len(ways) == 1:
                self.closed[ways[0]] = True
        doubted = frozenset(switch for switch, closed in self.closed.items() if closed != reported[switch])
        news += [f"{switch} reports wrongly" for switch in sorted(doubted - self._doubted)]
        self._doubted = doubted

    def _leads(self, switch: str, part: Collection[str], live: Collection[str]) -> bool:
        """Whether a switch joins a part to a live bus outside it."""
        ends = self._base.branches[switch].from_bus, self._base.branches[switch].to_bus
        return sum(end in part for end in ends) == 1 and all(end in live for end in ends)

    def _lost_by_now(self, psc: Mapping[str, PscMessage], heard: Collection[Address]) -> frozenset[str]:
        """LAs outside the first outage area that went dark, but those that a live infeed feeds again."""
        view, graph, fed = self._base, self._joined(self._base), set[str]()
        for infeed in view.infeeds.values():
            if (infeed.live or infeed.held) and psc[view.local_area_of_bus[infeed.bus]]["energised_min"] > 0:
                fed |= nx.node_connected_component(graph, infeed.bus)
        dark = {la for la, message in psc.items() if message["energised_min"] == 0 and ("gateway", la) in heard}
        back = {la for la in self.facts.lost if psc[la]["energised_min"] > 0 and view.local_areas[la].buses[0] in fed}
        return self.facts.lost.union(dark - view.lost_areas) - back

    def _possible_sources(self, psc: Mapping[str, PscMessage]) -> set[str]:
        """Buses of units that may form a voltage now."""
        view, found = self._base, set[str]()
        for unit in (*view.ess.values(), *view.nbsu.values()):
            message = psc[view.local_area_of_unit(unit.id)]
            if unit.id not in message.get("out_of_service", ()):
                found.add(unit.bus)
        live = {i.id for i in view.infeeds.values() if i.live or i.held}
        live |= {infeed for infeed, state in self.returned.items() if state == "connected"}
        return found | {view.infeeds[infeed].bus for infeed in live}

    def _joined(self, view: GridView) -> nx.Graph[str]:
        """Buses joined by branches that are closed as far as is known."""
        graph: nx.Graph[str] = nx.Graph()
        graph.add_nodes_from(view.buses)
        graph.add_edges_from(
            (b.from_bus, b.to_bus) for b in view.branches.values() if self.closed.get(b.id, not b.faulted)
        )
        return graph


def world_of(view: GridView, surprises: Surprises | None) -> FixedWorld | KnownWorld:
    """Knowledge of a network at the fault time, and of what may change in it; None: nothing."""
    return KnownWorld(view, surprises.give_up_after) if surprises else FixedWorld(view)
