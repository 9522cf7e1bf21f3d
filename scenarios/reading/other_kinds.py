"""Files and folders given in the place of a scenario or a study: what they are, and which command takes them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .files import file_name_complaint, is_regular
from .problems import Problem, ScenarioError

_HEAD_BYTES = 1000
_PANDAPOWER = b'"pandapowerNet"'
NETWORK = "this is a pandapower network; a scenario names it under network: {kind: json, file: …}"
STRATEGY = "this is Python; relight strategy check FILE.py:Class looks at a strategy"


def refuse_place(source: str, wanted: str) -> None:
    """Raise ScenarioError for a folder, a Python file and a pandapower network, before they are read."""
    if complaint := file_name_complaint(source):
        raise ScenarioError([Problem(source, "", None, complaint)])
    path = Path(source)
    remedy = None
    if path.is_dir():
        kept = path / "scenario.yaml"
        what = f"; the scenario of this run is {kept}" if wanted == "scenario" and kept.is_file() else ""
        remedy = f"this is a folder; name a {wanted}'s YAML file{what}"
    elif path.suffix == ".py" or ".py:" in source:
        remedy = STRATEGY
    elif is_regular(path) and is_network(path):
        remedy = NETWORK
    elif path.exists() and not path.is_file():
        remedy = f"this is no regular file; name a {wanted}'s YAML file"
    if remedy:
        raise ScenarioError([Problem(source, "", None, remedy)])


def is_network(path: Path) -> bool:
    """Whether ``pandapower.to_json`` wrote the file."""
    try:
        with path.open("rb") as stream:
            return _PANDAPOWER in stream.read(_HEAD_BYTES)
    except OSError:
        return False


def refuse_content(data: Mapping[str, Any], file: str, wanted: str) -> None:
    """Raise ScenarioError for what is plainly another kind of file."""
    remedy = None
    if wanted == "scenario" and "scenarios" in data and {"strategies", "seeds"} & set(data):
        remedy = "this is a study; relight study takes it"
    elif wanted == "scenario" and "steps" in data and not {"network", "extends"} & set(data):
        remedy = "this is a plan; relight validate takes it, with --scenario"
    elif wanted == "study" and "scenarios" not in data and {"network", "extends", "outage"} & set(data):
        remedy = "this is a scenario; relight check, run and compare take it, and a study names it under scenarios"
    if remedy:
        raise ScenarioError([Problem(file, "", None, remedy)])
