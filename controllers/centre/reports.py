"""What gateways and field terminals reported last, brought forward to now where nothing newer was heard."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...scenarios.view import GridView
from ..exchange.messages import Forecast, LocalAreaMeasurement, PscBasis, PscMessage
from ..exchange.plan import PlanStep
from ..exchange.psc import EssAggregation, assess
from .carry_forward import NbsuRamps, carried_forecast, carried_measurement, expected_measurement

Followed = Callable[[str, float], tuple[PlanStep | None, float]]
"""LA and time → the plan step that its gateway is taken to follow then, and until when"""


class Reports:
    """Last reports of everybody: older ones are replaced, whatever they said."""

    def __init__(self) -> None:
        self.psc: dict[str, PscMessage] = {}
        """by LA, as received"""
        self.closed: dict[str, bool] = {}
        """switches, as their terminals say"""
        self.faults: dict[str, list[str]] = {}
        """switch → places of the faults that its terminal saw"""
        self.shed_min: dict[str, float] = {}
        """switch that opened by itself to shed what lies behind it → when"""
        self.went_dark: set[str] = set()
        """LAs that were live in the report before, since the last ``close``"""
        self._basis: dict[str, PscBasis] = {}

    def receive(
        self,
        messages: Mapping[str, PscMessage],
        closed: Mapping[str, bool],
        faults: Mapping[str, list[str]],
        shed_min: Mapping[str, float] | None = None,
    ) -> None:
        """Take in PSC messages (by LA) and switch reports; a terminal that reports without a fault sees none, and its
        switch has not shed anything."""
        for la, message in messages.items():
            before = self.psc.get(la)
            if before and before["energised_min"] > 0 and message["energised_min"] == 0:
                self.went_dark.add(la)
            self._basis.pop(la, None)
            if "basis" in message:
                self._basis[la] = message["basis"]
        self.psc.update(messages)
        self.closed.update(closed)
        for switch in closed:
            self.faults.pop(switch, None)
            self.shed_min.pop(switch, None)
        self.faults.update(faults)
        self.shed_min.update(shed_min or {})

    def close(self) -> None:
        """End the instant."""
        self.went_dark.clear()

    def carry_to(self, time_min: float, view: GridView, followed: Followed) -> None:
        """Bring forward to now what every last PSC was made from."""
        for la, basis in self._basis.items():
            measurement = basis["measurement"]
            while (then := measurement["time_min"]) < time_min:
                step, until_min = followed(la, then)
                measurement = carried_measurement(measurement, min(until_min, time_min) - then, view, la, step)
            if measurement is not basis["measurement"]:
                forecast = carried_forecast(basis["forecast"], time_min)
                self._basis[la] = PscBasis(measurement=measurement, forecast=forecast)

    def ahead(
        self, time_min: float, view: GridView, followed: Followed, ramps: NbsuRamps, under_way: Mapping[str, bool]
    ) -> Reports:
        """What reports of a time to come would say, should all be carried out that they cannot have told of yet; with
        the states that switches ``under_way`` get. The same if all reports are of that time."""
        expected = Reports()
        expected.psc, expected.closed = dict(self.psc), {**self.closed, **under_way}
        for la, basis in self._basis.items():
            measurement = basis["measurement"]
            while (then := measurement["time_min"]) < time_min:
                step, until_min = followed(la, then)
                until_min = min(until_min, time_min)
                measurement = expected_measurement(measurement, until_min, view, la, step, ramps)
            if measurement is not basis["measurement"]:
                basis = PscBasis(measurement=measurement, forecast=carried_forecast(basis["forecast"], time_min))
            expected._basis[la] = basis
        return expected

    def psc_at(
        self, time_min: float, view: GridView, *, ess_aggregation: EssAggregation, per_device: bool
    ) -> dict[str, PscMessage]:
        """PSCs as they are now: as received, or assessed anew from what was brought forward.

        Raises ValueError for an old PSC that does not say what it was made from.
        """

        def now(la: str, message: PscMessage) -> PscMessage:
            if message["issued_at_min"] >= time_min:
                return message
            if la not in self._basis:
                raise ValueError(f"the PSC of LA {la} is old and does not say what it was made from")
            basis = self._basis[la]
            return assess(
                view,
                la,
                basis["measurement"],
                basis["forecast"],
                time_min,
                ess_aggregation=ess_aggregation,
                per_device=per_device,
            )

        return {la: now(la, message) for la, message in self.psc.items()}

    def ages_min(self, time_min: float) -> dict[str, float]:
        """Ages of the PSCs that are older than a time, by LA."""
        ages = {la: time_min - message["issued_at_min"] for la, message in self.psc.items()}
        return {la: age for la, age in ages.items() if age > 0}

    @property
    def measured(self) -> dict[str, LocalAreaMeasurement]:
        """What the meters are taken to read now, by LA."""
        return {la: basis["measurement"] for la, basis in self._basis.items()}

    @property
    def forecasts(self) -> dict[str, Forecast]:
        """Forecasts as they are known, by LA."""
        return {la: basis["forecast"] for la, basis in self._basis.items()}
