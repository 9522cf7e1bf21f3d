"""What the tables of a pandapower net must hold before anything is made of them: columns, places, numbers in range."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from ...reading.problems import Problem
from .inventory import ZIP

Bounds = tuple[float, float, str]
"""low, high, unit"""
_POWER: Bounds = (-1e5, 1e5, "MW")
_REACTIVE: Bounds = (-1e5, 1e5, "Mvar")
_FACTOR: Bounds = (0.0, 1e3, "")
_SIDES = ("hv", "mv", "lv")
NUMBERS: dict[str, dict[str, Bounds]] = {
    "bus": {"vn_kv": (0.1, 1200.0, "kV")},
    "line": {
        "length_km": (-1e4, 1e4, "km"), "r_ohm_per_km": (-1e4, 1e4, "Ω/km"), "x_ohm_per_km": (-1e4, 1e4, "Ω/km"),
        "c_nf_per_km": (-1e6, 1e6, "nF/km"), "max_i_ka": (-1e6, 1e6, "kA"), "df": _FACTOR, "parallel": (1.0, 1e3, ""),
    },
    "trafo": {
        "sn_mva": (-1e5, 1e5, "MVA"), "vk_percent": (-1e4, 1e4, "%"), "vkr_percent": (-1e4, 1e4, "%"),
        "vn_hv_kv": (0.1, 1200.0, "kV"), "vn_lv_kv": (0.1, 1200.0, "kV"), "pfe_kw": (-1e6, 1e6, "kW"),
        "i0_percent": (-1e3, 1e3, "%"), "df": _FACTOR, "parallel": (1.0, 1e3, ""),
    },
    "load": {"p_mw": _POWER, "q_mvar": _REACTIVE, "scaling": (-1e3, 1e3, "")},
    "ext_grid": {"vm_pu": (0.5, 1.5, "p.u.")},
    "shunt": {"p_mw": _POWER, "q_mvar": _REACTIVE, "vn_kv": (0.1, 1200.0, "kV"), "step": (0.0, 1e3, "")},
    "ward": {"ps_mw": _POWER, "qs_mvar": _REACTIVE, "pz_mw": _POWER, "qz_mvar": _REACTIVE},
    "motor": {
        "pn_mech_mw": (0.0, 1e5, "MW"), "loading_percent": (0.0, 1e3, "%"), "efficiency_percent": (1.0, 100.0, "%"),
        "cos_phi": (0.01, 1.0, ""), "scaling": _FACTOR,
    },
    "asymmetric_load": {
        **{f"p_{phase}_mw": _POWER for phase in "abc"}, **{f"q_{phase}_mvar": _REACTIVE for phase in "abc"},
        "scaling": (-1e3, 1e3, ""),
    },
    "asymmetric_sgen": {
        **{f"p_{phase}_mw": _POWER for phase in "abc"}, **{f"q_{phase}_mvar": _REACTIVE for phase in "abc"},
        "scaling": (-1e3, 1e3, ""),
    },
    "impedance": {
        **dict.fromkeys(("rft_pu", "xft_pu", "rtf_pu", "xtf_pu"), (-1e4, 1e4, "p.u.")), "sn_mva": (1e-6, 1e5, "MVA"),
    },
    "trafo3w": {
        **{f"sn_{side}_mva": (-1e5, 1e5, "MVA") for side in _SIDES},
        **{f"vn_{side}_kv": (0.1, 1200.0, "kV") for side in _SIDES},
        **{f"{vk}_{side}_percent": (-1e4, 1e4, "%") for vk in ("vk", "vkr") for side in _SIDES},
        "pfe_kw": (-1e6, 1e6, "kW"), "i0_percent": (-1e3, 1e3, "%"),
        "shift_mv_degree": (-1e4, 1e4, "degrees"), "shift_lv_degree": (-1e4, 1e4, "degrees"),
    },
}  # fmt: skip
"""Columns that must hold a number in every row that is in service, and its range; signs are for others to judge."""
_UNITS = ("sgen", "gen", "storage")
_TAP: dict[str, Bounds] = {
    **dict.fromkeys(("tap_neutral", "tap_min", "tap_max", "tap_pos"), (-1e4, 1e4, "")),
    "tap_step_percent": (-100.0, 100.0, "%"), "tap_step_degree": (-360.0, 360.0, "degrees"),
}  # fmt: skip
MAYBE: dict[str, dict[str, Bounds]] = {
    "line": {"g_us_per_km": (0.0, 1e6, "µS/km")},
    "trafo": {**_TAP, "shift_degree": (-1e4, 1e4, "degrees")},
    "trafo3w": _TAP,
    "impedance": dict.fromkeys(("gf_pu", "bf_pu", "gt_pu", "bt_pu"), (-1e4, 1e4, "p.u.")),
    "load": dict.fromkeys(ZIP, (0.0, 100.0, "%")),
    "ext_grid": {"max_p_mw": _POWER},
    "switch": {"z_ohm": (-1e6, 1e6, "Ω")},
    **{kind: dict.fromkeys(("sn_mva", "max_p_mw", "p_mw", "q_mvar", "scaling"), (-1e5, 1e5, "MW")) for kind in _UNITS},
}  # fmt: skip
"""Columns that may be missing or empty."""
_OTHERS = {
    "bus": ("name", "in_service"), "line": ("name", "in_service"), "trafo": ("name", "in_service"),
    "switch": ("name", "bus", "element", "et", "closed"), "load": ("name", "in_service"), "ext_grid": ("in_service",),
    **dict.fromkeys(_UNITS, ("name", "in_service")),
}  # fmt: skip
_RARE = {
    "trafo3w": ("name", "in_service", "tap_side"), "impedance": ("name", "in_service"), "shunt": ("in_service",),
    "ward": ("name", "in_service"), "motor": ("name", "in_service"), "asymmetric_load": ("name", "in_service"),
    "asymmetric_sgen": ("name", "in_service"),
}  # fmt: skip
"""Tables that a net need not have."""
_PLACES = {
    "line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus"), "impedance": ("from_bus", "to_bus"),
    "trafo3w": ("hv_bus", "mv_bus", "lv_bus"),
    **dict.fromkeys(("switch", "load", "ext_grid", *_UNITS), ("bus",)),
    **dict.fromkeys(("shunt", "ward", "motor", "asymmetric_load", "asymmetric_sgen"), ("bus",)),
}  # fmt: skip
_OFTEN_IDLE = ("line", "trafo")
"""A scenario may bring their rows into service, as open switches."""
_MOST_TOLD = 5
_MOST_RATIO = 1.5
"""Between rated and nominal voltage of a transformer: more than any tap or naming of a level explains."""
_MOST_DIFFERENT = 1.06
"""Between nominal voltages that a line or switch joins: 10 and 10.5 kV, or 21 and 20 kV, are names of one level."""


def check_tables(net: Any, place: str, problems: list[Problem], idle: bool = False) -> None:
    """Add a problem for everything in a net's tables that no number, place or state can be; ``place`` names the net.

    ``idle``: also in lines and transformers that are out of service.
    """
    found = list(_missing(net))
    if not found:
        tables = [*_OTHERS, *(table for table in _RARE if hasattr(net.get(table), "columns"))]
        rows = {t: net[t] if idle and t in _OFTEN_IDLE else _in_service(net[t], t) for t in tables}
        found = [complaint for table in rows for complaint in _table(net, table, rows[table])]
        found += [] if found else [*_voltages(net, rows), *_coordinates(net.bus)]
    problems.extend(Problem(place, *complaint) for complaint in found)


_Complaint = tuple[str, object, str]
"""field, value, remedy"""


def _missing(net: Any) -> Iterator[_Complaint]:
    value: Any
    for name, low, high in (("f_hz", 10.0, 100.0), ("sn_mva", 1e-3, 1e6)):
        value = net.get(name)
        if not _is_number(value) or not low <= float(value) <= high:
            yield name, value, f"must be a number from {low:g} to {high:g}"
    for table, others in (_OTHERS | _RARE).items():
        frame: Any = net.get(table)
        if table in _RARE and (frame is None or not len(_in_service(frame, table))):
            continue
        if not hasattr(frame, "columns"):
            yield table, None, "must be a table"
            continue
        needed = (*others, *_PLACES.get(table, ()), *NUMBERS.get(table, {}))
        lost = [column for column in needed if column not in frame.columns] if len(frame) else []
        if lost:
            yield f"{table}, {', '.join(lost)}", None, "missing column; pandapower.to_json writes it"
        elif len(frame) and not frame.index.is_unique:
            yield table, None, "two elements have the same number"


def _in_service(frame: Any, table: str) -> Any:
    """Rows that count; what is no state at all counts too, to be told of."""
    if not len(frame) or "in_service" not in frame.columns:
        return frame
    return frame[[not (_is_state(value) and not value) for value in frame.in_service]]


def _table(net: Any, table: str, rows: Any) -> Iterator[_Complaint]:
    for column, bounds in (*NUMBERS.get(table, {}).items(), *MAYBE.get(table, {}).items()):
        if column in rows.columns:
            yield from _numbers(rows, table, column, bounds, column in MAYBE.get(table, {}))
    if table == "load":
        yield from _shares(rows)
    for column in _PLACES.get(table, ()):
        yield from _told(rows, table, column, set(net.bus.index), "there is no bus of this number")
    for column in ("in_service", "closed"):
        if column in rows.columns:
            odd = {index: value for index, value in rows[column].items() if not _is_state(value)}
            yield from _few(odd, table, column, "must be true or false")
    if table == "switch":
        yield from _told(rows, table, "et", {"b", "l", "t", "t3"}, "must be b, l, t or t3")
        for kind, joined in (("b", "bus"), ("l", "line"), ("t", "trafo"), ("t3", "trafo3w")):
            known = set(net[joined].index) if joined in net else set()
            yield from _told(rows[rows.et == kind], table, "element", known, f"there is no {joined} of this number")


def _numbers(rows: Any, table: str, column: str, bounds: Bounds, optional: bool) -> Iterator[_Complaint]:
    low, high, unit = bounds
    odd = {
        index: value
        for index, value in rows[column].items()
        if not (optional and _is_empty(value)) and not (_is_number(value) and low <= float(value) <= high)
    }
    yield from _few(odd, table, column, f"must be a number from {low:g} to {high:g} {unit}".rstrip())


def _shares(rows: Any) -> Iterator[_Complaint]:
    """Loads of which more than all is constant impedance and current."""
    for power in ("_p", "_q", ""):
        z, i = (f"const_{kind}{power}_percent" for kind in "zi")
        if z in rows.columns and i in rows.columns:
            sums = {index: _float(a) + _float(b) for index, a, b in zip(rows.index, rows[z], rows[i], strict=True)}
            odd = {index: total for index, total in sums.items() if total > 100 + 1e-9}
            yield from _few(odd, "load", f"{z} + {i}", "must be at most 100 %")


def _told(rows: Any, table: str, column: str, known: set[Any], remedy: str) -> Iterator[_Complaint]:
    odd = {index: value for index, value in rows[column].items() if _no_key(value) or value not in known}
    yield from _few(odd, table, column, remedy)


def _few(odd: dict[Any, Any], table: str, column: str, remedy: str) -> Iterator[_Complaint]:
    """The first rows with a fault in a column, and how many more there are."""
    for index in list(odd)[:_MOST_TOLD]:
        value = odd[index]
        yield f"{table}.{index}, {column}", "empty" if _is_empty(value) else value, remedy
    if len(odd) > _MOST_TOLD:
        yield f"{table}, {column}", None, f"{len(odd) - _MOST_TOLD} more rows of this kind"


def _voltages(net: Any, rows: dict[str, Any]) -> Iterator[_Complaint]:
    """Lines and switches that join two levels, transformers whose ratings are not those of their buses."""
    kv = {index: float(value) for index, value in net.bus.vn_kv.items()}
    joins = [("line", row.Index, kv[row.from_bus], kv[row.to_bus]) for row in rows["line"].itertuples()]
    joins += [
        ("switch", row.Index, kv[row.bus], kv[row.element]) for row in net.switch[net.switch.et == "b"].itertuples()
    ]
    for table, index, one, other in joins:
        if max(one, other) > _MOST_DIFFERENT * min(one, other):
            remedy = f"a {table} cannot join {one:g} kV and {other:g} kV; put a transformer there, or mend vn_kv"
            yield f"{table}.{index}", None, remedy
    yield from _ratings(rows["trafo"], "trafo", ("hv", "lv"), kv)
    if "trafo3w" in rows and len(rows["trafo3w"]):
        yield from _ratings(rows["trafo3w"], "trafo3w", _SIDES, kv)


def _ratings(rows: Any, table: str, sides: tuple[str, ...], kv: dict[Any, float]) -> Iterator[_Complaint]:
    """Transformers whose rated voltages are not of the level of their buses."""
    for row in rows.itertuples():
        for side in sides:
            rated, bus = float(getattr(row, f"vn_{side}_kv")), getattr(row, f"{side}_bus")
            if max(rated, kv[bus]) > _MOST_RATIO * min(rated, kv[bus]):
                remedy = f"its bus has {kv[bus]:g} kV; rated and nominal voltage must be of one level, both in kV"
                yield f"{table}.{row.Index}, vn_{side}_kv", rated, remedy


def _coordinates(bus: Any) -> Iterator[_Complaint]:
    if "geo" not in bus.columns:
        return
    odd = {index: value for index, value in bus.geo.items() if not _is_empty(value) and not _is_point(value)}
    yield from _few(odd, "bus", "geo", 'must be a point of GeoJSON, {"coordinates": [x, y], "type": "Point"}')


def _is_point(value: Any) -> bool:
    if value == "":
        return True
    try:
        coordinates = (json.loads(value) if isinstance(value, str) else value)["coordinates"]
        x, y = coordinates[:2]
        return (_is_number(x) and _is_number(y)) or all(isinstance(one, float) and math.isnan(one) for one in (x, y))
    except (ValueError, TypeError, KeyError, RecursionError):
        return False


def _is_number(value: object) -> bool:
    plain = isinstance(value, bool) or type(value).__name__ in ("bool_", "bool")
    return not plain and hasattr(value, "__float__") and not isinstance(value, str) and math.isfinite(_float(value))


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _is_state(value: object) -> bool:
    return type(value).__name__ in ("bool", "bool_") or (_is_number(value) and _float(value) in (0.0, 1.0))


def _is_empty(value: Any) -> bool:
    return (
        value is None
        or type(value).__name__ in ("NAType", "NaTType")
        or (isinstance(value, float) and math.isnan(value))
    )


def _no_key(value: object) -> bool:
    return isinstance(value, list | dict | set | bool) or type(value).__name__ in ("bool_", "bool") or _is_empty(value)
