"""Input files as text: regular files only, of a size that can be meant, with names that a file can have."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MOST_BYTES = 200_000_000
"""Of any input; a network of 10,000 buses takes about 20 MB."""
MOST_NAME_BYTES = 255
"""Of one part of a path, on all common file systems."""
MOST_PATH_BYTES = 4000


def read_text(path: Path, most_bytes: int = MOST_BYTES, encoding: str = "utf-8") -> str:
    """The whole text of a regular file. Raises OSError, also for pipes and devices, which may never end; ValueError."""
    with open(path, encoding=encoding, newline=None, opener=_without_waiting) as stream:
        found = os.fstat(stream.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no regular file")
        if found.st_size > most_bytes:
            size = f"{found.st_size / 1e6:,.0f} MB"
            raise OSError(errno.EFBIG, f"has {size}, more than the {most_bytes / 1e6:,.0f} MB that are read")
        return stream.read()


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe would wait for somebody who writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def why_unreadable(error: OSError | ValueError) -> str:
    """What is wrong with a file that could not be read, in a few words."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "not text in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def is_regular(path: Path) -> bool:
    """Whether there is a regular file; False, too, for a name that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def file_name_complaint(name: str) -> str:
    """Why no file can have this name or path; empty: one can."""
    if not name.strip():
        return "must not be empty"
    if unprintable := [c for c in name if not c.isprintable() and c != " "]:
        return f"holds {unprintable[0]!a}, which a file's name cannot"
    parts = name.replace("\\", "/").split("/")
    if len(name.encode()) > MOST_PATH_BYTES or any(len(part.encode()) > MOST_NAME_BYTES for part in parts):
        return f"is too long for a file's name, which has {MOST_NAME_BYTES} bytes at most"
    return ""
