"""Hostile and mistaken inputs, each of a kind: one message that names the place, exit code 2, nothing half written.

A folder holds what came and, in ``command.txt``, what was typed.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

import pytest

from relight.sim.cli import main

HERE = Path(__file__).parent
NAMED = {
    "bad-01-network-json-imports-any-module": ("code from data", "names venv.__main__"),
    "bad-02-no-network-kind": ("a part without its kind", "network.kind"),
    "bad-04-extends-null": ("no text where a name is meant", "extends: must be the name"),
    "bad-05-extends-list": ("no text where a name is meant", "extends = ['guo45/fault-0400']"),
    "bad-06-extends-long": ("a name that no file can have", "too long for a file's name"),
    "bad-07-set-huge-int": ("a number beyond all bounds", "5000 characters"),
    "bad-09-yaml-timestamp-tag": ("a tag of YAML", "line 3"),
    "bad-10-yaml-bool-tag": ("a tag of YAML", "'banana' is not true or false"),
    "bad-11-yaml-deep": ("nesting", "nested more than 50 deep"),
    "bad-12-pv-csv-header-only": ("an empty table", "at least two rows"),
    "bad-15-json-geo-text-loses-run": ("accepted, then lost in writing", "bus.0, geo"),
    "bad-16-json-load-null": ("no number in a net", "load.0, p_mw = 'empty'"),
    "bad-18-json-vn-0": ("out of range in a net", "bus.1, vn_kv"),
    "bad-20-json-load-bus-gone": ("a place that is not there", "load.0, bus = 99"),
    "bad-21-json-no-max_i_ka": ("a column that is not there", "line, max_i_ka: missing column"),
    "bad-22-json-line-joins-two-voltages": ("two voltages joined", "20 kV and 0.4 kV"),
    "bad-03-priority-range-kills-plan": ("out of range", "local_areas.priority.a = 1e-300: must be 0.001 or more"),
    "bad-24-name-too-long": ("accepted, then lost in writing", "100 characters at most"),
    "bad-25-name-nul": ("accepted, then lost in writing", r"name = 'a\x00b': holds the control character \x00"),
    "bad-27-altitude-1e9": ("out of range", "must be 9000 m or less"),
    "bad-28-limits-in-percent": ("another unit", "limits.vm_min_pu = 93: must be 1.5 p.u. or less; 93 % is 0.93"),
    "bad-29-vn-in-volt": ("another unit", "must be from 0.1 to 150 kV; is this in V?"),
    "bad-30-infeed-5-pu": ("another unit", "must be from 0.5 to 1.5 p.u."),
    "bad-32-mix-overflow": ("out of range", "load.mix.h0"),
    "bad-33-ess-1e15": ("out of range", "must be 1e+06 kVA or less"),
    "bad-35-time-that-is-skipped": ("a time that is none", "skips this time"),
    "bad-37-fault-listed-twice": ("a name twice", "c-d is listed twice"),
    "bad-38-nothing-fails": ("nothing to do", "there is no outage"),
    "bad-40-business-tiny-number": ("out of range", "must be 1e-06"),
    "bad-41-study-seeds-1e9": ("a number beyond all bounds", "10000 seeds at most"),
    "bad-43-out-name-too-long": ("accepted, then lost in writing", "too long for a file's name"),
    "bad-44-set-control-in-message": ("control characters in a message", r"holds the control character \x1b"),
    "bad-45-options-yaml-python-words": ("words of Python", "switches = 5: must map to meaning, default"),
    "user-05-nanload": ("no number in a net", "p_mw"),
    "user-05-nanq": ("no number in a net", "q_mvar"),
}
"""Case → its kind, and what the message says."""


@pytest.mark.parametrize("case", NAMED)
def test_it_is_refused_with_its_place(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, said = NAMED[case]
    folder = tmp_path / case
    shutil.copytree(HERE / case, folder)
    before = sorted(folder.rglob("*"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", shlex.split((folder / "command.txt").read_text(encoding="utf-8")))
    with pytest.raises(SystemExit) as left:
        main()
    message = capsys.readouterr().err
    assert left.value.code == 2, f"{kind}: {message}"
    assert said in message
    assert message.startswith("relight: ")
    assert message.replace("\n", "").isprintable()
    assert sorted(folder.rglob("*")) == before, kind
