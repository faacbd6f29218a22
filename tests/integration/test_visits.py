"""Who was near a place in a window: chunks, open ends and late changes, against all fixes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from geo.distance import wrap_lon
from geo.fix import unix_ms
from geo.visits import Place, Ways, visits
from tests.conftest import Database
from tests.integration.world_of_tracks import GAP, Row, Tracks, tracks_in
from tracker.connect import open_pool
from tracker.motion import MotionJob
from tracker.reads import Nearby, Reader, TooMuch, visitors
from tracker.reads import visits as read

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
MIDDLE = (114.17, 22.30)
VEHICLES = 30
HOUR = timedelta(hours=1)


@pytest.fixture
async def tracks(database: Database) -> AsyncIterator[Tracks]:
    async with tracks_in(database) as made:
        yield made


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[Reader]:
    made = Reader(database.dsn("milepost_api"))
    yield made
    await made.close()


@pytest.fixture
async def worker(database: Database) -> AsyncIterator[MotionJob]:
    pool = await open_pool(database.dsn("milepost_worker"), size=1)
    yield MotionJob(pool, refresh_s=0.0)
    await pool.close()


def random_rows(seed: int, middle: tuple[float, float] = MIDDLE) -> list[Row]:
    """Walks of six hours with all kinds of intervals, gaps too, over midnight."""
    random = np.random.default_rng(seed)
    rows: list[Row] = []
    for vehicle in range(1, VEHICLES + 1):
        steps = random.choice(
            [10, 30, 120, 290, 400, 4000], p=[0.5, 0.2, 0.15, 0.1, 0.04, 0.01], size=400
        )
        seconds = np.cumsum(steps)
        seconds = seconds[seconds < 6 * 3600]
        lon = middle[0] + random.normal(0, 0.03) + random.normal(0, 0.002, len(seconds)).cumsum()
        lat = middle[1] + random.normal(0, 0.03) + random.normal(0, 0.002, len(seconds)).cumsum()
        rows += [
            (vehicle, START + timedelta(seconds=s), x, y)
            for s, x, y in zip(seconds.tolist(), wrap_lon(lon).tolist(), lat.tolist(), strict=True)
        ]
    return rows


def of_all(
    rows: Iterable[Row], asked: Nearby, departments: set[int]
) -> dict[int, tuple[float, ...]]:
    """By vehicle first, last and nearest time, metres and seconds, of all fixes as they stand."""
    seen = sorted(row for row in rows if 1 + row[0] % 3 in departments)
    ways = Ways(
        np.array([row[0] for row in seen], dtype=np.int32),
        np.zeros(len(seen), dtype=np.int64),
        np.array([unix_ms(row[1]) for row in seen], dtype=np.int64),
        np.array([row[2] for row in seen]),
        np.array([row[3] for row in seen]),
        np.full(len(seen), GAP / timedelta(milliseconds=1), dtype=np.int64),
    )
    window = (unix_ms(asked.since), unix_ms(asked.until))
    found = visits(ways, Place(asked.lon, asked.lat, asked.radius_m, *window))
    return {
        vehicle: (round(first), round(last), round(m, 1), round(s, 1))
        for vehicle, first, last, _, m, _, _, s in zip(
            *(column.tolist() for column in found), strict=True
        )
    }


async def asked_of(
    reader: Reader, asked: Nearby, departments: set[int]
) -> dict[int, tuple[float, ...]]:
    async with reader.scope(departments) as scope:
        found = await visitors(scope, asked)
    return {
        row["id"]: (
            unix_ms(row["first_at"]), unix_ms(row["last_at"]), row["nearest_m"], row["within_s"]
        )
        for row in found
    }  # fmt: skip


def questions(seed: int, middle: tuple[float, float] = MIDDLE) -> Iterable[Nearby]:
    random = np.random.default_rng(seed)
    for radius_m in (30.0, 100.0, 1000.0, 5000.0):
        for hours in (0.1, 1.0, 5.0):
            since = START + timedelta(seconds=float(random.uniform(0, 6 * 3600)))
            lon, lat = np.add(middle, random.normal(0, 0.03, 2)).tolist()
            yield Nearby(
                lon=float(wrap_lon(lon)),
                lat=lat,
                radius_m=radius_m,
                since=since - timedelta(hours=hours / 2),
                until=since + timedelta(hours=hours / 2),
            )


@pytest.mark.parametrize("worked_h", [0.0, 2.0, 4.0, 6.0])
async def test_it_is_what_all_fixes_say(tracks: Tracks, reader: Reader, worked_h: float) -> None:
    """However far the worker has come."""
    rows = random_rows(7)
    await tracks.register(VEHICLES)
    await tracks.store(rows)
    if worked_h:
        await tracks.work(START, START + worked_h * HOUR)
    counted = 0
    for departments in ({1, 2}, {3}):
        for asked in questions(int(worked_h)):
            truth = of_all(rows, asked, departments)
            assert await asked_of(reader, asked, departments) == truth, asked
            counted += len(truth)
    assert counted > 15


async def test_what_came_late_counts_before_the_worker_goes_there_again(
    tracks: Tracks, reader: Reader
) -> None:
    rows = random_rows(11)
    late = {at for at in range(len(rows)) if at % 9 == 0 and rows[at][0] % 2}
    await tracks.register(VEHICLES)
    await tracks.store([row for at, row in enumerate(rows) if at not in late])
    await tracks.work(START, START + 5 * HOUR)
    await tracks.store([rows[at] for at in late])
    await tracks.owner.executemany(
        "INSERT INTO past_change (vehicle_id, from_at) VALUES ($1, $2)",
        [rows[at][:2] for at in late],
    )
    for departments in ({1, 2}, {3}):
        for asked in questions(3):
            truth = of_all(rows, asked, departments)
            assert await asked_of(reader, asked, departments) == truth, asked


async def test_it_is_so_behind_the_worker_itself(
    tracks: Tracks, worker: MotionJob, reader: Reader
) -> None:
    """Before it has been there, after it, and while what came late waits for it."""
    rows = random_rows(13)
    late = {at for at in range(len(rows)) if at % 9 == 0}
    in_time = [row for at, row in enumerate(rows) if at not in late]
    half = [row for row in in_time if row[1] < START + 3 * HOUR]
    await tracks.register(VEHICLES)

    async def is_true_of(stored: list[Row]) -> None:
        for asked in questions(17):
            truth = of_all(stored, asked, {1, 2})
            assert await asked_of(reader, asked, {1, 2}) == truth, asked

    await tracks.store(half)
    await worker.drain()
    await is_true_of(half)
    await tracks.store([row for row in in_time if row[1] >= START + 3 * HOUR])
    await is_true_of(in_time)
    await worker.drain()
    await is_true_of(in_time)
    await tracks.store([rows[at] for at in late])
    await tracks.owner.executemany(
        "INSERT INTO past_change (vehicle_id, from_at) VALUES ($1, $2)",
        [rows[at][:2] for at in late],
    )
    await is_true_of(rows)
    await worker.drain()
    await is_true_of(rows)


async def test_what_is_in_chunks_is_told_without_the_fixes(tracks: Tracks, reader: Reader) -> None:
    """Which are gone here, but for the raw tail."""
    rows = random_rows(19)
    await tracks.register(VEHICLES)
    await tracks.store(rows)
    await tracks.work(START, START + 5 * HOUR)
    await tracks.owner.execute("DELETE FROM fix WHERE fixed_at < $1", START + 4.5 * HOUR)
    counted = 0
    for asked in questions(23):
        truth = of_all(rows, asked, {1, 2})
        assert await asked_of(reader, asked, {1, 2}) == truth, asked
        counted += len(truth)
    assert counted > 15


WIPE = """
DELETE FROM fix; DELETE FROM latest; DELETE FROM track_chunk; DELETE FROM trip; DELETE FROM stop;
DELETE FROM gap; DELETE FROM vehicle_day; DELETE FROM odometer; DELETE FROM motion_cursor;
DELETE FROM motion_checkpoint; DELETE FROM vehicle;
INSERT INTO vehicle (id, department_id, ref, name) OVERRIDING SYSTEM VALUE VALUES (1, 2, 'V', '{}')
"""
TIMES_OF_CHUNKS = """
SELECT started_at, ended_at, (SELECT array_agg(ST_M(p.geom)::bigint) FROM ST_DumpPoints(path) AS p)
    AS fixed_ms
FROM track_chunk
"""
#: Steps of a drive: seconds and milliseconds to the next fix, degrees east and north, mark it.
DRIVES = st.lists(
    st.tuples(
        st.sampled_from([1, 10, 119, 299, 300, 301, 840]),
        st.integers(0, 999),
        st.floats(-0.01, 0.01),
        st.floats(-0.01, 0.01),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=1,
    max_size=40,
)


def driven(drive: list[tuple[int, int, float, float, bool]]) -> tuple[list[Row], list[Row]]:
    """What is believed of it, and what is marked implausible."""
    rows: tuple[list[Row], list[Row]] = ([], [])
    at, (lon, lat) = START, MIDDLE
    for step_s, step_ms, east, north, mark in drive:
        at += timedelta(seconds=step_s, milliseconds=step_ms)
        lon, lat = lon + east, lat + north
        rows[mark].append((1, at, lon, lat))
    return rows


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    drive=DRIVES,
    worked=st.floats(0, 1),
    window=st.tuples(st.floats(0, 9000), st.floats(1, 9000)),
)
async def test_chunks_and_the_raw_tail_say_what_fixes_do(
    tracks: Tracks,
    worker: MotionJob,
    reader: Reader,
    drive: list[tuple[int, int, float, float, bool]],
    worked: float,
    window: tuple[float, float],
) -> None:
    """To the millisecond, however far the worker has come and whatever is marked."""
    rows, marked = driven(drive)
    split = int(worked * len(rows))
    await tracks.owner.execute(WIPE)
    if marked:
        await tracks.store(marked)
        await tracks.owner.execute("UPDATE fix SET implausible = true")
    if split:
        await tracks.store(rows[:split])
        await worker.drain()
    if rows[split:]:
        await tracks.store(rows[split:])
    since = START + timedelta(seconds=window[0])
    until = since + timedelta(seconds=window[1])
    asked = Nearby(lon=MIDDLE[0], lat=MIDDLE[1], radius_m=800.0, since=since, until=until)
    assert await asked_of(reader, asked, {1, 2, 3}) == of_all(rows, asked, {1, 2, 3})
    for row in await tracks.owner.fetch(TIMES_OF_CHUNKS):
        first, last = unix_ms(row["started_at"]), unix_ms(row["ended_at"])
        fixed_ms = [unix_ms(at) for _, at, _, _ in rows]
        assert row["fixed_ms"] == [ms for ms in fixed_ms if first <= ms <= last]


PRIVATE = """
INSERT INTO private_interval (department_id, vehicle_id, starts_at, ends_at, why, keeps,
                              declared_by)
SELECT department_id, id, $1, now() + interval '1 hour', 'private', 'nothing', 'test' FROM vehicle
"""


@pytest.mark.parametrize("nowhere", ["DELETE FROM latest", PRIVATE])
async def test_what_was_erased_is_told_no_more_though_its_chunk_stands(
    tracks: Tracks, worker: MotionJob, reader: Reader, nowhere: str
) -> None:
    """Of a vehicle of which nothing is left, and of one that is private now."""
    await tracks.register(1)
    times = [START + timedelta(seconds=10 * n) for n in range(30)]
    await tracks.store([(1, at, *MIDDLE) for at in times])
    await worker.drain()
    asked = Nearby(
        lon=MIDDLE[0], lat=MIDDLE[1], radius_m=20.0, since=START - HOUR, until=START + HOUR
    )
    assert set(await asked_of(reader, asked, {1, 2, 3})) == {1}
    await tracks.owner.execute("DELETE FROM fix")
    await tracks.owner.execute(nowhere, *([START] if nowhere is PRIVATE else []))
    await tracks.owner.execute(
        "INSERT INTO past_change (vehicle_id, from_at, to_at) VALUES (1, $1, $2)",
        *(times[0], times[-1]),
    )
    assert await asked_of(reader, asked, {1, 2, 3}) == {}
    await worker.drain()
    assert await asked_of(reader, asked, {1, 2, 3}) == {}


async def test_the_antimeridian_is_no_border(tracks: Tracks, reader: Reader) -> None:
    middle = (179.99, -17.0)
    rows = random_rows(5, middle)
    await tracks.register(VEHICLES)
    await tracks.store(rows)
    await tracks.work(START, START + 5 * HOUR)
    counted = 0
    for asked in questions(9, middle):
        truth = of_all(rows, asked, {1})
        assert await asked_of(reader, asked, {1}) == truth, asked
        counted += len(truth)
    assert counted > 8


async def test_who_drove_through_between_two_fixes_counts_and_across_a_gap_nobody(
    tracks: Tracks, reader: Reader
) -> None:
    await tracks.register(2)
    rows = []
    for vehicle, step_s in ((1, 200), (2, 301)):
        rows += [
            (vehicle, START, 114.16, 22.3),
            (vehicle, START + timedelta(seconds=step_s), 114.18, 22.3),
        ]
    await tracks.store(rows)
    asked = Nearby(lon=114.17, lat=22.3, radius_m=20.0, since=START - HOUR, until=START + HOUR)
    for worked in (False, True):
        if worked:
            await tracks.work(START, START + HOUR)
        async with reader.scope([1, 2, 3]) as scope:
            (found,) = await visitors(scope, asked)
        assert (found["vehicle"], found["nearest_m"]) == ("D2/V00001", 0.0)
        assert found["nearest_at"] == START + timedelta(seconds=100)
        assert found["within_s"] == pytest.approx(3.9, abs=0.1)
        assert (found["lon"], found["lat"]) == pytest.approx((114.17, 22.3))


async def test_who_stands_there_is_within_from_one_rare_report_to_the_next(
    tracks: Tracks, worker: MotionJob, reader: Reader
) -> None:
    """Of a vehicle without speeds only the worker sees that it stands."""
    await tracks.register(2)
    await tracks.owner.execute("UPDATE vehicle SET stopped_interval_s = 250")
    await tracks.store(
        [(n, START + timedelta(seconds=s), 114.17, 22.3) for n in (1, 2) for s in (0, 700)]
    )
    await tracks.owner.execute("UPDATE fix SET speed_mps = 0.3 WHERE vehicle_id = 1")
    asked = Nearby(lon=114.17, lat=22.3, radius_m=20.0, since=START - HOUR, until=START + HOUR)
    for within_s in ({1: 700.0, 2: 0.0}, {1: 700.0, 2: 700.0}):
        found = await asked_of(reader, asked, {1, 2, 3})
        assert {vehicle: told[3] for vehicle, told in found.items()} == within_s
        await worker.drain()


async def test_a_changed_past_is_told_to_its_department_only(
    tracks: Tracks, reader: Reader
) -> None:
    await tracks.register(3)
    await tracks.owner.execute(
        "INSERT INTO past_change (vehicle_id, from_at) SELECT id, now() FROM vehicle"
    )
    for scope_of, ids in (((1, 2), {1, 3}), ((3,), {2}), ((), set())):
        async with reader.scope(scope_of) as scope:
            found = await scope.execute(text("SELECT vehicle_id FROM changed_pasts()"))
            assert {row.vehicle_id for row in found} == ids


async def test_too_much_is_refused_with_the_cure(
    tracks: Tracks, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = random_rows(7)
    await tracks.register(VEHICLES)
    await tracks.store(rows)
    await tracks.work(START, START + 6 * HOUR)
    monkeypatch.setattr(read, "MOST_FIXES", 100)
    asked = Nearby(
        lon=MIDDLE[0], lat=MIDDLE[1], radius_m=9000.0, since=START, until=START + 6 * HOUR
    )
    with pytest.raises(TooMuch, match="shorter window"):
        async with reader.scope([1, 2]) as scope:
            await visitors(scope, asked)
