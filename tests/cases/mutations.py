"""Inputs changed at random, each from a seed: what a slip, a broken editor or an enemy makes of a right file."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass
from pathlib import Path

from relight.scenarios.reading.problems import PACKAGE_FOLDER

HERE = Path(__file__).parent
SMALL = HERE / "bad-38-nothing-fails"
NET = HERE / "bad-18-json-vn-0"
NASTY = (
    "", "null", "-1", "0", "1e308", "1e-308", ".nan", "nan", "inf", "9" * 400, "9" * 5000, "true", "[]", "{}", "[[]]",
    "'='", "=1+1", "@x", "\t", "\x1b[31m", "\x00", "\u202e", "é" * 300, "x" * 5000, "../../etc", "/dev/zero",
    "!!python/object:os.system x", "!!timestamp 2025-99-99", "&a [*a]", "*b", "2025-02-30T25:61", "1,5", "5 kW", "{a: ",
    '"\\ud800"', "$\\frac$", '{"_module": "antigravity", "_class": "x", "_object": "y"}', "[" * 200, "- -", ": :", ",,",
)  # fmt: skip
PLAN = (
    '{"scenario": "small", "strategy": "mine", "issued_at_min": 0, "step_min": 30, "steps": ['
    '{"start_min": 0, "closed_branches": ["a-b", "c-d", "b-c"], "energised_buses": ["a"], "units": {"ess.b": '
    '{"p_kw": 5, "q_kvar": 0, "state": "form"}}, "local_areas": {"a": {"p_kw": 1, "q_kvar": 0, "demand_kw": 1}}}]}'
)
SHEET = "time,device,operation\n0,b-c,open\n30,b-c,close\n"
STUDY = """name: st
scenarios: [s.yaml]
strategies: [static, dynamic]
seeds: 0..3
grid: [{name: p, path: load.peak_kw, values: [90, 80]}]
"""
SERIES = "time_min,pv.c\n0,0.5\n30,0.6\n60,0.4\n90,0.3\n"
KINDS = ("scenario", "table", "net", "plan", "sheet", "study", "business", "set", "series")


@dataclass(frozen=True)
class Mutated:
    """A folder with a changed input, and the command that reads it."""

    folder: Path
    command: list[str]


def mutated(seed: int, folder: Path) -> Mutated:
    """Make the input of a seed; the kinds take turns."""
    rng, kind = random.Random(seed), KINDS[seed % len(KINDS)]
    shutil.copytree(NET if kind == "net" else SMALL, folder)
    if kind == "net":
        net = folder / "net.json"
        net.write_text(net.read_text(encoding="utf-8").replace(r"\"B\",0.0", r"\"B\",20.0", 1), encoding="utf-8")
        _change(rng, net)
        return Mutated(folder, ["check", "json.yaml"])
    scenario = folder / "s.yaml"
    scenario.write_text(scenario.read_text(encoding="utf-8").replace(", dead_infeeds: []", ""), encoding="utf-8")
    texts = {
        "plan": ("p.json", PLAN),
        "sheet": ("p.csv", SHEET),
        "study": ("st.yaml", STUDY),
        "series": ("pv.csv", SERIES),
    }
    if kind in texts:
        name, text = texts[kind]
        (folder / name).write_text(text, encoding="utf-8")
        _change(rng, folder / name)
        if kind == "series":
            scenario.write_text(scenario.read_text(encoding="utf-8") + "pv: {forecast_csv: pv.csv}\n", encoding="utf-8")
        reading = {"study": ["study", name, "--out", "s.yaml"], "series": ["check", "s.yaml"]}
        return Mutated(folder, reading.get(kind, ["validate", name, "--scenario", "s.yaml"]))
    if kind == "business":
        shutil.copy(PACKAGE_FOLDER / "business-example.yaml", folder / "b.yaml")
        _change(rng, folder / "b.yaml")
        return Mutated(folder, ["indices", "s.yaml", "--business", "b.yaml", "--out", "s.yaml"])
    if kind == "set":
        path = rng.choice(
            ["load.peak_kw", "outage", "units.ess", "limits.vm_min_pu", "a" + ".b" * 500, "name", "=", ""]
        )
        value = rng.choice(NASTY).replace("\x00", "0")
        return Mutated(folder, ["check", "s.yaml", "--set", f"{path}={value}"])
    _change(rng, scenario if kind == "scenario" else rng.choice(sorted((folder / "net").iterdir())))
    return Mutated(folder, ["check", "s.yaml"])


def _change(rng: random.Random, path: Path) -> None:
    """One to three changes: of a byte, a value, a line, or a stretch."""
    data = path.read_bytes()
    for _ in range(rng.randint(1, 3)):
        at, until = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        nasty = rng.choice(NASTY).encode("utf-8", "surrogatepass")
        lines = data.split(b"\n")
        line = rng.randrange(len(lines))
        match rng.randrange(6):
            case 0:
                data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
            case 1:
                data = data[:at] + nasty + data[at:]
            case 2:
                data = data[:at] + data[min(until, at + 40) :]
            case 3:
                data = b"\n".join(lines[:line] + [lines[line]] * 2 + lines[line + 1 :])
            case 4:
                words = lines[line].replace(b":", b",").split(b",")
                data = data.replace(rng.choice(words) or b"0", nasty, 1)
            case _:
                numbers = [k for k, byte in enumerate(data) if chr(byte).isdigit()] or [0]
                place = rng.choice(numbers)
                data = data[:place] + nasty + data[place + 1 :]
    path.write_bytes(data)
