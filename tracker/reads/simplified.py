"""A track with fewer fixes, that still has every stop, gap and crossing of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from geo.simplify import Indexes, Mask, simplify, within_budget
from tracker.models import Stop
from tracker.models.seen import SeenEvent
from tracker.reads.session import Scope
from tracker.reads.tracks import Stretch, Track, track

Times = npt.NDArray[np.datetime64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coarseness:
    """How much may go: whatever lies within `tolerance_m` of the way, or all but `points` fixes."""

    tolerance_m: float | None = None
    points: int | None = None
    #: Silence of the vehicle that is a gap.
    gap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Simplified:
    """A track, of how many fixes it was made, and how far those that went are from it at most."""

    track: Track
    read: int
    tolerance_m: float


async def simplified(scope: Scope, asked: Stretch, how: Coarseness) -> Simplified:
    """The fixes of a stretch that the coarseness needs, and some that nobody may lose.

    These are the first and the last one, those at both ends of each gap and each stop, and those
    before and after each crossing of a fence; they stay even where there are more of them than
    `how.points`.
    """
    found = await track(scope, asked)
    moments = await _moments(scope, asked)

    def work() -> Simplified:
        columns = found.columns
        kept, tolerance_m = _kept(columns, _mask(columns["fixed_at"], moments, how.gap_ms), how)
        fewer = {name: [values[at] for at in kept.tolist()] for name, values in columns.items()}
        return Simplified(
            track=Track(columns=fewer, goes_on_at=found.goes_on_at),
            read=len(columns["lon"]),
            tolerance_m=tolerance_m,
        )

    return await asyncio.to_thread(work)


def _kept(columns: Mapping[str, list[Any]], keep: Mask, how: Coarseness) -> tuple[Indexes, float]:
    lon, lat = (np.array(columns[name], dtype=np.float64) for name in ("lon", "lat"))
    if how.points is not None:
        return within_budget(lon, lat, points=how.points, keep=keep)
    tolerance_m = how.tolerance_m or 0.0
    return simplify(lon, lat, tolerance_m=tolerance_m, keep=keep), tolerance_m


async def _moments(scope: Scope, asked: Stretch) -> list[tuple[datetime, datetime]]:
    """Times whose neighbours stay: the last fix not after the first, the first not before the
    second."""
    ends = (_stops(asked, end) for end in (Stop.started_at, Stop.ended_at))
    found = await scope.execute(union_all(_crossings(asked), *ends))
    return [(row.first, row.last) for row in found]


def _crossings(asked: Stretch) -> Select[*tuple[Any, ...]]:
    first = func.coalesce(SeenEvent.time, SeenEvent.not_before, SeenEvent.not_after).label("first")
    return select(first, func.coalesce(SeenEvent.time, SeenEvent.not_after).label("last")).where(
        SeenEvent.vehicle_id == asked.vehicle_id,
        SeenEvent.at >= asked.since,
        SeenEvent.at < asked.until,
        SeenEvent.status == "valid",
    )


def _stops(asked: Stretch, end: InstrumentedAttribute[Any]) -> Select[*tuple[Any, ...]]:
    """One end of each: what lies within a stop may go."""
    return select(end.label("first"), end.label("last")).where(
        Stop.vehicle_id == asked.vehicle_id,
        Stop.started_at < asked.until,
        end >= asked.since,
    )


def _mask(fixed_at: list[datetime], moments: list[tuple[datetime, datetime]], gap_ms: int) -> Mask:
    """Which fixes stay whatever the coarseness."""
    times = _times(fixed_at)
    keep = np.zeros(len(times), dtype=bool)
    if not len(times):
        return keep
    gaps = np.flatnonzero(np.diff(times) > np.timedelta64(gap_ms, "ms"))
    keep[gaps] = keep[gaps + 1] = True
    before = np.searchsorted(times, _times([first for first, _ in moments]), side="right") - 1
    after = np.searchsorted(times, _times([last for _, last in moments]), side="left")
    keep[before[before >= 0]] = True
    keep[after[after < len(times)]] = True
    return keep


def _times(moments: list[datetime]) -> Times:
    """To the microsecond, as PostgreSQL has them."""
    return np.array([each.replace(tzinfo=None) for each in moments], dtype="datetime64[us]")
