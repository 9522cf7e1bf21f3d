"""The notebook of the docs: python tools/notebook_page.py runs it and writes its outputs into the file."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook" / "from-scenario-to-figure.ipynb"


def carried_out(path: Path, folder: Path, first: str = "") -> nbformat.NotebookNode:
    """The notebook after all its cells ran in ``folder``, other code before them. Raises CellExecutionError."""
    book = nbformat.read(path, as_version=4)
    book.cells.insert(0, nbformat.v4.new_code_cell(first))
    NotebookClient(book, timeout=300, resources={"metadata": {"path": str(folder)}}, record_timing=False).execute()
    del book.cells[0]
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    book.metadata = {"language_info": {"name": "python"}}
    return book


def joined(found: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """Outputs with what was printed in several pieces, which differ from time to time, as one."""
    whole: list[nbformat.NotebookNode] = []
    for output in found:
        if output.output_type == "stream" and whole and whole[-1].get("name") == output.name:
            whole[-1].text += output.text
        else:
            whole.append(output)
    return whole


def shown(output: nbformat.NotebookNode) -> str:
    """An output as text; of a picture only that there is one."""
    if output.output_type == "stream":
        return output.text
    return "picture" if "image/png" in output.data else output.data["text/plain"]


def outputs(book: nbformat.NotebookNode) -> list[list[str]]:
    """What each cell printed or showed."""
    return [[shown(output) for output in cell.get("outputs", [])] for cell in book.cells]


if __name__ == "__main__":
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(carried_out(NOTEBOOK, Path(folder)), NOTEBOOK)
