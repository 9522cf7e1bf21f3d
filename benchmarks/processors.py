"""How far AC power flows differ between kernels of BLAS and numpy, and how often rounding does not hide it:

    python benchmarks/processors.py

Each setting carries the same run out in a process of its own, which keeps every number of the AC power flow as it is
before it is rounded. The odds are those of docs/results.md, "The same bytes": a number rounds to another multiple if an
edge between two multiples lies within the difference, which happens with difference / quantum.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy._core import _multiarray_umath as numpy_core

CASE, WINDOW = "guo45/fault-1000", "outage.duration_min=120"
AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
SETTINGS = {
    "as it comes": {},
    "numpy without AVX-512": {"NPY_DISABLE_CPU_FEATURES": AVX512},
    "numpy without AVX2": {"NPY_DISABLE_CPU_FEATURES": f"{AVX512} X86_V3"},
    "BLAS for Haswell": {"OPENBLAS_CORETYPE": "Haswell"},
    "BLAS for SkylakeX": {"OPENBLAS_CORETYPE": "SkylakeX"},
    "BLAS for Nehalem": {"OPENBLAS_CORETYPE": "Nehalem"},
}
NEEDS = {
    "numpy without AVX-512": "X86_V4",
    "numpy without AVX2": "X86_V3",
    "BLAS for Haswell": "AVX2",
    "BLAS for SkylakeX": "X86_V4",
    "BLAS for Nehalem": "SSE42",
}
"""What the processor, as numpy names it, must have for a setting to be possible or to change anything."""
QUANTA = {
    "voltage, p.u.": "VOLTAGE_PU",
    "angle, °": "ANGLE_DEGREE",
    "loading, %": "LOADING_PCT",
    "flow, kW or kvar": "FLOW_KW",
    "losses, kW or kvar": "LOSSES_KW",
}
"""Number of a solution → its quantum in ``relight.scenarios.quanta``."""


class Decimals(int):
    """The decimals of a quantum, which know whose they are."""

    of: str


def keep_raw(case: str, window: str, file: Path) -> None:
    """Carry a case out and write what its AC power flows gave before it was rounded: an array per kind of number."""
    from relight.scenarios import quanta
    from relight.scenarios.loader import load_case
    from relight.sim.campaigns import run
    from relight.sim.power_flow import pandapower_engine as engine

    raw: dict[str, list[float]] = {name: [] for name in QUANTA.values()}
    for name in QUANTA.values():
        decimals = Decimals(getattr(quanta, name))
        decimals.of = name
        setattr(engine, name, decimals)

    def keeping(rounding):
        def kept(value: float, decimals: Decimals) -> float:
            raw[decimals.of].append(value)
            return rounding(value, decimals)

        return kept

    engine.rounded, engine.rounded_flow = keeping(quanta.rounded), keeping(quanta.rounded_flow)
    run._draw = lambda *_: None
    with tempfile.TemporaryDirectory() as folder:
        run.simulate(load_case(case, [window]), "dynamic", Path(folder) / "run")
    np.savez_compressed(file, **{name: np.array(values) for name, values in raw.items()})


def measured(case: str, window: str, settings: dict[str, dict[str, str]]) -> dict[str, dict[str, np.ndarray]]:
    """Setting → kind of number → raw values, in the order in which they were found."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith(("NPY_", "OPENBLAS_"))}
    found: dict[str, dict[str, np.ndarray]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, setting in settings.items():
            file = Path(folder) / "raw.npz"
            subprocess.run([sys.executable, __file__, case, window, file], env=plain | setting, check=True)
            with np.load(file) as kept:
                found[name] = dict(kept)
    return found


def table(found: dict[str, dict[str, np.ndarray]]) -> list[str]:
    """A row per kind of number: how many, differences from the first setting, and the odds that rounding shows them."""
    from relight.scenarios import quanta

    first, *others = found
    rows = [
        "| number | of a run | largest difference | mean | quantum | differs after rounding, one in | seen |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for label, name in QUANTA.items():
        decimals, values = getattr(quanta, name), found[first][name]
        rounding = quanta.rounded_flow if name in ("FLOW_KW", "LOSSES_KW") else quanta.rounded
        apart, seen = [], 0
        for other in others:
            if found[other][name].shape != values.shape:
                raise RuntimeError(f"{other}: the run itself went another way, so its numbers cannot be compared")
            apart.append(np.nan_to_num(np.abs(found[other][name] - values)))
            seen += int((rounding(found[other][name], decimals) != rounding(values, decimals)).sum())
        mean = float(np.mean(apart))
        odds = f"{10.0**-decimals / mean:.1e}" if mean else "never"
        rows.append(
            f"| {label} | {len(values):,} | {np.max(apart):.1e} | {mean:.1e} | 1e-{decimals} | {odds} "
            f"| {seen} of {len(values) * len(others):,} |"
        )
    return rows


if __name__ == "__main__":
    if len(sys.argv) == 4:
        keep_raw(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
    else:
        possible = {n: s for n, s in SETTINGS.items() if n not in NEEDS or numpy_core.__cpu_features__.get(NEEDS[n])}
        print(f"{CASE}, {WINDOW}, dynamic, seed 0; numpy {np.__version__}, Python {platform.python_version()}.")
        print(f"Settings: {', '.join(possible)}; each against the first.\n")
        print("\n".join(table(measured(CASE, WINDOW, possible))))
