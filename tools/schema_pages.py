"""Reference pages of the files that Relight reads and writes, from their schemas: python tools/schema_pages.py
rewrites docs/reference/{scenario,plan,study,summary}.md.

A table per part: path, type, unit, default, meaning. Parts that occur in several places have a table of their own.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from relight.controllers.exchange.plan import Plan
from relight.results.run.summary_schema import Summary
from relight.scenarios.schema.scenario import Scenario
from relight.scenarios.studies.schema import Study

REFERENCE = Path(__file__).resolve().parents[1] / "docs" / "reference"
COMMAND = "`relight schema {name}` prints the same as JSON Schema. Unknown keys are errors."
PAGES: dict[str, tuple[type[BaseModel], str, str]] = {
    "scenario": (
        Scenario,
        "Scenario: every key",
        "What a scenario's YAML file may hold; [scenarios](../../scenarios/README.md) tells it with examples. Times "
        "are minutes since the outage began. [T] printed in Guo et al. 2025, [C] computed from it, [S] from a named "
        "source, [M] recalled from a named source, not verified, [A] assumed; numbers in brackets are its equations, "
        "D1 to D14 our [readings](../formulation.md#what-differs-from-the-printed-text-and-why). " + COMMAND,
    ),
    "plan": (
        Plan,
        "Plan file: every key",
        "What a plan's JSON file may hold; [validation](../validation.md#a-plans-file) tells how to write one. Only "
        "`steps` with `start_min` and `closed_branches` are required. " + COMMAND,
    ),
    "study": (
        Study,
        "Study file: every key",
        "What a study's YAML file may hold; [studies](../studies.md) has an example. " + COMMAND,
    ),
    "summary": (
        Summary,
        "summary.json: every key",
        "What a run's `summary.json` holds; [results](../results.md) tells how to read it. Energies in MWh, of "
        "the outage window. " + COMMAND,
    ),
}
UNITS = {
    "kw_per_h": "kW/h", "hz_per_s": "Hz/s", "m_per_s": "m/s", "per_h": "1/h", "kw": "kW", "kvar": "kvar", "kva": "kVA",
    "kwh": "kWh", "mwh": "MWh", "kv": "kV", "pu": "p.u.", "pct": "%", "min": "min", "s": "s", "h": "h", "hours": "h",
    "hz": "Hz", "deg": "°", "m": "m", "km": "km", "cost": "CNY/kWh", "value": "CNY/kWh", "minutes": "min",
}  # fmt: skip
"""Unit by the last words of a key, longest first."""


def unit(key: str) -> str:
    """The unit that a key's last words name, or nothing."""
    return next((u for words, u in UNITS.items() if re.search(rf"(^|_){words}$", key)), "")


def row(*cells: str) -> str:
    """A row of a Markdown table; bars in it are no borders."""
    return "| " + " | ".join(cell.replace("|", "&#124;") for cell in cells) + " |"


def parts_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The parts that a field's type names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from parts_in(argument)


def parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The parts right below one, in order."""
    for field in model.model_fields.values():
        yield from parts_in(field.annotation)


class Page:
    """The tables of one schema."""

    def __init__(self, root: type[BaseModel]):
        self.root = root
        schema = root.model_json_schema()
        self.schemas: dict[str, Any] = {**schema.get("$defs", {}), root.__name__: schema}
        uses = Counter(part for model in self._reachable(root) for part in parts_of(model))
        self.shared = [part for part, count in uses.items() if count > 1]

    def _reachable(self, root: type[BaseModel]) -> list[type[BaseModel]]:
        found = [root]
        for model in found:
            found += [part for part in dict.fromkeys(parts_of(model)) if part not in found]
        return found

    def lines(self) -> Iterator[str]:
        """Plain keys of the root, then a heading for each key that is a part, then the shared parts."""
        plain = {key: field for key, field in self.root.model_fields.items() if not any(parts_in(field.annotation))}
        yield from self._table(self.root, plain, "")
        for key, field in self.root.model_fields.items():
            if parts := list(parts_in(field.annotation)):
                yield from ["", f"## {key}", "", f"{field.description} {self._state(field)}".strip()]
                for part in parts:
                    yield from self._part(part, key + self._suffix(field), named=len(parts) > 1)
        for part in self.shared:
            yield from ["", f"## {part.__name__}", "", _text(part.__doc__)]
            yield from self._table(part, part.model_fields, "")

    def _part(self, part: type[BaseModel], path: str, *, named: bool) -> Iterator[str]:
        if part in self.shared:
            yield from ["", f"See [{part.__name__}](#{part.__name__.lower()})."]
            return
        if named:
            kind = part.model_fields["kind"].default if "kind" in part.model_fields else part.__name__
            yield from ["", f"### {path}: `{kind}`"]
        yield from ["", _text(part.__doc__)]
        yield from self._table(part, part.model_fields, path + ".")

    def _table(self, model: type[BaseModel], fields: dict[str, FieldInfo], path: str) -> Iterator[str]:
        yield from ["", "| key | type | unit | default | meaning |", "|---|---|---|---|---|"]
        yield from self._rows(model, fields, path)

    def _rows(self, model: type[BaseModel], fields: dict[str, FieldInfo], path: str) -> Iterator[str]:
        for key, field in fields.items():
            schema = self.schemas[model.__name__]["properties"][key]
            parts = list(parts_in(field.annotation))
            words, default = self._words(schema), self._default(field, bool(parts))
            cells = (f"`{path}{key}`", words, unit(key), default, _text(field.description))
            yield row(*cells)
            for part in parts:
                if part not in self.shared:
                    yield from self._rows(part, part.model_fields, path + key + self._suffix(field) + ".")

    def _suffix(self, field: FieldInfo) -> str:
        """What stands between a key and the keys of its part: nothing, [] of a list, .* of a mapping."""
        text = str(field.annotation)
        return "[]" if "tuple[" in text or "list[" in text else ".*" if "dict[" in text else ""

    def _state(self, field: FieldInfo) -> str:
        return "Required." if field.is_required() else ""

    def _default(self, field: FieldInfo, is_part: bool) -> str:
        if field.is_required():
            return "required"
        if (default := field.get_default(call_default_factory=True)) is None:
            return "none"
        if isinstance(default, BaseModel):
            given = default.model_dump(exclude_unset=True)
            return _code(given) if given else "as below"
        if isinstance(default, float) and math.isnan(default):
            return "see there"
        if is_part and default:
            first, last = (_code(default[k].model_dump(exclude_unset=True)) for k in (0, -1))
            return f"{len(default)}, from {first} to {last}"
        return _code(default)

    def _words(self, schema: dict[str, Any]) -> str:
        """A JSON Schema's type in words."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name in {part.__name__ for part in self.shared}:
                return f"[{name}](#{name.lower()})"
            return self._words(self.schemas[name])
        if options := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(dict.fromkeys(self._words(one) for one in options if one.get("type") != "null"))
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            return ", ".join(f"`{value}`" for value in schema["enum"])
        match schema.get("type"):
            case "array":
                return f"list of {self._words(schema['items'])}"
            case "object" if "properties" in schema:
                return "part"
            case "object":
                return f"name → {self._words(schema.get('additionalProperties', {}))}"
            case "integer" | "number" as kind:
                return ("whole number" if kind == "integer" else "number") + _range(schema)
            case "string":
                return "date and time" if schema.get("format") == "date-time" else "text"
            case "boolean":
                return "true or false"
            case _:
                return "anything"


def _range(schema: dict[str, Any]) -> str:
    signs = {"exclusiveMinimum": ">", "minimum": "≥", "exclusiveMaximum": "<", "maximum": "≤"}
    return "".join(f" {sign} {schema[name]:g}," for name, sign in signs.items() if name in schema).removesuffix(",")


def _code(value: Any) -> str:
    """A default as YAML would have it on one line."""
    text = json.dumps(value, ensure_ascii=False).replace('"', "")
    return f"`{text}`" if value not in ("", [], (), {}) else "empty"


def _text(text: str | None) -> str:
    """A docstring or description on one line, as Markdown."""
    return " ".join((text or "").split()).replace("``", "`").replace("<", "&lt;")


def page(name: str) -> str:
    """The whole page of a schema."""
    model, title, intro = PAGES[name]
    head = [f"# {title}", "", "<!-- written by tools/schema_pages.py -->", "", intro.format(name=name)]
    return "\n".join([*head, *Page(model).lines()]) + "\n"


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name in PAGES:
        (REFERENCE / f"{name}.md").write_text(page(name), encoding="utf-8")
