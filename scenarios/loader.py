"""Loading a scenario: one call that returns a checked case, or an error that lists everything wrong at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from .case import Case
from .networks.assemble import build_view, bus_demand, load_network, with_customers, with_kinds
from .networks.coordinates import check_weather
from .raw_network import RawNetwork
from .reading.files import file_name_complaint, is_regular
from .reading.former_keys import as_written, namesake
from .reading.other_kinds import refuse_content, refuse_place
from .reading.overrides import Overrides, override
from .reading.problems import PACKAGE_FOLDER, Problem, ScenarioError, display_name, listed, meant
from .reading.wording import RENAMED, in_plain_words
from .reading.yaml_text import read_mapping, write_yaml
from .schema.communication import check_communication
from .schema.literal_size import check_formulation, model_conflicts
from .schema.network_kinds import KINDS
from .schema.scenario import Scenario
from .schema.solver_options import check_solver_options
from .schema.surprises import check_surprises
from .schema.time_and_place import start_in_doubt
from .series.forecast_issues import LOAD_ISSUES, load_issues
from .series.from_csv import Series, load_series
from .series.own_profiles import own_series
from .view import GridView

__all__ = [
    "Problem", "ScenarioError", "changed_case", "input_hashes", "load_case", "resolved_yaml", "shipped_data",
    "shipped_scenarios",
]  # fmt: skip

WORLD_PARTS = (
    "network", "outage", "site", "load", "pv", "units", "limits", "cold_load", "world", "weather", "surprises",
)  # fmt: skip
"""Parts whose change makes another case than the one a publication speaks of."""

SEE = "the README of scenarios/"

MOST_BASES = 50

UNKNOWN_KEY = "unknown key; known keys: {known}"


def shipped_scenarios() -> list[str]:
    """Names of the scenarios that ship with Relight, e.g. ``guo45/fault-0400``."""
    files = sorted(path for path in PACKAGE_FOLDER.glob("*/*.yaml") if path.parent.name != "studies")
    return [f"{path.parent.name}/{path.stem}" for path in files if path.stem != "options"]


def shipped_data(name: str) -> dict[str, Any]:
    """What a shipped scenario and those that it extends say, as in their files. Raises ``ScenarioError``."""
    return _read(*_find(name))[0]


def load_case(source: str | Path, overrides: Overrides = (), seed: int | None = None) -> Case:
    """Load a scenario, its network and its series, and check all of it.

    ``source`` is a YAML file or a shipped name; ``overrides`` are ``path=value`` with the value as YAML, e.g.
    ``load.peak_kw=3000``, or a mapping (``relight.scenarios.reading.overrides``); ``seed`` replaces the scenario's.
    Raises ``ScenarioError`` with every problem found.
    """
    refuse_place(str(source), "scenario")
    path, file = _find(source)
    problems: list[Problem] = []
    data, files = _read(path, file)
    overridden = _change(data, overrides, seed, problems)
    return _case(data, path.resolve().parent, file, files, overridden, problems)


def changed_case(case: Case, overrides: Overrides = (), seed: int | None = None) -> Case:
    """The case with other values, loaded again as ``load_case`` would with these; the same object if there are none.

    Raises ``ScenarioError`` with every problem found.
    """
    if not overrides and seed in (None, case.scenario.seed):
        return case
    problems: list[Problem] = []
    data = case.scenario.model_dump(mode="json", exclude_unset=True)
    overridden = _change(data, overrides, seed, problems)
    files = [path for k, path in enumerate(case.inputs) if k == 0 or path.suffix in (".yaml", ".yml")]
    file = display_name(files[0], case.folder) if files else case.scenario.name
    return _case(data, case.folder, file, files, overridden, problems)


def case_of(data: dict[str, Any], folder: Path, file: str) -> Case:
    """The case of a scenario that is in no file yet: its data, the folder it will be in, its name in problems.

    Raises ``ScenarioError`` with every problem found.
    """
    return _case(data, folder, file, [], {}, [])


def _case(
    data: dict[str, Any],
    folder: Path,
    file: str,
    files: list[Path],
    overridden: dict[str, str],
    problems: list[Problem],
) -> Case:
    scenario = _validate(data, file, overridden, problems)
    case = _build(scenario, folder, file, files, problems)
    if problems or case is None:  # checks of parts leave it to us where a field was given
        told = (replace(p, field=as_written(p.field, data)) for p in problems)
        raise ScenarioError([p if p.file else replace(p, file=_origin(p.field, file, overridden)) for p in told])
    return case


def resolved_yaml(scenario: Scenario) -> str:
    """All values of a scenario, defaults included, as YAML that loads to an equal scenario; paths stay as given."""
    return write_yaml(scenario.model_dump(mode="json"))


def input_hashes(case: Case) -> dict[str, str]:
    """SHA-256 of each file that was read, by its name relative to ``scenarios/`` or to the scenario's folder."""
    files = {display_name(path, case.folder): path for path in sorted(case.inputs)}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}


def _find(source: str | Path) -> tuple[Path, str]:
    """The scenario's file, and the name under which problems speak of it."""
    path = Path(source)
    if path.is_file():
        return path, str(source)
    if str(source) in shipped_scenarios():
        return PACKAGE_FOLDER / f"{source}.yaml", f"{source}.yaml"
    shipped = shipped_scenarios()
    remedy = f"no such file and no shipped scenario; shipped: {listed(shipped, limit=100)}{meant(source, shipped)}"
    raise ScenarioError([Problem(str(source), "", None, remedy)])


def _read(path: Path, file: str) -> tuple[dict[str, Any], list[Path]]:
    """The YAML's data, and the files it came from. Raises ScenarioError if there is no mapping to go on."""
    files = [path]
    data = read_mapping(path, file, SEE)
    refuse_content(data, file, "scenario")
    while "extends" in data:
        base = data.pop("extends")
        remedy = file_name_complaint(base) if isinstance(base, str) else "must be the name of one scenario, as text"
        if remedy or not isinstance(base, str):
            raise ScenarioError([Problem(file, "extends", base, remedy)])
        if len(files) > MOST_BASES:
            raise ScenarioError([Problem(file, "extends", base, f"more than {MOST_BASES} scenarios extend each other")])
        beside = (files[-1].parent / name for name in (f"{base}.yaml", base))
        base_path, base_file = _find(next(filter(is_regular, beside), base))
        if base_path.resolve() in [known.resolve() for known in files]:
            raise ScenarioError([Problem(file, "extends", base, "a scenario cannot extend itself")])
        files.append(base_path)
        base_data = read_mapping(base_path, base_file, SEE)
        for name in ("title", "published"):  # what was said of the base is not said of what differs from it
            if name not in data:
                base_data.pop(name, None)
        data = _merged(base_data, data)
    return data, files


def _change(data: dict[str, Any], overrides: Overrides, seed: int | None, problems: list[Problem]) -> dict[str, str]:
    """Apply overrides and seed to a scenario's data; return the paths that they set, each with where it came from."""
    overridden = override(data, overrides, problems)
    if any(path.split(".")[0] in WORLD_PARTS for path in overridden):
        data.pop("published", None)
    if any(path.split(".")[0] == "outage" for path in overridden) and "title" not in overridden:
        data.pop("title", None)  # it may tell of the outage as it was
    if seed is not None:
        data["seed"], overridden["seed"] = seed, "seed"
    return overridden


def _merged(base: dict[str, Any], own: dict[str, Any], at: tuple[str, ...] = ()) -> dict[str, Any]:
    """``base`` with the values of ``own`` in place of its own, mapping by mapping; lists are replaced whole.

    ``at``: the keys that lead here. A key replaces one of its former name, and the other way round.
    """
    merged = dict(base)
    for key, value in own.items():
        path = [str(name) for name in (*at, key)]
        if other := namesake(path):
            merged.pop(other, None)
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value, tuple(path)) if both else value
    return merged


def _validate(data: dict[str, Any], file: str, overridden: dict[str, str], problems: list[Problem]) -> Scenario:
    """The scenario, or what is valid of it: a part with errors becomes its default, or None where it has none."""
    parts: dict[str, Any] = {}
    for name, field in Scenario.model_fields.items():
        if name not in data and not field.is_required():
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(Annotated[field.annotation, field])  # pyright: ignore
        try:
            if name not in data:
                raise KeyError(name)
            parts[name] = adapter.validate_python(data[name])
        except KeyError:
            problems.append(Problem(file, name, None, in_plain_words({"type": "missing"})))
            parts[name] = None
        except ValidationError as error:
            problems.extend(_problems_of(error, name, data, file, overridden))
            if field.is_required():
                parts[name] = None
    for name in data:
        if name not in Scenario.model_fields:
            remedy = UNKNOWN_KEY.format(known=listed(Scenario.model_fields, 30))
            problems.append(Problem(_origin(str(name), file, overridden), str(name), data[name], remedy))
    scenario = Scenario.model_construct(**parts)
    if scenario.outage:
        if scenario.site and (remedy := start_in_doubt(scenario.local_clock)):
            problems.append(Problem("", "outage.start", scenario.outage.start.isoformat(), remedy))
        problems += scenario.step_conflicts
    problems += [*check_solver_options(scenario), *model_conflicts(scenario)]
    return scenario if problems else Scenario.model_validate(data)


def _problems_of(
    error: ValidationError, part: str, data: dict[str, Any], file: str, overridden: dict[str, str]
) -> list[Problem]:
    """Pydantic's complaints in our words, those about one field joined."""
    joined: dict[str, tuple[object, list[str]]] = {}
    items = error.errors()
    places = {item["loc"][:k] for item in items for k in range(len(item["loc"]))}
    for item in items:
        if item["type"] == "too_short" and item["loc"] in places:
            continue  # it has items, which are wrong themselves
        keys: list[str] = [part]
        place: Any = data[part]
        tagged = part == "network" and item["loc"][:1] in [(kind,) for kind in KINDS]
        for key in item["loc"][1:] if tagged else item["loc"]:
            written = as_written(".".join([*keys, str(key)]), data).rpartition(".")[2]
            key = written if isinstance(key, str) else key
            if (isinstance(place, dict) and key in place) or (isinstance(place, list) and key in range(len(place))):
                place = place[key]  # pyright: ignore[reportCallIssue, reportArgumentType]
            elif item["type"] != "missing" or key != item["loc"][-1]:
                continue  # names of union members and the like are no keys of the file
            keys.append(str(key))
        if item["type"].startswith("union_tag"):
            keys.append("kind")
            item["ctx"] = {**item.get("ctx", {}), "expected_tags": ", ".join(KINDS)}
        field = ".".join(keys)
        unknown = item["type"] == "extra_forbidden"
        remedy = _unknown_key(data, keys) if unknown else in_plain_words(item)
        value = None if item["type"] == "missing" or isinstance(item["input"], dict) else item["input"]
        joined.setdefault(field, (value, []))[1].append(remedy)
    return [
        Problem(_origin(field, file, overridden), field, value, " or ".join(dict.fromkeys(remedies)))
        for field, (value, remedies) in joined.items()
    ]


def _unknown_key(data: dict[str, Any], keys: list[str]) -> str:
    if now := RENAMED.get(".".join(keys)):
        return f"is called {now} now; write that"
    return UNKNOWN_KEY.format(known=listed(_known_keys(data, keys[:-1]), 30))


def _known_keys(data: dict[str, Any], keys: list[str]) -> list[str]:
    """Keys that the schema knows at a place of the file; empty where it cannot be told."""
    schema = Scenario.model_json_schema()
    node: dict[str, Any] = schema
    place: Any = data
    for key in keys:
        place = place[int(key)] if isinstance(place, list) else place.get(key)
        node = node["items"] if "items" in node else node.get("properties", {}).get(key, {})
        if "discriminator" in node:
            kind = place.get(node["discriminator"]["propertyName"]) if isinstance(place, dict) else None
            node = {"$ref": node["discriminator"]["mapping"].get(kind)} if kind else {}
        options = [option for option in node.get("anyOf", [node]) if option.get("type") != "null"]
        node = options[0] if options else {}
        if node.get("$ref"):
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return list(node.get("properties", {}))


def _origin(field: str, file: str, overridden: dict[str, str]) -> str:
    """Where a field that was overridden, wholly or in part, was given; else the scenario's file."""
    for path, place in overridden.items():
        if f"{field}.".startswith(f"{path}.") or f"{path}.".startswith(f"{field}."):
            return place
    return file


def _build(scenario: Scenario, folder: Path, file: str, files: list[Path], problems: list[Problem]) -> Case | None:
    """Everything beyond the schema. Parts of the scenario that are None had problems and are left out."""
    if scenario.network is None:
        return None
    raw = load_network(scenario.network, folder, file, problems)
    if raw is None:
        return None
    before = len(problems)
    view = build_view(raw, scenario, file, problems)
    if scenario.outage and not view.outage_area and not scenario.surprises and len(problems) == before:
        remedy = "there is no outage: no bus loses supply; name dead_infeeds, or what is faulted and cuts some off"
        problems.append(Problem(file, "outage", None, remedy))
    problems += check_formulation(scenario, view)
    problems += check_communication(scenario.communication, view)
    problems += check_weather(scenario, raw.net, view)
    problems += check_surprises(scenario.surprises, view)
    series = load_series(scenario, view, folder, file, problems)
    issues = load_issues(scenario, view, folder, series, file, problems)
    if scenario.load is None:
        return None
    p_kw, q_kvar, mixes = bus_demand(raw, scenario.load, scenario.seed, file, problems)
    view = with_customers(view, scenario, p_kw, file, problems)
    view = with_kinds(view, p_kw, mixes)
    for field, item in {**series, **issues}.items():
        for column in item.columns if field in ("load.forecast_csv", "load.actual_csv", LOAD_ISSUES) else ():
            area = view.local_areas[column.removesuffix(":q")]
            if not any(p_kw.get(bus) for bus in area.buses):
                remedy = "this local area has no loaded bus; give it a share, or leave the column out"
                problems.append(Problem(display_name(item.path, folder), "header", column, remedy))
    inputs = dict.fromkeys((
        *(read.resolve() for read in files),
        *raw.files,
        *(item.path for item in (*series.values(), *issues.values())),
    ))  # fmt: skip
    account = raw.account.with_units(raw.idle, _elements(scenario, raw), scenario.load.source)
    own = _own_series(scenario, raw, view, p_kw, file, problems)
    zip_shares = raw.zip_shares if scenario.load.source == "network" else {}
    return Case(
        scenario, raw.net, view, folder, p_kw, q_kvar, mixes, tuple(inputs), account, raw.unoperated, own, zip_shares
    )  # fmt: skip


def _own_series(
    scenario: Scenario, raw: RawNetwork, view: GridView, p_kw: dict[str, float], file: str, problems: list[Problem]
) -> dict[str, Series]:
    """Series that the network brings with it, for the loads that are its own and for PV units that are its elements."""
    if raw.profiles is None or scenario.outage is None or scenario.site is None:
        return {}
    own = raw.load_kw if scenario.load.source == "network" else {}
    factors = {bus: p_kw.get(bus, 0.0) / peak_kw for bus, peak_kw in own.items() if peak_kw > 0}
    elements = {one.id: raw.element_names.get(one.element, one.element) for one in scenario.units.pv if one.element}
    return own_series(raw.profiles, scenario, view, factors, elements, file, problems)


def _elements(scenario: Scenario, raw: RawNetwork) -> set[str]:
    """Elements of the network that the scenario makes units of, by number: ``sgen.3``."""
    units = scenario.units
    named = {spec.element for spec in (*units.pv, *units.ess, *units.nbsu) if spec.element}
    return {raw.element_names.get(element, element) for element in named}
