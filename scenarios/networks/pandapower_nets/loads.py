"""Loads of a pandapower net by bus, shunts, and the elements that a scenario may declare as units."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from ...network_account import Entry
from ...raw_network import RawNetwork, ZipShares
from .account import DRAWING, drawn_mw, power_of
from .infeeds import slack_generators
from .inventory import TABLES
from .whole_net import empty_table

Net = Any
PLACES = ("sgen", "gen", "storage", "asymmetric_sgen")
"""Tables of elements that are units if a scenario says so, and else off."""
FACTS = ("name", "type", "max_e_mwh", "soc_percent")
"""Columns that tell what kind of unit an element may be."""
_LOAD_CLASS = (
    (re.compile(r"^(?:Load )?R\d+$"), "h0"),
    (re.compile(r"^(?:Load )?CI\d+$"), "g0"),
    (re.compile(r"^([HGL]\d)(?:-[A-Z])?$"), None),
)
"""Names of CIGRE loads (residential; commercial and industrial) and SimBench profiles (``H0-A``)."""


def take_loads(net: Net, raw: RawNetwork) -> None:
    """Add up loads by bus, in kW and kvar; a negative one is generation, a place for a unit that is off else.

    How they go with the voltage is weighed by what they draw, so that the sum at a bus does what they do together.
    """
    varying: dict[str, list[float]] = {}
    for table, row, p_kw, q_kvar in _drawn(net):
        bus = net.bus.name[row.bus]
        if p_kw < 0:
            element = f"{table}.{row.Index}"
            raw.elements[element] = bus, -p_kw
            raw.idle[element] = Entry(f"negative {TABLES[table].word}", 1, p_kw, q_kvar, _NEGATIVE.format(table))
            continue
        raw.load_kw[bus] = raw.load_kw.get(bus, 0.0) + p_kw
        raw.load_kvar[bus] = raw.load_kvar.get(bus, 0.0) + q_kvar
        if table == "load" and any(shares := _zip_shares(row)):
            weighed = (share * power for share, power in zip(shares, (p_kw, p_kw, q_kvar, q_kvar), strict=True))
            varying[bus] = [a + b for a, b in zip(varying.get(bus, [0.0] * 4), weighed, strict=True)]
        load_class = _class_of(getattr(row, "profile", None)) or _class_of(row.name)
        if load_class:
            mix = raw.mix_by_bus.setdefault(bus, {})
            mix[load_class] = mix.get(load_class, 0.0) + p_kw
    for bus, (z_p, i_p, z_q, i_q) in varying.items():
        p_kw, q_kvar = raw.load_kw[bus] or math.inf, raw.load_kvar[bus] or math.inf
        raw.zip_shares[bus] = ZipShares(z_p / p_kw, i_p / p_kw, z_q / q_kvar, i_q / q_kvar)


def _zip_shares(row: Any) -> ZipShares:
    """Of a load; files from before pandapower 3 have one column for kW and kvar."""

    def share(kind: str, power: str) -> float:
        stated = (getattr(row, f"const_{kind}{of}_percent", None) for of in (f"_{power}", ""))
        return next((float(value) / 100 for value in stated if value is not None and value == value), 0.0)

    return ZipShares(share("z", "p"), share("i", "p"), share("z", "q"), share("i", "q"))


_NEGATIVE = "generation: off throughout unless a unit of the scenario names it, by element: {}.0"


def _drawn(net: Net) -> Iterator[tuple[str, Any, float, float]]:
    """Table, row, kW and kvar of what draws constant power."""
    for table in DRAWING:
        rows = net[table]
        if not len(rows):  # it may lack columns
            continue
        p, q = drawn_mw(table, rows)
        for row, p_mw, q_mvar in zip(rows.itertuples(), p, q, strict=True):
            yield table, row, float(p_mw * 1000), float(q_mvar * 1000)


def _class_of(name: object) -> str | None:
    for pattern, load_class in _LOAD_CLASS:
        if isinstance(name, str) and (match := pattern.match(name.strip())):
            return load_class or match[1].lower()
    return None


def take_shunts(net: Net) -> None:
    """Leave one row per shunt, with all steps in it and at the bus's own voltage; the impedance of wards is one too."""
    import pandapower as pp

    found: list[tuple[Any, float, float]] = []
    for row in net.shunt.itertuples():
        scale = row.step * (float(net.bus.vn_kv[row.bus]) / row.vn_kv) ** 2
        found.append((row.bus, float(row.p_mw * scale), float(row.q_mvar * scale)))
    found += [(row.bus, float(row.pz_mw), float(row.qz_mvar)) for row in net.ward.itertuples()]
    net.shunt = empty_table("shunt")
    for bus, p_mw, q_mvar in found:
        if p_mw or q_mvar:
            pp.create_shunt(net, bus, q_mvar=q_mvar, p_mw=p_mw)


def take_places(net: Net, raw: RawNetwork) -> None:
    """Bus and rating (kVA) of generators and storages, by ``sgen.3`` and by the name that no other of them has."""
    slack = set(slack_generators(net).index)
    names = [str(name).strip() for table in PLACES for name in net[table].name if name is not None and name == name]
    ids = {f"{table}.{index}" for table in PLACES for index in net[table].index}
    own = {name for name in names if name and names.count(name) == 1 and name not in ids}
    for table in PLACES:
        for index, row in net[table].iterrows():
            if table == "gen" and index in slack:
                continue
            element = f"{table}.{index}"
            raw.elements[element] = net.bus.name[row.bus], _rating_kva(table, row)
            power = power_of(table, net[table].loc[[index]])
            raw.idle[element] = Entry(TABLES[table].word, 1, *power, TABLES[table].text)
            raw.element_facts[element] = {column: row[column] for column in FACTS if column in row}
            if (name := str(row["name"]).strip()) in own:
                raw.elements[name] = raw.elements[element]
                raw.element_names[name] = element


def _rating_kva(table: str, row: Any) -> float | None:
    stated = {column: row.get(column, math.nan) for column in ("sn_mva", "max_p_mw", "p_mw")}
    if table == "asymmetric_sgen":
        stated["p_mw"] = sum(row[f"p_{phase}_mw"] for phase in "abc")
    values = [abs(float(value or math.nan)) for value in stated.values()]
    # CIGRE's batteries carry an sn_mva below their power, so a storage is rated by its power limit.
    candidates = values[1:] if table == "storage" else values
    rating = next((value for value in candidates if math.isfinite(value) and value > 0), None)
    return None if rating is None else rating * 1000
