"""A result folder appears whole or not at all: it is built beside its place and renamed when finished."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..scenarios.errors import InputError
from ..scenarios.reading.files import file_name_complaint
from ..scenarios.reading.plain_text import printable

OURS = ("manifest.json", "comparison.json", "study.json", "indices.json", "reproduction.json")
"""A folder with one of these files holds results of this program, so ``overwrite`` may replace it."""


class FolderNotEmpty(InputError):
    """The folder asked for already holds files, or cannot be made.

    Examples:
        >>> relight.run("guo45/fault-1000", "greedy", out="my-run")
        Traceback (most recent call last):
        relight.FolderNotEmpty: my-run already holds results; ...
    """

    def __init__(self, folder: Path, ours: bool, reason: str = "") -> None:
        self.folder = folder
        self.ours = ours
        super().__init__(
            reason
            or (
                f"{folder} already holds results; choose another folder or pass --overwrite"
                if ours
                else f"{folder} holds files that are not results of this program, so it is never replaced; "
                "choose another"
            )
        )


def ensure_writable(folder: Path, overwrite: bool = False) -> None:
    """Refuse a folder that must not be replaced; call it before a long run, not only after.

    Raises FolderNotEmpty for a non-empty folder without ``overwrite``, and always for a folder that holds no results
    (a mistyped ``--out`` must not cost anybody their home directory).
    """
    if complaint := _name_complaint(folder):
        raise FolderNotEmpty(folder, ours=False, reason=printable(f"{folder} {complaint}"))
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not _takes_folders(existing):
        raise FolderNotEmpty(folder, ours=False, reason=f"{folder} cannot be made: {existing} is no writable folder")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderNotEmpty(folder, ours=False)
    if any(folder.iterdir()):
        ours = any((folder / name).is_file() for name in OURS)
        if not (ours and overwrite):
            raise FolderNotEmpty(folder, ours)


def _name_complaint(folder: Path) -> str:
    """Why the folder, or the one it is built in beside its place, cannot be named so."""
    return file_name_complaint(str(folder.absolute())) or file_name_complaint(f".{folder.name}.replaced")


def _takes_folders(folder: Path) -> bool:
    """Whether a folder can be made in this one; permissions do not tell that of every file system."""
    try:
        Path(tempfile.mkdtemp(prefix=".relight-", dir=folder)).rmdir()
    except OSError:
        return False
    return True


@contextmanager
def new_folder(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield an empty folder to fill; it takes its place as ``folder`` only if the block ends without an exception.

    What a killed run left behind is cleaned first. Raises FolderNotEmpty as ``ensure_writable`` does.
    """
    folder = folder.absolute()
    partial, replaced = folder.with_name(f".{folder.name}.partial"), folder.with_name(f".{folder.name}.replaced")
    _recover(folder, partial, replaced)
    ensure_writable(folder, overwrite)
    partial.mkdir(parents=True)
    try:
        yield partial
        ensure_writable(folder, overwrite)
        _swap(partial, folder, replaced)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _recover(folder: Path, partial: Path, replaced: Path) -> None:
    """Undo what a killed writer left: drop its half-built folder, put back an old one caught between two renames."""
    if partial.exists():
        shutil.rmtree(partial)
    if replaced.exists():
        if folder.exists():
            shutil.rmtree(replaced)
        else:
            replaced.rename(folder)


def _swap(partial: Path, folder: Path, replaced: Path) -> None:
    if not folder.exists():
        partial.rename(folder)
        return
    folder.rename(replaced)
    try:
        partial.rename(folder)
    except OSError:
        replaced.rename(folder)
        raise
    shutil.rmtree(replaced)
