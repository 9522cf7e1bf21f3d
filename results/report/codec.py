"""Series as short text, so that a page with many elements and steps stays small.

A series is whole multiples of a resolution, written as differences from the value before (the first from 0), joined by
commas; ``d*n`` stands for n times the same difference, ``_`` for a value that is not defined and changes nothing for
the next. ``courses.js`` reads it back.
"""

from __future__ import annotations

from itertools import groupby

import numpy as np


def encode(values: np.ndarray, resolution: float = 1.0) -> str:
    """One series (floats, NaN where not defined) as text, rounded to multiples of ``resolution``."""
    if not values.size:
        return ""
    known = np.isfinite(values)
    whole = np.rint(np.where(known, values, 0.0) / resolution).astype(np.int64)
    before, differences = 0, list[str]()
    for value, is_known in zip(whole.tolist(), known.tolist(), strict=True):
        differences.append(str(value - before) if is_known else "_")
        before = value if is_known else before
    runs = ((text, sum(1 for _ in group)) for text, group in groupby(differences))
    return ",".join(text if n == 1 else f"{text}*{n}" for text, n in runs)


def encode_rows(table: np.ndarray, resolution: float = 1.0) -> list[str]:
    """Each row of a table (elements × steps) as text."""
    return [encode(row, resolution) for row in table]
