"""``report.html`` of a run's or a comparison's folder, from its tables alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from ..figures.style import Look, strategy_looks
from ..run.in_short import in_short
from ..run.read import NotARun, RunTables, read_json, read_run
from .layout import layouts
from .network import DrawnNetwork, read_network
from .overview import forecasts, ladder, overview, run_tiles
from .page import CLAIM, MOST_BYTES, assemble
from .run_data import FULL, WITHOUT_DIAGRAM, WITHOUT_FLOWS, run_data

REPORT = "report.html"


@dataclass(frozen=True)
class Level:
    """How much a page tells: of single elements, and whether of every seed; and what it says is left out."""

    detail: int
    every_seed: bool
    note: str


LEVELS = (
    Level(FULL, True, ""),
    Level(FULL, False, "Only the first seed of each case is shown step by step, because the page would pass 5 MB with "
          "all; each run has a report of its own under runs/."),
    Level(WITHOUT_FLOWS, False, "Voltages of single buses, flows of single branches and powers of single areas are "
          "left out here, because the page would pass 5 MB with them; they are in the tables under series/."),
    Level(WITHOUT_DIAGRAM, False, "Diagrams are left out here, because the page would pass 5 MB with them; states of "
          "buses and branches are in the tables under series/."),
)  # fmt: skip
"""Tried in this order until a page is small enough; the last is taken in any case."""
NO_NETWORK = (
    "No diagram: this folder has no network.json, which runs made by the command line hold. Run the scenario again."
)
OTHER_SEED = (
    "Diagrams are of the first seed only, to keep the page small; each run has its own in its report under runs/."
)

LINE = 2.4
"""Width of a strategy's line in pixels, as in report.css."""

Loaded = tuple[RunTables, DrawnNetwork | None]


def write_run_report(folder: Path, run: RunTables | None = None) -> Path:
    """Write a run's ``report.html``; return its path. ``run``: its tables, where they are at hand. Raises NotARun."""
    run, network = run or read_run(folder), read_network(folder)
    summary = read_json(folder / "summary.json")
    title = f"{run.scenario.name}, {run.strategy}, seed {run.seed}"
    drawings = _drawings([(run, network)])
    return _write(
        folder,
        "run",
        title,
        lambda note: _run_head(run, summary, note),
        lambda level: {**_payload([(run, network)], drawings, level), "kind": "run"},
        tuple(level for level in LEVELS if level.every_seed or level.detail != FULL),
    )


def write_comparison_report(folder: Path) -> Path:
    """Write a comparison's ``report.html`` and return its path: the numbers of all its runs, and each of them step by
    step, with diagrams for the first seed of each case. Raises NotARun."""
    content = read_json(folder / "comparison.json")
    records = content.get("runs")
    if not records:
        raise NotARun(f"{folder}: this comparison was not finished; run it again with --overwrite")
    where = _run_folders(folder, records)
    first_seed: dict[str, int] = {}
    for record in records:
        first_seed.setdefault(record["scenario"], record["seed"])
    shown = [key for key in where if key[2] == first_seed[key[0]]]
    others = [key for key in where if key not in shown]
    drawn = [_load(where[key]) for key in shown]
    drawings = _drawings(drawn)
    # Tables of many seeds would fill the memory; what the page is told of them does not.
    further = [run_data(read_run(where[key]), None, WITHOUT_DIAGRAM) for key in others]
    looks = {name: _drawn(look) for name, look in strategy_looks(strategy for _, strategy, _ in where).items()}

    def payload(level: Level) -> dict[str, Any]:
        keys = shown + others if level.every_seed else shown
        by_seed = {scenario: dict[str, dict[str, int]]() for scenario in first_seed}
        for k, (scenario, strategy, seed) in enumerate(keys):
            by_seed[scenario].setdefault(str(seed), {})[strategy] = k
        page = _payload(drawn, drawings, level)
        page["runs"] += [{**data, "network": None} for data in further] if level.every_seed else []
        listed = [{"scenario": name, "seeds": list(seeds), "runs": seeds} for name, seeds in by_seed.items()]
        return {**page, "kind": "comparison", "cases": listed, "looks": looks, "otherSeed": OTHER_SEED}

    title = "Comparison: " + ", ".join(first_seed)
    tables = overview(records) + ladder(content.get("ladder", [])) + forecasts(content.get("forecast", []))
    cases = list(first_seed)
    return _write(folder, "comparison", title, lambda note: _comparison_head(cases, tables, note), payload, LEVELS)


def _drawn(look: Look) -> dict[str, str]:
    """A strategy's colour and dash for an SVG line; matplotlib's dashes are multiples of the line's width."""
    dash = "none" if isinstance(look.dash, str) else " ".join(f"{LINE * length:g}" for length in look.dash[1])
    return {"colour": look.colour, "dash": dash}


def _load(folder: Path) -> Loaded:
    return read_run(folder), read_network(folder)


def _run_folders(folder: Path, records: list[dict[str, Any]]) -> dict[tuple[str, str, int], Path]:
    """Folders of a comparison's runs by scenario, strategy and seed, in the comparison's order. Raises NotARun."""
    found: dict[tuple[str, str, int], Path] = {}
    for path in sorted((folder / "runs").glob("*/manifest.json")):
        manifest = read_json(path)
        found[manifest["scenario"], manifest["strategy"], manifest["seed"]] = path.parent
    keys = [(record["scenario"], record["strategy"], record["seed"]) for record in records]
    if missing := [
        f"{scenario}, {strategy}, seed {seed}"
        for scenario, strategy, seed in keys
        if (scenario, strategy, seed) not in found
    ]:
        raise NotARun(
            f"{folder / 'runs'}: the report is made from the runs, and these are missing: {'; '.join(missing)}"
        )
    return {key: found[key] for key in keys}


def _write(
    folder: Path,
    kind: str,
    title: str,
    head: Callable[[str], str],
    payload: Callable[[Level], dict[str, Any]],
    levels: Sequence[Level],
) -> Path:
    """Write the page with all that fits into its size, and what was left out said in its head."""
    page = b""
    for level in levels:
        page = assemble(kind, f"{title} – Relight", head(level.note), payload(level))
        if len(page) <= MOST_BYTES:
            break
    path = folder / REPORT
    path.write_bytes(page)
    return path


def _payload(runs: list[Loaded], drawings: list[tuple[DrawnNetwork, dict[str, Any]]], level: Level) -> dict[str, Any]:
    networks = [network for network, _ in drawings]
    numbers = [networks.index(network) if network is not None else None for _, network in runs]
    missing = None in numbers
    return {
        "runs": [
            {**run_data(run, network, level.detail), "network": number}
            for (run, network), number in zip(runs, numbers, strict=True)
        ],
        "networks": [] if level.detail == WITHOUT_DIAGRAM else [drawing for _, drawing in drawings],
        "noDiagram": NO_NETWORK if missing else level.note,
    }


def _drawings(runs: list[Loaded]) -> list[tuple[DrawnNetwork, dict[str, Any]]]:
    """Each different network of the runs, with what the page is told of it."""
    networks: list[DrawnNetwork] = []
    for _, network in runs:
        if network is not None and network not in networks:
            networks.append(network)
    return [(network, _drawing(network)) for network in networks]


def _drawing(network: DrawnNetwork) -> dict[str, Any]:
    """Names and geometry for the diagram; buses are told by number elsewhere."""
    number = network.bus_number
    return {
        "buses": [{"id": bus["id"], "vnKv": bus["vn_kv"]} for bus in network.buses],
        "branches": [
            {"id": b["id"], "kind": b["kind"], "from": start, "to": end, "switchable": b["switchable"]}
            for b, (start, end) in zip(network.branches, network.ends.tolist(), strict=True)
        ],
        "units": [
            {"id": u["id"], "kind": u["kind"], "bus": number[u["bus"]], "sKva": u["s_kva"],
             "capacityKwh": u["capacity_kwh"]}
            for u in network.units
        ],
        "areas": [{"id": la["id"], "buses": [number[bus] for bus in la["buses"]]} for la in network.local_areas],
        "layouts": [
            {"by": one.by, "box": one.box, "buses": one.bus.round(1).tolist(), "branches": one.path,
             "middles": one.switch, "units": one.unit}
            for one in layouts(network)
        ],
    }  # fmt: skip


def _run_head(run: RunTables, summary: dict[str, Any], note: str) -> str:
    scenario, notes = run.scenario, [note] if note else []
    status = "complete" if run.complete else "failed"
    if not run.complete:
        steps = run.manifest["steps_recorded"]
        notes.insert(0, f"This run failed: {run.manifest['reason']}. Shown is what was recorded: {steps} steps.")
    start = scenario.outage.start.strftime("%Y-%m-%d %H:%M")
    return (
        f'<header><div class="subject"><h1>{escape(scenario.name)}</h1><p>strategy <b>{escape(run.strategy)}</b> · '
        f"seed <b>{run.seed}</b> · fault {start}, {scenario.outage.duration_min} min</p>"
        f'<span class="badge {status}">{status}</span></div>'
        f"{f'<p>{escape(scenario.title)}</p>' if scenario.title else ''}"
        f'<p class="short"><b>In short.</b> {escape(in_short(run, summary))}</p>{run_tiles(summary)}'
        f'<p class="quiet">{CLAIM} Energies are of the outage area.</p>'
        f"{''.join(f'<p class=note>{escape(text)}</p>' for text in notes)}</header>"
    )


def _comparison_head(cases: list[str], tables: str, note: str) -> str:
    left_out = f'<p class="note">{escape(note)}</p>' if note else ""
    return (
        f'<header><div class="subject"><h1>Comparison of strategies</h1><p>{escape(", ".join(cases))}</p></div>'
        f'<p class="quiet">{CLAIM}</p>{left_out}</header><div class="summary">{tables}</div>'
    )
