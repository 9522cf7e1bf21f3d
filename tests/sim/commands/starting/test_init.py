"""``relight init``: a scenario that every command takes, never over another file unasked."""

from __future__ import annotations

from pathlib import Path

import pandapower as pp
import pandapower.networks as networks
import pytest

from relight.scenarios.drafts.sources import FUNCTIONS

SHORT = ("--set", "outage.duration_min=60", "--set", "dispatch_centre.mip_gap=0.1")


def test_a_file_elsewhere_becomes_a_scenario_that_check_takes(relight, tmp_path: Path) -> None:
    (tmp_path / "nets").mkdir()
    (tmp_path / "cases").mkdir()
    pp.to_json(networks.simple_mv_open_ring_net(), str(tmp_path / "nets" / "ring.json"))
    code, out, err = relight("init", "nets/ring.json", "-o", "cases/ring.yaml")
    assert (code, err) == (0, "") and "relight check" in out
    text = (tmp_path / "cases" / "ring.yaml").read_text(encoding="utf-8")
    assert "file: ../nets/ring.json" in text and "name: ring\n" in text
    code, out, _ = relight("check", "cases/ring.yaml")
    assert code == 0 and "faulted branches: none" not in out
    code, _, err = relight("init", "nets/ring.json", "-o", "cases/ring.yaml")
    assert code == 2 and "--overwrite" in err
    assert relight("init", "nets/ring.json", "--infeeds-dead", "-o", "cases/ring.yaml", "--overwrite")[0] == 0
    assert (tmp_path / "cases" / "ring.yaml").read_text(encoding="utf-8") != text
    code, printed, err = relight("init", "nets/ring.json", "-o", "-")
    assert code == 0 and printed.startswith("# Drafted by relight init from ring") and "lose supply" in err
    assert "file: nets/ring.json" in printed


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("case33", "-o", "c.yaml"), "did you mean case33bw?"),
        (("case33bw", "-o", "nowhere/c.yaml"), "there is no folder nowhere"),
        (("case33bw", "-o", "."), "this is a folder"),
    ],
)
def test_wrong_input_is_one_message_and_nothing_is_written(relight, tmp_path: Path, arguments, told: str) -> None:
    code, out, err = relight("init", *arguments)
    assert (code, out) == (2, "") and told in err and not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("dead", [(), ("--infeeds-dead",)], ids=["fault", "dead"])
@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "lv_schutterwald"])
def test_drafts_of_pandapowers_networks_are_planned_judged_and_run(relight, no_run_figures, name, dead) -> None:
    assert relight("init", name, *dead, "-o", "case.yaml")[0] == 0
    assert relight("check", "case.yaml")[0] == 0
    assert relight("plan", "case.yaml", *SHORT, "-o", "plan.json")[0] == 0
    assert relight("validate", "plan.json", "--scenario", "case.yaml", *SHORT)[0] in (0, 1)
    assert relight("run", "case.yaml", *SHORT, "--out", "run")[0] == 0
