"""Duty status: set by a caller within its scope, by a verb, and by a device with its fix."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from devices.payloads import read_fix
from geo.fix import Fix
from tests.conftest import Database
from tests.integration.motion_world import THINGS, MotionWorld, Seen, motion_world
from tracker import reads
from tracker.duty import set_duty
from tracker.errors import Unknown
from tracker.message import Reading
from tracker.reads import Reader
from tracker.registry import NewDepartment, NewVehicle

OTHERS = (NewDepartment(ref="E"), NewVehicle(ref="V", department="E"))


@pytest.fixture
async def world(database: Database) -> AsyncIterator[MotionWorld]:
    async with motion_world(database, (*THINGS, *OTHERS)) as made:
        yield made


async def shown(world: MotionWorld) -> str:
    reader = Reader(world.database.dsn("milepost_api"))
    async with reader.scope([1]) as scope:
        row = await reads.vehicle(scope, department="D", ref="V")
    await reader.close()
    assert row is not None
    status: str = row["duty_status"]
    return status


async def test_a_caller_sets_it_for_its_own_vehicles_only(world: MotionWorld) -> None:
    reader = Reader(world.database.dsn("milepost_api"))
    try:
        async with reader.scope([1]) as scope:
            await set_duty(scope, department="D", ref="V", status="at_scene", by="a dispatcher")
        assert await shown(world) == "at_scene"
        with pytest.raises(Unknown):
            async with reader.scope([1]) as scope:
                await set_duty(scope, department="E", ref="V", status="at_scene", by="a stranger")
        earlier = datetime.now(UTC) - timedelta(days=3)
        async with reader.scope([1]) as scope:
            await set_duty(
                scope, department="D", ref="V", status="assigned", since=earlier, by="late"
            )
        assert await shown(world) == "at_scene"
    finally:
        await reader.close()
    rows = await world.owner.fetch("SELECT status, set_by FROM duty_status WHERE vehicle_id = 2")
    assert [tuple(row) for row in rows] == [("available", "registry")]


async def test_the_verb_sets_it(world: MotionWorld) -> None:
    verb = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "milepost", "vehicle", "duty", "D/V", "off_duty"),
        env={**os.environ, **world.database.environment()},
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await verb.communicate()
    assert b"vehicle D/V is off_duty since " in out
    assert await shown(world) == "off_duty"


async def test_a_device_says_it_with_its_fix_in_any_order(world: MotionWorld) -> None:
    await world.owner.execute("UPDATE duty_status SET since = '2000-01-01Z'")
    said = [(100, "duty_at_scene"), (50, "duty_en_route"), (100, "duty_at_scene")]
    async with world.committer() as committer:
        for second, event in said:
            message = world.message(Seen(second, 114.1, 22.3, None, None))
            [reading] = message.readings
            assert isinstance(reading, Reading)
            fix = read_fix(
                {
                    "t": reading.fix.fixed_at.isoformat(),
                    "lat": 22.3,
                    "lon": 114.1,
                    "ev": ["ignition_on", event],
                }
            )
            assert isinstance(fix, Fix)
            readings = [Reading(fix=fix, raw=b"$")]
            await committer.commit([message._replace(readings=readings)])
    assert await shown(world) == "at_scene"
    rows = await world.owner.fetch(
        "SELECT status, set_by FROM duty_status WHERE vehicle_id = 1 ORDER BY since"
    )
    assert [tuple(row) for row in rows] == [
        ("available", "registry"),
        ("en_route", "device"),
        ("at_scene", "device"),
    ]


@pytest.mark.parametrize("events", [None, "duty_at_scene", [], [1, None], ["duty_asleep"], {}])
def test_what_is_no_event_of_duty_costs_nothing(events: object) -> None:
    fix = read_fix({"t": "2026-11-23T16:00:04Z", "lat": 22.3, "lon": 114.1, "ev": events})
    assert isinstance(fix, Fix)
    assert fix.duty is None
