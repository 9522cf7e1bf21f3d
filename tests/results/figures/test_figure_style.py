"""House style: no text over another or off the canvas, nothing too small, journal widths, colours from one place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from relight.controllers.strategies.builtin import STRATEGIES
from relight.results.figures import style
from relight.results.figures.comparison import served_by_strategy
from relight.results.figures.drawing import OPTIONAL_FIGURES, RUN_FIGURES
from relight.results.indices.index import Index
from relight.results.indices.radar import radar
from relight.results.paper.figures import load_spread, restored_map
from relight.results.run.read import RunTables
from support.synthetic_run import in_memory, make_scenario, record

RESULTS = Path(style.__file__).parents[1]
USERS = ["my_own_heuristic_of_many_words", "another"]


def run(name: str = "guo45/fault-1000", strategy: str = "dynamic", **shape: int) -> RunTables:
    """A made-up run of which every optional figure can be drawn: three sudden steps, two of them at once, and an area
    that draws more than its demand."""
    steps = shape.pop("steps", 12)
    made = in_memory(record(strategy, steps=steps, **shape), make_scenario(name, steps), strategy)
    scenario = made.scenario.model_validate(
        {**made.scenario.model_dump(mode="json"), "frequency": {}, "communication": {"fallback_after_min": 10}}
    )
    first = made.island.iloc[:3].assign(time_min=[5.0, 5.0, 15.0])
    island = first.assign(
        step_kw=[400.0, 900.0, -100.0], f_min_hz=[49.1, 46.0, 50.0], f_max_hz=[50.0, 50.0, 50.4],
        f_settled_hz=[49.3, np.nan, 50.2], rocof_hz_per_s=0.5, ufls_kw=[0.0, 500.0, 0.0],
    )  # fmt: skip
    cold = pd.DataFrame(
        {"time_min": [5.0, 10.0], "local_area": "2", "multiple": [1.6, 1.3], "cold_load_kw": [9.0, 4.0]}
    )
    return replace(made, scenario=scenario, island=island, cold_load=cold)


def comparison(strategies: list[str]) -> Figure:
    power = [
        {"scenario": "a/b", "strategy": s, "seed": seed, "time_min": t, "demand_kw": 90.0, "served_kw": 10.0 * k + seed}
        for k, s in enumerate(strategies)
        for seed in (0, 1)
        for t in (0.0, 5.0, 10.0)
    ]
    runs = [
        {"scenario": "a/b", "strategy": s, "seed": seed, "planned_energy_mwh": 100.0 + k, "served_energy_mwh": 99.0 + k}
        for k, s in enumerate(strategies)
        for seed in (0, 1)
    ]
    return served_by_strategy(pd.DataFrame(power), pd.DataFrame(runs), make_scenario().local_clock)


def the_map() -> Figure:
    at = [
        (s, c, p, k) for s in ("printed", "reduced") for c in ("0400", "1000") for p in (2400, 4000) for k in (0.2, 1)
    ]
    points = pd.DataFrame(at, columns=["storage", "case", "peak_kw", "clear_sky_index"])
    return restored_map(points.assign(energy_mwh=points["peak_kw"] / 500 + 9 * points["clear_sky_index"]))


def the_spread() -> Figure:
    at = [(s, c, d, k) for s in ("printed", "reduced") for c in ("0400", "1000") for d in (0.5, 0.9) for k in range(5)]
    points = pd.DataFrame(at, columns=["storage", "case", "spread", "shares_seed"])
    return load_spread(points.assign(energy_mwh=6.5 + 0.2 * points["shares_seed"]))


def the_radar() -> Figure:
    indices = [
        Index(number, "%", "higher", "r", 3.0 * number, "computed", scaled=number / 12, scale="as it is, 0 to 100 %")
        if number % 3
        else Index(number, "%", "higher", "r", needs="business data", scale="as it is, 0 to 100 %")
        for number in range(1, 13)
    ]
    return radar(indices, "made/up, dynamic, seed 0", "Business data are an EXAMPLE with invented numbers.")


FIGURES: dict[str, Callable[[], Figure]] = {
    **{name: lambda draw=draw: draw(run()) for name, draw in RUN_FIGURES.items()},
    **{name: lambda draw=draw: draw(run()) for name, (_, draw) in OPTIONAL_FIGURES.items()},
    "states of many areas": lambda: RUN_FIGURES["restoration_states"](run(areas=120, sections=100, switches=60)),
    "a long name": lambda: RUN_FIGURES["planned_served"](run(name="a_long_name_" * 8)),
    "two strategies": lambda: comparison(["dynamic", "static"]),
    "twelve strategies": lambda: comparison([*STRATEGIES, *USERS]),
    "restored_map": the_map,
    "load_spread": the_spread,
    "radar": the_radar,
}


def unseen(axes: Axes) -> set[Text]:
    """Labels of ticks outside the view, and all of axes that are switched off: they exist but are not drawn."""
    found: set[Text] = set()
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not (axes.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9):
                found |= {tick.label1, tick.label2}
        if not axes.axison:
            found.add(axis.label)
    return found


def faults(figure: Figure) -> list[str]:
    """What is wrong with the text of a figure."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    hidden = {text for axes in figure.axes for text in unseen(axes)}
    texts = [
        t
        for t in figure.findobj(Text)
        if isinstance(t, Text) and t.get_visible() and t.get_text().strip() and t not in hidden
    ]
    boxes = {text: text.get_window_extent().padded(-0.6) for text in texts}
    canvas = figure.bbox
    found = [f"{t.get_text()!r} is {t.get_fontsize()} pt" for t in texts if float(t.get_fontsize()) < style.SMALL]
    for text, box in boxes.items():
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > canvas.x1 + 0.5 or box.y1 > canvas.y1 + 0.5:
            found.append(f"{text.get_text()!r} is cut off")
    for one, other in combinations(texts, 2):
        if boxes[one].overlaps(boxes[other]):
            found.append(f"{one.get_text()!r} lies over {other.get_text()!r}")
    for axes in figure.axes:
        for line in axes.lines if axes.axison else ():
            path = line.get_transform().transform_path(line.get_path())
            found += [
                f"a line runs through {text.get_text()!r}"
                for text in axes.texts
                if path.intersects_bbox(boxes[text], filled=False)
            ]
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_text_can_be_read_at_the_width_of_a_journal(name: str) -> None:
    before = dict(mpl.rcParams)
    with style.house_style():
        figure = FIGURES[name]()
        assert faults(figure) == []
        assert figure.get_figwidth() * 25.4 in (pytest.approx(style.COLUMN_MM), pytest.approx(style.PAGE_MM))
        assert figure.get_figheight() * 25.4 < 247  # a page of A4 with margins
    assert dict(mpl.rcParams) == before


SLOW_TO_SAVE = ("communication", "frequency", "load_spread", "restored_map", "radar")
OFTEN_SAVED = [*OPTIONAL_FIGURES, "two strategies", "restored_map", "load_spread", "radar"]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW_TO_SAVE else n for n in OFTEN_SAVED]
)
def test_bytes_repeat(name: str, tmp_path: Path) -> None:
    """Those of the figures of every run are compared in test_figures."""
    with style.house_style():
        pdf, png = style.save(FIGURES[name](), tmp_path / name)
        first = pdf.read_bytes(), png.read_bytes()
        style.save(FIGURES[name](), tmp_path / name)
    assert (pdf.read_bytes(), png.read_bytes()) == first
    assert b"CreationDate" not in first[0] and b"Matplotlib" not in first[1]


def test_the_search_for_faults_finds_them() -> None:
    with style.house_style():
        figure = style.new_figure(style.COLUMN_MM, 40)
        axes = figure.subplots()
        axes.axhline(0.5)
        axes.text(0.3, 0.5, "crossed")
        axes.text(0.31, 0.5, "over it", fontsize=5)
        axes.annotate("far away", (3.0, 0.2), annotation_clip=False).set_in_layout(False)
        told = " ".join(faults(figure))
    assert "'crossed' lies over 'over it'" in told and "a line runs through 'crossed'" in told
    assert "'over it' is 5.0 pt" in told and "'far away' is cut off" in told


def test_run_figures_say_case_strategy_and_seed() -> None:
    with style.house_style():
        for draw in [*RUN_FIGURES.values(), *(draw for _, draw in OPTIONAL_FIGURES.values())]:
            assert draw(run(strategy="static")).get_suptitle() == "guo45/fault-1000, static, seed 0"
        assert comparison(["dynamic", "static"]).get_suptitle().startswith("a/b, dynamic, static, seeds 0 to 1")
        assert comparison([*STRATEGIES, *USERS]).get_suptitle().startswith("a/b, 12 strategies, ")


def test_every_strategy_that_ships_has_a_look_and_no_two_look_alike() -> None:
    assert list(style.STRATEGY_LOOKS) and set(style.STRATEGY_LOOKS) == set(STRATEGIES)
    looks = style.strategy_looks([*STRATEGIES, *(f"mine-{k}" for k in range(15))])
    for what in (lambda look: look, lambda look: (look.colour, look.dash), lambda look: (look.colour, look.marker)):
        assert len({what(look) for look in looks.values()}) == len(looks)
    shipped = list(style.STRATEGY_LOOKS.values())
    for what in (lambda look: look.colour, lambda look: look.dash, lambda look: look.marker):
        assert len({what(look) for look in shipped}) == len(shipped)


def test_looks_do_not_depend_on_the_order_of_strategies() -> None:
    names = ["b", "static", "a", "dynamic"]
    assert style.strategy_looks(names) == style.strategy_looks(reversed(names))
    assert list(style.strategy_looks(names)) == names


def test_only_the_style_names_colours() -> None:
    named = re.compile(
        r"#[0-9A-Fa-f]{6}\b|[\"']tab:(?:blue|orange|green|red|purple|brown|pink|gray|olive|cyan)|[\"']C\d[\"']|colou?rs?=\[?[\"'](?!none)"
    )
    for path in sorted(RESULTS.rglob("*.py")):
        # The report's own pages are styled by CSS.
        if path.name == "style.py" or (RESULTS / "report") in path.parents:
            continue
        found = [line for line in path.read_text(encoding="utf-8").splitlines() if named.search(line)]
        assert not found, f"{path.name}: {found}"
