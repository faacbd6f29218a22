"""How alerts end by themselves (R33): what is closed is written down and told like any change."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Database
from tests.integration.commit_world import INSIDE, SOUTH, World, fence_since, world_in
from tracker import alert_life
from tracker.alert_life import Change, What


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await fence_since(made, -1000)
        await made.drive((0, SOUTH), (20, INSIDE))
        yield made


async def change(world: World, what: What) -> None:
    async with world.database.transaction() as connection:
        alert_id = await world.owner.fetchval("SELECT id FROM alert")
        await alert_life.change(connection, alert_id, Change(what=what), by="Chan")


async def check_closed(world: World, reason: str) -> None:
    """The first alert is closed for that reason, its history and the outbox say so once."""
    row = await world.owner.fetchrow("SELECT * FROM alert ORDER BY opened_at LIMIT 1")
    assert row is not None
    assert (row["state"], row["close_reason"], row["closed_by"]) == ("closed", reason, None)
    done = await world.owner.fetch(
        "SELECT detail, revision FROM alert_change WHERE what = 'closed' AND by IS NULL ORDER BY id"
    )
    assert [json.loads(each["detail"]) for each in done] == [{"reason": reason}]
    assert done[0]["revision"] == row["revision"]
    told = await world.owner.fetch(
        "SELECT body FROM outbox WHERE type = 'milepost.alert.closed.v1' ORDER BY id"
    )
    [body] = [json.loads(each["body"]) for each in told]
    assert body["change"] == {
        "what": "closed", "alert": str(row["id"]), "by": None, "reason": reason,
    }  # fmt: skip
    assert body["alerts"][0]["state"] == "closed"


async def test_the_exit_closes_what_is_acknowledged(world: World) -> None:
    await change(world, "acknowledged")
    await world.drive((40, SOUTH))
    await check_closed(world, "over")


async def test_the_end_of_its_window_closes_it_whoever_saw_it(world: World) -> None:
    await world.owner.execute("UPDATE alert SET ends_at = milepost_now()")
    assert await world.committer.refresh() is not None
    assert await world.committer.refresh() is None
    await check_closed(world, "window")
    await change(world, "reopened")
    assert await world.committer.refresh() is None
    assert await world.alerts() == [("enter", "open")]


async def test_the_end_of_the_fence_closes_it_also_where_the_vehicle_has_left(
    world: World,
) -> None:
    await world.drive((40, SOUTH))
    assert await world.alerts() == [("enter", "open"), ("exit", "open")]
    await world.owner.execute(
        "DELETE FROM alert WHERE event_id IN (SELECT id FROM event WHERE kind = 'exit')"
    )
    await world.end_fence(60)
    await world.committer.refresh()
    await check_closed(world, "fence_deleted")
    await change(world, "reopened")
    await world.owner.execute("UPDATE fence SET name = name")
    await world.committer.refresh()
    assert await world.alerts() == [("enter", "open")]
