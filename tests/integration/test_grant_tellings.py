"""What is told to another department: only while it is granted, asked again at the last moment."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.outgoing.teller import GRANT_ENDED
from tests.integration.api_world import World
from tests.integration.grant_world import NEW, granted
from tests.integration.receivers import receiving
from tests.integration.telling_world import subscribe, telling, until
from tracker.outbox import Outbox

WEBHOOK = {"ref": "room", "department": "B", "kind": "mqtt"}


@pytest.fixture
async def outbox(world: World) -> AsyncIterator[Outbox]:
    opened = await Outbox.open(world.database.dsn("milepost_worker"))
    yield opened
    await opened.close()


async def test_events_go_to_whom_they_are_granted_until_that_ends(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient, outbox: Outbox
) -> None:
    number = await _subscribe(world, as_b)
    await world.cross_square("A/AMB-2")
    await outbox.plan()
    assert await outbox.claim(number, limit=10, lease_s=0) == [], "nothing is granted"
    grant = await granted(as_a, as_b)
    await world.cross_square("A/AMB-1")
    await outbox.plan()
    (told,) = await outbox.claim(number, limit=10, lease_s=0)
    assert told.may_go
    assert (told.body["vehicle"], told.body["kind"]) == ("A/AMB-1", "enter")
    assert told.body["alerts"]
    assert all("assigned_to" not in each for each in told.body["alerts"])
    await as_a.post(f"/v1/grants/{grant['id']}/revoke")
    (late,) = await outbox.claim(number, limit=10, lease_s=0)
    assert not late.may_go
    await world.cross_square("A/AMB-1", start_s=100)
    await outbox.plan()
    waiting = await world.sql("SELECT count(*) FROM delivery WHERE subscription_id = :n", n=number)
    assert waiting == 2, "after the end nothing more is planned"


async def test_hours_and_levels_hold_for_tellings_too(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient, outbox: Outbox
) -> None:
    number = await _subscribe(world, as_b)
    elsewhere = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    await granted(as_a, as_b, area=elsewhere)
    await granted(as_a, as_b, level="blurred", fences=[])
    await granted(as_a, as_b, fences=["A/A-CIRCLE"])
    await granted(as_a, as_b, vehicles=["A/AMB-2"])
    await world.cross_square("A/AMB-1")
    await outbox.plan()
    assert await outbox.claim(number, limit=10, lease_s=0) == []
    assert NEW["level"] == "position"


async def _subscribe(world: World, as_b: httpx.AsyncClient) -> int:
    answer = await as_b.post("/v1/subscriptions", json=WEBHOOK)
    assert answer.status_code == 201, answer.text
    found: Any = await world.sql("SELECT max(id) FROM subscription")
    return int(found)


async def test_a_webhook_that_was_away_is_not_told_what_is_granted_no_more(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    grant = await granted(as_a, as_b)
    with receiving() as [receiver]:
        receiver.answer = lambda _got: 503
        added = await subscribe(world, "hook", department="B", target=receiver.url)
        async with telling(world):
            await world.cross_square("A/AMB-1")
            await until(lambda: receiver.came)
            assert receiver.came[0].json["data"]["vehicle"] == "A/AMB-1"
            await as_a.post(f"/v1/grants/{grant['id']}/revoke")
            await until(lambda: _given_up(world, added.id))
        assert receiver.taken == []


async def _given_up(world: World, number: int) -> bool:
    """Whether all is given up, and says why."""
    return bool(
        await world.sql(
            "SELECT count(*) = 2 FROM delivery WHERE subscription_id = :n AND state = 'dead'"
            " AND last_error = :why",
            n=number,
            why=GRANT_ENDED,
        )
    )
