"""Runs: make one, read one, and what a run can be asked."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ...controllers.exchange.plan import Plan
from ...results.metrics.catalogue import METRICS
from ...results.metrics.score import score_run
from ...results.run import read
from ...results.run.in_short import in_short
from ...results.run.read import RunTables, read_json
from ...scenarios.case import Case
from ...scenarios.loader import load_case
from ...scenarios.schema.scenario import Scenario
from ..campaigns.run import folder_of_run, simulate
from .cases import Overrides, Source, load, path_of
from .frames import flags, happenings, outage_area, wide
from .plots import RunPlots


class Run:
    """One co-simulation of a case under a strategy, read from its folder.

    Frames have a row per simulation step and a column per local area, unit, bus, switch or branch. A row holds from its
    clock time (local, as the scenario's start) until the next one. Powers are kW, generation and discharge positive;
    energies kWh, voltages per unit, loadings per cent; NaN is *not defined here*, such as the voltage of a dark bus.

    Examples:
        >>> run = relight.read_run("my-run")
        >>> run.complete, run.strategy, run.seed
        (True, 'greedy', 3)
        >>> served_kw = run.served_by_area()
        >>> bool((served_kw <= run.demand_by_area()).all(axis=None))
        True
        >>> print(served_kw.index[1])
        2025-06-20 10:05:00
        >>> run.energised_by_area().dtypes.unique()
        array([dtype('bool')], dtype=object)
        >>> run.plot.areas().savefig("areas.png")
    """

    def __init__(self, folder: Path, tables: RunTables, case: Case | None = None) -> None:
        self.folder = folder
        """where its files are"""
        self.tables = tables
        """every table as it is in the files: long, ids as text, times as minutes since the scenario's start"""
        self._case = case

    @property
    def scenario(self) -> Scenario:
        """The scenario with all its values, defaults included."""
        return self.tables.scenario

    @cached_property
    def case(self) -> Case:
        """The case, loaded from what the run keeps of its inputs. Raises ScenarioError if it kept too little."""
        return self._case or load_case(self.folder / "scenario.yaml")

    @property
    def strategy(self) -> str:
        """The strategy's name."""
        return self.tables.strategy

    @property
    def seed(self) -> int:
        """Of load, sun and surprises."""
        return self.tables.seed

    @property
    def complete(self) -> bool:
        """Whether it ran to the end of the window; what a failed run has recorded can be read all the same."""
        return self.tables.complete

    @cached_property
    def totals(self) -> Mapping[str, Any]:
        """What it achieved, by name as in `summary.json`: energies in MWh, counts, `ac`, `plans`, `messages`."""
        return read_json(self.folder / "summary.json")

    @cached_property
    def plans(self) -> list[Plan]:
        """Every plan that was issued, in the order of time."""
        return [Plan.model_validate(plan) for plan in self.tables.plans]

    @cached_property
    def events(self) -> pd.DataFrame:
        """What happened, by clock time: `kind`, `element`, `value` with its `unit`, `text`."""
        return happenings(self.scenario, self.tables.events)

    @cached_property
    def violations(self) -> pd.DataFrame:
        """Each limit that the world broke, by clock time: `step`, `island`, `kind`, `element`, `value`, `limit`,
        `unit`."""
        return happenings(self.scenario, self.tables.violations).astype({"step": int})

    @property
    def forecast(self) -> pd.DataFrame:
        """How good the forecasts of load and sun were, by lead time; columns as in a comparison's, in kW."""
        return self.tables.forecast

    def demand_by_area(self) -> pd.DataFrame:
        """What customers would have taken (kW)."""
        return wide(self.scenario, self.tables.local_area, "local_area", "demand_kw")

    def planned_by_area(self) -> pd.DataFrame:
        """What the plan in force said it serves (kW); 0 where it says nothing."""
        return wide(self.scenario, self.tables.local_area, "local_area", "planned_kw").fillna(0.0)

    def served_by_area(self) -> pd.DataFrame:
        """What was served (kW)."""
        return wide(self.scenario, self.tables.local_area, "local_area", "served_kw").fillna(0.0)

    def energised_by_area(self) -> pd.DataFrame:
        """Whether the area's section was live (bool); its customers can be switched off all the same."""
        return flags(self.scenario, self.tables.local_area, "local_area", "energised")

    def power_by_unit(self) -> pd.DataFrame:
        """Output of PV, ESSs, NBSUs and infeeds (kW); charging and start-up are negative."""
        return wide(self.scenario, self.tables.unit, "unit", "p_kw")

    def energy_by_unit(self) -> pd.DataFrame:
        """What each ESS can still discharge at the end of the step (kWh)."""
        stores = self.tables.unit[self.tables.unit["kind"] == "ess"]
        return wide(self.scenario, stores, "unit", "discharge_kwh")

    def voltage_by_bus(self) -> pd.DataFrame:
        """Voltage by AC power flow (per unit); NaN on a dark bus."""
        return wide(self.scenario, self.tables.bus, "bus", "vm_pu")

    def loading_by_branch(self) -> pd.DataFrame:
        """Loading of lines and transformers (per cent of their rating); NaN where dark or without a rating."""
        return wide(self.scenario, self.tables.branch, "branch", "loading_pct")

    def switches(self) -> pd.DataFrame:
        """Whether each switch with a field terminal was closed (bool)."""
        return flags(self.scenario, self.tables.switch, "switch", "closed")

    def metrics(self) -> pd.DataFrame:
        """Every metric of `docs/metrics.md` by name: `value` (NaN: not defined, and `note` says why), `unit`, `low` and
        `high` of its interval, `note`. Raises IncompleteRun for a run that failed."""
        rows = {
            name: {"value": one.value, "unit": METRICS[name].unit, "low": one.low, "high": one.high, "note": one.note}
            for name, one in score_run(self.tables).items()
        }
        table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("metric")
        return table.astype({"value": float, "low": float, "high": float})

    @property
    def plot(self) -> RunPlots:
        """Figures: `run.plot.served()`, `areas`, `generation`, `envelopes`; `cold_load`, `communication` and
        `frequency` where the scenario has them."""
        return RunPlots(self.tables)

    def summary(self) -> str:
        """A screen of text: what happened, in a paragraph, then what was demanded, planned and served, who was
        interrupted, which limits were broken, and how good the plans were."""
        start = self.scenario.outage.start
        end = self.scenario.local_clock.shows(self.tables.end_min)
        total, ac, plans = self.totals, self.totals["ac"], self.totals["plans"]
        demand, planned, served = (total[f"{name}_energy_mwh"] for name in ("demand", "planned", "served"))
        sources = {name: mwh for name, mwh in total["energy_mwh"].items() if mwh}
        kinds = ", ".join(f"{kind} {count}" for kind, count in ac["violations_by_kind"].items() if count)
        lines = [
            self.tables.title,
            "",
            *textwrap.wrap(in_short(self.tables, self.totals), 88),
            "",
            f"window          {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}, {ac['steps']} steps",
            f"demanded        {demand:.3f} MWh in {len(outage_area(self.tables))} areas that had lost supply",
            f"planned         {planned:.3f} MWh{_share(planned, demand)}",
            f"served          {served:.3f} MWh{_share(served, demand)}",
            f"energy          {', '.join(f'{name} {mwh:.3f}' for name, mwh in sources.items()) or 'none'} (MWh)",
            f"at the end      {self._at_the_end()}",
            f"interruptions   {total['interruptions']}",
            f"switching       {total['switch_operations']} operations",
            f"violations      {len(self.tables.violations)} in {ac['violated_steps']} steps" + (kinds and f": {kinds}"),
            f"power flow      converged in {ac['converged']} of {ac['steps']} steps",
            f"plans           {_plans(plans)}",
            f"folder          {self.folder}",
        ]
        wrapped = (textwrap.wrap(line, 88, subsequent_indent=" " * 16) or [""] for line in lines)
        return "\n".join(part for parts in wrapped for part in parts)

    def _at_the_end(self) -> str:
        served, demand = (table[outage_area(self.tables)] for table in (self.served_by_area(), self.demand_by_area()))
        if served.empty:
            return "nothing was recorded"
        return f"{int((served.iloc[-1] > 0).sum())} of {int((demand.iloc[-1] > 0).sum())} areas with demand served"

    def __repr__(self) -> str:
        mwh = {name: self.totals[f"{name}_energy_mwh"] for name in ("demand", "planned", "served")}
        state = "complete" if self.complete else f"failed ({self.tables.manifest['reason'][:200]})"
        return (
            f"<Run {self.scenario.name}, {self.strategy}, seed {self.seed}: {state}, "
            f"served {mwh['served']:.3f} of {mwh['demand']:.3f} MWh, planned {mwh['planned']:.3f}; {self.folder}>"
        )

    def __str__(self) -> str:
        return self.summary()


def run(
    case: Source,
    strategy: str = "dynamic",
    *,
    out: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    overrides: Overrides | None = None,
    overwrite: bool = False,
) -> Run:
    """Run one co-simulation, written to a folder with tables, figures and report.

    Works in a notebook too. Same scenario, seed and versions leave the same bytes, wall times apart.

    Args:
        case: A case, or what `load` takes.
        strategy: A name of `relight strategy list`, or `path/to/file.py:Class`.
        out: The run's own folder; default: a new one under `results/runs` of the current folder.
        seed: As for `load`.
        overrides: As for `load`.
        overwrite: Replace what is in the folder, if it is a run's or another result's.

    Returns:
        The run.

    Raises:
        ScenarioError: As `load`.
        StrategyError: There is no such strategy, or it cannot be used.
        FolderNotEmpty: There is something in the folder, or it cannot be made.
        RunFailedError: The run ended early, or was interrupted; its folder holds what was recorded.

    Examples:
        >>> run = relight.run("guo45/fault-1000", "greedy", seed=3, overrides={"outage.duration_min": 60}, out="my-run")
        >>> run.totals["ac"]["steps"]
        12
        >>> print(run.summary().splitlines()[0])
        guo45/fault-1000, greedy, seed 3
    """
    loaded = load(case, seed=seed, overrides=overrides)
    folder = path_of(out) or folder_of_run(loaded, strategy)
    simulate(loaded, strategy, folder, overwrite=overwrite)
    return Run(folder, read.read_run(folder), loaded)


def read_run(folder: str | os.PathLike[str]) -> Run:
    """Read a run's folder, whoever wrote it: `relight run`, `compare` (in `runs/`) or `relight.run`.

    Args:
        folder: The run's folder.

    Returns:
        The run, also one that failed.

    Raises:
        NotARun: There is no run in the folder, or a damaged one; the message names the file.

    Examples:
        >>> relight.read_run("my-run").totals["strategy"]
        'greedy'
    """
    return Run(Path(folder), read.read_run(Path(folder)))


def _share(part: float, whole: float) -> str:
    return f", {100 * part / whole:.1f} % of demand" if whole > 0 else ""


def _plans(plans: Mapping[str, Any]) -> str:
    if not plans["count"]:
        return "none"
    gap = plans["worst_gap"]
    proven = "all proven" if plans["all_proven"] else "not all proven"
    told = [f"{plans['count']}, {proven}, worst gap {'undefined' if gap is None else f'{100 * gap:.3f} %'}"]
    told += [f"{plans['rejected']} rejected by their own check at first"] if plans["rejected"] else []
    told += [f"{cut} cut by the clock, so that numbers depend on the machine"] if (cut := plans["cut_by_clock"]) else []
    return "; ".join(told)
