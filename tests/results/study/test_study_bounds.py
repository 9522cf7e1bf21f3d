"""Runs held against the bounds of their worlds: whoever serves more than there is, is named."""

from __future__ import annotations

import pandas as pd
import pytest

from relight.results.study.bounds import COLUMNS, RUN_COLUMNS, WORLD, WORLD_COLUMNS, bounds_table, held_against, verdict


def run(strategy: str, seed: int, served: float, in_part: float = 0.0, **world: float) -> dict[str, object]:
    """A run that served so much in a world where 10 MWh is the most; of the oracle with its own bound, 9 MWh."""
    row = {"scenario": "s", "point": "", "seed": seed, "strategy": strategy, "weighted_served_mwh": served}
    row |= {"in_part_mwh": in_part, "steps_in_part": int(in_part > 0), "switching_mwh": 0.01, "service_bound_mwh": 10.0}
    if strategy == "oracle":
        row |= {"foresight_planned_mwh": 8.9, "foresight_bound_mwh": 9.0}
    return row | world


def held(*runs: dict[str, object]) -> pd.DataFrame:
    return held_against(pd.DataFrame(runs, columns=[*WORLD, "strategy", *RUN_COLUMNS, *WORLD_COLUMNS]))


def exceeds(*runs: dict[str, object]) -> list[str]:
    return list(held(*runs)["exceeds"])


def test_honest_runs_exceed_nothing() -> None:
    table = held(run("oracle", 0, 8.9), run("dynamic", 0, 9.01), run("static", 0, 9.5, in_part=0.49))
    assert list(table.columns) == COLUMNS
    assert list(table["exceeds"]) == ["", "", ""], "switching is taken off; who serves in part may serve more"
    assert list(table["foresight_bound_mwh"]) == [9.0] * 3, "the oracle's bound is that of its whole world"
    assert verdict(table) == [
        "3 runs held against the service bound, 2, which served nothing in part, also against the foresight bound: "
        "none exceeds it."
    ]


@pytest.mark.parametrize(
    ("cheat", "bound"),
    [
        (run("dynamic", 0, 9.02), "foresight bound"),
        (run("dynamic", 0, 10.1, in_part=5.0), "service bound"),
        (run("dynamic", 1, 10.00002), "service bound"),
        (run("oracle", 0, 9.02), "foresight bound"),
    ],
)
def test_whoever_serves_more_than_there_is_is_named(cheat: dict[str, object], bound: str) -> None:
    honest = [run("oracle", 0, 8.9), run("static", 1, 10.0)]
    runs = [one for one in honest if (one["strategy"], one["seed"]) != (cheat["strategy"], cheat["seed"])]
    table = held(*runs, cheat)
    assert list(table["exceeds"]) == [""] * len(runs) + [bound]
    lines = verdict(table)
    assert lines[0].endswith("1 EXCEED it.")
    assert len(lines) == 2 and lines[1].startswith(f"{cheat['strategy']}, s, no parameters, seed {cheat['seed']}: ")
    assert bound in lines[1]


def test_each_world_has_its_own_bound() -> None:
    far = run("oracle", 1, 5.0, foresight_bound_mwh=5.1)
    assert exceeds(run("oracle", 0, 8.9), far, run("static", 0, 8.0), run("static", 1, 8.0)) == [
        "", "", "", "foresight bound",
    ]  # fmt: skip


def test_without_foresight_only_the_service_bound_is_known() -> None:
    table = held(run("dynamic", 0, 9.9), run("static", 0, 1.0))
    assert list(table["exceeds"]) == ["", ""]
    assert verdict(table) == ["2 runs held against the service bound: none exceeds it."]
    head, body = bounds_table(table, "s", ("dynamic", "static", "absent"))
    assert body == [["dynamic", "1", "9.900", "0.000", "99.00", "99.00"], ["static", "1", "1.000", "0.000", "10.00",
                    "10.00"]]  # fmt: skip
    assert len(head) == len(body[0])
    assert verdict(held()) == []
