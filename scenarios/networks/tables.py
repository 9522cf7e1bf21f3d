"""A network from CSV tables in a folder.

Tables: ``buses``, ``lines``, ``line_types`` (required), ``switches``, ``infeeds``, ``pv``, ``ess``, ``nbsu`` and
``options.yaml``, which declares the options with their values, default and meaning. A condition (columns ``only_if``,
``dead``) is empty (always), ``never``, or ``option=value|value``, several joined by ``;`` (all must hold).
The column ``switch`` is empty (never switchable), ``always``, or values of the option ``switches``.
The column ``devices`` of a unit is empty (one), a number, or an option whose value is one: that many equal devices
share the row's ratings, energies, start-up power and ramps; ``pv.28`` becomes ``pv.28.01``, ``pv.28.02`` and so on.
The column ``length_factor`` of a line, by which its ``length_m`` is multiplied, is empty (1), a number or such an
option.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ..raw_network import EFFICIENCIES, RawNetwork
from ..reading.files import read_text, why_unreadable
from ..reading.plain_text import name_complaint
from ..reading.problems import Problem, ScenarioError, display_name, find_input, listed, missing, no_such
from ..reading.wording import in_plain_words
from ..reading.yaml_text import read_mapping
from ..schema.network_kinds import TablesNetwork
from ..schema.units import EssSpec, NbsuSpec, PvSpec
from ..view import EssUnit, Infeed, NbsuUnit, PvUnit
from .net_of_tables import net_of

_COLUMNS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "buses": (("name", "vn_kv"), ("x", "y", "only_if")),
    "lines": (
        ("name", "from_bus", "to_bus", "length_m", "std_type"),
        ("switch", "normally", "length_factor", "only_if"),
    ),
    "line_types": (("std_type", "r_ohm_per_km", "x_ohm_per_km", "c_nf_per_km", "max_i_ka"), ("source",)),
    "switches": (("name", "from_bus", "to_bus", "normally"), ("switch", "only_if")),
    "infeeds": (("name", "bus", "s_kva"), ("vm_pu", "dead", "only_if")),
    "pv": (("id", "bus", "s_kva"), ("devices", "only_if", "tag")),
    "ess": (("id", "bus", "s_kva", "discharge_kwh", "charge_kwh"), (*EFFICIENCIES, "devices", "only_if", "tag")),
    "nbsu": (
        ("id", "bus", "s_kva", "p_in_kw", "ramp_up_kw_per_h", "ramp_down_kw_per_h", "start_min"),
        ("devices", "only_if", "tag"),
    ),
}
_RANGES: dict[str, tuple[float, float, str, str]] = {
    "vn_kv": (0.1, 150.0, "kV", "V"), "r_ohm_per_km": (1e-6, 1e3, "Ω/km", "mΩ/km"),
    "x_ohm_per_km": (1e-6, 1e3, "Ω/km", "mΩ/km"), "c_nf_per_km": (1e-6, 1e5, "nF/km", "pF/km"),
    "max_i_ka": (1e-4, 100.0, "kA", "A"), "length_m": (1e-3, 1e6, "m", "mm"),
    "s_kva": (1e-3, 1e6, "kVA", "VA"), "vm_pu": (0.5, 1.5, "p.u., 1 is nominal", "% or kV"),
}  # fmt: skip
"""Least and most of a number, its unit, and what a larger one was probably given in."""
_MOST_COORDINATE = 1e9
_REQUIRED = ("buses", "lines", "line_types")
_Spec = TypeVar("_Spec", bound=PvSpec | EssSpec | NbsuSpec)
_SHARED = ("s_kva", "discharge_kwh", "charge_kwh", "p_in_kw", "ramp_up_kw_per_h", "ramp_down_kw_per_h")
"""What equal devices have a part of each; a start-up time is the same for all."""
_MOST_DEVICES = 10_000


@dataclass
class _Row:
    """A row of a table; reading a wrong cell notes a problem and goes on."""

    file: str
    line: int
    cells: dict[str, str]
    problems: list[Problem]

    def wrong(self, column: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, f"line {self.line}, {column}", self.cells.get(column, ""), remedy))

    def text(self, column: str) -> str:
        value = self.cells.get(column, "")
        if not value:
            self.wrong(column, "must not be empty")
        elif complaint := name_complaint(value):
            self.wrong(column, complaint)
        return value

    def number(self, column: str, positive: bool = True, default: float | None = None) -> float:
        text = self.cells.get(column, "")
        if not text and default is not None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        low, high, unit, meant = _RANGES[column]
        if not math.isfinite(value) or value < 0 or (positive and value == 0):
            self.wrong(column, "must be a number above 0" if positive else "must be a number, 0 or more")
            return math.nan
        if not (low <= value <= high or (value == 0 and not positive)):
            hint = f"; is this in {meant}?" if meant and value > high else ""
            self.wrong(column, f"must be from {low:g} to {high:g} {unit}{hint}")
            return math.nan
        return value

    def choice(self, column: str, values: Iterable[str], what: str) -> str:
        value, values = self.text(column), list(values)
        if value and value not in values:
            self.wrong(column, no_such(what, value, values))
        return value


class _Tables:
    """The folder, with its options chosen."""

    def __init__(self, folder: Path, base: Path, scenario_file: str, chosen: dict[str, str], problems: list[Problem]):
        self.folder, self.base, self.scenario_file, self.problems = folder, base, scenario_file, problems
        self.files: list[Path] = []
        self.declared: dict[str, tuple[str, ...]] = {}
        self.option: dict[str, str] = {}
        self._read_options(chosen)

    def _name(self, path: Path) -> str:
        return display_name(path, self.base)

    def _read_options(self, chosen: dict[str, str]) -> None:
        path = self.folder / "options.yaml"
        if path.exists():
            self.files.append(path)
            try:
                data = read_mapping(path, self._name(path), "the README of scenarios/")
            except ScenarioError as error:
                self.problems.extend(error.problems)
                data = {}
            for name, option in data.items():
                self._declare(self._name(path), str(name), option)
        for name, value in chosen.items():
            field = f"network.options.{name}"
            if name not in self.declared:
                remedy = no_such("option", name, self.declared)
                self.problems.append(Problem(self.scenario_file, field, value, remedy))
            elif value not in self.declared[name]:
                remedy = f"must be one of {listed(self.declared[name])}"
                self.problems.append(Problem(self.scenario_file, field, value, remedy))
            else:
                self.option[name] = value

    def _declare(self, file: str, name: str, option: object) -> None:
        """Take over an option: a mapping of ``meaning``, ``default`` and ``values``, each value with what it means."""
        parts: dict[str, Any] = dict(option) if isinstance(option, dict) else {}  # pyright: ignore[reportUnknownArgumentType]
        values: Any = parts.get("values")
        if not isinstance(values, dict | list) or not values or not all(isinstance(v, str | int) for v in values):
            remedy = "must map to meaning, default and values, these a mapping of each value to what it means"
            self.problems.append(Problem(file, name, None if parts else option, remedy))
            return
        self.declared[name] = tuple(str(value) for value in values)
        self.option[name] = str(parts.get("default"))
        if self.option[name] not in self.declared[name]:
            remedy = f"must be one of {listed(self.declared[name])}"
            self.problems.append(Problem(file, f"{name}.default", parts.get("default"), remedy))

    def rows(self, table: str) -> list[_Row]:
        """Rows of a table that hold under the chosen options; an optional table may be missing."""
        path = self.folder / f"{table}.csv"
        file, (required, optional) = self._name(path), _COLUMNS[table]
        if not path.exists():
            if table in _REQUIRED:
                self.problems.append(Problem(file, "", None, f"missing; a network of tables needs {listed(_REQUIRED)}"))
            return []
        self.files.append(path)
        try:
            lines = list(csv.reader(read_text(path, encoding="utf-8-sig").splitlines()))
        except (OSError, ValueError, csv.Error) as error:
            reason = str(error) if isinstance(error, csv.Error) else why_unreadable(error)
            self.problems.append(Problem(file, "", None, f"not a CSV file in UTF-8 ({reason})"))
            return []
        header = [name.strip() for name in lines[0]] if lines else []
        known = (*required, *optional)
        complaints = [(name, "missing column") for name in required if name not in header]
        complaints += [(name, f"unknown column; known: {listed(known)}") for name in header if name not in known]
        complaints += [(name, "column appears twice") for name in dict.fromkeys(header) if header.count(name) > 1]
        if complaints:
            self.problems.extend(Problem(file, "header", name, remedy) for name, remedy in complaints)
            return []
        rows = []
        for number, cells in enumerate(lines[1:], start=2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                remedy = f"must have {len(header)} cells like the header, quote cells that hold commas"
                self.problems.append(Problem(file, f"line {number}", len(cells), remedy))
                continue
            row = _Row(file, number, dict(zip(header, (cell.strip() for cell in cells), strict=True)), self.problems)
            if self.holds(row, "only_if"):
                rows.append(row)
        return rows

    def holds(self, row: _Row, column: str) -> bool:
        """Whether the condition in a cell holds under the chosen options."""
        text = row.cells.get(column, "")
        if not text or text == "never":
            return not text
        result = True
        for part in text.split(";"):
            option, _, values = (item.strip() for item in part.partition("="))
            result &= self._among(row, column, option, values)
        return result

    def switchable(self, row: _Row) -> bool:
        """Whether a branch has a switch under the chosen option ``switches``."""
        text = row.cells.get("switch", "")
        if text in ("", "always"):
            return text == "always"
        return self._among(row, "switch", "switches", text)

    def devices(self, row: _Row) -> int:
        """Into how many equal devices a unit is split."""
        text = row.cells.get("devices", "") or "1"
        value = self.option.get(text, text)
        if not (value.isascii() and value.isdigit() and len(value) < 9 and 1 <= int(value) <= _MOST_DEVICES):
            options = listed(name for name, values in self.declared.items() if all(v.isdigit() for v in values))
            remedy = (
                f"must be a number from 1 to {_MOST_DEVICES}, or an option whose values are; such options: {options}"
            )
            row.wrong("devices", remedy)
            return 1
        return int(value)

    def length_m(self, row: _Row) -> float:
        """Length of a line times its factor."""
        text = row.cells.get("length_factor", "") or "1"
        try:
            factor = float(self.option.get(text, text))
        except ValueError:
            factor = math.nan
        if not 1e-3 <= factor <= 1e3:
            row.wrong("length_factor", "must be a number above 0, from 0.001 to 1000, or an option whose values are")
        return row.number("length_m") * factor

    def _among(self, row: _Row, column: str, option: str, values: str) -> bool:
        wanted = [value.strip() for value in values.split("|")]
        if option not in self.declared:
            row.wrong(column, f"option {option!r} is not declared in options.yaml; declared: {listed(self.declared)}")
        elif unknown := [value for value in wanted if value not in self.declared[option]]:
            row.wrong(column, f"{listed(unknown)} is no value of {option!r}; values: {listed(self.declared[option])}")
        return self.option.get(option) in wanted


def read_tables(network: TablesNetwork, base: Path, scenario_file: str, problems: list[Problem]) -> RawNetwork | None:
    """Build a network from the tables that ``network`` names, relative to the folder ``base``.

    Everything wrong is added to ``problems``; the result is None when the tables cannot be used.
    """
    folder = find_input(network.folder, base)
    if not folder.is_dir():
        remedy = missing(folder, "no such folder beside the scenario file")
        problems.append(Problem(scenario_file, "network.folder", network.folder, remedy))
        return None
    tables = _Tables(folder, base, scenario_file, dict(network.options), problems)
    before = len(problems)  # a wrong option has its default from here on, so that the rest can be checked too
    buses = _unique(tables.rows("buses"), "name")
    kinds = _unique(tables.rows("line_types"), "std_type")
    lines, switches = tables.rows("lines"), tables.rows("switches")
    branches = _unique([*lines, *switches], "name")
    vn = {name: row.number("vn_kv") for name, row in buses.items()}
    places = {name: _place(row) for name, row in buses.items()}
    types = {
        name: {column: row.number(column, positive=column != "c_nf_per_km") for column in _COLUMNS["line_types"][0][1:]}
        for name, row in kinds.items()
    }
    ends = {name: _ends(row, vn) for name, row in branches.items()}
    lengths = {row.cells["name"]: tables.length_m(row) for row in lines}
    for row in lines:
        row.choice("std_type", types, "line type")
    closed = {
        name: not row.cells.get("normally") or row.choice("normally", ("closed", "open"), "state") == "closed"
        for name, row in branches.items()
    }
    switchable = {name for name, row in branches.items() if tables.switchable(row)}
    for name, row in branches.items():
        if not closed[name] and name not in switchable:
            row.wrong("normally", "open, but not switchable: give it a switch or leave it out")
    infeeds = [
        Infeed(
            id=name,
            bus=row.choice("bus", vn, "bus"),
            s_kva=row.number("s_kva"),
            vm_pu=row.number("vm_pu", default=1.0),
            live=not tables.holds(row, "dead"),
        )
        for name, row in _unique(tables.rows("infeeds"), "name").items()
    ]
    pv, ess, nbsu = (
        [
            device
            for row in tables.rows(table)
            if (spec := _unit(row, model, vn))
            for device in _split(spec, tables.devices(row))
        ]
        for table, model in (("pv", PvSpec), ("ess", EssSpec), ("nbsu", NbsuSpec))
    )
    if len(problems) > before:
        return None
    return RawNetwork(
        net=net_of(
            vn,
            places,
            {row.cells["name"]: types[row.cells["std_type"]] for row in lines},
            [row.cells["name"] for row in switches],
            ends,
            {name: metres / 1000 for name, metres in lengths.items()},
            closed,
        ),
        switchable=switchable,
        infeeds=infeeds,
        pv=[PvUnit(**_facts(spec)) for spec in pv],
        ess=[EssUnit(**_facts(spec)) for spec in ess],
        nbsu=[NbsuUnit(**_facts(spec)) for spec in nbsu],
        ess_efficiency={spec.id: spec.model_dump(include=set(EFFICIENCIES), exclude_none=True) for spec in ess},
        files=tables.files,
    )


def _unique(rows: list[_Row], column: str) -> dict[str, _Row]:
    result: dict[str, _Row] = {}
    for row in rows:
        name = row.text(column)
        if name in result:
            row.wrong(column, f"appears twice; first on line {result[name].line} of {result[name].file}")
        result.setdefault(name, row)
    return result


def _place(row: _Row) -> tuple[float, float] | None:
    x, y = row.cells.get("x"), row.cells.get("y")
    if not x and not y:
        return None
    try:
        place = float(x or ""), float(y or "")
    except ValueError:
        place = math.nan, math.nan
    if not all(abs(one) <= _MOST_COORDINATE for one in place):
        row.wrong("x", "x and y must both be numbers, or both empty")
        return None
    return place


def _ends(row: _Row, vn: dict[str, float]) -> tuple[str, str]:
    start, end = row.choice("from_bus", vn, "bus"), row.choice("to_bus", vn, "bus")
    if start and start == end:
        row.wrong("to_bus", "a branch must join two different buses")
    elif start in vn and end in vn and vn[start] != vn[end]:
        row.wrong("to_bus", f"joins {vn[start]:g} kV and {vn[end]:g} kV; tables have no transformers")
    return start, end


def _split(spec: _Spec, devices: int) -> list[_Spec]:
    """A unit as that many equal ones; itself if it is one."""
    if devices == 1:
        return [spec]
    width, facts = len(str(devices)), spec.model_dump()
    shares = {name: facts[name] / devices for name in _SHARED if facts.get(name) is not None}
    return [spec.model_copy(update={"id": f"{spec.id}.{k:0{width}}", **shares}) for k in range(1, devices + 1)]


def _unit(row: _Row, model: type[_Spec], vn: dict[str, float]) -> _Spec | None:
    cells = {
        name: text
        for name, text in row.cells.items()
        if name not in ("devices", "only_if", "tag") and (text or name not in EFFICIENCIES)
    }
    row.choice("bus", vn, "bus")
    for column in ("id", "s_kva"):
        row.text(column)
    try:
        return model.model_validate(cells)
    except ValidationError as error:
        for item in error.errors():
            if cells.get(str(item["loc"][0])) or item["loc"][0] not in ("id", "bus", "s_kva"):
                row.wrong(str(item["loc"][0]), in_plain_words(item))
        return None


def _facts(spec: BaseModel) -> dict[str, Any]:
    return spec.model_dump(exclude={"element"}, exclude_none=True)
