"""Writing what the worker made of vehicles' fixes, in the place of what it made of them before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo.fix import from_unix_ms, moment
from geo.motion import open_segments, reach
from geo.motion_state import Counts, State
from geo.segments import Chunk, Segments, Stop, Trip
from tracker import sql
from tracker.motion_work import Worked, all_segments
from tracker.past import FOREVER

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Before any fix.
BEGINNING: Final = datetime(1, 1, 2, tzinfo=UTC)
_NEVER_MS: Final = np.iinfo(np.int64).min

Row = tuple[Any, ...]


async def store(connection: Connection, worked: Sequence[Worked]) -> None:
    """Write it all; the caller's transaction makes it one change."""
    made = [(each, all_segments(each)) for each in worked]
    gone = await _clear(connection, worked)
    await _store_segments(connection, made)
    await _write(connection, "add_to_odometers", _odometers(made, gone))
    await _write(connection, "refresh_days", [_days(each, segments) for each, segments in made])
    await _move_cursors(connection, worked)
    await _settle_changes(connection, worked)


async def _write(connection: Connection, name: str, rows: Sequence[Row]) -> None:
    """Run a text whose parameters are the rows' columns."""
    if rows:
        await connection.execute(sql.text(name), *map(list, zip(*rows, strict=True)))


async def _clear(
    connection: Connection, worked: Sequence[Worked]
) -> dict[int, tuple[float, float | None]]:
    """By vehicle the metres and engine seconds that went with the chunks cleared away."""
    rows = []
    for each in worked:
        since = each.since
        starts = [_moment(ms) for ms in since]
        ends = [_moment(ms) for ms in each.until] if each.until else [FOREVER] * len(starts)
        behind = each.due.state.fixed_ms if each.due.state else max(since.gap_ms - 1, _NEVER_MS)
        until = FOREVER if each.until_ms is None else from_unix_ms(each.until_ms)
        rows.append((each.due.vehicle_id, *starts, _moment(behind), *ends, until))
    columns = map(list, zip(*rows, strict=True))
    gone = await connection.fetch(sql.text("clear_motion"), *columns)
    return {row["vehicle_id"]: (row["length_m"], row["engine_s"]) for row in gone}


async def _store_segments(connection: Connection, made: Sequence[tuple[Worked, Segments]]) -> None:
    def rows(kind: str, row: Callable[[Any], Row]) -> list[Row]:
        return [
            (each.due.vehicle_id, *row(one))
            for each, segments in made
            for one in getattr(segments, kind)
        ]

    await _write(connection, "store_chunks", rows("chunks", _chunk))
    await _write(connection, "store_trips", rows("trips", _trip))
    await _write(connection, "store_stops", rows("stops", _stop))
    await _write(
        connection,
        "store_gaps",
        rows("gaps", lambda gap: (*_span(gap.started_ms, gap.ended_ms), gap.department_id)),
    )
    await _write(connection, "store_checkpoints", rows("checkpoints", _cursor))


def _chunk(chunk: Chunk) -> Row:
    sums = chunk.sums
    return (
        *_span(chunk.started_ms, chunk.ended_ms),
        chunk.department_id,
        sums.fixes,
        sums.distance_m,
        sums.moving_ms / 1000,
        sums.idling_ms / 1000,
        sums.stopped_ms / 1000,
        sums.engine_s,
        chunk.max_speed_mps,
    )


def _trip(trip: Trip) -> Row:
    sums = trip.sums
    return (
        *_span(trip.started_ms, trip.ended_ms),
        trip.department_id,
        *(trip.start_lon, trip.start_lat, trip.end_lon, trip.end_lat),
        *(sums.distance_m, sums.moving_ms / 1000, sums.idling_ms / 1000),
        trip.max_speed_mps,
        sums.fixes,
        trip.ends_by,
    )


def _stop(stop: Stop) -> Row:
    return (
        *_span(stop.started_ms, stop.ended_ms),
        *(stop.department_id, stop.lon, stop.lat),
        *(stop.sums.idling_ms / 1000, stop.sums.fixes, stop.begins_by, stop.ends_by),
    )


def _cursor(state: State) -> Row:
    return (from_unix_ms(state.fixed_ms), state.department_id, state.to_json())


def _odometers(
    made: Sequence[tuple[Worked, Segments]], gone: Mapping[int, tuple[float, float | None]]
) -> list[Row]:
    """By how much each odometer goes on, or back."""
    rows = []
    for each, segments in made:
        before_m, before_s = gone.get(each.due.vehicle_id, (0.0, None))
        sums = _total(segments.chunks)
        engine_s = sums.engine_s
        if engine_s is not None or before_s is not None:
            engine_s = round((engine_s or 0.0) - (before_s or 0.0), 3)
        gain_m = round(sums.distance_m - before_m, 3)
        at = from_unix_ms(each.state.fixed_ms) if each.state else BEGINNING
        rows.append((each.due.vehicle_id, gain_m, engine_s, at))
    return rows


def _total(chunks: Iterable[Chunk]) -> Counts:
    return Counts._make(map(sum, zip(*(chunk.sums for chunk in chunks), Counts(), strict=True)))


def _days(worked: Worked, segments: Segments) -> Row:
    """The vehicle, and from when until when its days may be other ones now.

    A long stop that goes on changes no day but the last.
    """
    base = worked.due.state
    if base is None or worked.due.changed_to_ms is not None:
        return (worked.due.vehicle_id, _moment(min(worked.since)), FOREVER)
    begun = open_segments(base)
    other = [started_ms for started_ms, _ in _begins(begun) ^ _begins(segments)]
    from_ms = min([reach(base).chunk_ms, *other])
    return (worked.due.vehicle_id, from_unix_ms(from_ms), FOREVER)


def _begins(segments: Segments) -> set[tuple[int, str]]:
    trips = {(each.started_ms, "trip") for each in segments.trips}
    return trips | {(each.started_ms, "stop") for each in segments.stops}


async def _move_cursors(connection: Connection, worked: Sequence[Worked]) -> None:
    moved = [each for each in worked if each.moves_cursor]
    rows = [
        (each.due.vehicle_id, *_cursor(each.state), each.done)
        for each in moved
        if each.state is not None
    ]
    await _write(connection, "store_cursors", rows)
    empty = [each.due.vehicle_id for each in moved if each.state is None]
    if empty:
        await connection.execute(sql.text("drop_cursors"), empty)


async def _settle_changes(connection: Connection, worked: Sequence[Worked]) -> None:
    numbers = [number for each in worked for number in each.due.numbers]
    if numbers:
        await connection.execute(sql.text("settle_past"), numbers)
    rests = [
        (
            each.due.vehicle_id,
            from_unix_ms(each.rest_from_ms),
            from_unix_ms(max(each.rest_from_ms, each.due.changed_to_ms or each.rest_from_ms)),
        )
        for each in worked
        if each.rest_from_ms is not None
    ]
    await _write(connection, "note_past", rests)


def _span(started_ms: int, ended_ms: int | None) -> tuple[datetime, datetime | None]:
    return from_unix_ms(started_ms), moment(ended_ms)


def _moment(ms: int) -> datetime:
    """That time; BEGINNING for one before any fix."""
    return BEGINNING if ms == _NEVER_MS else from_unix_ms(ms)
