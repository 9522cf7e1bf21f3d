"""What a net holds in service and out of it, in entries of an account; what is out of service is dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...network_account import Entry
from ...reading.problems import Problem
from .inventory import TABLES, columns_that_speak, table_of, unknown_columns

Net = Any
"""A pandapower net; its tables have their columns only at run time."""
Power = tuple[float | None, float | None]
"""kW and kvar; None where that says nothing"""
DRAWING = ("load", "asymmetric_load", "motor", "ward")
"""Tables of demand."""
_MOST_TOLD = 5


def power_of(table: str, rows: Any) -> Power:
    """What elements draw in all or, where they are meant to give, give (kW, kvar); as stated, at nominal voltage."""
    if table not in _POWERS or not len(rows):
        return None, None
    p_mw, q_mvar = _POWERS[table](rows)
    return round(float(p_mw.sum()) * 1000, 6), round(float(q_mvar.sum()) * 1000, 6)


def drawn_mw(table: str, rows: Any) -> tuple[Any, Any]:
    """MW and Mvar that each element draws; of a ward what it draws at every voltage."""
    return (rows.ps_mw, rows.qs_mvar) if table == "ward" else _POWERS[table](rows)


def _scaled(rows: Any) -> tuple[Any, Any]:
    q_mvar = rows.q_mvar.astype(float).fillna(0.0) if "q_mvar" in rows else 0.0 * rows.p_mw
    scaling = rows.scaling.astype(float) if "scaling" in rows else 1.0
    return rows.p_mw.astype(float) * scaling, q_mvar * scaling


def _of_phases(rows: Any) -> tuple[Any, Any]:
    scaling = rows.scaling.astype(float)
    p = sum(rows[f"p_{phase}_mw"].astype(float) for phase in "abc")
    return p * scaling, sum(rows[f"q_{phase}_mvar"].astype(float) for phase in "abc") * scaling


def _of_motors(rows: Any) -> tuple[Any, Any]:
    """pandapower's: p = P_mech / η · loading, q = p √(1/cos²φ − 1)."""
    p = rows.pn_mech_mw / (rows.efficiency_percent / 100) * (rows.loading_percent / 100) * rows.scaling
    return p, p * (1 / rows.cos_phi**2 - 1) ** 0.5


def _of_shunts(rows: Any) -> tuple[Any, Any]:
    return rows.p_mw * rows.step, rows.q_mvar * rows.step


_POWERS: Mapping[str, Any] = {
    "load": _scaled,
    "gen": _scaled,
    "sgen": _scaled,
    "storage": _scaled,
    "asymmetric_load": _of_phases,
    "asymmetric_sgen": _of_phases,
    "motor": _of_motors,
    "ward": lambda rows: (rows.ps_mw + rows.pz_mw, rows.qs_mvar + rows.qz_mvar),
    "shunt": _of_shunts,
}


def drop_out_of_service(net: Net) -> list[Entry]:
    """Drop buses out of service with all that hangs on them, and all other elements out of service but lines and
    two-winding transformers, which a switch may bring back; tell what was dropped."""
    from pandapower.toolbox import drop_buses

    names = [name for name in net if hasattr(net[name], "columns") and "in_service" in net[name].columns]
    before = {name: net[name].copy() for name in names}
    dead = net.bus.index[~net.bus.in_service.astype(bool)]
    if len(dead):
        drop_buses(net, dead)
    for name in names:
        if table_of(net, name) is not None and name not in ("bus", "line", "trafo") and len(net[name]):
            net[name] = net[name][net[name].in_service.astype(bool)]
    return [
        out_of_service(name, before[name].loc[before[name].index.difference(net[name].index)])
        for name in names
        if table_of(net, name) is not None and len(before[name]) > len(net[name])
    ]


def out_of_service(table: str, rows: Any) -> Entry:
    """The entry of elements that were dropped."""
    word = TABLES[table].word if table in TABLES else table
    try:
        power = power_of(table, rows)
    except (KeyError, AttributeError, TypeError, ValueError):  # nobody looked through what is out of service
        power = None, None
    return Entry(f"{word} out of service", len(rows), *power, "carry and offer nothing", changes_numbers=False)


def refuse(net: Net, place: str, problems: list[Problem]) -> None:
    """Add a problem for each element in service that is not modelled, and for each column of one that is not."""
    for name in sorted(str(name) for name in net):
        table = table_of(net, name)
        if table is None or not len(net[name]):
            continue
        if table.fate == "refused":
            problems += _few(place, name, "", net[name].index, table.text, net[name])
            continue
        rows = net.switch[net.switch.et == "b"] if name == "switch" else net[name]
        for column, entry, found in columns_that_speak(rows, table):
            if entry.fate == "refused":
                problems += _few(place, name, f", {column}", found, entry.text, net[name])


def _few(place: str, table: str, column: str, found: Any, remedy: str, rows: Any) -> list[Problem]:
    own = rows.get("name", {})
    text = remedy if column else f"not supported; {remedy}"
    told = [
        Problem(place, f"{table}.{index}{column}", _plain(rows[column[2:]][index] if column else own.get(index)), text)
        for index in list(found)[:_MOST_TOLD]
    ]
    more = len(found) - _MOST_TOLD
    return told + ([Problem(place, f"{table}{column}", None, f"{more} more elements of this kind")] if more > 0 else [])


def _plain(value: Any) -> Any:
    """A cell without the type of a table's column."""
    return value.item() if hasattr(value, "item") else value


def read_entries(net: Net) -> Iterator[Entry]:
    """What is modelled, table by table."""
    for name, table in TABLES.items():
        if table.fate != "modelled":
            continue
        rows = net[name]
        if name in DRAWING and len(rows):  # what gives power is no demand, and told apart
            rows = rows[drawn_mw(name, rows)[0] >= 0]
        if len(rows):
            yield Entry(table.word, len(rows), *power_of(name, rows), table.text)


def left_entries(net: Net) -> Iterator[Entry]:
    """What elements that are modelled say beyond that, and columns that nothing here knows."""
    for name, table in TABLES.items():
        if name not in net or not hasattr(net[name], "columns") or not len(net[name]):
            continue
        if table.fate == "told" and not table.modelled:
            yield Entry(table.word, len(net[name]), text=table.text)
        texts: dict[str, tuple[list[str], set[Any]]] = {}
        for column, entry, found in columns_that_speak(net[name], table):
            if entry.fate == "told":
                columns, rows = texts.setdefault(entry.text, ([], set()))
                columns.append(column)
                rows.update(found)
        for text, (columns, rows) in texts.items():
            power = power_of(name, net[name].loc[sorted(rows)])
            yield Entry(f"{', '.join(columns)} of {table.word}", len(rows), *power, text)
    for name in TABLES:
        rows = net.get(name)
        if hasattr(rows, "columns") and len(rows) and (odd := unknown_columns(rows, TABLES[name])):
            what = f"{', '.join(odd)} of {TABLES[name].word}"
            yield Entry(what, len(rows), text="columns that nothing here reads", changes_numbers=False)
