"""Frequency of islands in the world: from switching to a step of power, from the response to what is shed or trips.

The step of an island is the balance of what switching leaves connected, at the powers of the instant before: demand
and losses connected, plus start-up, less generation connected (an LA picked up counts with its demand of now, a unit
that comes on line with nothing). It holds for black start, pick-up, joining, splitting, lost units and a lost infeed
alike. Drift of demand and sun and new set-points are slow: the balance unit follows them, unless it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ...results.run.rows import Row, event
from ...scenarios.schema.frequency import Frequency, UnitAnswer
from ..power_flow.protocol import Power
from ..units.unit_model import UnitModel, clip
from .balance import Demand, shedding_order
from .frequency import Responder, Response, SheddingStage, respond
from .operating_point import IslandStep
from .section_shedding import SectionCut


@dataclass
class FrequencyOfIslands:
    """Applies a scenario's ``frequency:`` to the islands of each step; remembers what was connected in the last."""

    options: Frequency
    demand_kw: dict[str, float] = field(default_factory=dict)
    """by LA, of all its customers, where some were served in the last step"""
    losses_kw: dict[str, float] = field(default_factory=dict)
    """by branch, of the last step"""

    def apply(self, islands: Iterable[IslandStep]) -> tuple[list[Row], list[IslandStep]]:
        """Let each island that no infeed holds respond to its step, before it is balanced: it sheds, units trip or
        the island collapses. Returns the events, and what section switches parted, dark."""
        events, parts = list[Row](), list[IslandStep]()
        for one in islands:
            if not one.energised or one.choice.unit is None or one.units[one.choice.unit].kind == "infeed":
                continue
            step_kw, load_kw = self.step_of(one)
            if abs(step_kw) < self.options.least_step_kw:
                one.frequency = Response(0.0, [0.0], [self.options.nominal_hz])
                continue
            one.frequency = response = self._respond(one, step_kw, load_kw)
            events += _told(one, response)
            for shedding in response.sheddings:
                why, cause = f"UFLS stage {shedding.number}", _relay(one, response, shedding.stage)
                parts += [one.part(cut, why, cause) for cut in shedding.stage.cuts]
            for trip in response.trips:
                if trip.unit in one.units and trip.unit != one.choice.unit:
                    one.units[trip.unit].trip()
            if response.collapsed:
                last = response.trips[-1]
                why = f"{last.unit} trips, {last.why} at {last.hz:.2f} Hz"
                one.fail("collapse", why, f"{why}, after a step of {step_kw:.0f} kW on {one.choice.unit}")
        return events, parts

    def note(self, islands: Iterable[IslandStep]) -> None:
        """Remember what is connected at the end of a step."""
        self.demand_kw, self.losses_kw = {}, {}
        for one in islands:
            if not one.energised or one.flow is None:
                continue
            effect = one.flow.voltage_effect
            for la, buses in one.demand.items():
                if (share := one.share(la)) > 0:
                    beyond_kw = sum((effect[bus][0] for bus in buses if bus in effect), 0.0)
                    self.demand_kw[la] = _kw(buses) + beyond_kw / share
            for branch, flow in one.flow.flows.items():
                if flow.p_from_kw is not None and flow.p_to_kw is not None:
                    self.losses_kw[branch] = flow.p_from_kw + flow.p_to_kw

    def step_of(self, one: IslandStep) -> tuple[float, float]:
        """The sudden lack of power (kW; a surplus, if negative), and the demand connected then (kW)."""
        now = {la: _kw(buses) for la, buses in one.demand.items() if one.on[la] > 0}
        load_kw = sum(self.demand_kw.get(la, p_kw) * one.on[la] for la, p_kw in now.items())
        losses_kw = sum(self.losses_kw.get(branch, 0.0) for branch in one.island.branches)
        startup_kw = sum(u.startup_kw for u in one.units.values())
        given_kw = sum(_connected_kw(u) for u in one.units.values())
        step_kw = load_kw + losses_kw + startup_kw - given_kw

        # Where the balance unit cannot follow the slow changes either, the lack is part of the step.
        balance = one.units[one.choice.unit or ""]
        followers = [u for u in one.units.values() if u.running and u is not balance]
        # Charging would be cut first.
        helping_kw = sum(max(u.set_point()[0], 0.0) for u in followers)
        need_kw = sum(p_kw * one.on[la] for la, p_kw in now.items()) + losses_kw + startup_kw - helping_kw
        if need_kw > balance.p_range()[1]:
            step_kw = max(step_kw, need_kw - _initial_kw(balance))
        return step_kw, load_kw

    def _respond(self, one: IslandStep, step_kw: float, load_kw: float) -> Response:
        options = self.options
        return respond(
            step_kw,
            load_kw,
            # Others that come on line now synchronise when the voltage stands.
            [
                self._responder(u, u.id == one.choice.unit)
                for u in one.units.values()
                if u.id == one.choice.unit or (u.running and u.was_on_line)
            ],
            self._stages(one),
            nominal_hz=options.nominal_hz,
            load_damping=options.load_damping,
            rocof_window_s=options.rocof_window_s,
            duration_s=options.duration_s,
        )

    def _responder(self, unit: UnitModel, forming: bool) -> Responder:
        low, high = unit.p_range()
        p_kw = _initial_kw(unit)
        # What depends on the weather holds no power back: it answers downwards only.
        high = p_kw if unit.weather_driven else high
        return Responder(unit.id, unit.s_kva, p_kw, (low, high), self._answer(unit, forming), forming)

    def _answer(self, unit: UnitModel, forming: bool) -> UnitAnswer:
        if unit.kind == "nbsu":
            return self.options.nbsu
        if unit.kind == "pv":
            return self.options.pv
        return self.options.ess_forming if forming else self.options.ess_following

    def _stages(self, one: IslandStep) -> list[SheddingStage]:
        """Whom each stage sheds, least value first, until the stages so far have their share of the demand connected:
        LAs, the last one as far as needed where it can be served in part, or what is behind a section switch."""
        connected = {
            la: self.demand_kw.get(la, _kw(buses)) * one.on[la] for la, buses in one.demand.items() if one.on[la] > 0
        }
        if one.load_control == "section":
            return self._section_stages(one, connected)
        left = [
            d for d in shedding_order(Demand(la, one.value[la], p, 0.0) for la, p in connected.items()) if d.p_kw > 0
        ]
        kept = {d.local_area: 1.0 for d in left}
        connected_kw = sum(d.p_kw for d in left)
        stages: list[SheddingStage] = []
        due_kw = taken_kw = 0.0
        for stage in self.options.ufls:
            due_kw += stage.share_pct / 100 * connected_kw
            chosen: dict[str, float] = {}
            stage_kw = 0.0
            while left and taken_kw < due_kw - 1e-9:
                d, before = left[0], kept[left[0].local_area]
                after = max(before - (due_kw - taken_kw) / d.p_kw, 0.0) if one.load_control == "part" else 0.0
                chosen[d.local_area], kept[d.local_area] = after / before, after
                stage_kw, taken_kw = stage_kw + (before - after) * d.p_kw, taken_kw + (before - after) * d.p_kw
                if not after > 0:
                    left.pop(0)
            stages.append(SheddingStage(stage.below_hz, stage.delay_s, chosen, stage_kw))
        return stages

    def _section_stages(self, one: IslandStep, connected: Mapping[str, float]) -> list[SheddingStage]:
        rest = replace(one)
        due_kw = taken_kw = 0.0
        stages: list[SheddingStage] = []
        for stage in self.options.ufls:
            due_kw += stage.share_pct / 100 * sum(connected.values())
            cuts: list[SectionCut] = []
            units: set[str] = set()
            stage_kw = 0.0
            while taken_kw < due_kw - 1e-9 and (cut := rest.least_cut("deficit")):
                behind = rest.part(cut, "")
                shed_kw = sum((connected.get(la, 0.0) for la in behind.demand), 0.0)
                cuts.append(cut)
                units |= behind.units.keys()
                stage_kw, taken_kw = stage_kw + shed_kw, taken_kw + shed_kw
            stages.append(SheddingStage(stage.below_hz, stage.delay_s, {}, stage_kw, tuple(cuts), frozenset(units)))
        return stages


def _kw(buses: Mapping[str, Power]) -> float:
    return sum(p for p, _ in buses.values())


def _connected_kw(unit: UnitModel) -> float:
    """What a unit gave in the last step and has not lost suddenly. One ordered off ramps down, which is slow."""
    stays = unit.running or (unit.kind != "infeed" and unit.tripped_at < unit.now)
    return unit.p_kw if unit.was_on_line and stays else 0.0


def _initial_kw(unit: UnitModel) -> float:
    return clip(unit.p_kw if unit.was_on_line else 0.0, *unit.p_range())


def _told(one: IslandStep, response: Response) -> Iterable[Row]:
    """Events of a response; what relays shed is off when they are told."""
    name = one.island.id
    extreme = response.min_hz if response.step_kw > 0 else response.max_hz
    settled = "collapses" if response.settled_hz is None else f"settles at {response.settled_hz:.2f} Hz"
    text = (
        f"step of {response.step_kw:.0f} kW on {one.choice.unit}; {settled}, RoCoF {response.rocof_hz_per_s:.2f} Hz/s"
    )
    yield event("frequency_step", name, extreme, "Hz", text)
    for shedding in response.sheddings:
        stage = shedding.stage
        text = f"stage {shedding.number}, below {stage.below_hz:g} Hz, at {shedding.time_s:.2f} s: "
        what = [*stage.kept, *(cut.switch for cut in stage.cuts)]
        yield event("ufls_stage", name, stage.p_kw, "kW", text + (", ".join(what) or "nothing left"))
        for la, kept in stage.kept.items():
            kw = _kw(one.demand[la]) * one.on[la] * (1.0 - kept)
            yield event("la_shed", la, kw, "kW", f"UFLS stage {shedding.number}", _relay(one, response, stage))
            one.on[la] *= kept
    for trip in response.trips:
        text = f"{trip.why}, {trip.hz:.2f} Hz after {trip.time_s:.2f} s"
        cause = f"{text}, after a step of {response.step_kw:.0f} kW on {one.choice.unit}"
        yield event("unit_tripped", trip.unit, one.units[trip.unit].p_kw, "kW", text, cause)


def _relay(one: IslandStep, response: Response, stage: SheddingStage) -> str:
    """What let a stage shed."""
    return f"frequency below {stage.below_hz:g} Hz after a step of {response.step_kw:.0f} kW on {one.choice.unit}"
