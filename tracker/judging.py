"""Judging a batch by the fences: what live fixes tell, and what late ones change in the past.

The engine (geo.crossing) goes forward only. So a late fix is judged by going again over the stored
fixes from the one before it to the one after it, and comparing the events that come of it, by id,
with those that stand: new ones are told as late, missing ones are withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import numpy as np

from geo import crossing
from geo.crossing import VehicleState
from geo.event import Event
from geo.event_id import event_id
from geo.fix import FixBatch, from_unix_ms, unix_ms
from tracker import sql
from tracker.directory import Directory
from tracker.sorting import Placed

if TYPE_CHECKING:
    from tracker.connect import Connection

FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event to be stored, under its id."""

    id: UUID
    event: Event
    department_id: int
    late: bool
    #: The withdrawn event that it replaces.
    amends: UUID | None = None


@dataclass(slots=True)
class Judgement:
    """What a batch changes."""

    #: The fixes that are not stored yet.
    fresh: list[Placed] = field(default_factory=list)
    #: Live states that changed.
    states: dict[int, VehicleState] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    #: Events that stand, between narrower bounds than they were told with.
    refined: list[Told] = field(default_factory=list)
    #: Ids of events that no longer hold, with the id of what replaces each.
    withdrawn: dict[UUID, UUID | None] = field(default_factory=dict)
    late: int = 0


@dataclass(slots=True)
class Window:
    """A stretch of a vehicle's past to go over again."""

    vehicle_id: int
    first_ms: int
    #: None: up to the live end, whose state is then adopted.
    last_ms: int | None
    fresh: list[Placed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Point:
    """A fix, as far as the engine needs it."""

    fixed_ms: int
    lon: float
    lat: float
    department_id: int


@dataclass(slots=True)
class _Track:
    """The stored and the fresh fixes of a window, and the fix before it."""

    window: Window
    before: _Point | None = None
    #: In the order of time, to the one after the window included.
    points: list[_Point] = field(default_factory=list)

    @property
    def until_ms(self) -> int | None:
        """Up to when its events are compared; None: for ever."""
        return None if self.window.last_ms is None else self.points[-1].fixed_ms


async def judge(
    connection: Connection,
    batch: Mapping[int, list[Placed]],
    states: Mapping[int, VehicleState],
    directory: Directory,
) -> Judgement:
    """Judge the fixes of each vehicle, in the order of their time, against its state."""
    result = Judgement()
    live: list[Placed] = []
    windows: list[Window] = []
    for vehicle_id, fixes in batch.items():
        window, newer = _late_window(vehicle_id, fixes, states.get(vehicle_id))
        if window is not None:
            windows.append(window)
        live += newer
    if windows:
        await go_again(connection, windows, directory, result)
    if live:
        known = {**states, **result.states}
        stepped = crossing.step(known, _batch_of(live), directory.fences, directory.gap_ms)
        result.states.update(stepped.states)
        result.told += _told(stepped.events, directory, late=False)
        result.fresh += live
    return result


def rejudge(
    states: Mapping[int, VehicleState], directory: Directory, now_ms: int, result: Judgement
) -> None:
    """Deal with fences that changed up to now, for vehicles whose last fix is older than that.

    Of `states`, all that the caller wants judged anew, and of those that this batch changed: a fix
    may arrive after a change that is later than it.
    """
    moments_ms = directory.fences.moments_ms
    newest_ms = int(moments_ms[-1]) if len(moments_ms) else 0
    current = {
        vehicle_id: state
        for vehicle_id, state in {**states, **result.states}.items()
        if state.judged_ms <= newest_ms
    }
    if not current:
        return
    judged = crossing.rejudge(current, directory.fences, now_ms)
    result.states.update(judged.states)
    result.told += _told(judged.events, directory, late=False)


def _late_window(
    vehicle_id: int, fixes: list[Placed], state: VehicleState | None
) -> tuple[Window | None, list[Placed]]:
    """The part of the fixes that lies in the past, as a window, and the rest.

    A fix older than the last judging of a changed fence is past as well: it may tell that the
    vehicle was elsewhere when the fence changed.
    """
    if state is None:
        return None, fixes
    late = [each for each in fixes if each.fixed_ms <= state.fixed_ms]
    newer = fixes[len(late) :]
    if newer and state.judged_ms > state.fixed_ms and newer[0].fixed_ms <= state.judged_ms:
        first_ms = min(fixes[0].fixed_ms, newer[0].fixed_ms)
        return Window(vehicle_id, first_ms, None, fixes), []
    if not late:
        return None, newer
    return Window(vehicle_id, late[0].fixed_ms, late[-1].fixed_ms, late), newer


async def go_again(
    connection: Connection, windows: Sequence[Window], directory: Directory, result: Judgement
) -> None:
    """Go over windows of the past and put the differences into `result`."""
    tracks = [
        track
        for track in await _load_tracks(connection, windows, result)
        if track.points and (track.window.fresh or track.window.last_ms is None)
    ]
    if not tracks:
        return
    before = _columns(
        (track.window.vehicle_id, (track.before,)) for track in tracks if track.before
    )
    points = _columns((track.window.vehicle_id, track.points) for track in tracks)
    states = crossing.states_at(before, directory.fences) if len(before) else {}
    stepped = crossing.step(states, points, directory.fences, directory.gap_ms)
    for track in tracks:
        if track.window.last_ms is None:
            vehicle_id = track.window.vehicle_id
            result.states[vehicle_id] = stepped.states[vehicle_id]
    standing = await _load_standing(connection, tracks)
    _compare(_told(stepped.events, directory, late=True), standing, result)


async def _load_tracks(
    connection: Connection, windows: Sequence[Window], result: Judgement
) -> list[_Track]:
    rows = await connection.fetch(
        sql.text("load_window"),
        [window.vehicle_id for window in windows],
        [from_unix_ms(window.first_ms) for window in windows],
        [_moment(window.last_ms) for window in windows],
    )
    tracks = {window.vehicle_id: _Track(window) for window in windows}
    for row in rows:
        point = _Point(unix_ms(row["fixed_at"]), row["lon"], row["lat"], row["department_id"])
        track = tracks[row["vehicle_id"]]
        if point.fixed_ms < track.window.first_ms:
            track.before = point
        else:
            track.points.append(point)
    for track in tracks.values():
        _add_fresh(track, result)
    return list(tracks.values())


def _add_fresh(track: _Track, result: Judgement) -> None:
    """Put the window's fixes among the stored ones; one that is stored already is dropped."""
    stored = {point.fixed_ms for point in track.points}
    track.window.fresh = [each for each in track.window.fresh if each.fixed_ms not in stored]
    result.fresh += track.window.fresh
    result.late += len(track.window.fresh)
    track.points += [
        _Point(each.fixed_ms, each.fix.lon, each.fix.lat, each.department_id)
        for each in track.window.fresh
    ]
    track.points.sort(key=lambda point: point.fixed_ms)


async def _load_standing(
    connection: Connection, tracks: Sequence[_Track]
) -> dict[UUID, asyncpg.Record]:
    rows = await connection.fetch(
        sql.text("load_events"),
        [track.window.vehicle_id for track in tracks],
        [from_unix_ms(track.before.fixed_ms) if track.before else None for track in tracks],
        [_moment(track.until_ms) for track in tracks],
    )
    return {row["id"]: row for row in rows}


def _compare(
    told: Iterable[Told], standing: Mapping[UUID, asyncpg.Record], result: Judgement
) -> None:
    """What is told and does not stand is new; what stands and is not told is withdrawn."""
    by_id = {each.id: each for each in told}
    withdrawn = [row for id_, row in standing.items() if id_ not in by_id]
    for new in by_id.values():
        if (known := standing.get(new.id)) is not None:
            if _is_refined(new.event, known):
                result.refined.append(new)
            continue
        amended = _replaced_by(new, withdrawn)
        if amended is not None:
            withdrawn.remove(amended)
            result.withdrawn[amended["id"]] = new.id
        result.told.append(replace(new, amends=amended["id"] if amended else None))
    result.withdrawn.update({row["id"]: None for row in withdrawn})


def _is_refined(event: Event, known: asyncpg.Record) -> bool:
    not_before = known["not_before"]
    return (event.not_before_ms, event.not_after_ms, event.interpolated) != (
        None if not_before is None else unix_ms(not_before),
        unix_ms(known["not_after"]),
        known["interpolated"],
    )


def _replaced_by(new: Told, withdrawn: Sequence[asyncpg.Record]) -> asyncpg.Record | None:
    """The withdrawn event that the new one corrects: of its vehicle and fence, same way first."""
    opening = new.event.kind != "exit"
    for row in withdrawn:
        same = (row["vehicle_id"], row["fence_id"]) == (new.event.vehicle_id, new.event.fence_id)
        if same and (row["kind"] != "exit") == opening:
            return row
    return None


def _told(events: Iterable[Event], directory: Directory, *, late: bool) -> list[Told]:
    return [
        Told(
            id=event_id(
                directory.vehicles[event.vehicle_id].full_ref,
                directory.fence_refs[event.fence_id],
                event.fence_version,
                event.kind,
                event.moment,
            ),
            event=event,
            department_id=directory.vehicles[event.vehicle_id].department_id,
            late=late,
        )
        for event in events
    ]


def _batch_of(placed: Sequence[Placed]) -> FixBatch:
    return FixBatch(
        vehicle_id=np.array([each.vehicle_id for each in placed], dtype=np.int32),
        department_id=np.array([each.department_id for each in placed], dtype=np.int32),
        fixed_ms=np.array([each.fixed_ms for each in placed], dtype=np.int64),
        lon=np.array([each.fix.lon for each in placed], dtype=np.float64),
        lat=np.array([each.fix.lat for each in placed], dtype=np.float64),
    )


def _columns(tracks: Iterable[tuple[int, Sequence[_Point]]]) -> FixBatch:
    rows = [(vehicle_id, point) for vehicle_id, points in tracks for point in points]
    return FixBatch(
        vehicle_id=np.array([vehicle_id for vehicle_id, _ in rows], dtype=np.int32),
        department_id=np.array([point.department_id for _, point in rows], dtype=np.int32),
        fixed_ms=np.array([point.fixed_ms for _, point in rows], dtype=np.int64),
        lon=np.array([point.lon for _, point in rows], dtype=np.float64),
        lat=np.array([point.lat for _, point in rows], dtype=np.float64),
    )


def _moment(ms: int | None) -> datetime:
    return FOREVER if ms is None else from_unix_ms(ms)
