"""Frequency of islands in the world: from switching to a step of power, from the response to what is shed or trips.

The step of an island is the balance of what switching leaves connected, at the powers of the instant before: demand
and losses connected, plus start-up, less generation connected (an LA picked up counts with its demand of now, a unit
that comes on line with nothing). It holds for black start, pick-up, joining, splitting, lost units and a lost infeed
alike. Drift of demand and sun and new set-points are slow: the balance unit follows them, unless it cannot.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...results.run.rows import Row, event
from ...scenarios.schema.frequency import Frequency, UflsStage, UnitAnswer
from ..units.unit_model import UnitModel, clip
from .balance import Demand, shedding_order
from .frequency import Responder, Response, SheddingStage, respond
from .operating_point import IslandStep


@dataclass
class FrequencyOfIslands:
    """Applies a scenario's ``frequency:`` to the islands of each step; remembers what was connected in the last."""

    options: Frequency
    served_kw: dict[str, float] = field(default_factory=dict)
    """by LA, where it was served in the last step"""
    losses_kw: dict[str, float] = field(default_factory=dict)
    """by branch, of the last step"""

    def apply(self, islands: Iterable[IslandStep]) -> list[Row]:
        """Let each island that no infeed holds respond to its step, before it is balanced: LAs are shed, units trip
        or the island collapses. Returns the events."""
        events: list[Row] = []
        for one in islands:
            if not one.energised or one.choice.unit is None or one.units[one.choice.unit].kind == "infeed":
                continue
            step_kw, load_kw = self.step_of(one)
            if abs(step_kw) < self.options.least_step_kw:
                one.frequency = Response(0.0, [0.0], [self.options.nominal_hz])
                continue
            one.frequency = response = self._respond(one, step_kw, load_kw)
            events += _events(one, response)
            shed = {la for shedding in response.sheddings for la in shedding.stage.local_areas}
            one.shed |= shed
            for trip in response.trips:
                if trip.unit != one.choice.unit:
                    one.units[trip.unit].trip()
            if response.collapsed:
                last = response.trips[-1]
                one.fail("collapse", f"{last.unit} trips, {last.why} at {last.hz:.2f} Hz")
        return events

    def note(self, islands: Iterable[IslandStep]) -> None:
        """Remember what is connected at the end of a step."""
        self.served_kw, self.losses_kw = {}, {}
        for one in islands:
            if not one.energised or one.flow is None:
                continue
            self.served_kw |= {la: p for la, (p, _) in one.served.items() if la not in one.all_shed}
            for branch, flow in one.flow.flows.items():
                if flow.p_from_kw is not None and flow.p_to_kw is not None:
                    self.losses_kw[branch] = flow.p_from_kw + flow.p_to_kw

    def step_of(self, one: IslandStep) -> tuple[float, float]:
        """The sudden lack of power (kW; a surplus, if negative), and the demand connected then (kW)."""
        now = {la: sum(p for p, _ in buses.values()) for la, buses in one.demand.items() if la not in one.shed}
        load_kw = sum(self.served_kw.get(la, p_kw) for la, p_kw in now.items())
        losses_kw = sum(self.losses_kw.get(branch, 0.0) for branch in one.island.branches)
        startup_kw = sum(u.startup_kw for u in one.units.values())
        given_kw = sum(_connected_kw(u) for u in one.units.values())
        step_kw = load_kw + losses_kw + startup_kw - given_kw

        # Where the balance unit cannot follow the slow changes either, the lack is part of the step.
        balance = one.units[one.choice.unit or ""]
        followers = [u for u in one.units.values() if u.running and u is not balance]
        # Charging would be cut first.
        helping_kw = sum(max(u.set_point()[0], 0.0) for u in followers)
        need_kw = sum(now.values()) + losses_kw + startup_kw - helping_kw
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
        """Which LAs each stage sheds: lowest priority first, then by id, whole, until the stages so far have their
        share of the demand connected."""
        demands = [
            Demand(la, one.priority[la], self.served_kw.get(la, sum(p for p, _ in buses.values())), 0.0)
            for la, buses in one.demand.items()
            if la not in one.shed
        ]
        left = [d for d in shedding_order(demands) if d.p_kw > 0]
        connected_kw = sum(d.p_kw for d in left)
        stages: list[SheddingStage] = []
        due_kw = taken_kw = 0.0
        for stage in self.options.ufls:
            due_kw += stage.share_pct / 100 * connected_kw
            chosen: list[Demand] = []
            while left and taken_kw < due_kw - 1e-9:
                chosen.append(left.pop(0))
                taken_kw += chosen[-1].p_kw
            stages.append(_stage(stage, chosen))
        return stages


def _stage(stage: UflsStage, chosen: list[Demand]) -> SheddingStage:
    return SheddingStage(
        stage.below_hz, stage.delay_s, tuple(d.local_area for d in chosen), sum((d.p_kw for d in chosen), 0.0)
    )


def _connected_kw(unit: UnitModel) -> float:
    """What a unit gave in the last step and has not lost suddenly. One ordered off ramps down, which is slow."""
    stays = unit.running or (unit.kind != "infeed" and unit.tripped_at < unit.now)
    return unit.p_kw if unit.was_on_line and stays else 0.0


def _initial_kw(unit: UnitModel) -> float:
    return clip(unit.p_kw if unit.was_on_line else 0.0, *unit.p_range())


def _events(one: IslandStep, response: Response) -> Iterable[Row]:
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
        yield event("ufls_stage", name, stage.p_kw, "kW", text + (", ".join(stage.local_areas) or "nothing left"))
        for la in stage.local_areas:
            kw = sum(p for p, _ in one.demand[la].values())
            yield event("la_shed", la, kw, "kW", f"UFLS stage {shedding.number}")
    for trip in response.trips:
        text = f"{trip.why}, {trip.hz:.2f} Hz after {trip.time_s:.2f} s"
        yield event("unit_tripped", trip.unit, one.units[trip.unit].p_kw, "kW", text)
