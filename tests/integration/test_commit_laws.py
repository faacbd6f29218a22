"""Laws of the commit: any order, any batching, any repetition gives what the sorted whole gives."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from geo import crossing
from geo.event_id import event_id
from geo.fences import FenceIndex, FenceVersion
from geo.fix import Fix, FixBatch, from_unix_ms, unix_ms
from geo.shapes import build_shape
from tests.conftest import Database
from tracker import registry
from tracker.commit import Committer
from tracker.message import Message, Reading
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

SQUARE = {
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
        ],
    }
}
THINGS: tuple[New, ...] = (
    NewDepartment(ref="D"),
    NewVehicle(ref="V", department="D"),
    NewDevice(ref="box", department="D", vehicle="V"),
    NewFence(ref="square", department="D", definition=SQUARE),
    NewRule(ref="border", department="D", fence="square"),
)
#: Places in and around the square, of which a track is made. Many lie on one line at even spaces,
#: so that a late fix often leaves the time of a crossing as it was and only narrows its bounds.
PLACES = (
    *((114.105, 22.295 + step * 0.0025) for step in range(9)),
    (114.12, 22.305),
)

Track = list[tuple[int, int]]
straight = st.integers(1, 9).map(lambda n: [(10 * step, step) for step in range(n)])
anyhow = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, len(PLACES) - 1)),
    min_size=1,
    max_size=14,
    unique_by=lambda point: point[0],
)
tracks = st.one_of(straight, anyhow)


async def enrol(database: Database) -> None:
    async with database.transaction() as connection:
        for thing in THINGS:
            await registry.add(thing, connection)


def message(start: datetime, point: tuple[int, int], seq: int | None = None) -> Message:
    second, place = point
    lon, lat = PLACES[place]
    moment = start + timedelta(seconds=second)
    return Message(
        source="test",
        department_ref="D",
        device_ref="box",
        received_at=moment,
        readings=[Reading(fix=Fix(fixed_at=moment, lon=lon, lat=lat), raw=b"raw")],
        boot="b" if seq else None,
        seq=seq,
    )


Facts = tuple[str, int | None, int, bool]


def truth(start: datetime, track: Track) -> tuple[dict[UUID, Facts], set[datetime]]:
    """What the sorted whole gives: its events, and the times of its implausible fixes.

    Of an event its kind, its bounds, and whether it is interpolated, by id.
    """
    ordered = sorted(track)
    version = FenceVersion(
        fence_id=1,
        ref="D/square",
        department_id=1,
        version=1,
        geometry=build_shape(SQUARE),
        from_ms=0,
        until_ms=None,
    )
    batch = FixBatch(
        vehicle_id=np.ones(len(ordered), dtype=np.int32),
        department_id=np.ones(len(ordered), dtype=np.int32),
        fixed_ms=np.array([unix_ms(start) + s * 1000 for s, _ in ordered], dtype=np.int64),
        lon=np.array([PLACES[place][0] for _, place in ordered]),
        lat=np.array([PLACES[place][1] for _, place in ordered]),
    )
    stepped = crossing.step({}, batch, FenceIndex([version]), {})
    events: dict[UUID, Facts] = {
        event_id("D/V", "D/square", event.fence_version, event.kind, event.moment): (
            event.kind,
            event.not_before_ms,
            event.not_after_ms,
            event.interpolated,
        )
        for event in stepped.events
    }
    return events, {from_unix_ms(fixed_ms) for _, fixed_ms in stepped.implausible}


async def wipe(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    await connection.execute(
        "DELETE FROM alert_change; DELETE FROM alert_event; DELETE FROM alert;"
        " DELETE FROM event; DELETE FROM outbox; DELETE FROM fix;"
        " DELETE FROM latest; DELETE FROM fence_state; DELETE FROM checkpoint;"
        " DELETE FROM receipt; DELETE FROM reject"
    )


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Track, list[Track]]:
    """A track, and the batches in which it arrives: shuffled, cut, and some of it again.

    An empty batch stands for an end and a new beginning of the process.
    """
    track = draw(tracks)
    arrivals = draw(st.permutations(track + draw(st.lists(st.sampled_from(track), max_size=4))))
    cuts = sorted(draw(st.sets(st.integers(0, len(arrivals)), max_size=6)))
    bounds = [0, *cuts, len(arrivals)]
    batches = [list(arrivals[a:b]) for a, b in itertools.pairwise(bounds)]
    return track, [
        part for batch in batches for part in ([batch, []] if draw(st.booleans()) else [batch])
    ]


#: An event is withdrawn, its alert goes on to what replaces it, and then it is valid again.
REVIVED: tuple[Track, list[Track]] = (
    [(1, 0), (2, 0), (114, 2), (0, 2), (113, 1), (140, 9), (200, 1), (98, 2)],
    [[(0, 2)], [(114, 2), (1, 0)], [(98, 2), (140, 9), (200, 1), (2, 0)], [(113, 1)]],
)


#: A held fix is proved; a late one between drops it, so the proof is held in its turn.
UNPROVED: tuple[Track, list[Track]] = (
    [(0, 0), (10, 9), (20, 9), (15, 1)],
    [[(0, 0), (10, 9)], [], [(20, 9)], [], [(15, 1)]],
)


#: An event is withdrawn and its alert closed; then late fixes show that it was so after all.
SO_AFTER_ALL: tuple[Track, list[Track]] = (
    [
        (2, 8),
        (139, 2),
        (200, 9),
        (115, 1),
        (113, 9),
        (181, 9),
        (1, 5),
        (5, 0),
        (4, 9),
        (0, 9),
        (95, 6),
    ],
    [
        [(2, 8), (139, 2), (200, 9), (115, 1)],
        [(113, 9)],
        [(181, 9), (1, 5), (5, 0), (4, 9), (0, 9), (95, 6)],
    ],
)


@pytest.fixture
async def enrolled(database: Database) -> Database:
    await enrol(database)
    return database


@pytest.mark.parametrize("numbered", [False, True])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(delivery=deliveries())
@example(delivery=REVIVED)
@example(delivery=UNPROVED)
@example(delivery=SO_AFTER_ALL)
async def test_order_batching_and_repetition_change_nothing(
    enrolled: Database, numbered: bool, delivery: tuple[Track, list[Track]]
) -> None:
    track, batches = delivery
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1)
    numbers = {point: n for n, point in enumerate(track, start=1)}
    owner = await asyncpg.connect(enrolled.dsn("milepost_owner"))
    try:
        await wipe(owner)
        committer = await Committer.open(enrolled.dsn("milepost_ingest"))
        for batch in batches:
            if not batch:
                await committer.reload()
            await committer.commit(
                [message(start, point, numbers[point] if numbered else None) for point in batch]
            )
        await committer.close()
        await check(owner, start, track)
    finally:
        await owner.close()


async def check(
    owner: asyncpg.Connection[asyncpg.Record], start: datetime, track: Sequence[tuple[int, int]]
) -> None:
    events_told, implausible = truth(start, list(track))
    stored = await owner.fetch("SELECT fixed_at, implausible FROM fix ORDER BY 1")
    assert [row["fixed_at"] for row in stored] == [
        start + timedelta(seconds=second) for second, _ in sorted(track)
    ]
    assert {row["fixed_at"] for row in stored if row["implausible"]} == implausible
    latest = await owner.fetchrow(
        "SELECT l.fixed_at, f.fixed_at IS NOT NULL AS stored FROM latest AS l"
        " LEFT JOIN fix AS f ON f.fixed_at = l.fixed_at"
        " AND (ST_X(f.geom), ST_Y(f.geom)) = (l.lon, l.lat)"
    )
    assert latest is not None
    assert latest["fixed_at"] == max({row["fixed_at"] for row in stored} - implausible)
    assert latest["stored"]
    events = await owner.fetch("SELECT * FROM event WHERE status = 'valid'")
    assert {
        row["id"]: (
            row["kind"],
            None if row["not_before"] is None else unix_ms(row["not_before"]),
            unix_ms(row["not_after"]),
            row["interpolated"],
        )
        for row in events
    } == events_told
    # An amendment keeps the alert of what it amends: an enter that an earlier fix turns into a
    # present stays alerted, although the rule does not ask for a present.
    # What only late fixes told alerts if it is how things stand now, so it may or may not have.
    crossings = {row["id"] for row in events if row["kind"] != "present"}
    live = {row["id"] for row in events if row["kind"] != "present" and not row["late"]}
    alerts = await owner.fetch(
        "SELECT a.event_id FROM alert AS a JOIN event AS e ON e.id = a.event_id"
        " WHERE a.close_reason IS DISTINCT FROM 'withdrawn' AND e.kind <> 'present'"
    )
    alerted = [row["event_id"] for row in alerts]
    assert len(alerted) == len(set(alerted))
    assert live <= set(alerted) <= crossings
