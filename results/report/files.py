"""``report.html`` of a run's or a comparison's folder, from its tables alone."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from results.report.layout import layouts
from results.report.network import Network, read_network
from results.report.overview import overview, run_tiles
from results.report.page import CLAIM, MOST_BYTES, assemble
from results.report.run_data import FULL, WITHOUT_DIAGRAM, WITHOUT_FLOWS, run_data
from results.run_tables import NotARun, RunTables, read_json, read_run
from results.style import strategy_colours

REPORT = "report.html"
LEFT_OUT = {
    FULL: "",
    WITHOUT_FLOWS: "Voltages of single buses and flows of single branches are left out here, because the page would "
    "pass 5 MB with them; they are in series/bus.csv and series/branch.csv.",
    WITHOUT_DIAGRAM: "Diagrams are left out here, because the page would pass 5 MB with them; states of buses and "
    "branches are in series/bus.csv and series/branch.csv.",
}
NO_NETWORK = (
    "No diagram: this folder has no network.json, which runs made by the command line hold. Run the scenario again."
)


def write_run_report(folder: Path) -> Path:
    """Write a run's ``report.html`` and return its path. Raises NotARun."""
    run, network = read_run(folder), read_network(folder)
    summary = read_json(folder / "summary.json")
    title = f"{run.scenario.name}, {run.strategy}, seed {run.seed}"
    return _write(
        folder,
        "run",
        title,
        lambda note: _run_head(run, summary, note),
        lambda detail: {**_payload([(run, network)], detail), "kind": "run"},
    )


def write_comparison_report(folder: Path) -> Path:
    """Write a comparison's ``report.html`` and return its path: numbers of all its runs, and of each case and strategy
    the run of the first seed to look at. Raises NotARun."""
    records = read_json(folder / "comparison.json").get("runs")
    if not records:
        raise NotARun(f"{folder}: this comparison was not finished; run it again with --overwrite")
    where = _run_folders(folder)
    cases: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        cases.setdefault(record["scenario"], []).append(record)
    runs: list[tuple[RunTables, Network | None]] = []
    listed: list[dict[str, Any]] = []
    for scenario, mine in cases.items():
        seed, seeds = mine[0]["seed"], list(dict.fromkeys(record["seed"] for record in mine))
        first = len(runs)
        for record in mine:
            if record["seed"] == seed:
                place = where.get((record["scenario"], record["strategy"], record["seed"]))
                if place is None:
                    told = f"{scenario}, {record['strategy']}, seed {seed}"
                    raise NotARun(f"{folder / 'runs'}: the run of {told} is not there; its report is made from it")
                runs.append((read_run(place), read_network(place)))
        note = f"Shown below: seed {seed}"
        note += f", the first of {len(seeds)}; each run has a report of its own under runs/." if len(seeds) > 1 else "."
        listed.append({"scenario": scenario, "runs": list(range(first, len(runs))), "note": note})

    def payload(detail: int) -> dict[str, Any]:
        colours = strategy_colours(list(dict.fromkeys(record["strategy"] for record in records)))
        return {**_payload(runs, detail), "kind": "comparison", "cases": listed, "colours": colours}

    title = "Comparison: " + ", ".join(cases)
    return _write(folder, "comparison", title, lambda note: _comparison_head(list(cases), records, note), payload)


def _run_folders(folder: Path) -> dict[tuple[str, str, int], Path]:
    """Folders of a comparison's runs by scenario, strategy and seed."""
    found: dict[tuple[str, str, int], Path] = {}
    for path in sorted((folder / "runs").glob("*/manifest.json")):
        manifest = read_json(path)
        found[manifest["scenario"], manifest["strategy"], manifest["seed"]] = path.parent
    return found


def _write(
    folder: Path, kind: str, title: str, head: Callable[[str], str], payload: Callable[[int], dict[str, Any]]
) -> Path:
    """Write the page with all that fits into its size, and what was left out said in its head."""
    page = b""
    for detail, note in LEFT_OUT.items():
        page = assemble(kind, f"{title} – Relight", head(note), payload(detail))
        if len(page) <= MOST_BYTES:
            break
    path = folder / REPORT
    path.write_bytes(page)
    return path


def _payload(runs: list[tuple[RunTables, Network | None]], detail: int) -> dict[str, Any]:
    networks: list[Network] = []
    told: list[dict[str, Any]] = []
    for run, network in runs:
        if network is not None and network not in networks:
            networks.append(network)
        at = networks.index(network) if network is not None else None
        told.append({**run_data(run, network, detail), "network": at})
    missing = any(network is None for _, network in runs)
    return {
        "runs": told,
        "networks": [] if detail == WITHOUT_DIAGRAM else [_drawing(network) for network in networks],
        "noDiagram": NO_NETWORK if missing else LEFT_OUT[detail],
    }


def _drawing(network: Network) -> dict[str, Any]:
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
        f"{f'<p>{escape(scenario.title)}</p>' if scenario.title else ''}{run_tiles(summary)}"
        f'<p class="quiet">{CLAIM} Energies are of the outage area.</p>'
        f"{''.join(f'<p class=note>{escape(text)}</p>' for text in notes)}</header>"
    )


def _comparison_head(cases: list[str], records: list[dict[str, Any]], note: str) -> str:
    left_out = f'<p class="note">{escape(note)}</p>' if note else ""
    return (
        f'<header><div class="subject"><h1>Comparison of strategies</h1><p>{escape(", ".join(cases))}</p></div>'
        f'<p class="quiet">{CLAIM}</p>{left_out}</header><div class="summary">{overview(records)}</div>'
    )
