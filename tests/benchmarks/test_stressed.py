"""The stressed scenarios: drawn the same way every time, and broken by plans that are not verified."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from relight.sim.planning.plan_once import plan_once
from relight.sim.validation.validator import Validator

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def load(name: str) -> ModuleType:
    """A script of benchmarks/, which is no package."""
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


stressed = load("stressed")
ALL = [(regime, seed) for regime, seeds in stressed.STRESSED.items() for seed in seeds]


def test_there_are_fifty_of_eight_regimes() -> None:
    assert len(set(ALL)) == len(ALL) >= 50
    assert sum(len(seeds) > 0 for seeds in stressed.STRESSED.values()) >= 8
    assert stressed.STRESSED.keys() == stressed.REGIMES.keys()


def test_a_draw_depends_on_regime_and_seed_alone(tmp_path: Path) -> None:
    def draw(folder: str, regime: str, seed: int) -> tuple[bytes, bytes]:
        (tmp_path / folder).mkdir(exist_ok=True)
        stressed.stressed_case(regime, seed, tmp_path / folder)
        name = tmp_path / folder / f"{regime}-{seed}"
        return name.with_suffix(".yaml").read_bytes(), name.with_suffix(".json").read_bytes()

    first = draw("one", "thin_lines", 1)
    draw("two", "high_pv", 0)
    assert draw("two", "thin_lines", 1) == first
    assert draw("two", "thin_lines", 2) != first


def assert_broken(regime: str, seed: int, folder: Path) -> None:
    case = stressed.stressed_case(regime, seed, folder)
    unverified = stressed.with_options(case, verify="off")
    assert not Validator(case, engine="power-grid-model").validate(plan_once(unverified, "dynamic").plan).clean


@pytest.mark.parametrize(("regime", "seed"), [("high_pv", 1), ("off_nominal_taps", 7)])
def test_an_unverified_plan_breaks_limits(regime: str, seed: int, tmp_path: Path) -> None:
    assert_broken(regime, seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("regime", "seed"), ALL)
def test_every_unverified_plan_breaks_limits(regime: str, seed: int, tmp_path: Path) -> None:
    assert_broken(regime, seed, tmp_path)


def test_the_table_tells_before_and_after(tmp_path: Path) -> None:
    repair = load("repair")
    row = repair.measure("high_pv", 1, tmp_path)
    assert row.before.count > 0 and row.after.judged.count == 0 and row.after.ways == ("dispatch",)
    assert "| none | 1: dispatch | 0 |" in repair.as_table([row])
    assert "| high_pv | 1 | 1 | unit_energy 1 | 0 | 1.0 (1) | 0.0 (0.0) |" in repair.summary([row])


@pytest.mark.slow
@pytest.mark.parametrize(("regime", "seed"), ALL)
def test_every_repaired_plan_is_clean(regime: str, seed: int, tmp_path: Path) -> None:
    """Whatever their gap: to prove the last per mille of a plan at its limits takes minutes."""
    case = stressed.with_options(stressed.stressed_case(regime, seed, tmp_path), mip_gap=0.01, node_limit=300)
    assert Validator(case).validate(plan_once(case, "dynamic").plan).clean
