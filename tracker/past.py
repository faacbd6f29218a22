"""Stretches of vehicles' pasts that late fixes make it necessary to go over again.

A stretch begins at a fix that is believed whatever comes later, and ends at the first stored fix
after the late ones from which on nothing can be different: one that was believed and still is, at
once. So a mark that a late fix sets or clears (rule R9) may lengthen it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import numpy as np

from geo import plausible
from geo.fix import FixBatch, from_unix_ms, unix_ms
from geo.limits import Limits
from geo.plausible import Verdict
from tracker import sql
from tracker.sorting import Placed

if TYPE_CHECKING:
    from tracker.connect import Connection

FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
#: So many stored fixes behind a window are loaded at first, and so many times more if these leave
#: it open how it ends.
BEYOND: Final = 4
BEYOND_FACTOR: Final = 8


@dataclass(slots=True)
class Window:
    """The part of a vehicle's past that fresh fixes lie in."""

    vehicle_id: int
    first_ms: int
    #: None: up to the live end.
    last_ms: int | None
    fresh: list[Placed] = field(default_factory=list)
    #: Stored fixes of it were deleted: it is gone over although nothing is fresh.
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A fix, as far as the engine needs it."""

    fixed_ms: int
    lon: float
    lat: float
    department_id: int
    #: How it is marked in the database; None: it is not stored yet.
    implausible: bool | None = None


@dataclass(slots=True)
class Track:
    """The stored and the fresh fixes of a window, and the fix that its stretch begins at."""

    window: Window
    before: Point | None = None
    #: Those after that one, in the order of time.
    points: list[Point] = field(default_factory=list)
    #: Up to when its events are compared; None: it goes to the live end, whose state is adopted.
    until_ms: int | None = None

    def add_fresh(self) -> None:
        """Put the window's fixes among the stored ones; one that is stored already is dropped."""
        stored = {point.fixed_ms for point in self.points}
        self.window.fresh = [each for each in self.window.fresh if each.fixed_ms not in stored]
        self.points += [
            Point(each.fixed_ms, each.fix.lon, each.fix.lat, each.department_id)
            for each in self.window.fresh
        ]
        self.points.sort(key=lambda point: point.fixed_ms)

    def is_settled(self, verdicts: Sequence[int], beyond: int) -> bool:
        """Cut off what stays as it is; False where more than `beyond` fixes behind are needed."""
        last_ms = self.window.last_ms
        if last_ms is None:
            return True
        behind = 0
        for i, (point, verdict) in enumerate(zip(self.points, verdicts, strict=True)):
            if point.fixed_ms > last_ms:
                behind += 1
                if point.implausible is False and verdict == Verdict.BELIEVED:
                    self.points, self.until_ms = self.points[: i + 1], point.fixed_ms
                    return True
        return behind < beyond


async def load_tracks(
    connection: Connection, windows: Sequence[Window], limits: Mapping[int, Limits]
) -> list[Track]:
    """The stretches of windows; those in which nothing is fresh and nothing is asked are left out.

    Every vehicle has one window at most.
    """
    settled: list[Track] = []
    beyond = BEYOND
    while windows:
        tracks = [
            track
            for track in await _load(connection, windows, beyond)
            if track.window.erased
            or (track.points and (track.window.fresh or track.window.last_ms is None))
        ]
        windows = []
        for track, verdicts in zip(tracks, _verdicts(tracks, limits), strict=True):
            if track.is_settled(verdicts, beyond):
                settled.append(track)
            else:
                windows.append(track.window)
        beyond *= BEYOND_FACTOR
    return settled


async def _load(connection: Connection, windows: Sequence[Window], beyond: int) -> list[Track]:
    rows = await connection.fetch(
        sql.text("load_window"),
        [window.vehicle_id for window in windows],
        [from_unix_ms(window.first_ms) for window in windows],
        [moment(window.last_ms) for window in windows],
        beyond,
    )
    tracks = {window.vehicle_id: Track(window) for window in windows}
    for row in rows:
        fixed_ms = unix_ms(row["fixed_at"])
        point = Point(fixed_ms, row["lon"], row["lat"], row["department_id"], row["implausible"])
        track = tracks[row["vehicle_id"]]
        if track.before is None and fixed_ms < track.window.first_ms:
            track.before = point
        else:
            track.points.append(point)
    for track in tracks.values():
        track.add_fresh()
    return list(tracks.values())


def _verdicts(tracks: Sequence[Track], limits: Mapping[int, Limits]) -> list[list[int]]:
    """What becomes of the points of each track."""
    begun = [[track.before] if track.before else [] for track in tracks]
    batch = columns(
        (track.window.vehicle_id, [*before, *track.points])
        for track, before in zip(tracks, begun, strict=True)
    )
    vehicle_id = batch.vehicle_id.astype(np.int64)
    found = plausible.verdicts(vehicle_id, batch.fixed_ms, batch.lon, batch.lat, limits).tolist()
    verdicts, at = [], 0
    for track, before in zip(tracks, begun, strict=True):
        end = at + len(before) + len(track.points)
        verdicts.append(found[at + len(before) : end])
        at = end
    return verdicts


def columns(tracks: Iterable[tuple[int, Sequence[Point]]]) -> FixBatch:
    """Points by vehicle id as columns."""
    rows = [(vehicle_id, point) for vehicle_id, points in tracks for point in points]
    return FixBatch(
        vehicle_id=np.array([vehicle_id for vehicle_id, _ in rows], dtype=np.int32),
        department_id=np.array([point.department_id for _, point in rows], dtype=np.int32),
        fixed_ms=np.array([point.fixed_ms for _, point in rows], dtype=np.int64),
        lon=np.array([point.lon for _, point in rows], dtype=np.float64),
        lat=np.array([point.lat for _, point in rows], dtype=np.float64),
    )


def moment(ms: int | None) -> datetime:
    """That time; of None one that never comes."""
    return FOREVER if ms is None else from_unix_ms(ms)
