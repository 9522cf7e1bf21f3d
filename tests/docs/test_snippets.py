"""What the pages for newcomers show is carried out, in the order of the page and in an empty folder.

A block with a title is a file. Python blocks share one namespace. Of a bash block each line is a command. A text block
shows lines of the output of the block before it, in their order; … stands for lines left out.
"""

from __future__ import annotations

import contextlib
import io
import re
import runpy
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = ("quick-start.md", "tutorial.md", "validation.md", "strategies.md")
BLOCK = re.compile(r'^```(\w*)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)

NOT_RUN = {
    "make install": "installs; whoever runs the tests has done it",
    "source .venv/bin/activate": "the tests run in that environment",
    "relight compare guo45/fault-1000 --ladder --seeds 0..29": "180 runs",
}
"""Lines that are not carried out, and why."""
SLOW = {
    "relight compare guo45/fault-0400 --out first-comparison": "two whole windows; the notebook has such a one, short",
    "relight compare feeder33-q.yaml --strategies dynamic,static,greedy --out comparison": "three long runs",
    "relight compare feeder33-q.yaml --seeds 0..4 --out five-days": "ten runs",
    "relight compare feeder33-q.yaml --set local_areas.load_control=area --strategies dynamic,static": "two more runs",
    "relight run feeder33-hospital.yaml --out hospital": "a second long run of one page",
    "relight metrics hospital --format csv": "of the run before",
    "relight compare guo45/fault-1000 --strategies dynamic,my_strategy.py:MostLoadFirst": "a five-hour window",
    "relight study my-study.yaml": "six runs; test_study_strategies.py has a short one",
    "relight strategy check my_strategy.py:MostLoadFirst": "several runs; test_strategy_check.py has a short one",
}
"""Lines that are carried out only with -m slow, and why; Python that reads what they write, too."""
EXITS = {"relight validate my-sheet.csv --scenario guo45/fault-0400": 1}
"""Exit codes other than 0; the page tells them."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page; ``title`` is the name of its file, if it is one."""

    language: str
    title: str
    text: str

    @property
    def commands(self) -> list[str]:
        """The lines of a bash block without comments."""
        lines = [line.split("  #")[0].strip() for line in self.text.splitlines()]
        return [line for line in lines if line and not line.startswith("#")] if self.language == "bash" else []

    def reads(self, folders: set[str]) -> bool:
        """Whether it reads files in one of these folders."""
        return any(f'"{folder}/' in self.text for folder in folders)


def blocks(page: str) -> list[Block]:
    return [Block(*found) for found in BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))]


@pytest.fixture(params=PAGES)
def page(request) -> str:
    return request.param


def carry_out(page: str, folder: Path, relight, *, slow: bool) -> None:
    """Carry out a page. Raises where a command ends otherwise than told, or an output shows what was not said."""
    names: dict[str, object] = {}
    said: str | None = None
    left_out = set[str]()
    for block in blocks(page):
        if block.title:
            (folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            said = (
                None if block.reads(left_out) else ran(lambda code=block.text: exec(compile(code, page, "exec"), names))
            )
        elif block.language == "bash":
            outputs = [output for command in block.commands for output in outcome(command, relight, slow=slow)]
            skipped = [command for command in block.commands if command in SLOW and not slow]
            left_out |= {command.partition(" --out ")[2] for command in skipped} - {""}
            said = "\n".join(outputs) if len(outputs) == len(block.commands) else None
        elif block.language == "text" and said is not None:
            shown = [line.rstrip() for line in block.text.splitlines() if line.strip() not in ("", "…")]
            lines = iter([line.rstrip() for line in said.splitlines()])
            for line in shown:
                assert line in lines, f"{page}: {line!r} is not in this order in\n{said}"


def ran(call) -> str:
    """What a call prints."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        call()
    return printed.getvalue()


def outcome(command: str, relight, *, slow: bool) -> Iterator[str]:
    """The output of one command, or nothing if it is not to be carried out."""
    if command in NOT_RUN or (command in SLOW and not slow):
        return
    program, *arguments = shlex.split(command)
    if program == "python":
        yield ran(lambda: runpy.run_path(arguments[0]))
        return
    assert program == "relight", f"{command!r} is neither carried out nor told in NOT_RUN"
    code, out, err = relight(*arguments)
    assert code == EXITS.get(command, 0), f"{command} ended with {code}\n{err}"
    yield out


def test_the_page_does_what_it_says(page: str, tmp_path: Path, relight, no_drawing, one_process) -> None:
    """Without figures and reports, which no page looks at, and in one process; with -m slow as the reader has it."""
    carry_out(page, tmp_path, relight, slow=False)


@pytest.mark.slow
def test_the_whole_page_does_what_it_says(page: str, tmp_path: Path, relight) -> None:
    carry_out(page, tmp_path, relight, slow=True)


def test_every_block_is_of_a_kind_that_is_carried_out_or_compared() -> None:
    for name in PAGES:
        text = (DOCS / name).read_text(encoding="utf-8")
        assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks(name)), name
        for block in blocks(name):
            assert block.title or block.language in ("python", "bash", "text"), f"{name}: {block.text[:60]!r}"


def test_the_exceptions_are_in_use() -> None:
    shown = {command for name in PAGES for block in blocks(name) for command in block.commands}
    assert set(NOT_RUN) | set(SLOW) | set(EXITS) <= shown


def test_the_plans_of_the_page_are_those_that_ship() -> None:
    shipped = DOCS.parent / "scenarios" / "guo45" / "plans"
    files = {block.title: block.text for block in blocks("validation.md")}
    for title, name in {"my-plan.json": "by-hand.json", "my-sheet.csv": "switching-sheet.csv"}.items():
        assert files[title].strip() == (shipped / name).read_text(encoding="utf-8").strip()
