"""Arithmetic on a scope's picture: rows of one vehicle each, by id."""

from __future__ import annotations

import numpy as np

from api.live.frames import Ids
from tracker.live import LIVE_ROW, LiveRows

NOBODY: LiveRows = np.empty(0, LIVE_ROW)
NONE_REMOVED: Ids = np.empty(0, np.int32)


def merged(old: LiveRows, new: LiveRows) -> LiveRows:
    """The picture with new rows in place of, or beside, the old ones."""
    kept = old[~np.isin(old["id"], new["id"], assume_unique=True)]
    both = np.concatenate([kept, new])
    return both[np.argsort(both["id"])]


def difference(old: LiveRows, new: LiveRows) -> tuple[LiveRows, Ids]:
    """Rows of `new` that `old` does not have just so, and the ids that only `old` has."""
    _, in_old, in_new = np.intersect1d(
        old["id"], new["id"], assume_unique=True, return_indices=True
    )
    differs = np.ones(len(new), bool)
    differs[in_new] = _bytes(old)[in_old] != _bytes(new)[in_new]
    return new[differs], np.setdiff1d(old["id"], new["id"], assume_unique=True)


def _bytes(rows: LiveRows) -> LiveRows:
    """Whole rows as bytes: a NaN equals itself there."""
    return np.ascontiguousarray(rows).view(f"V{rows.dtype.itemsize}")
