"""Every command line that README and docs show is one: its options exist, its scenarios ship, what it sets is a key."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from command_page import commands
from relight.scenarios.loader import shipped_scenarios
from relight.scenarios.schema.scenario import Scenario
from relight.sim.cli import app
from schema_pages import parts_in

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "scenarios").rglob("*.md"))]
FENCE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINES = sorted(
    {
        line.split("  #")[0].strip()
        for page in PAGES
        if page.name != "commands.md"
        for block in FENCE.findall(page.read_text(encoding="utf-8"))
        for line in block.splitlines()
        if line.startswith("relight ")
    }
)
SCENARIO_FOLDERS = {name.split("/")[0] for name in shipped_scenarios()}
COMMANDS = dict(commands(typer.main.get_command(app), "relight"))


def is_key(path: str, models: list[type[Any]]) -> bool:
    """Whether a dotted path leads to a field; what lies in mappings and lists is not looked at."""
    key, _, rest = path.partition(".")
    fields = [model.model_fields[key] for model in models if key in model.model_fields]
    below = [part for field in fields for part in parts_in(field.annotation)]
    return bool(fields) and (not rest or not below or is_key(rest, below))


def test_there_are_lines_to_look_at() -> None:
    assert len(LINES) > 40 and len({line.split()[1] for line in LINES}) >= 10


@pytest.mark.parametrize("line", LINES)
def test_it_is_a_command(line: str) -> None:
    words = shlex.split(line)
    name = " ".join(words[:3]) if words[1] == "strategy" else " ".join(words[:2])
    rest = words[len(name.split()) :]
    COMMANDS[name].make_context(name, list(rest))  # raises where an option or argument is not one
    for word in rest:
        if re.fullmatch(rf"({'|'.join(SCENARIO_FOLDERS)})/[\w-]+", word):
            assert word in shipped_scenarios()
        if re.fullmatch(r"studies/[\w-]+", word):
            assert (ROOT / "scenarios" / f"{word}.yaml").is_file()
    for option, value in itertools.pairwise(rest):
        if option == "--set":
            assert is_key(value.partition("=")[0], [Scenario]), value
