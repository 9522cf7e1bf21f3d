"""Stressed scenarios: random feeders at the edge of what they can carry, drawn by regime and seed.

Each regime stresses what a linear model of the network gets wrong; its docstring tells what. Networks are radial
medium-voltage feeders with ties, cut off from their infeed for two hours. Lines are pandapower's standard types; the
ranges of all other numbers are assumptions [A]. ``STRESSED`` lists draws whose plan breaks a limit when it is not
verified.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandapower as pp
import yaml

from relight.scenarios.case import Case
from relight.scenarios.loader import load_case
from relight.scenarios.schema.dispatch_options import DispatchCentreOptions

DURATION_MIN = 120
BUSES_PER_SECTION = 2


@dataclass(frozen=True)
class Feeder:
    """What a regime chooses.

    ``storage`` (rating) and ``pv`` are relative to the peak demand; ``stored_h`` are hours at the peak that all storage
    together holds, ``room_h`` what it can still take; ``station`` is the part of it at the feeder's head, the rest is
    spread. ``rating`` is relative to the line type's. ``tap_pos`` puts a line regulator behind the head, with a turns
    ratio of 1 + 0.025 tap_pos. ``apparent_power`` is the dispatch centre's option.
    """

    vn_kv: float = 10.0
    std_type: str = "94-AL1/15-ST1A 10.0"
    buses: int = 15
    segment_km: float = 0.5
    peak_kw: float = 1500.0
    power_factor: float = 0.95
    storage: float = 1.3
    station: float = 0.8
    stored_h: float = 4.0
    room_h: float = 1.0
    pv: float = 0.2
    clear_sky_index: float = 0.7
    nbsu: float = 0.0
    rating: float = 1.0
    vm_min_pu: float = 0.93
    vm_max_pu: float = 1.07
    start: str = "2025-06-20T10:00"
    tap_pos: int | None = None
    apparent_power: str = "circle"


Draw = Callable[[Feeder, np.random.Generator], Feeder]


def long_weak_lines(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Losses above the loss allowance, in rural overhead lines of small cross-section."""
    return replace(
        f,
        std_type="48-AL1/8-ST1A 10.0",
        segment_km=rng.uniform(1.5, 2.5),
        peak_kw=rng.uniform(900, 1300),
        storage=rng.uniform(0.7, 1.0),
        stored_h=rng.uniform(0.8, 1.6),
        station=0.9,
        vm_min_pu=0.90,
        vm_max_pu=1.10,
    )


def tight_voltage(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Voltage at its limit, where the linear model leaves out the drop that losses cause."""
    return replace(
        f,
        segment_km=rng.uniform(1.5, 2.5),
        peak_kw=rng.uniform(1600, 2400),
        storage=rng.uniform(1.0, 1.6),
        vm_min_pu=rng.uniform(0.94, 0.96),
        vm_max_pu=1.05,
    )


def low_power_factor(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Uncompensated motors: reactive power of units at its limit, reactive losses on top."""
    return replace(
        f,
        power_factor=rng.uniform(0.75, 0.88),
        segment_km=rng.uniform(1.0, 2.0),
        storage=rng.uniform(1.0, 2.0),
        pv=rng.uniform(0.0, 0.4),
        vm_min_pu=0.90,
    )


def full_inverters(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Inverters that just carry the demand, planned by (13) as printed, which lets a unit reach 1.047 of its rating."""
    return replace(
        f,
        storage=rng.uniform(0.5, 0.9),
        segment_km=rng.uniform(1.0, 2.0),
        peak_kw=rng.uniform(1500, 2500),
        pv=rng.uniform(0.0, 0.2),
        vm_min_pu=0.90,
        apparent_power="printed",
    )


def nearly_empty_storage(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Storage that is planned to be emptied to the last kWh."""
    return replace(
        f,
        stored_h=rng.uniform(0.4, 1.0),
        segment_km=rng.uniform(1.5, 2.5),
        peak_kw=rng.uniform(2000, 3000),
        pv=rng.uniform(0.1, 0.4),
        vm_min_pu=0.90,
    )


def high_pv(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Midday sun and storage that is nearly full: losses below the allowance are power that nobody takes."""
    return replace(
        f,
        segment_km=rng.uniform(0.1, 0.8),
        pv=rng.uniform(1.8, 3.0),
        clear_sky_index=1.0,
        start="2025-06-22T11:00",
        stored_h=rng.uniform(1.0, 2.0),
        room_h=rng.uniform(0.02, 0.15),
    )


def thin_lines(f: Feeder, rng: np.random.Generator) -> Feeder:
    """Lines at their rating, where P and Q bounded apart allow √2 of it."""
    return replace(
        f,
        power_factor=rng.uniform(0.80, 0.95),
        rating=rng.uniform(0.06, 0.15),
        storage=rng.uniform(1.3, 2.0),
    )


def long_cables(f: Feeder, rng: np.random.Generator) -> Feeder:
    """20 kV cables at night: their charging power is what small storage must take."""
    return replace(
        f,
        vn_kv=20.0,
        std_type="NA2XS2Y 1x240 RM/25 12/20 kV",
        segment_km=rng.uniform(1.0, 2.5),
        peak_kw=rng.uniform(800, 1800),
        storage=rng.uniform(0.8, 1.3),
        start="2025-06-20T01:00",
    )


def off_nominal_taps(f: Feeder, rng: np.random.Generator) -> Feeder:
    """A transformer off its nominal tap."""
    return replace(
        f,
        tap_pos=int(rng.choice([-2, 2])),
        segment_km=rng.uniform(0.5, 1.5),
        vm_min_pu=0.95,
        vm_max_pu=1.05,
    )


REGIMES: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        long_weak_lines, tight_voltage, low_power_factor, full_inverters, nearly_empty_storage, high_pv, thin_lines,
        long_cables, off_nominal_taps,
    )
}  # fmt: skip


STRESSED: dict[str, tuple[int, ...]] = {
    "long_weak_lines": (0, 2, 5, 6, 10, 12, 13),
    "tight_voltage": (1, 2, 3, 6, 9, 11),
    "low_power_factor": (3, 4, 5, 9, 12, 13),
    "full_inverters": (0, 1, 2, 3, 4, 6, 8, 9, 10, 11, 12, 13),
    "nearly_empty_storage": (2, 4, 5, 13),
    "high_pv": (0, 1, 2, 4, 5, 7, 10, 11),
    "thin_lines": (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13),
    "long_cables": (),
    "off_nominal_taps": (1, 3, 6, 7, 9, 13),
}
"""Seeds of each regime with which the first dynamic plan breaks a limit, not all of them; long cables never do."""


def stressed_case(regime: str, seed: int, folder: Path) -> Case:
    """Draw one scenario; writes its network and scenario file into ``folder``."""
    rng = np.random.default_rng([seed, zlib.crc32(regime.encode())])
    feeder = REGIMES[regime](Feeder(), rng)
    net, switchable, ties = _network(feeder, rng)
    name = f"{regime}-{seed}"
    pp.to_json(net, str(folder / f"{name}.json"))
    data = _scenario(name, feeder, switchable, ties, rng)
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return load_case(path)


def with_options(case: Case, **changed: object) -> Case:
    """The same case with other options of ``dispatch_centre``."""
    options = DispatchCentreOptions.model_validate(case.scenario.dispatch_centre.model_dump() | changed)
    return replace(case, scenario=case.scenario.model_copy(update={"dispatch_centre": options}))


def _network(feeder: Feeder, rng: np.random.Generator) -> tuple[Any, list[str], list[str]]:
    """A tree whose buses mostly follow each other, a switch between sections, and two ties between ends."""
    net = pp.create_empty_network(sn_mva=1.0)
    for k in range(feeder.buses):
        pp.create_bus(net, feeder.vn_kv, name=f"b{k}")
    ends = set(range(feeder.buses))
    switchable: list[str] = []
    for k in range(1, feeder.buses):
        before = k - 1 if k < 3 or rng.random() < 0.7 else int(rng.integers(max(0, k - 5), k))
        ends.discard(before)
        name = _line(net, feeder, before, k, rng)
        if k % BUSES_PER_SECTION == 0:
            switchable.append(name)
    far = sorted(ends - {feeder.buses - 1})[-2:] or [1]
    ties = [_line(net, feeder, end, feeder.buses - 1, rng) for end in far]
    pp.create_ext_grid(net, 0)
    if feeder.tap_pos is not None:
        _put_transformer(net, feeder)
    share = rng.uniform(0.5, 1.5, feeder.buses)
    share[0] = 0.0
    for k, kw in enumerate(feeder.peak_kw * share / share.sum()):
        if kw:
            q_kvar = kw * math.tan(math.acos(feeder.power_factor))
            pp.create_load(net, k, p_mw=kw / 1000, q_mvar=q_kvar / 1000)
    return net, [*switchable, *ties], ties


def _line(net: Any, feeder: Feeder, a: int, b: int, rng: np.random.Generator) -> str:
    name = f"b{a}-b{b}"
    length_km = feeder.segment_km * rng.uniform(0.5, 1.5)
    line = pp.create_line(net, a, b, length_km, feeder.std_type, name=name)
    net.line.loc[line, "max_i_ka"] *= feeder.rating
    return name


def _put_transformer(net: Any, feeder: Feeder) -> None:
    """A line regulator in place of the line from bus 1 to bus 2."""
    gone = net.line.index[(net.line.from_bus == 1) & (net.line.to_bus == 2)]
    net.line = net.line.drop(index=gone)
    pp.create_transformer_from_parameters(
        net, 1, 2, sn_mva=4.0, vn_hv_kv=feeder.vn_kv, vn_lv_kv=feeder.vn_kv, vkr_percent=0.6, vk_percent=6.0,
        pfe_kw=4.0, i0_percent=0.1, tap_side="hv", tap_neutral=0, tap_min=-2, tap_max=2, tap_step_percent=2.5,
        tap_pos=feeder.tap_pos, tap_changer_type="Ratio", name="b1-b2",
    )  # fmt: skip


def _scenario(
    name: str, feeder: Feeder, switchable: list[str], ties: list[str], rng: np.random.Generator
) -> dict[str, Any]:
    """Two or three storage systems, PV at every other bus, and where asked for one NBSU."""
    spread = rng.choice(np.arange(2, feeder.buses), size=int(rng.integers(1, 3)), replace=False)
    places = [1, *sorted(int(k) for k in spread)]
    weight = np.array([feeder.station, *np.full(len(spread), (1 - feeder.station) / len(spread))])
    peak = feeder.peak_kw
    ess = [
        {
            "id": f"ess.{k}",
            "bus": f"b{k}",
            "s_kva": round(float(peak * feeder.storage * w), 1),
            "discharge_kwh": round(float(peak * feeder.stored_h * w), 1),
            "charge_kwh": round(float(peak * feeder.room_h * w), 1),
        }
        for k, w in zip(places, weight, strict=True)
    ]
    sunny = range(1, feeder.buses, 2)
    pv = [{"id": f"pv.{k}", "bus": f"b{k}", "s_kva": round(peak * feeder.pv / len(sunny), 1)} for k in sunny]
    nbsu: list[dict[str, Any]] = []
    if feeder.nbsu:
        s_kva = round(peak * feeder.nbsu, 1)
        ramp = 2 * s_kva
        nbsu = [
            {
                "id": "nbsu.1", "bus": f"b{feeder.buses // 2}", "s_kva": s_kva, "p_in_kw": round(0.03 * s_kva, 1),
                "ramp_up_kw_per_h": ramp, "ramp_down_kw_per_h": ramp, "start_min": 30,
            }
        ]  # fmt: skip
    return {
        "name": f"stressed/{name}",
        "network": {"kind": "json", "file": f"{name}.json", "switchable": switchable, "normally_open": ties},
        "outage": {"start": feeder.start, "duration_min": DURATION_MIN, "first_order_min": 0},
        "site": {"latitude_deg": 48.7, "longitude_deg": 10.5, "timezone": "Europe/Berlin"},
        "local_areas": {"by": "bus"},
        "load": {"source": "network", "unloaded_buses": ["b0"]},
        "pv": {"clear_sky_index": feeder.clear_sky_index},
        "objective": {"interruption_kwh": 0, "earlier_kwh": 0},
        "dispatch_centre": {"apparent_power": feeder.apparent_power, "loss_allowance": "fixed"},
        "world": {"pick_up_limit_pct": None},
        "units": {
            "pv": pv if feeder.pv else [],
            "ess": ess,
            "nbsu": nbsu,
            "ess_charge_efficiency": 1,
            "ess_discharge_efficiency": 1,
        },
        "limits": {"vm_min_pu": round(feeder.vm_min_pu, 4), "vm_max_pu": round(feeder.vm_max_pu, 4)},
    }
