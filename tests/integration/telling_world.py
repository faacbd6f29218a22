"""A world with subscriptions and a teller whose times are short."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from api.outgoing.jobs import open_teller
from api.outgoing.settings import TellSettings
from api.outgoing.teller import Teller
from tests.integration.api_world import World
from tracker import subscriptions
from tracker.outbox import telling_id
from tracker.subscriptions import Added, NewSubscription

LOOPBACK = ["127.0.0.0/8"]


def quick(**more: Any) -> TellSettings:  # noqa: ANN401  fields of TellSettings
    """Settings whose hours are tenths of seconds."""
    usual: dict[str, Any] = {
        "poll_s": 0.05,
        "timeout_s": 1.0,
        "first_retry_s": 0.1,
        "most_retry_s": 2.0,
        "probe_s": 0.3,
        "allow": LOOPBACK,
    }
    return TellSettings.model_validate(usual | more)


async def subscribe(world: World, ref: str, **said: Any) -> Added:  # noqa: ANN401  its fields
    """As `milepost webhook add`, of department A where none is named."""
    new = NewSubscription.model_validate({"department": "A", "ref": ref, **said})
    async with world.database.transaction() as connection:
        added = await subscriptions.add(connection, new)
    return added


async def outbox_ids(world: World, vehicle: str | None = None) -> list[str]:
    """The ids of all that was to be told, in order."""
    async with world.database.transaction() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT event_id, revision FROM outbox"
            " WHERE $1::text IS NULL OR body ->> 'vehicle' = $1 ORDER BY id",
            (vehicle,),
        )
        found = [str(telling_id(uuid.UUID(str(row.event_id)), row.revision)) for row in rows]
    return found


@asynccontextmanager
async def telling(world: World, settings: TellSettings | None = None) -> AsyncIterator[Teller]:
    """A teller at work while the block lasts."""
    async with open_teller(world.database.dsn("milepost_worker"), settings or quick()) as teller:
        running = asyncio.create_task(teller.run())
        try:
            yield teller
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


async def until(condition: Any, within_s: float = 60.0) -> None:  # noqa: ANN401  sync or async
    """Wait for it while this loop goes on."""
    async with asyncio.timeout(within_s):
        while True:
            held = condition()
            if asyncio.iscoroutine(held):
                held = await held
            if held:
                return
            await asyncio.sleep(0.05)
