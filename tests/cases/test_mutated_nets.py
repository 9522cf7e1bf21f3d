"""Nets with every kind of element, some of whose cells, columns or tables are not what they should be: read, or refused
in words."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from relight.scenarios.explain import explain
from relight.scenarios.loader import load_case
from relight.scenarios.networks.pandapower_nets import pandapower_import
from relight.scenarios.networks.pandapower_nets.inventory import TABLES
from relight.scenarios.reading.problems import ScenarioError
from relight.sim.power_flow.pandapower_engine import PandapowerEngine
from support.brought.nets import random_net, small_net, write_scenario

NASTY = (
    None, float("nan"), float("inf"), -1, 0, 1, 2, 99, -0.5, 1e308, 1e-308, 10**30, "", "x", "nan", "\x1b[31m", True,
    False, [], {}, [1], "hv", "b", "t3", 360.0, 1e-9,
)  # fmt: skip


def change(rng: random.Random, net: Any) -> str:
    """Change a cell, lose or double a column or row, or lose a table; what was done."""
    table = rng.choice([name for name in TABLES if name in net and len(net[name])])
    frame = net[table]
    column, row = rng.choice(list(frame.columns)), rng.choice(list(frame.index))
    match rng.randrange(10):
        case 0:
            net[table] = frame.drop(columns=column)
        case 1:
            net[table] = frame.drop(index=row)
        case 2:
            net[table] = frame.iloc[[*range(len(frame)), 0]]
        case 3:
            del net[table]
        case _:
            value = rng.choice(NASTY)
            cells = frame[column].to_dict() | {row: value}
            net[table] = frame.assign(**{column: pd.Series(cells, dtype=object)})
            return f"{table}.{row}, {column} = {value!r}"
    return f"{table}, {column}, {row}"


def attempt(seed: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(seed)
    net = random_net(seed % 5)
    path = write_scenario(folder, small_net(), seed=seed)
    done = [change(rng, net) for _ in range(rng.randint(1, 2))]
    monkeypatch.setattr(pandapower_import, "read_net", lambda _: (net, 0))
    (folder / "net.json").write_text(str(seed), encoding="utf-8")  # else the one read before would do
    try:
        case = load_case(path)
    except ScenarioError as error:
        assert str(error).isprintable() or "\n" in str(error), done
        return
    except Exception as error:
        raise AssertionError(f"seed {seed}: {done}") from error
    assert explain(case)
    try:
        PandapowerEngine(case)
    except Exception as error:
        raise AssertionError(f"seed {seed}: {done}") from error


def test_a_sample_of_changed_nets_is_read_or_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(4):
        attempt(seed, tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(4, 604, 200))
def test_many_changed_nets_are_read_or_refused(first: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(first, first + 200):
        attempt(seed, tmp_path, monkeypatch)
