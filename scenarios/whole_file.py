"""A file written whole or not at all."""

from __future__ import annotations

import os
import sys
from pathlib import Path

TERMINAL = Path("-")
"""Stands for the output that is no file."""


def write_whole(path: Path, text: str) -> None:
    """Write UTF-8 text with ``\\n`` line ends; a file that exists is replaced at once or not at all. ``-``: print it.

    Raises OSError.
    """
    if path == TERMINAL:
        sys.stdout.write(text)
        return
    half_done = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        half_done.write_bytes(text.encode())
        half_done.replace(path)
    finally:
        half_done.unlink(missing_ok=True)
