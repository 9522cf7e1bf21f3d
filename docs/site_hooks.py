"""How the site takes in what lies outside docs/: pages and files that docs link to, the notebook as a page, modules.

A file of the repository has one place in the site: docs/x is x, anything else is repository/x. So links that work in
the repository work in the site, and the strict build checks them.
"""

from __future__ import annotations

import base64
import json
import posixpath
import re
import shutil
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("scenarios/README.md", "scenarios/guo45/README.md", "benchmarks/README.md", "results/reproduction/README.md")
"""Pages that lie beside what they describe."""
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
NAME = re.compile(r"\[(?:docs/)?([\w/-]+)\.md\]\(")
"""A link whose text is the name of a page's file."""
FENCED = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)

FLOORS = ("scenarios", "controllers", "results", "sim")
LIBRARY = ROOT / "build" / "library" / "relight"
"""Where the site's builder finds the modules: it looks for a folder of the package's name."""


def on_startup(command: str, dirty: bool) -> None:
    """Copy the modules to where they have the name that they are installed by."""
    shutil.rmtree(LIBRARY, ignore_errors=True)
    roots = (ROOT / f"{name}.py" for name in ("__init__", "strategy"))
    for path in (*roots, *(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))):
        name = path.relative_to(ROOT)
        if name.parts[:2] != ("results", "runs"):
            (LIBRARY / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, LIBRARY / name)


def in_site(path: str) -> str:
    """Where a file of the repository lies in the site."""
    return path.removeprefix("docs/") if path.startswith("docs/") else f"repository/{path}"


def in_repository(path: str) -> str:
    """Where a file of the site lies in the repository."""
    return path.removeprefix("repository/") if path.startswith("repository/") else f"docs/{path}"


def target(page: str, link: str) -> str:
    """The file of the repository that a link on one of its pages leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), link))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere, files that pages link to, and notebooks as pages."""
    for path in PAGES:
        files.append(File.generated(config, in_site(path), abs_src_path=str(ROOT / path)))
    for file in [file for file in files if file.src_uri.endswith(".ipynb")]:
        for page in notebook_files(config, file):
            files.append(page)
    for page in [file for file in files if file.is_documentation_page()]:
        for link, _ in LINK.findall(FENCED.sub("", page.content_string)):
            path = target(in_repository(page.src_uri), link)
            if files.get_file_from_path(in_site(path)) is None and (ROOT / path).is_file():
                files.append(File.generated(config, in_site(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links lead to where things lie in the site, notebooks to their pages; of a folder only the name is left."""
    here = page.file.src_uri

    def lead(match: re.Match[str]) -> str:
        path = in_site(target(in_repository(here), match[1]))
        if path.endswith(".ipynb") and not here.startswith(path.removesuffix(".ipynb")):
            path = f"{path.removesuffix('.ipynb')}.md"
        return f"]({posixpath.relpath(path, posixpath.dirname(here) or '.')}{match[2] or ''})"

    def without_folders(text: str) -> str:
        return re.sub(
            r"\[([^][]*)\]\((?!https?:|#)([^)#\s]+)/\)",
            lambda m: m[1] if (ROOT / target(in_repository(here), m[2])).is_dir() else m[0],
            text,
        )

    parts = FENCED.split(markdown)
    return "".join(
        part if part.startswith("```") else NAME.sub(r"[\1](", LINK.sub(lead, without_folders(part))) for part in parts
    )


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let long names in tables break after a dot, a slash, an underscore or a colon."""

    def breakable(code: re.Match[str]) -> str:
        return f"<code>{re.sub(r'(?<=[._/:=])(?=[^._/:=])', '<wbr>', code[1])}</code>"

    return re.sub(
        r"<td[^>]*>.*?</td>",
        lambda cell: re.sub(r"<code>([^<]+)</code>", breakable, cell[0]),
        html,
        flags=re.DOTALL,
    )


def notebook_files(config: MkDocsConfig, file: File) -> list[File]:
    """A notebook as a page, with its pictures as files beside it."""
    stem = file.src_uri.removesuffix(".ipynb")
    lines, made = [], []
    for number, cell in enumerate(json.loads(file.content_string)["cells"]):
        text = "".join(cell["source"])
        lines.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
        for output in cell.get("outputs", []):
            data: dict[str, Any] = output.get("data", {})
            if "image/png" in data:
                name = f"{stem}-{number}.png"
                made.append(File.generated(config, name, content=base64.b64decode("".join(data["image/png"]))))
                lines.append(f"![{posixpath.basename(name)}]({posixpath.basename(name)})")
            elif "text/html" in data:
                table = re.search(r"<table.*</table>", "".join(data["text/html"]), re.DOTALL)
                lines.append(re.sub(r' (border|class|style)="[^"]*"', "", table[0]) if table else "")
            elif plain := "".join(data.get("text/plain", output.get("text", ""))):
                lines.append(f"```text\n{plain.rstrip()}\n```")
    link = f"[Download this notebook]({posixpath.basename(file.src_uri)}); the tests run it."
    lines.insert(1, link)
    return [File.generated(config, f"{stem}.md", content="\n\n".join(lines)), *made]
