"""Property tests draw the same examples everywhere and are never failed for being slow on a busy machine; the command
line in this process."""

import sys

import pytest
from hypothesis import settings

settings.register_profile("relight", deadline=None, derandomize=True)
settings.load_profile("relight")


@pytest.fixture
def relight(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: (exit code, stdout, stderr)."""
    from sim import cli

    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["relight", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call
