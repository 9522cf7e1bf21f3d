"""Property tests draw the same examples everywhere and are never failed for being slow on a busy machine; the command
line in this process."""

import sys
import time
from pathlib import Path

import pytest
import slow_page
from hypothesis import settings

settings.register_profile("relight", deadline=None, derandomize=True)
settings.load_profile("relight")
BEGAN = time.monotonic()


def pytest_addoption(parser):
    parser.addoption("--write-slow", metavar="FILE", type=Path, help="write a page about this run: make slow")


def pytest_terminal_summary(terminalreporter, config):
    file = config.getoption("--write-slow")
    if file and not config.option.collectonly:
        workers = getattr(config.option, "numprocesses", None) or 1
        text = slow_page.page(terminalreporter.stats, time.monotonic() - BEGAN, workers)
        file.write_text(text, encoding="utf-8")


@pytest.fixture
def no_run_figures(monkeypatch):
    """Runs are written without the figures that every run has: drawing takes longer than a short run."""
    monkeypatch.setattr("results.figures.RUN_FIGURES", {})


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
