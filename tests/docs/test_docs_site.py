"""The site builds with warnings as errors, holds every page, and asks nobody for anything when it is read."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"})
    assert built.returncode == 0, built.stderr
    return folder


def test_it_holds_every_page_and_picture_of_the_docs(site: Path) -> None:
    for path in (ROOT / "docs").rglob("*"):
        name = path.relative_to(ROOT / "docs")
        if path.suffix == ".md":
            assert (site / name.with_suffix(".html")).is_file(), name
        elif path.suffix in (".png", ".ipynb", ".css"):
            assert (site / name).is_file(), name
    assert not list(site.rglob("site_hooks*"))


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    """Links to other sites may be followed by a reader, but scripts, styles, fonts and pictures are all here."""
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|img|iframe|source)[^>]+src=\"?(?:https?:)?//[^ >]+", text), page
        assert not re.findall(r"<link(?![^>]*rel=\"?canonical)[^>]+href=\"?(?:https?:)?//[^ >]+", text), page
    for style in site.rglob("*.css"):
        assert not re.findall(r"url\(\"?(?:https?:)?//|@import", style.read_text(encoding="utf-8")), style


def test_links_out_of_the_docs_lead_to_copies(site: Path) -> None:
    """docs/formulation.md links to golden files that lie beside the tests, and pages to READMEs of other folders."""
    text = (site / "formulation.html").read_text(encoding="utf-8")
    (golden,) = set(re.findall(r'href="([^"]*/one_parent\.lp)"', text)) - {""}
    assert (site / golden).read_bytes() == (ROOT / "tests/controllers/milp/golden/compact/one_parent.lp").read_bytes()
    assert (site / "repository" / "scenarios" / "index.html").is_file()
    assert (site / "repository" / "scenarios" / "schema" / "weather.py").is_file()


def test_the_notebook_is_a_page_with_its_pictures(site: Path) -> None:
    text = (site / "notebook" / "from-scenario-to-figure.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<img[^>]+src="([^"]+\.png)"', text)
    assert len(pictures) == 2 and all((site / "notebook" / picture).is_file() for picture in pictures)
    assert "relight.compare(" in re.sub(r"<[^>]+>", "", text) and "served_energy_mwh" in text
    assert 'href="notebook/from-scenario-to-figure.html"' in (site / "tutorial.html").read_text(encoding="utf-8")


def test_the_library_page_tells_what_functions_do(site: Path) -> None:
    text = (site / "reference" / "library.html").read_text(encoding="utf-8")
    assert "Load a scenario, its network and its series, and check all of it." in text
    named = re.findall(r"^::: (\S+)$", (ROOT / "docs/reference/library.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(named) > 20
    for name in named:
        assert f'id="{name}"' in text, name
