"""Property tests draw the same examples everywhere and are never failed for being slow on a busy machine; the command
line in this process; the repository is no package of tests."""

import gc
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings

import slow_page
from relight.sim.campaigns.pool import available_cores

settings.register_profile("relight", deadline=None, derandomize=True, max_examples=20)
settings.register_profile("slow", settings.get_profile("relight"), max_examples=100)

ROOT = Path(__file__).resolve().parents[1]


class OnlyInstalled:
    """pytest takes a folder with ``__init__.py`` for a package of tests and imports it under the folder's own name:
    that would be Relight a second time."""

    @staticmethod
    def pytest_collect_directory(path, parent):
        return pytest.Dir.from_parent(parent, path=path) if path == ROOT else None


def pytest_configure(config):
    config.pluginmanager.register(OnlyInstalled())
    settings.load_profile("slow" if config.option.markexpr == "slow" else "relight")
    if config.getoption("--write-slow") and not config.option.collectonly:
        slow_page.keep_journal(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """One more than there are cores: many tests wait for a process of their own."""
    return available_cores() + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Property tests run with -m slow, too, with more examples."""
    if config.option.markexpr == "slow":
        for item in items:
            if getattr(item.obj, "is_hypothesis_test", False):
                item.add_marker(pytest.mark.slow)


def pytest_collection_finish(session):
    """What imports have made stays; to look through it for garbage whenever a test makes a model takes long."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_addoption(parser):
    parser.addoption("--write-slow", metavar="FILE", type=Path, help="write a page about this run: make slow")


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    file = config.getoption("--write-slow")
    if file and not config.option.collectonly:
        journal = config.pluginmanager.get_plugin("slow journal")
        before = slow_page.read_rows(file.read_text(encoding="utf-8")) if file.exists() else []
        rows = slow_page.rows_of(journal.commit, journal.ends, date.today().isoformat())
        file.write_text(slow_page.page([*before, *rows]), encoding="utf-8")
        if exitstatus == pytest.ExitCode.INTERRUPTED:
            terminalreporter.write_line(f"{len(journal.ends)} cases have ended; make slow goes on with the rest")


@pytest.fixture
def no_run_figures(monkeypatch):
    """Runs are written without the figures that every run has: drawing takes longer than a short run."""
    monkeypatch.setattr("relight.results.figures.drawing.RUN_FIGURES", {})


@pytest.fixture
def no_drawing(monkeypatch):
    """Runs and comparisons are written with neither figures nor reports, which take half of the time of short runs."""
    monkeypatch.setattr("relight.results.figures.style.save", lambda figure, path: [])
    for module, what in (("run", "run"), ("compare", "comparison")):
        for name in (f"draw_{what}_figures", f"write_{what}_report"):
            monkeypatch.setattr(f"relight.sim.campaigns.{module}.{name}", lambda folder, *_: None)


@pytest.fixture
def one_process(monkeypatch):
    """Runs are made one after another in this process, where what a test patches holds: starting another process takes
    longer than a short run."""
    monkeypatch.setattr("relight.sim.campaigns.pool.available_cores", lambda: 1)


@pytest.fixture
def only_png(monkeypatch):
    """Figures are drawn, but not as PDF as well: its fonts take as long as all else."""

    def save(figure, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path.with_suffix(".png"), dpi=50)
        return [path.with_suffix(".png")]

    monkeypatch.setattr("relight.results.figures.style.save", save)


@pytest.fixture
def relight(monkeypatch, capsys, tmp_path):
    """Call the command in this process, in an empty folder: (exit code, stdout, stderr)."""
    from relight.sim import cli

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
