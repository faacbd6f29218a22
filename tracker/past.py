"""Stretches of vehicles' pasts that late fixes make it necessary to go over again.

A stretch begins at the last checkpoint before them and ends at the first one after them that comes
out as it was: from there on nothing can be different. Else it goes on to the live end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from typing import TYPE_CHECKING, Final

import numpy as np

from geo import crossing
from geo.crossing import FixKey, StepResult, VehicleState
from geo.event import Event, Key
from geo.fix import DEFAULT_ERROR_M, HDOP_M, FixBatch, error_m, from_unix_ms, unix_ms
from geo.signals import Value
from geo.timeline import objects
from tracker import sql
from tracker.memories import from_checkpoint, ignition_of
from tracker.sorting import Placed

if TYPE_CHECKING:
    import asyncpg

    from tracker.connect import Connection
    from tracker.directory import Directory

FOREVER: Final = datetime(9999, 1, 1, tzinfo=UTC)
ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Window:
    """The part of a vehicle's past that fresh fixes lie in, or that a changed fence concerns."""

    vehicle_id: int
    first_ms: int
    fresh: list[Placed] = field(default_factory=list)
    #: Whether the fresh fixes are older than what an earlier commit held.
    late: bool = True
    #: Up to when what is due was dealt with before.
    judged_ms: int = 0
    #: Stored fixes from `first_ms` to this were deleted: it is gone over although nothing is fresh.
    erased_to_ms: int | None = None
    #: The first of the fixes of the same batch that go on from it.
    next_ms: float = inf


@dataclass(frozen=True, slots=True)
class Point:
    """A fix, as far as the engine needs it."""

    fixed_ms: int
    lon: float
    lat: float
    department_id: int
    error_m: float
    speed_mps: float | None
    ignition: int
    inputs: Mapping[str, Value] | None = None
    #: How it is marked in the database; None: it is not stored yet.
    implausible: bool | None = None


@dataclass(slots=True)
class Track:
    """A window as it is gone over, from checkpoint to checkpoint."""

    window: Window
    #: None: from the first fix of all.
    begin: VehicleState | None
    #: Checkpoints that it may end at, those that are nearest first.
    ends: list[VehicleState]
    state: VehicleState | None = None
    points: list[Point] = field(default_factory=list)
    #: What came of it.
    events: dict[Key, Event] = field(default_factory=dict)
    implausible: set[FixKey] = field(default_factory=set)
    #: The checkpoint that came out as it was; None: it went to the live end, `state` is new.
    met: VehicleState | None = None

    @property
    def after(self) -> datetime:
        """The time that it begins after."""
        return ALWAYS if self.begin is None else from_unix_ms(self.begin.fixed_ms)

    @property
    def until(self) -> datetime:
        """The time that it goes up to."""
        return FOREVER if self.met is None else from_unix_ms(self.met.fixed_ms)

    def adopt(self, stepped: StepResult) -> None:
        """Take over what a step of its vehicle told."""
        self.state = stepped.states.get(self.window.vehicle_id, self.state)
        self.events |= {event.key: event for event in (*stepped.events, *stepped.restated)}
        for event in stepped.withdrawn:
            self.events.pop(event.key, None)
        self.implausible |= stepped.implausible
        self.implausible -= stepped.vindicated


async def go_over(
    connection: Connection, windows: Sequence[Window], directory: Directory, now_ms: int
) -> list[Track]:
    """Go over the windows; every vehicle has one at most. Where nothing is fresh nothing is told
    but what fences changed."""
    tracks = await begun(connection, windows, directory)
    going = tracks
    while going:
        targets = [track.ends.pop(0) if track.ends else None for track in going]
        await _go(connection, going, targets, directory)
        left = []
        for track, target in zip(going, targets, strict=True):
            if target is not None and track.state == target and _is_past(track, target):
                track.met = target
            elif target is not None:
                left.append(track)
        going = left
    let_time_pass([track for track in tracks if track.met is None], directory, now_ms)
    return tracks


def _is_past(track: Track, target: VehicleState) -> bool:
    """Whether all that is fresh lies before the checkpoint, and what else was to be gone over."""
    window = track.window
    last_ms = window.fresh[-1].fixed_ms if window.fresh else window.first_ms
    return max(last_ms, window.erased_to_ms or last_ms) <= target.fixed_ms


async def begun(
    connection: Connection, windows: Sequence[Window], directory: Directory
) -> list[Track]:
    """Tracks that stand at the checkpoints before their windows, in the order of the vehicles."""
    firsts = [from_unix_ms(window.first_ms) for window in windows]
    ids = [window.vehicle_id for window in windows]
    tracks = {window.vehicle_id: Track(window, None, []) for window in windows}
    for row in await connection.fetch(sql.text("load_fence_checkpoints"), ids, firsts):
        track = tracks[row["vehicle_id"]]
        state = from_checkpoint(row["state"], directory.watches)
        if state.fixed_ms < track.window.first_ms:
            track.begin = track.state = state
        else:
            track.ends.append(state)
    return list(tracks.values())


async def _go(
    connection: Connection,
    tracks: Sequence[Track],
    targets: Sequence[VehicleState | None],
    directory: Directory,
) -> None:
    """One stretch of each track: up to its target, or to the live end."""
    after = [ALWAYS if t.state is None else from_unix_ms(t.state.newest_ms) for t in tracks]
    until = [FOREVER if t is None else from_unix_ms(t.fixed_ms) for t in targets]
    ids = [track.window.vehicle_id for track in tracks]
    stretches: dict[int, list[Point]] = {vehicle_id: [] for vehicle_id in ids}
    for row in await connection.fetch(sql.text("load_track"), ids, after, until):
        stretches[row["vehicle_id"]].append(point_of_row(row))
    for track, first, last in zip(tracks, after, until, strict=True):
        stretch = stretches[track.window.vehicle_id]
        stretch += [
            point_of(each) for each in track.window.fresh if first < each.fix.fixed_at <= last
        ]
        stretch.sort(key=lambda point: point.fixed_ms)
        track.points += stretch
    states = {t.window.vehicle_id: t.state for t in tracks if t.state is not None}
    watched = (directory.fences, directory.limits, directory.watches)
    stepped = crossing.step(states, columns(stretches.items()), *watched)
    parts = stepped.by_vehicle()
    for track in tracks:
        if track.window.vehicle_id in parts:
            track.adopt(parts[track.window.vehicle_id])


def let_time_pass(tracks: Sequence[Track], directory: Directory, now_ms: int) -> None:
    """What was due since the last fixes of tracks at the live end is found again."""
    watched = (directory.limits, directory.watches)
    for track in tracks:
        if track.state is not None:
            window, next_ms = track.window, track.window.next_ms
            if track.state.held is not None and next_ms < inf:
                # The fix that comes next says of the held one whether it ended a silence.
                next_ms = track.state.held.fixed_ms
            until_ms = int(min(max(now_ms, window.judged_ms - 1), next_ms - 1))
            states = {window.vehicle_id: track.state}
            track.adopt(crossing.rejudge(states, directory.fences, until_ms, *watched))


def point_of(placed: Placed) -> Point:
    """A fresh fix, its numbers as the database will give them back."""
    fix = placed.fix
    return Point(
        placed.fixed_ms,
        fix.lon,
        fix.lat,
        placed.department_id,
        error_m(_real(fix.accuracy_m), _real(fix.hdop)),
        _real(fix.speed_mps),
        ignition_of(fix.ignition),
        fix.inputs or None,
    )


def point_of_row(row: asyncpg.Record) -> Point:
    """A stored fix, as load_track.sql gives it."""
    return Point(
        unix_ms(row["fixed_at"]),
        row["lon"],
        row["lat"],
        row["department_id"],
        error_m(row["accuracy_m"], row["hdop"]),
        row["speed_mps"],
        ignition_of(row["ignition"]),
        row["inputs"],
        row["implausible"],
    )


def _real(value: float | None) -> float | None:
    """Four bytes, as the columns are: going over it again later must give the same."""
    return None if value is None else float(np.float32(value))


def columns_of(placed: Sequence[Placed]) -> FixBatch:
    """Fresh fixes as columns, their numbers as the database will give them back."""
    fixes = [each.fix for each in placed]
    accuracy_m, hdop, speed_mps = (
        np.array([np.nan if value is None else value for value in values], dtype=np.float32)
        for values in (
            [fix.accuracy_m for fix in fixes],
            [fix.hdop for fix in fixes],
            [fix.speed_mps for fix in fixes],
        )
    )
    by_hdop = np.where(np.isnan(hdop), DEFAULT_ERROR_M, hdop.astype(np.float64) * HDOP_M)
    return FixBatch(
        vehicle_id=np.array([each.vehicle_id for each in placed], dtype=np.int32),
        department_id=np.array([each.department_id for each in placed], dtype=np.int32),
        fixed_ms=np.array([each.fixed_ms for each in placed], dtype=np.int64),
        lon=np.array([fix.lon for fix in fixes], dtype=np.float64),
        lat=np.array([fix.lat for fix in fixes], dtype=np.float64),
        error_m=np.where(np.isnan(accuracy_m), by_hdop, accuracy_m.astype(np.float64)),
        speed_mps=speed_mps.astype(np.float64),
        ignition=np.array([ignition_of(fix.ignition) for fix in fixes], dtype=np.int8),
        inputs=objects([fix.inputs or None for fix in fixes]),
    )


def columns(tracks: Iterable[tuple[int, Sequence[Point]]]) -> FixBatch:
    """Points by vehicle id as columns."""
    rows = [(vehicle_id, point) for vehicle_id, points in tracks for point in points]
    speeds = [np.nan if p.speed_mps is None else p.speed_mps for _, p in rows]
    return FixBatch(
        vehicle_id=np.array([vehicle_id for vehicle_id, _ in rows], dtype=np.int32),
        department_id=np.array([point.department_id for _, point in rows], dtype=np.int32),
        fixed_ms=np.array([point.fixed_ms for _, point in rows], dtype=np.int64),
        lon=np.array([point.lon for _, point in rows], dtype=np.float64),
        lat=np.array([point.lat for _, point in rows], dtype=np.float64),
        error_m=np.array([point.error_m for _, point in rows], dtype=np.float64),
        speed_mps=np.array(speeds, dtype=np.float64),
        ignition=np.array([point.ignition for _, point in rows], dtype=np.int8),
        inputs=objects([point.inputs for _, point in rows]),
    )
