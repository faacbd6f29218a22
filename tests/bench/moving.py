"""A fleet that drives: vehicles registered, and a process that commits a fix of each a second."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.synchronize import Event

import asyncpg
import numpy as np

from geo.fix import Fix
from tracker.commit import Committer
from tracker.message import Message, Reading

DEPARTMENTS = 12
#: Of Hong Kong, where vehicles turn back: west, south, east, north.
BOX = (113.90, 22.20, 114.35, 22.52)
DEGREES_A_METRE = 1 / 111_000
SPEED_MPS = 12.0
BATCH = 2000

REGISTER = """
INSERT INTO feed (id) VALUES (1) ON CONFLICT DO NOTHING;
INSERT INTO department (ref, name)
    SELECT 'D' || i, jsonb_build_object('en', 'Department ' || i, 'zh-Hant', '部門' || i)
    FROM generate_series(1, $departments) AS i;
INSERT INTO vehicle (department_id, ref, plate, name, moving_interval_s, stopped_interval_s)
    SELECT 1 + i % $departments, 'v' || to_char(i, 'FM00000'), 'AM ' || i,
           jsonb_build_object('en', 'Unit ' || i, 'zh-Hant', '車輛' || i), 5, 60
    FROM generate_series(0, $vehicles - 1) AS i;
INSERT INTO device (department_id, ref, accept_from)
    SELECT v.department_id, 'b' || substr(v.ref, 2), '2000-01-01Z' FROM vehicle AS v ORDER BY v.id;
INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)
    SELECT d.department_id, d.id, v.id, tstzrange(NULL, NULL)
    FROM device AS d JOIN vehicle AS v ON v.ref = 'v' || substr(d.ref, 2);
"""


async def register(dsn: str, vehicles: int) -> None:
    """Twelve departments with so many vehicles and a device each, as the owner."""
    connection = await asyncpg.connect(dsn)
    try:
        script = REGISTER.replace("$departments", str(DEPARTMENTS))
        await connection.execute(script.replace("$vehicles", str(vehicles)))
    finally:
        await connection.close()


@contextmanager
def driving(dsn: str, vehicles: int) -> Iterator[None]:
    """All of them drive while the context lasts, as ingest would commit them; returns once each has
    been somewhere."""
    context = multiprocessing.get_context("spawn")
    begun, ended = context.Event(), context.Event()
    process = context.Process(target=_drive, args=(dsn, vehicles, begun, ended), daemon=True)
    process.start()
    try:
        while not begun.wait(1):
            if not process.is_alive():
                raise SystemExit("the fleet did not start: its words are above")
        yield
    finally:
        ended.set()
        process.join(30)


def _drive(dsn: str, vehicles: int, begun: Event, ended: Event) -> None:
    asyncio.run(_commit_each_second(dsn, vehicles, begun, ended))


async def _commit_each_second(dsn: str, vehicles: int, begun: Event, ended: Event) -> None:
    west, south, east, north = BOX
    chance = np.random.default_rng(1)
    lons, lats = chance.uniform(west, east, vehicles), chance.uniform(south, north, vehicles)
    courses = chance.uniform(0, 360, vehicles)
    committer = await Committer.open(dsn)
    try:
        while not ended.is_set():
            began_s, moment = time.monotonic(), datetime.now(UTC).replace(microsecond=0)
            courses = (courses + chance.normal(0, 5, vehicles)) % 360
            lons += np.sin(np.radians(courses)) * SPEED_MPS * DEGREES_A_METRE
            lats += np.cos(np.radians(courses)) * SPEED_MPS * DEGREES_A_METRE
            out = (lons < west) | (lons > east) | (lats < south) | (lats > north)
            courses[out] = (courses[out] + 180) % 360
            places = zip(lons.tolist(), lats.tolist(), courses.tolist(), strict=True)
            messages = [_message(i, moment, *place) for i, place in enumerate(places)]
            for at in range(0, vehicles, BATCH):
                await committer.commit(messages[at : at + BATCH])
            begun.set()
            await asyncio.sleep(max(0.0, 1 - (time.monotonic() - began_s)))
    finally:
        await committer.close()


def _message(i: int, moment: datetime, lon: float, lat: float, course: float) -> Message:
    fix = Fix(fixed_at=moment, lon=lon, lat=lat, speed_mps=SPEED_MPS, course_deg=course)
    return Message(
        source="bench",
        department_ref=f"D{1 + i % DEPARTMENTS}",
        device_ref=f"b{i:05}",
        received_at=datetime.now(UTC),
        readings=[Reading(fix=fix, raw=b"$")],
    )
