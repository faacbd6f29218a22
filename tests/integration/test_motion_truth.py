"""A day of the demonstration government: what the worker makes of it is what was driven."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devices.simulator import build_fleet, load_government
from tests.bench.day import Day, commit_day, day_of, enrolled
from tests.conftest import Database
from tracker.commit import Committer
from tracker.connect import open_pool
from tracker.motion import MotionJob


async def test_kilometres_trips_and_stops_of_a_day_are_those_of_the_timetable(
    database: Database,
) -> None:
    """One vehicle of each application; scripts/bench day takes the whole fleet."""
    government = load_government(scale=0.0)
    await enrolled(database.dsn("milepost_owner"), government)
    since, until = day_of(datetime.now(UTC) - timedelta(days=1))
    fleet = [each for each in build_fleet(government, since) if each.vehicle.number == 1]
    committer = await Committer.open(database.dsn("milepost_ingest"))
    pool = await open_pool(database.dsn("milepost_worker"), size=2)
    try:
        moments = await commit_day(committer, fleet, since, until)
        await MotionJob(pool, refresh_s=0).drain()
        async with pool.acquire() as connection:
            day = await Day.read(connection, fleet, moments)
    finally:
        await committer.close()
        await pool.close()

    assert len(day.found) == len(fleet) > 15
    for name, (found, expected) in day.pairs():
        assert found.distance_m == pytest.approx(expected.distance_m, rel=0.01), name
        # What midnight cuts off of a trip may or may not be long enough to be one.
        assert found.trips == pytest.approx(expected.trips, abs=1), name
        assert found.stops == pytest.approx(expected.stops, rel=0.01), name
    pairs = [pair for _, pair in day.pairs()]
    trips, driven = (sum(pair[side].trips for pair in pairs) for side in (0, 1))
    assert trips == pytest.approx(driven, rel=0.01)
