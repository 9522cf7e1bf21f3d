"""The plan of the house: floors, rooms, who may import whom, how large things are, and one name for all of it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FLOORS = {
    "scenarios": {"scenarios"},
    "controllers": {"controllers", "scenarios"},
    "results": {"results", "scenarios"},
    "sim": {"sim", "controllers", "results", "scenarios"},
}
"""Each floor and those that it may import from."""
ROOMS = """
scenarios/angles          scenarios: quanta
scenarios/business        scenarios: reading schema
scenarios/case            scenarios: network_account raw_network schema series view
scenarios/catalogue       scenarios: loader reading studies
scenarios/drafts          scenarios: case loader networks raw_network reading schema view
scenarios/errors
scenarios/explain         scenarios: case local_clock schema view
scenarios/kept_inputs     scenarios: case reading schema
scenarios/kinds
scenarios/loader          scenarios: case networks raw_network reading schema series view
scenarios/local_clock
scenarios/network_account
scenarios/networks        scenarios: angles case networks/pandapower_nets quanta raw_network reading schema view
scenarios/networks/pandapower_nets scenarios: network_account raw_network reading schema series view
scenarios/quanta
scenarios/raw_network     scenarios: network_account series view
scenarios/reading         scenarios: errors
scenarios/schema          scenarios: local_clock quanta reading view
scenarios/series          scenarios: local_clock reading schema view
scenarios/studies         scenarios: reading schema
scenarios/view
scenarios/whole_file
controllers/centre        controllers: exchange milp planning solver strategies; scenarios: angles schema view
controllers/exchange      scenarios: kinds view whole_file
controllers/gateways      controllers: exchange solver storage_cost storage_losses; scenarios: angles quanta schema view
controllers/milp          controllers: exchange storage_cost storage_losses; scenarios: angles schema view
controllers/milp/literal  controllers: exchange milp solver storage_losses; scenarios: angles errors schema
controllers/planning      controllers: exchange milp milp/literal solver; scenarios: quanta view
controllers/rules         controllers: exchange milp planning solver
controllers/solver        scenarios: errors schema
controllers/storage_cost
controllers/storage_losses controllers: exchange; scenarios: view
controllers/strategies    controllers: milp planning rules; scenarios: errors reading schema
results/comparison        results: metrics run terminal; scenarios: errors kinds local_clock schema
results/figures           results: run; scenarios: local_clock view
results/indices           results: comparison figures run; scenarios: business
results/metrics           results: run terminal; scenarios: errors
results/new_folder        scenarios: errors reading
results/paper             results: comparison figures run run_folder
results/report            results: comparison figures run
results/run               scenarios: errors kinds reading schema view
results/run_folder        results: metrics new_folder run; scenarios: kept_inputs kinds loader reading schema
results/study             results: comparison figures metrics run; scenarios: reading studies
results/terminal
sim/campaigns             sim: cosim normal planning series; results: comparison figures indices new_folder paper report
                          run run_folder study; controllers: exchange milp planning solver strategies; scenarios:
                          business case errors loader reading studies
sim/cli                   sim: commands commands/starting; controllers: solver; scenarios: errors reading
sim/commands              sim: campaigns plan_files planning power_flow switching validation; results: comparison
                          figures indices metrics paper report run study terminal; controllers: exchange strategies;
                          scenarios: errors explain loader schema studies whole_file
sim/commands/starting     sim: commands; controllers: strategies; scenarios: catalogue drafts errors whole_file
sim/cosim                 sim: cosim/channels planning series world; results: run run_folder; controllers: centre
                          exchange gateways strategies; scenarios: case errors kept_inputs kinds loader networks schema
sim/cosim/channels        scenarios: kinds quanta schema
sim/islands               sim: power_flow units; results: run; scenarios: angles schema view
sim/library               sim: campaigns plan_files planning power_flow validation; results: comparison figures metrics
                          run study; controllers: exchange; scenarios: case explain loader schema studies
sim/normal                sim: power_flow series; results: indices; scenarios: case errors local_clock quanta schema
                          view
sim/plan_files            controllers: exchange; scenarios: case reading series
sim/planning              sim: power_flow series validation world; results: run; controllers: centre exchange gateways
                          milp planning solver strategies; scenarios: case errors kinds quanta schema view
sim/power_flow            scenarios: case errors quanta raw_network view
sim/series                results: run; controllers: exchange; scenarios: angles case kinds local_clock networks
                          quanta reading schema series view
sim/switching             sim: power_flow validation; controllers: exchange; scenarios: case quanta reading whole_file
sim/units                 controllers: exchange; scenarios: angles kinds schema view
sim/validation            sim: power_flow series world; results: run; controllers: exchange gateways; scenarios: angles
                          case errors kinds quanta reading schema view whole_file
sim/world                 sim: islands power_flow units; results: run; controllers: exchange; scenarios: case kinds
                          quanta schema view
strategy                  controllers: exchange milp planning rules strategies
"""
"""Each room and the rooms that it imports from, no more and no fewer. A module that lies on a floor outside any folder
is a room of its own. Lazy imports and those for types count."""
FORBIDDEN = {
    "controllers": {"pandapower", "mosaik", "mosaik_api_v3"},
    "results": {"pandapower", "mosaik", "mosaik_api_v3"},
}
MOST_MODULES, MOST_LINES, MOST_LINES_OF_TESTS = 14, 400, 500
TEMPLATE = ROOT / "controllers" / "strategies" / "template.py"
"""For users to copy, so it imports as they do."""


def python_files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return [path for path in found if "runs" not in path.parts]


def name_of(path: Path) -> str:
    """A module's place from the root, without ``.py``; that of a package is its folder."""
    name = path.relative_to(ROOT).with_suffix("").as_posix()
    return name.removesuffix("/__init__") if name != "__init__" else ""


FACE = ("__init__", "strategy")
"""Modules at the root: what users import."""
FILES = [*(ROOT / f"{name}.py" for name in FACE), *python_files(*FLOORS)]
MODULES = {name_of(path): path for path in FILES}
EVERYWHERE = [*FILES, *python_files("tests", "tools", "benchmarks", "docs")]


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def outside(path: Path) -> set[str]:
    """Top-level packages that a file imports by an absolute name anywhere, in functions too."""
    names: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


@cache
def imported(name: str) -> frozenset[str]:
    """Modules of ours that a module imports anywhere, in functions and for types too."""
    path = MODULES[name]
    folder = path.parent.relative_to(ROOT).parts
    found: set[str] = set()
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*folder[: len(folder) + 1 - node.level], *(node.module or "").split(".")]
            place = "/".join(part for part in base if part)
            for alias in node.names:
                inside = f"{place}/{alias.name}".lstrip("/")
                found.add(inside if inside in MODULES else place)
    assert found <= set(MODULES), f"{name} imports what is not there: {found - set(MODULES)}"
    return frozenset(found)


def room_of(name: str) -> str:
    """The folder of a module; a module that lies on a floor itself, or at the root, is a room of its own."""
    if MODULES[name].name == "__init__.py" or name.count("/") < 2:
        return name
    return name.rpartition("/")[0]


def rooms() -> dict[str, set[str]]:
    """Each room and the rooms that it imports from."""
    found: dict[str, set[str]] = {room_of(name): set() for name in MODULES if MODULES[name].name != "__init__.py"}
    for name in MODULES:
        if room_of(name) in found:
            found[room_of(name)] |= {room_of(other) for other in imported(name)} - {room_of(name)}
    return found


def declared() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    room = floor = ""
    for line in ROOMS.strip().splitlines():
        if not line.startswith(" "):
            room, _, line = line.partition(" ")
            found[room] = set()
        for word in line.split():
            if word.endswith(":"):
                floor = word.removesuffix(":")
            else:
                found[room].add(f"{floor}/{word.removesuffix(';')}")
    return found


def circles(arrows: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Every circle that a walk in depth comes upon; empty if and only if there is none."""
    done, found = set[str](), list[list[str]]()

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for other in arrows.get(name, ()):
                walk(other, [*way, name])
            done.add(name)

    for name in arrows:
        walk(name, [])
    return found


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_floor_imports_only_floors_below_it(path: Path) -> None:
    floor = shown(path).split("/")[0]
    if floor in FLOORS:
        assert {name.split("/")[0] for name in imported(name_of(path))} <= FLOORS[floor]
        assert not outside(path) & FORBIDDEN.get(floor, set())


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_only_the_wiring_imports_mosaik(path: Path) -> None:
    if path != ROOT / "sim" / "cosim" / "wiring.py":
        assert not outside(path) & {"mosaik", "mosaik_api_v3"}


def test_a_room_imports_the_rooms_that_the_table_says() -> None:
    table, true = declared(), rooms()
    assert set(table) == set(true)
    assert {
        room: (true[room] - table[room], table[room] - true[room]) for room in table if table[room] != true[room]
    } == {}


def test_no_circles() -> None:
    assert circles({name: imported(name) for name in MODULES}) == []
    assert circles(rooms()) == []
    assert circles({"a": "b", "b": "c", "c": "a", "d": "a"}) == [["a", "b", "c", "a"]]


def test_ours_is_imported_by_one_name() -> None:
    """By dots inside, as relight outside: by any other name a module would be loaded a second time."""
    for path in EVERYWHERE:
        assert not outside(path) & set(FLOORS), path
        if path in FILES and path != TEMPLATE:
            assert "relight" not in outside(path), path
    loaded = [
        name for name, module in list(sys.modules.items()) if getattr(module, "__file__", None) == str(MODULES[""])
    ]
    assert loaded in ([], ["relight"])


def pages() -> Iterator[Path]:
    yield from EVERYWHERE
    yield from (ROOT / name for name in ("README.md", "CHANGELOG.md", "mkdocs.yml", "pyproject.toml", "Makefile"))
    for folder in ("docs", "benchmarks", "scenarios"):
        for ending in ("md", "ipynb", "yaml"):
            yield from (ROOT / folder).rglob(f"*.{ending}")


def test_no_text_names_a_module_as_if_its_floor_were_installed() -> None:
    """In strings, comments, docstrings and pages."""
    for path in pages():
        text = path.read_text(encoding="utf-8")
        for floor, name in re.findall(rf"(?<![\w./-])({'|'.join(FLOORS)})\.([a-z_]+)", text):
            assert f"{floor}/{name}" not in MODULES, f"{shown(path)}: {floor}.{name}"
        assert not re.search(rf"\b(?:from|import) (?:{'|'.join(FLOORS)})(?=\.| import)", text), shown(path)


JUDGES = python_files("sim/validation", "sim/plan_files")
SHARED = {
    "exchange/plan": "the plan and the violations: data",
    "exchange/messages": "what is sent: data",
    "gateways/correction": "the gateways' rules, by which the validator finds set-points that a plan leaves out",
    "exchange/start_up": "how far a measured start-up is; gateways ask it too",
}
"""Modules of controllers that the validator may reach, and why; all others may be the planner's."""


def controllers_reached(paths: list[Path]) -> set[str]:
    """Modules of controllers that files import, directly or through modules of sim and of controllers."""
    seen, waiting = set[str](), [name_of(path) for path in paths]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting += [other for other in imported(name) - seen if other.startswith(("sim/", "controllers/"))]
    return {name.removeprefix("controllers/") for name in seen if name.startswith("controllers/")}


def test_the_validator_shares_no_code_with_the_planner() -> None:
    """Whatever else is in controllers, now or later, must not be reached from it."""
    assert len(JUDGES) > 5
    assert controllers_reached(JUDGES) == set(SHARED)


def test_what_reaches_the_planner_is_found_through_other_modules() -> None:
    through = controllers_reached([ROOT / "sim" / "planning" / "plan_once.py"])
    wanted = (
        "planning/planner planning/violation_lessons milp/model milp/stricter_limits solver/neighbourhoods solver/highs"
    )
    assert set(wanted.split()) <= through


def test_only_its_own_engine_needs_power_grid_model() -> None:
    """It is an optional dependency; asking whether it is there is all that others do."""
    users = {shown(path) for path in FILES if "power_grid_model" in outside(path)}
    assert users == {"sim/power_flow/engines.py", "sim/power_flow/power_grid_model_engine.py"}


def test_nothing_below_the_command_line_imports_it() -> None:
    for name in MODULES:
        assert "sim/cli" not in imported(name)
        if room_of(name) not in ("sim/cli", "sim/commands", "sim/commands/starting"):
            assert not any(other.startswith("sim/commands") for other in imported(name)), name


def test_rooms_say_what_they_are_for_and_hold_about_a_dozen_modules() -> None:
    for path in FILES:
        if path.name == "__init__.py" and path != MODULES[""]:
            assert ast.get_docstring(parsed(path)), path
            assert len(parsed(path).body) <= 1, f"{path} holds more than its docstring"
    for folder in {path.parent for path in EVERYWHERE}:
        modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(modules) <= MOST_MODULES, f"{folder} wants to be two rooms"
        assert (folder / "__init__.py").is_file() == (folder / "__init__.py" in FILES), folder


def test_a_name_of_a_class_means_one_thing() -> None:
    """Private ones aside."""
    places: dict[str, list[str]] = {}
    for path in FILES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(shown(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_grab_bag_modules_and_no_giant_files() -> None:
    for path in EVERYWHERE:
        assert path.stem not in {"utils", "helpers", "common"}
        most = MOST_LINES if path in FILES else MOST_LINES_OF_TESTS
        assert len(path.read_text(encoding="utf-8").splitlines()) <= most, f"{path} wants to be two files"


def test_every_folder_that_ships_is_named() -> None:
    """setuptools finds folders by itself only where they are called as what they are imported by."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    there = {f"relight.{'.'.join(path.parent.relative_to(ROOT).parts)}".rstrip(".") for path in FILES}
    assert there <= set(told)
    for name in told:
        assert ROOT.joinpath(*name.split(".")[1:]).is_dir(), name
