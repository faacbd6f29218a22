"""What vehicles did in a window, for showing it again: their fixes, so much thinned as a screen can
bear, each vehicle's own in order of time, and from which on nothing is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.gaps import GapLimits, gap_limits_of, gap_ms_after
from geo.motion import LONGEST_GAP_MS
from geo.simplify import simplify
from tracker import sql
from tracker.packed import Placed, by_id_and_time, unpacked
from tracker.reads.errors import TooMuch
from tracker.reads.session import Scope
from tracker.reads.whereabouts import LOOKED_AROUND

#: Fixes of one window: some tens of megabytes while they are thinned.
MOST_PLAYED: Final = 1_000_000
#: Later than this a fix is late: it stays, however much is thinned.
LATE_US: Final = 60_000_000
#: No silence before a fix behind the window is bridged that is longer.
_LONGEST_GAP: Final = timedelta(milliseconds=LONGEST_GAP_MS)
#: A statement asked five times may come to a plan for any values: here four times as slow as one
#: that knows whether all vehicles are asked for, and how short the window is.
_PLANNED_EACH_TIME: Final = "SET LOCAL plan_cache_mode = force_custom_plan"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which window of which vehicles: since <= fixed_at < until."""

    since: datetime
    until: datetime
    #: None: all that were not retired by `since`.
    vehicle_ids: Sequence[int] | None = None
    department_id: int | None = None
    #: Only what was received by then. Marks of implausible fixes are those of now.
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinning:
    """What may go: as far as nothing is ever farther off than `tolerance_m` from where it was, and
    the newest fix that was known is never older than `step_s` more than it was."""

    tolerance_m: float = 0.0
    step_s: int = 30


class Played(NamedTuple):
    """Fixes of a window, each vehicle's last one before it and first one behind it among them.

    All columns are of one length; rows by vehicle and time.
    """

    rows: Placed
    #: Nothing is known from this fix on until the next: a gap, or there is none.
    ends: Mask
    #: Of a vehicle that a grant blurs: a place of ten minutes, not on the way to the next one.
    blurred: Mask


async def played(scope: Scope, asked: Shown) -> Played:
    """All fixes of a window; raises TooMuch above MOST_PLAYED of them."""
    values = (
        *(asked.since, asked.until, asked.since - LOOKED_AROUND, asked.until + _LONGEST_GAP),
        *(asked.vehicle_ids, asked.department_id, asked.known_at, MOST_PLAYED + 1),
    )
    await scope.exec_driver_sql(_PLANNED_EACH_TIME)
    found = (await scope.exec_driver_sql(sql.text("playback"), values)).one()
    rows = by_id_and_time(unpacked(found.fixes or b""))
    if len(rows) > MOST_PLAYED:
        raise TooMuch(f"(more than {MOST_PLAYED} fixes)")
    return _ended(rows, found)


def _ended(rows: Placed, found: Any) -> Played:  # noqa: ANN401  a row of the driver
    """Without vehicles that the scope sees no more, with what their limits say of each silence."""
    ids = np.array(found.ids or [], dtype=np.int32)
    at = np.searchsorted(ids, rows["id"])
    known = ids[np.minimum(at, max(len(ids) - 1, 0))] == rows["id"] if len(ids) else rows["id"] < 0
    rows, at = rows[known], at[known]
    limits = [
        gap_limits_of(*each)
        for each in zip(
            found.classes or (), found.moving_s or (), found.stopped_s or (), strict=True
        )
    ]
    columns = np.array(limits, dtype=np.int64).reshape(-1, 2)[at]
    longest_ms = gap_ms_after(GapLimits(columns[:, 0], columns[:, 1]), rows["speed_mps"])
    ends = np.ones(len(rows), dtype=bool)
    ends[:-1] = np.diff(rows["id"]) != 0
    ends[:-1] |= np.diff(rows["fixed_us"]) > longest_ms[:-1] * 1000
    return Played(rows, ends, np.array(found.blurred or [], dtype=bool)[at])


def thinned(played: Played, how: Thinning) -> Played:
    """Fewer of them, for the same picture; no tolerance: all of them.

    What stays are fixes as they are. Ends of gaps and late fixes stay, and so does the last one in
    time of each step. Pure; about a tenth of a second for 300,000 fixes.
    """
    rows, ends, blurred = played
    if how.tolerance_m == 0.0 or len(rows) == 0:
        return played
    begins = np.r_[True, ends[:-1]]
    late = rows["received_us"] - rows["fixed_us"] > LATE_US
    step = rows["fixed_us"] // (how.step_s * 1_000_000)
    last_of_step = np.r_[(np.diff(step) != 0) | (np.diff(rows["id"]) != 0) | late[1:], True]
    keep = begins | ends | blurred | late | last_of_step
    time = (rows["fixed_us"] - rows["fixed_us"].min()) / 1e6
    kept = simplify(rows["lon"], rows["lat"], tolerance_m=how.tolerance_m, keep=keep, time=time)
    return Played(rows[kept], ends[kept], blurred[kept])
