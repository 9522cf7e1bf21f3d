"""A network of SimBench, from the package of that name, with its profiles of a quarter of an hour.

Meinecke et al., Energies 2020, 13(12), 3290. The package is under a BSD licence; its data are under the Open Database
License: who publishes data made from them names SimBench and keeps that licence.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from ...raw_network import RawNetwork
from ...reading.problems import Problem, no_such
from ...series.own_profiles import OwnProfiles, ShapedLoad

TIMEZONE, STEP_MIN = "Europe/Berlin", 15.0
CONSTANT = ""
"""The shape of what has none: 1 throughout."""
Net = Any


def make_net(code: str, file: str, problems: list[Problem]) -> Net | None:
    """The net of a code; None, and a problem, without the package or for a code that it does not know."""
    try:
        import simbench  # pyright: ignore[reportMissingImports]
    except ImportError:
        remedy = "needs the package simbench, which is not installed; pip install relight[simbench] brings it"
        problems.append(Problem(file, "network.kind", "simbench", remedy))
        return None
    codes = simbench.collect_all_simbench_codes(all_data=False)
    if code not in codes:
        problems.append(Problem(file, "network.code", code, no_such("code", code, codes)))
        return None
    return simbench.get_simbench_net(code)


def take_shapes(net: Net) -> dict[str, str]:
    """The shape of each static generator, taken out of the net's table: it is read here."""
    if "profile" not in net.sgen:
        return {}
    found = {f"sgen.{index}": str(name) for index, name in net.sgen.profile.items() if isinstance(name, str)}
    net.sgen = net.sgen.drop(columns="profile")
    return found


def own_profiles(net: Net, raw: RawNetwork, sgen_shapes: dict[str, str], code: str) -> OwnProfiles:
    """Profiles of a net whose buses have their names; those that it does not use are left out."""
    tables = [net.profiles[kind] for kind in ("load", "renewables", "powerplants") if kind in net.profiles]
    first = next(table for table in tables if len(table))
    known = {column: table for table in tables for column in table.columns if column != "time"}
    load: dict[str, tuple[ShapedLoad, ...]] = {}
    for row in net.load.itertuples():
        p_kw, q_kvar = (1000 * float(value * row.scaling) for value in (row.p_mw, row.q_mvar))
        shapes = [f"{row.profile}_{kind}load" for kind in "pq"]
        p_shape, q_shape = (shape if shape in known else CONSTANT for shape in shapes)
        if p_kw >= 0:
            bus = str(net.bus.name[row.bus])
            load[bus] = (*load.get(bus, ()), ShapedLoad(p_kw, p_shape, q_kvar, q_shape))
    sun: dict[str, tuple[float, str]] = {}
    for element, shape in sgen_shapes.items():
        rating_kva = raw.elements.get(element, ("", None))[1]
        if shape in known and rating_kva:
            row = net.sgen.loc[int(element.split(".")[1])]
            sun[element] = 1000 * float(row.p_mw * row.scaling) / rating_kva, shape
    used = {shape for loads in load.values() for one in loads for shape in (one.p_shape, one.q_shape)}
    used |= {shape for _, shape in sun.values()}
    shapes = {name: known[name][name].to_numpy(dtype=float) for name in sorted(used - {CONSTANT})}
    shapes[CONSTANT] = np.ones(len(first))
    start = datetime.strptime(str(first["time"].iloc[0]), "%d.%m.%Y %H:%M")
    return OwnProfiles(f"SimBench {code}", start, TIMEZONE, STEP_MIN, shapes, load, sun)
