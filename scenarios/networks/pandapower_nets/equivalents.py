"""Elements that are modelled by others: three-winding transformers by a star of three, impedances by lines or
transformers, and what has next to no impedance by a closed switch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...reading.problems import Problem
from ...view import STAR

Net = Any
SIDES = ("hv", "mv", "lv")
TINY_PU = 1e-6
"""Impedance on 1 MVA below which a line or impedance is one node: at 1 MVA it drops a millionth of the voltage. The
power flow's own limit of accuracy is met about there: 1e-16 p.u. of voltage are 1e-10 MVA behind it."""


def add_stars(net: Net) -> dict[str, tuple[Any, str]]:
    """Three two-winding transformers and a star point in place of each three-winding one.

    Returned: name of a new transformer → number of the old one, and its side. Leakages are those of the pairs hv–mv,
    mv–lv, lv–hv, each on the smaller rating of its two: z_hv = (z_hm + z_lh − z_ml) / 2 and so on, r and x apart.
    """
    made: dict[str, tuple[Any, str]] = {}
    windings: list[Row] = []
    rows = list(net.trafo3w.itertuples())
    kv = net.bus.vn_kv
    stars = [{"name": f"{row.name}{STAR}", "vn_kv": float(kv[row.hv_bus]), "in_service": True} for row in rows]
    for row, star in zip(rows, _add_rows(net, "bus", stars), strict=True):
        for side, vk, vkr in zip(SIDES, *_star_percent(row), strict=True):
            terminal, high = getattr(row, f"{side}_bus"), side == "hv"
            taps: Row = {c: getattr(row, c) for c in _TAPS if row.tap_side == side and hasattr(row, c)}
            if taps:
                taps["tap_side"] = "hv" if high else "lv"
            made[name := f"{row.name}.{side}"] = row.Index, side
            windings.append(_PLAIN | taps | {
                "name": name, "hv_bus": terminal if high else star, "lv_bus": star if high else terminal,
                "sn_mva": getattr(row, f"sn_{side}_mva"), "vn_hv_kv": row.vn_hv_kv,
                "vn_lv_kv": getattr(row, f"vn_{side}_kv"), "vk_percent": vk, "vkr_percent": vkr,
                "pfe_kw": row.pfe_kw if high else 0.0, "i0_percent": row.i0_percent if high else 0.0,
                "shift_degree": 0.0 if high else getattr(row, f"shift_{side}_degree"),
                "star_end": "lv" if high else "hv",
            })  # fmt: skip
    _add_rows(net, "trafo", windings)
    net.trafo3w = net.trafo3w.iloc[0:0]
    return made


Row = dict[str, Any]
_TAPS = ("tap_neutral", "tap_min", "tap_max", "tap_step_percent", "tap_step_degree", "tap_pos", "tap_changer_type")
_PLAIN: Row = {
    "pfe_kw": 0.0, "i0_percent": 0.0, "shift_degree": 0.0, "parallel": 1, "df": 1.0, "in_service": True,
    "tap_dependency_table": False,
}  # fmt: skip


def _star_percent(row: Any) -> tuple[list[float], list[float]]:
    """vk and vkr (%, each of its winding's rating) of the windings hv, mv, lv; negative where a star makes them so."""
    sn = np.array([row.sn_hv_mva, row.sn_mv_mva, row.sn_lv_mva], dtype=float)
    pairs = np.minimum(sn, np.roll(sn, -1))  # hv–mv, mv–lv, lv–hv
    z = np.array([row.vk_hv_percent, row.vk_mv_percent, row.vk_lv_percent], dtype=float) / pairs
    r = np.array([row.vkr_hv_percent, row.vkr_mv_percent, row.vkr_lv_percent], dtype=float) / pairs
    x = np.sqrt(np.maximum(z**2 - r**2, 0.0))
    star_r, star_x = ((one + np.roll(one, 1) - np.roll(one, -1)) / 2 * sn for one in (r, x))
    return (np.copysign(np.hypot(star_r, star_x), star_x)).tolist(), star_r.tolist()


def add_impedances(net: Net, place: str, problems: list[Problem]) -> None:
    """A line in place of each impedance between equal voltages, else a transformer without losses of its own."""
    omega = 2 * math.pi * float(net.f_hz)
    lines: list[Row] = []
    trafos: list[Row] = []
    for row in net.impedance.itertuples():
        uneven = [c for c, d in _BOTH_WAYS if abs(_value(row, c) - _value(row, d)) > 1e-12]
        v_from, v_to = float(net.bus.vn_kv[row.from_bus]), float(net.bus.vn_kv[row.to_bus])
        r, x, g, b = (_value(row, c) for c in ("rft_pu", "xft_pu", "gf_pu", "bf_pu"))
        if uneven:
            remedy = "must be equal in both directions"
            problems.append(Problem(place, f"impedance {row.name}, {uneven[0]}", _value(row, uneven[0]), remedy))
        elif not math.hypot(r, x) > 0:
            problems.append(Problem(place, f"impedance {row.name}", None, "has no impedance; use a bus-bus switch"))
        elif v_from == v_to:
            ohm = v_from**2 / row.sn_mva
            lines.append({
                "name": row.name, "from_bus": row.from_bus, "to_bus": row.to_bus, "length_km": 1.0,
                "r_ohm_per_km": r * ohm, "x_ohm_per_km": x * ohm, "c_nf_per_km": 2 * b / ohm / omega * 1e9,
                "g_us_per_km": 2 * g / ohm * 1e6, "max_i_ka": math.inf, "df": 1.0, "parallel": 1, "in_service": True,
            })  # fmt: skip
        elif g or b:
            remedy = "a shunt of an impedance between two voltages is not supported; give it as a shunt of its own"
            problems.append(Problem(place, f"impedance {row.name}, bf_pu", b, remedy))
        else:
            hv, lv = (row.from_bus, row.to_bus) if v_from > v_to else (row.to_bus, row.from_bus)
            trafos.append(_PLAIN | {
                "name": row.name, "hv_bus": hv, "lv_bus": lv, "sn_mva": row.sn_mva, "vn_hv_kv": max(v_from, v_to),
                "vn_lv_kv": min(v_from, v_to), "vk_percent": math.copysign(100 * math.hypot(r, x), x),
                "vkr_percent": 100 * r, "df": math.inf,
            })  # fmt: skip
    _add_rows(net, "line", lines)
    _add_rows(net, "trafo", trafos)
    net.impedance = net.impedance.iloc[0:0]


_BOTH_WAYS = (("rft_pu", "rtf_pu"), ("xft_pu", "xtf_pu"), ("gf_pu", "gt_pu"), ("bf_pu", "bt_pu"))


_NOTHING = 1e-30
"""Less is 0: the smallest numbers of all cannot be computed with."""


def _value(row: Any, column: str) -> float:
    value = float(getattr(row, column, 0.0))
    return 0.0 if math.isnan(value) or abs(value) < _NOTHING else value


def join_tiny(net: Net) -> list[str]:
    """A switch in place of each line that has less than ``TINY_PU``; their names."""
    v = net.line.from_bus.map(net.bus.vn_kv).astype(float)
    scale = net.line.length_km / net.line.parallel / v**2
    tiny = net.line[np.hypot(net.line.r_ohm_per_km * scale, net.line.x_ohm_per_km * scale) < TINY_PU]
    fixed = {"et": "b", "z_ohm": 0.0}
    _add_rows(net, "switch", [
        {"name": row.name, "bus": row.from_bus, "element": row.to_bus, "closed": bool(row.in_service)} | fixed
        for row in tiny.itertuples()
    ])  # fmt: skip
    net.line = net.line.drop(index=tiny.index)
    return list(tiny.name)


def _add_rows(net: Net, table: str, rows: list[Row]) -> list[int]:
    """New rows of a table, whose columns keep their kinds of values where these fit; their numbers."""
    if not rows:
        return []
    frame = net[table]
    first = int(frame.index.max()) + 1 if len(frame) else 0
    added = list(range(first, first + len(rows)))
    longer = frame.astype(object).reindex([*frame.index, *added])
    for column in dict.fromkeys(name for row in rows for name in row):
        held = longer[column].tolist() if column in longer else [None] * len(longer)
        longer[column] = held[: len(frame)] + [row.get(column) for row in rows]
    net[table] = longer.infer_objects().astype(
        {c: k for c, k in frame.dtypes.items() if c in frame and k.kind in "fiub" and longer[c].notna().all()}
    )
    return added
