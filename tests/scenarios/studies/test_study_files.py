"""Study files: points of grids and samples, and every mistake told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from relight.scenarios.reading.problems import ScenarioError
from relight.scenarios.studies.loader import draw, load_study, points_of, shipped_studies
from relight.scenarios.studies.schema import Sampling, Study

BASE = {"name": "s", "scenarios": ["guo45/fault-0400"], "strategies": ["dynamic", "static"], "seeds": "0..3"}


def study(**parts: object) -> Study:
    return Study.model_validate({**BASE, **parts})


def test_without_parameters_there_is_one_point() -> None:
    (point,) = points_of(study(set={"load.peak_kw": 3000}))
    assert (point.label, point.values, point.overrides) == ("", {}, ("load.peak_kw=3000",))


def test_a_grid_has_every_combination() -> None:
    axes = [
        {"name": "peak", "path": "load.peak_kw", "values": [1, 2.5]},
        {"name": "dg", "path": ["units.scaling.pv", "units.scaling.ess"], "values": [0.5]},
        {"name": "kind", "cases": {"a": {"network.options.reading": "R1"}, "b": {"x.y": True, "z": "1"}}},
    ]
    points = points_of(study(grid=axes, set={"x.y": False}))
    assert [p.label for p in points] == [
        "peak=1, dg=0.5, kind=a", "peak=1, dg=0.5, kind=b", "peak=2.5, dg=0.5, kind=a", "peak=2.5, dg=0.5, kind=b",
    ]  # fmt: skip
    assert points[1].overrides == (
        "x.y=true", "load.peak_kw=1", "units.scaling.pv=0.5", "units.scaling.ess=0.5", 'z="1"',
    )  # fmt: skip
    assert points[3].values == {"peak": 2.5, "dg": 0.5, "kind": "b"}


def test_a_latin_hypercube_has_one_sample_in_each_part_of_each_range() -> None:
    ranges = [
        {"name": "a", "path": "a", "low": 10, "high": 20},
        {"name": "b", "path": "b", "low": 1, "high": 16, "scale": "log"},
        {"name": "c", "path": "c", "low": 1, "high": 4, "integer": True},
    ]
    sampling = Sampling.model_validate({"count": 8, "seed": 3, "ranges": ranges})
    drawn = draw(sampling)
    assert sorted(int((d["a"] - 10) / 10 * 8) for d in drawn) == list(range(8))
    # Halves of the logarithmic scale: 1 to 4 and 4 to 16 hold as many samples.
    assert sum(d["b"] < 4 for d in drawn) == 4
    assert sorted(d["c"] for d in drawn) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert draw(sampling) == drawn
    assert draw(sampling.model_copy(update={"seed": 4})) != drawn
    assert draw(sampling.model_copy(update={"method": "random"})) != drawn


def test_samples_within_a_grid() -> None:
    sample = {"count": 2, "ranges": [{"name": "sun", "path": "pv.clear_sky_index", "low": 0.2, "high": 1}]}
    grid = [{"name": "peak", "path": "load.peak_kw", "values": [1, 2]}]
    points = points_of(study(grid=grid, sample=sample))
    assert [p.values["peak"] for p in points] == [1, 1, 2, 2]
    assert points[0].values["sun"] == points[2].values["sun"] != points[1].values["sun"]


def test_seeds() -> None:
    assert study(seeds="3..5").seeds == (3, 4, 5)
    assert study(seeds=[7, 2]).seeds == (7, 2)
    assert study(seeds=4).seeds == (4,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name: s\nscenarios: []\n", ["scenarios", "strategies: missing", "seeds: missing"]),
        ("seeds: 5..3\nstrategies: [a]\nname: n\nscenarios: [x]", ["range such as 0..29"]),
        ("seeds: 1\nstrategies: [a, a]\nname: n\nscenarios: [x]", ["stands twice"]),
        ("seeds: 1\nstrategies: [a]\nreference: b\nname: n\nscenarios: [x]", ["must be one of strategies"]),
        ("seeds: 1\nstrategies: [a, a]\nreference: b\nname: n\nscenarios: [x]", ["stands twice", "one of strategies"]),
        ("seeds: 1\nseeds: 2", ["line 2", "twice"]),
        ("- a", ["must be a mapping"]),
        ("seeds: 1\nstrategies: [a]\nname: n\nscenarios: [x]\ncolour: red", ["colour", "unknown key"]),
        (
            "seeds: 1\nstrategies: [a]\nname: n\nscenarios: [x]\ngrid: [{name: seed, path: seed, values: [1]}]",
            ["a column of the tables"],
        ),
        ("seeds: 1\nstrategies: [a]\nname: n\nscenarios: [x]\ngrid: [{name: p, values: [1]}]", ["path and values"]),
        (
            "seeds: 1\nstrategies: [a]\nname: n\nscenarios: [x]\n"
            "sample: {count: 0, ranges: [{name: p, path: q, low: 2, high: 1}]}",
            ["sample.count", "low < high"],
        ),
    ],
)
def test_mistakes_are_told_all_at_once(tmp_path: Path, text: str, told: list[str]) -> None:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_study(path)
    for words in told:
        assert words in str(error.value)
    assert str(tmp_path) not in str(error.value)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"set": {"seed": 5}}, "list them under seeds"),
        ({"grid": [{"name": "n", "path": "seed", "values": [1, 2]}]}, "list them under seeds"),
        (
            {"grid": [{"name": n, "path": "load.peak_kw", "values": [1, 2]} for n in ("a", "b")]},
            "'a' and 'b' both set load.peak_kw",
        ),
        (
            {
                "grid": [{"name": "a", "cases": {"x": {"load.peak_kw": 1}, "y": {}}}],
                "sample": {"count": 2, "ranges": [{"name": "b", "path": ["u", "load.peak_kw"], "low": 1, "high": 2}]},
            },
            "'a' and 'b' both set load.peak_kw",
        ),
    ],
)
def test_a_point_is_what_it_is_called(parts: dict[str, object], told: str) -> None:
    """A setting that another one, or the run's seed, would undo is refused: points would carry wrong labels."""
    with pytest.raises(ValueError, match=told):
        study(**parts)


def test_a_wrong_entry_of_a_list_is_one_mistake(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    path.write_text("name: s\nscenarios: [x]\nstrategies: [a]\nseeds: [-1]\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as error:
        load_study(path)
    assert [p.field for p in error.value.problems] == ["seeds.0"]


def test_an_unknown_study_names_the_shipped_ones() -> None:
    with pytest.raises(ScenarioError, match="studies/paper-comparison"):
        load_study("studies/none")


@pytest.mark.parametrize("name", shipped_studies())
def test_shipped_studies_load(name: str) -> None:
    loaded = load_study(name)
    assert loaded.study.name == name
    assert loaded.study.title


def test_the_papers_comparison_is_large_enough() -> None:
    found = load_study("studies/paper-comparison").study
    assert set(found.scenarios) == {"guo45/fault-0400", "guo45/fault-1000"}
    assert len(found.seeds) >= 30
    assert found.compared_with == "dynamic"
