"""Strategies by name, from files and from installed packages; what is wrong with one is told in one message."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from relight.controllers.strategies import outside as strategy_source
from relight.controllers.strategies.builtin import DYNAMIC, STRATEGIES
from relight.controllers.strategies.named import strategies_named, strategy_named
from relight.controllers.strategies.outside import BrokenStrategyError, UnknownStrategyError
from relight.controllers.strategies.strategy import Strategy, StrategyError, source_hash

PAGE = Path(__file__).resolve().parents[3] / "docs" / "strategies.md"
GOOD = '''
class Mine:
    """Does this.

    And more."""
    replans = False
    def __init__(self, graph, steps): ...
    def plan(self, horizon): ...
'''


def written(folder: Path, text: str = GOOD, name: str = "mine.py") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_every_strategy_is_documented_with_information_and_assumptions() -> None:
    rows = [line.split("|") for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    told = {row[1].strip(" `"): row[2:-1] for row in rows if len(row) == 6}
    assert list(told) == list(STRATEGIES)
    assert all(cell.strip() for row in told.values() for cell in row)


def test_a_class_in_a_file_is_a_strategy(tmp_path: Path) -> None:
    path = written(tmp_path)
    found = strategy_named(f"{path}:Mine")
    assert (found.name, found.replans, found.summary, found.source) == ("Mine", False, "Does this.", path)
    assert found.planner is not None and list(source_hash(found)) == ["mine.py"]
    assert strategy_named(f"{path}:Mine") == found
    before = source_hash(found)
    written(tmp_path, GOOD.replace("Does this", "Does that"))
    again = strategy_named(f"{path}:Mine")
    assert again.summary == "Does that." and source_hash(again) != before
    assert source_hash(DYNAMIC) == {}


def test_a_strategy_of_other_flags_in_a_file(tmp_path: Path) -> None:
    text = "from relight.controllers.strategies.strategy import Strategy\n"
    text += "ONCE = Strategy('once', replans=False, per_device=True, summary='x')\n"
    found = strategy_named(f"{written(tmp_path, text)}:ONCE")
    assert found.per_device and found.name == "once" and list(source_hash(found)) == ["mine.py"]


def test_an_installed_package_offers_one(monkeypatch: pytest.MonkeyPatch) -> None:
    points = (
        EntryPoint("theirs", "relight.controllers.rules.greedy:Greedy", strategy_source.GROUP),
        EntryPoint("gone", "no_such_package:Thing", strategy_source.GROUP),
    )
    monkeypatch.setattr(strategy_source.metadata, "entry_points", lambda group: points if group else ())
    assert strategy_named("theirs").name == "theirs"
    with pytest.raises(BrokenStrategyError, match=r"gone.*no_such_package"):
        strategy_named("gone")
    with pytest.raises(UnknownStrategyError, match=r"magic.*dynamic.*theirs"):
        strategy_named("magic")


@pytest.mark.parametrize(
    ("text", "class_name", "told"),
    [
        (GOOD, "Yours", "there are: Mine"),
        ("class Mine(:", "Mine", "SyntaxError"),
        ("import nothing_of_that_name", "Mine", "ModuleNotFoundError"),
        ("raise SystemExit(3)", "Mine", "SystemExit"),
        ("Mine = 3", "Mine", "is a int"),
        ("class Mine:\n    def plan(self, horizon): ...", "Mine", r"Mine\(graph, steps\)"),
        ("class Mine:\n    def __init__(self, graph, steps): ...", "Mine", "no method plan"),
        ("class Mine:\n    def __init__(self, g, s): ...\n    def plan(self): ...", "Mine", "cannot be called"),
        (GOOD.replace("horizon", "horizon, scenario, strategy"), "Mine", "leave names out"),
        (GOOD + "    name = 'dynamic'", "Mine", "another name"),
        (GOOD + "    name = 'a/b'", "Mine", "one word"),
        (GOOD.replace("False", "'no'"), "Mine", "replans is 'no'"),
    ],
)
def test_a_broken_one_is_told(tmp_path: Path, text: str, class_name: str, told: str) -> None:
    with pytest.raises(BrokenStrategyError, match=told):
        strategy_named(f"{written(tmp_path, text)}:{class_name}")


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path)
    names = [f"{path}:Yours", "magic", "nowhere.py:A", str(path), f"{tmp_path}:A", "dynamic"]
    with pytest.raises(StrategyError) as caught:
        strategies_named(names)
    text = str(caught.value)
    assert len(text.splitlines()) == 5
    assert all(name in text for name in names[:5])
    assert [s.name for s in strategies_named(["dynamic", f"{path}:Mine"])] == ["dynamic", "Mine"]


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    names = [f"{written(tmp_path, name=name)}:Mine" for name in ("a.py", "b.py")]
    with pytest.raises(StrategyError, match="another name"):
        strategies_named(names)


def test_a_strategy_is_a_value() -> None:
    assert Strategy("x", summary="") == Strategy("x", replans=True, growing_plan=False, summary="") != DYNAMIC


OLD = {
    ("controllers", "strategies", "Strategy"): "from relight.strategy import Strategy",
    ("controllers", "supply", "Supply"): "from relight.strategy import Supply",
    (
        "controllers",
        "rule_plan",
        "rule_record, rule_step",
    ): "from relight.strategy import rule_record; from relight.str",
    ("sim", "run", "simulate"): "from relight import run",
    ("results", "run_tables", "read_run"): "from relight import read_run",
    ("scenarios", "loader", "load_case"): "from relight import load",
    ("sim", "grid", "Grid"): "import relight in place of ",
}
"""Imports of before Relight had one name, and those of today."""


@pytest.mark.parametrize("old", OLD, ids=" ".join)
def test_an_old_import_is_told_with_the_new_name(tmp_path: Path, old: tuple[str, str, str]) -> None:
    floor, module, name = old
    path = written(tmp_path, f"{GOOD}\n\ndef later():\n    {'from'} {floor}.{module} {'import'} {name}\n")
    with pytest.raises(BrokenStrategyError, match="Relight is imported by one name now; write ") as found:
        strategy_named(f"{path}:Mine")
    assert OLD[old] in str(found.value) and "\n" not in str(found.value)
    assert "ModuleNotFoundError" not in str(found.value)


def test_a_module_of_somebody_else_may_have_such_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "sim.py").write_text("x = 1\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    assert strategy_named(f"{written(tmp_path, f'import sim{chr(10)}{GOOD}')}:Mine").name == "Mine"


def test_an_import_of_something_else_is_told_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, f"import no_such_package\n{GOOD}")
    with pytest.raises(BrokenStrategyError, match=r"ModuleNotFoundError: No module named 'no_such_package'$"):
        strategy_named(f"{path}:Mine")
