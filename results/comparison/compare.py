"""Several runs side by side: the same world under different strategies, and beside what a publication prints.

Every number that is shown beside a publication carries a mark: ``computed`` (by a run of ours), ``printed`` (in the
publication) or ``calibrated`` (computed, but free numbers of the scenario were chosen to come near the printed one, so
agreement proves nothing).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ...scenarios.errors import RelightError
from ...scenarios.local_clock import LocalClock
from ...scenarios.schema.scenario import Published, Scenario
from ..metrics.side_by_side import metrics_of
from ..run.read import IncompleteRun, NotARun, RunTables, read_json, read_run
from .forecast import forecast_columns, forecast_of
from .ladder import RUNGS, ladder_of

KEYS = ["scenario", "strategy", "seed"]
PUBLISHED_COLUMNS = ["scenario", "quantity", "strategy", "value", "unit", "mark", "printed", "printed_mark"]
PLANNED_SERVED = ("planned", "served")
NOT_DEFINED = "not defined (static served nothing)"
COMPUTED = "computed"
PRINTED = "printed"
CALIBRATED = "computed; free numbers calibrated"

WORLD_PARTS = ("network", "outage", "site", "load", "pv", "units", "limits", "world", "perfect_forecast")
"""Parts of a scenario that make its world; planners may differ in the others."""


class DifferentWorlds(RelightError):
    """Strategies were not tried on the same world, so their difference means nothing."""


@dataclass(frozen=True)
class ComparedRuns:
    """Runs side by side; energies in MWh.

    ``runs``: one row per scenario, strategy and seed. ``published``: our numbers beside printed ones, with marks.
    ``served``: power over time (kW, outage area) of each run. ``timing``: wall times in seconds, kept apart.
    """

    runs: pd.DataFrame
    published: pd.DataFrame
    served: pd.DataFrame
    timing: pd.DataFrame
    metrics: pd.DataFrame
    """one row per scenario, strategy and seed, a column per metric (``relight.results.metrics``)"""
    forecast: pd.DataFrame
    """how good the forecasts were: a row per run, kind (load, sun) and lead time (min; NaN: over all)"""
    notes: dict[str, str]
    """scenario → source and note of what is printed for it"""
    clocks: dict[str, LocalClock]
    """scenario → the clock at its site from the outage's start on; that of UTC where it is not changed on the way"""
    unnumbered: frozenset[str] = frozenset()
    """scenarios that give no numbers of customers, who then count by peak load"""

    @property
    def measures(self) -> list[str]:
        """Columns of ``runs`` that hold a result."""
        return [column for column in self.runs.columns if column not in KEYS]

    @cached_property
    def ladder(self) -> pd.DataFrame:
        """What each rung of the ladder of freedom is worth, of the scenarios that were run on every rung."""
        return ladder_of(self.runs)

    def over_seeds(self) -> pd.DataFrame:
        """Mean, minimum and maximum of each measure over the seeds: one row per scenario, strategy and measure.

        ``all_proven`` becomes the share of seeds in which every plan was proven.
        """
        long = self.runs.astype(dict.fromkeys(self.measures, float)).melt(KEYS, var_name="measure")
        groups = long.groupby(["scenario", "strategy", "measure"], sort=False)["value"]
        return groups.agg(mean="mean", min="min", max="max", seeds="size").reset_index()


def compare(folders: Sequence[Path]) -> ComparedRuns:
    """Compare runs by their folders: any scenarios, strategies and seeds.

    Raises NotARun, IncompleteRun (a failed run, or one given twice), DifferentWorlds (see ``check_same_worlds``).
    """
    if not folders:
        raise ValueError("nothing to compare: no run's folder was given")
    runs, rows, served, timing, metrics, forecast = [], [], [], [], [], []
    for folder in folders:
        run, summary = read_run(folder), read_json(folder / "summary.json")
        if not run.complete:
            raise IncompleteRun(f"{folder}: this run failed ({run.manifest['reason']}); run it again before comparing")
        key = {"scenario": run.scenario.name, "strategy": run.strategy, "seed": run.seed}
        if key in [{name: row[name] for name in KEYS} for row in rows]:
            raise IncompleteRun(f"{folder}: {key} is given twice")
        runs.append(run)
        rows.append({**key, **flatten(summary)})
        served.append(_power_over_time(run).assign(**key))
        metrics.append({**key, **metrics_of(run)})
        if not run.forecast.empty:
            forecast.append(forecast_of(run).assign(**key))
        wall_times = read_json(folder / "timing.json")
        timing.append({**key, **{name: s for name, s in wall_times.items() if isinstance(s, int | float)}})
    check_same_worlds(runs, rows)
    # In the order of first appearance, so that the caller decides which strategy comes first.
    table = _ordered(pd.DataFrame(rows))
    counts = [column for column in table.columns if column.startswith(("violations_", "cut_by_clock"))]
    table[counts] = table[counts].fillna(0).astype(int)
    scenarios = {run.scenario.name: run.scenario for run in runs}
    return ComparedRuns(
        runs=table,
        published=pd.DataFrame(
            [row for s in scenarios.values() for row in beside_published(table[table.scenario == s.name], s.published)],
            columns=PUBLISHED_COLUMNS,
        ),
        served=pd.concat(served, ignore_index=True)[[*KEYS, "time_min", "demand_kw", "planned_kw", "served_kw"]],
        timing=_ordered(pd.DataFrame(timing)),
        metrics=_ordered(pd.DataFrame(metrics)),
        forecast=pd.concat(forecast or [pd.DataFrame(columns=[*forecast_columns(), *KEYS])], ignore_index=True)[
            [*KEYS, *forecast_columns()]
        ],
        notes={s.name: ": ".join(filter(None, (s.published.source, s.published.note)))
               for s in scenarios.values() if s.published},
        clocks={s.name: _clock(s) for s in scenarios.values()},
        unnumbered=frozenset(s.name for s in scenarios.values() if not s.local_areas.customers),
    )  # fmt: skip


def _clock(scenario: Scenario) -> LocalClock:
    changed = scenario.local_clock.changes(scenario.outage.duration_min)
    return scenario.local_clock if changed else LocalClock(scenario.outage.start)


def flatten(summary: dict[str, Any]) -> dict[str, Any]:
    """The measures of a comparison from one run's summary."""
    energy, ac, plans = summary["energy_mwh"], summary["ac"], summary["plans"]
    return {
        **{f"{name}_energy_mwh": summary[f"{name}_energy_mwh"] for name in ("demand", "planned", "served")},
        **{name: summary[name] for name in ("cold_load_energy_mwh",) if name in summary},
        "weighted_served_energy_mwh": summary["weighted_served_energy_mwh"],
        **{name: summary[name] for name in ("objective_mwh",) if name in summary},
        "first_plan_energy_mwh": plans["first_plan_energy_mwh"],
        **{f"{name}_mwh": value for name, value in energy.items()},
        "switch_operations": summary["switch_operations"],
        "interruptions": summary["interruptions"],
        "ac_steps": ac["steps"],
        "ac_converged_steps": ac["converged"],
        "ac_violated_steps": ac["violated_steps"],
        **{f"violations_{kind}": count for kind, count in ac["violations_by_kind"].items()},
        "plan_count": plans["count"],
        "worst_gap": plans["worst_gap"],
        "all_proven": plans["all_proven"],
        # Told where it is so: such a run depends on the machine.
        **({"cut_by_clock": cut} if (cut := plans.get("cut_by_clock", 0)) else {}),
    }


def _base_demand_mwh(row: dict[str, Any]) -> float:
    """Demand as it would have been without an outage: cold load pick-up depends on what a strategy does."""
    return row["demand_energy_mwh"] - row.get("cold_load_energy_mwh", 0.0)


def check_same_worlds(runs: Sequence[RunTables], rows: Sequence[dict[str, Any]], tolerance_mwh: float = 1e-6) -> None:
    """Strategies of one scenario must share its world: the same seeds, the same resolved world, the same inputs and,
    seed by seed, the same demand to 1 Wh. Raises DifferentWorlds naming what differs."""
    first: dict[tuple[str, int], tuple[RunTables, dict[str, Any]]] = {}
    seeds: dict[str, dict[str, set[int]]] = {}
    for run, row in zip(runs, rows, strict=True):
        name = run.scenario.name
        seeds.setdefault(name, {}).setdefault(run.strategy, set()).add(run.seed)
        other, other_row = first.setdefault((name, run.seed), (run, row))
        where = f"{name}, seed {run.seed}: {other.strategy} and {run.strategy}"
        for part in WORLD_PARTS:
            if getattr(run.scenario, part) != getattr(other.scenario, part):
                raise DifferentWorlds(f"{where} were run with a different {part} in scenario.yaml")
        if run.manifest["inputs"] != other.manifest["inputs"]:
            raise DifferentWorlds(f"{where} were run with different input files (see inputs in manifest.json)")
        demands = [_base_demand_mwh(one) for one in (row, other_row)]
        if abs(demands[0] - demands[1]) > tolerance_mwh:
            raise DifferentWorlds(f"{where} met a different demand: {demands[1]:.6f} and {demands[0]:.6f} MWh")
    for name, by_strategy in seeds.items():
        if len({frozenset(s) for s in by_strategy.values()}) > 1:
            told = "; ".join(f"{strategy} {sorted(s)}" for strategy, s in by_strategy.items())
            raise DifferentWorlds(f"{name}: strategies were run with different seeds: {told}")


def beside_published(runs: pd.DataFrame, published: Published | None) -> list[dict[str, Any]]:
    """Planned and served energy of the dynamic and the static strategies of one scenario and their ratios (means over
    seeds; a ratio is that of the means), each beside the printed number if there is one.

    A variant of the static plan (``static-…``, ``static_…``) stands beside the same printed number, because the
    publication does not say which one it means.
    """
    mean = {
        (strategy, quantity): float(runs.loc[runs["strategy"] == strategy, f"{quantity}_energy_mwh"].mean())
        for strategy in _unique(runs["strategy"])
        for quantity in PLANNED_SERVED
    }
    dynamics = ["dynamic"] if ("dynamic", "served") in mean else []
    statics = [s for s in _unique(runs["strategy"]) if is_static(s)]
    dynamic_mwh, static_mwh, printed_ratio = (
        (published.dynamic_energy_mwh, published.static_energy_mwh, published.ratio) if published else (None,) * 3
    )
    calibrated = published is not None and published.calibrated
    rows: list[tuple[Any, ...]] = []
    for strategy in dynamics:
        mark = CALIBRATED if calibrated else COMPUTED
        rows += [(f"{q} energy", strategy, mean[strategy, q], "MWh", mark, dynamic_mwh) for q in PLANNED_SERVED]
    for strategy in statics:
        rows += [(f"{q} energy", strategy, mean[strategy, q], "MWh", COMPUTED, static_mwh) for q in PLANNED_SERVED]
    for dynamic in dynamics:
        mark = f"{COMPUTED}; numerator calibrated" if calibrated else COMPUTED
        for static in statics:
            for quantity in PLANNED_SERVED:
                over, under = mean[dynamic, quantity], mean[static, quantity]
                # Less than 1 Wh is nothing; infinity would be no result.
                ratio = over / under if under > 1e-6 else None
                rows.append((f"{quantity} energy, ratio", f"{dynamic} / {static}", ratio, "x", mark, printed_ratio))
    name = runs["scenario"].iloc[0]
    return [dict(zip(PUBLISHED_COLUMNS, (name, *row, "" if row[-1] is None else PRINTED), strict=True)) for row in rows]


def is_static(strategy: str) -> bool:
    """Whether it is static or a variant of it; ``static_final`` is another rung of the ladder."""
    return re.split("[-_]", strategy)[0] == "static" and (strategy == "static" or strategy not in RUNGS)


def _power_over_time(run: RunTables) -> pd.DataFrame:
    area = run.local_area[run.local_area["in_outage_area"] == 1]
    return area.groupby("time_min")[["demand_kw", "planned_kw", "served_kw"]].sum().reset_index()


def _ordered(table: pd.DataFrame) -> pd.DataFrame:
    """Rows by scenario and strategy in order of first appearance, then by seed."""
    rank = {c: {v: k for k, v in enumerate(_unique(table[c]))} for c in ("scenario", "strategy")}
    order = table.assign(**{c: table[c].map(r) for c, r in rank.items()}).sort_values(KEYS, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _unique(values: Iterable[Any]) -> list[Any]:
    return list(dict.fromkeys(values))


__all__ = ["ComparedRuns", "DifferentWorlds", "IncompleteRun", "NotARun", "compare"]
