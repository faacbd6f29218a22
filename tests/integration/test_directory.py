"""The registry read anew: fences that were known keep their index, and it says the same."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import numpy as np

from geo.fences import FenceIndex, Places
from geo.fix import unix_ms
from tests.conftest import Database
from tests.integration.commit_world import FENCE, SQUARE
from tracker import directory, fence_edits, registry
from tracker.connect import json_as_binary
from tracker.directory import Directory
from tracker.registry import NewDepartment, NewFence, NewRule
from tracker.rule_edits import NewWindow

CIRCLE = {"circle": {"center": [114.12, 22.305], "radius_m": 300}}
NOW = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)


async def loaded(database: Database, known: Directory | None = None) -> Directory:
    connection = await asyncpg.connect(database.dsn("milepost_owner"))
    try:
        await json_as_binary(connection)
        return await directory.load(connection, known=known)  # type: ignore[arg-type]  # a plain connection will do
    finally:
        await connection.close()


def told(index: FenceIndex) -> list[Any]:
    """What an index says at places on a line through all the fences, before and after the edits."""
    lon = np.tile(np.linspace(114.09, 114.13, 40), 3)
    hours = np.repeat([-1, 1, 3], 40)
    places = Places(
        lon=lon,
        lat=np.full(len(lon), 22.305),
        judged_ms=np.array([unix_ms(NOW + timedelta(hours=int(h))) for h in hours]),
        department_id=np.ones(len(lon), dtype=np.int32),
        vehicle_id=np.ones(len(lon), dtype=np.int64),
    )
    return [index.inside(places), index.moments_ms.tolist(), sorted(index.ids)]


async def test_edits_are_read_as_such_and_say_what_a_new_index_says(database: Database) -> None:
    async with database.transaction() as connection:
        for thing in (NewDepartment(ref="D"), FENCE):
            await registry.add(thing, connection)
    known = await loaded(database)
    again = await loaded(database, known)
    assert again.fences.borders is known.fences.borders
    async with database.transaction() as connection:
        await fence_edits.edit(connection, ("D", "square"), CIRCLE, at=NOW)
        await registry.add(NewFence(ref="later", department="D", definition=SQUARE), connection)
        await fence_edits.end(connection, ("D", "later"), at=NOW + timedelta(hours=2))
    edited, fresh = await loaded(database, again), await loaded(database)
    assert told(edited.fences) == told(fresh.fences) != told(known.fences)
    assert edited.fence_refs == fresh.fence_refs
    assert (len(edited.fences.versions), len(known.fences.versions)) == (3, 1)


async def test_an_edit_of_the_public_holidays_is_an_edit_of_the_registry(
    database: Database,
) -> None:
    async with database.transaction() as connection:
        for thing in (NewDepartment(ref="D"), FENCE):
            await registry.add(thing, connection)
        window = {"days": ["mon"], "from": "08:00"}
        rule = NewRule(ref="r", department="D", on=["inside"], window=NewWindow(**window))  # type: ignore[arg-type]  # as people write it
        await registry.add(rule, connection)
    known = await loaded(database)
    async with database.transaction() as connection:
        holidays = '{"2026": ["2026-12-25"]}'
        await connection.exec_driver_sql("UPDATE installation SET holidays = $1", (holidays,))
    edited = await loaded(database, known)
    assert edited.version > known.version
    [rule_now] = edited.rules.values()
    assert rule_now.window is not None
    assert dict(rule_now.window.calendar.holidays) == {2026: frozenset({date(2026, 12, 25)})}
