"""Where buses are: coordinates as a pandapower net carries them."""

from __future__ import annotations

import json
import math
from typing import Any

from ..reading.problems import Problem, listed
from ..schema.scenario import Scenario
from ..view import GridView


def bus_places(net: Any) -> dict[str, tuple[float, float]]:
    """Coordinates (x, y) of the buses of a named net that have some."""
    if "geo" not in net.bus:
        return {}
    places: dict[str, tuple[float, float]] = {}
    for name, text in zip(net.bus["name"], net.bus["geo"], strict=True):
        if isinstance(text, str) and text:
            x, y = json.loads(text)["coordinates"][:2]
            if math.isfinite(x) and math.isfinite(y):
                places[name] = float(x), float(y)
    return places


def check_weather(scenario: Scenario, net: Any, view: GridView) -> list[Problem]:
    """A problem for each cloud that moves, which needs to know where the PV stands, if that is not known."""
    clouds = scenario.weather.passing_clouds if scenario.weather else ()
    moving = [k for k, cloud in enumerate(clouds) if cloud.towards_deg is not None]
    missing = sorted({unit.bus for unit in view.pv.values()} - bus_places(net).keys()) if moving else []
    if not missing:
        return []
    remedy = f"buses with PV but without coordinates: {listed(missing)}; give them some, or leave towards_deg out"
    return [Problem("", f"weather.passing_clouds.{k}.towards_deg", clouds[k].towards_deg, remedy) for k in moving]
