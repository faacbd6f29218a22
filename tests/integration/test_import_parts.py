"""Parts that wait in the database go when they are dealt with, and not before."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import DBAPIError

from devices.recording.item import Item
from devices.recording.part import part_payload, read_part
from geo.fix import Fix
from tests.integration.api_world import World
from tracker import imports
from tracker.message import Message, Reading

BOOT = "import-of-a-test"
DEVICE = "A/A-BOX-AMB-1"


async def hand_in(world: World, *numbers: int) -> None:
    """A part of a fix for each number."""
    at = datetime(2026, 3, 2, tzinfo=UTC)
    parts = [
        (n, part_payload(BOOT, n, [Item(Fix(fixed_at=at.replace(second=n), lon=114, lat=22), b"")]))
        for n in numbers
    ]
    async with world.database.transaction() as owner:
        to = await imports.target(owner, DEVICE)
        await imports.add_parts(owner, to=to, boot=BOOT, source="import:x", parts=parts)


async def waiting(world: World) -> list[int]:
    return [row["seq"] for row in await world.committer.import_parts(100)]


async def commit(world: World) -> None:
    """All that waits, as ingest does."""
    messages = []
    for row in await world.committer.import_parts(100):
        batch = read_part(row["payload"])
        messages.append(
            Message(
                source=row["source"],
                department_ref=row["department_ref"],
                device_ref=row["device_ref"],
                received_at=row["asked_at"],
                readings=[Reading(fix, raw) for fix, raw in batch.fixes],
                payload=row["payload"],
                boot=batch.boot,
                seq=batch.seq,
            )
        )
    await world.committer.commit(messages)


async def test_a_part_waits_once_and_not_after_its_receipt(world: World) -> None:
    await hand_in(world, 1, 2)
    await hand_in(world, 2, 3)
    assert await waiting(world) == [1, 2, 3]
    rows = await world.committer.import_parts(2)
    assert [row["seq"] for row in rows] == [1, 2]
    await commit(world)
    await world.committer.drop_import_parts([row["id"] for row in rows])
    assert await waiting(world) == [3]
    await hand_in(world, 1, 2, 3)
    assert await waiting(world) == [3]


async def test_a_part_of_a_department_that_moved_stays_for_its_new_shard(world: World) -> None:
    await hand_in(world, 1)
    ids = [row["id"] for row in await world.committer.import_parts(10)]
    await world.sql("INSERT INTO feed (id) VALUES (2) ON CONFLICT DO NOTHING")
    await world.sql("UPDATE department SET shard = 2 WHERE ref = 'A'")
    assert await waiting(world) == []
    await world.committer.drop_import_parts(ids)
    assert await world.sql("SELECT count(*) FROM import_part") == 1


async def test_the_api_reads_no_part(world: World) -> None:
    await hand_in(world, 1)
    engine = world.database.engine("milepost_api")
    with pytest.raises(DBAPIError, match="permission denied"):
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SELECT payload FROM import_part")
    await engine.dispose()
