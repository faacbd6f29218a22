"""Streams of the matrix of who may see what: what each says to whom."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Final

from sqlalchemy import text
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.integration.api_world import DEADLINE_S
from tests.integration.event_world import listening
from tests.integration.permission_model import Asker
from tests.integration.permission_world import Government
from tracker.stream import Cursor

ENTERED: Final = "milepost.fence.enter.v1"
NOTED: Final = "milepost.alert.noted.v1"
_HEADER: Final = struct.Struct("<IHHIIIId")
_EPOCH: Final = (
    "SELECT feed_epoch AS epoch, milepost_now() AS now, (SELECT array_agg(id) FROM feed) AS feeds"
    " FROM installation"
)


async def first_cursor(government: Government) -> str:
    """The id of the event stream from before the first report."""
    async with government.database.transaction("milepost_owner") as connection:
        row = (await connection.execute(text(_EPOCH))).one()
    begins = dict.fromkeys(row.feeds, (-1, 0))
    whole = {**begins, -1: (-1, 0)}
    return str(Cursor(epoch=row.epoch, at=row.now, events=begins, vehicles=whole))


async def watch(
    government: Government, asker: Asker, ready: asyncio.Semaphore, told: list[str]
) -> None:
    """Keep the types of the live feed's messages until something moved; `ready` once it shows
    something, and at alerts."""
    address = f"{government.api.live_url}?format=json"
    async with connect(address, additional_headers=asker.headers) as socket:
        async for message in socket:
            told.append(json.loads(message)["type"])
            if told[-1] in ("snapshot", "alerts"):
                ready.release()
            if told[-1] == "delta":
                return


async def listen(
    government: Government, asker: Asker, ready: asyncio.Semaphore, told: list[str]
) -> None:
    """Keep the names of events until a vehicle entered; `ready` once it listens, and at alerts."""
    async with (
        government.api.client(asker.key) as client,
        listening(client, kinds="alerts,fences") as events,
    ):
        async for event in events:
            told.append(event.name)
            if event.name in ("hello", NOTED):
                ready.release()
            if event.name == ENTERED:
                return


async def vehicle_numbers(government: Government) -> dict[str, int]:
    """By full ref, as the live feed has them."""
    found: dict[str, int] = await government.world.sql(
        "SELECT json_object_agg(d.ref || '/' || v.ref, v.id) FROM vehicle AS v"
        " JOIN department AS d ON d.id = v.department_id"
    )
    return found


async def snapshot(government: Government, asker: Asker, form: str) -> list[int] | int:
    """The ids in the live feed's first picture, or the status that it was refused with."""
    try:
        async with connect(
            f"{government.api.live_url}?format={form}", additional_headers=asker.headers
        ) as socket:
            async with asyncio.timeout(DEADLINE_S):
                while True:
                    said = await socket.recv()
                    if isinstance(said, bytes):
                        _, _, _, count, _, removed, _, _ = _HEADER.unpack_from(said)
                        at = _HEADER.size + 4 * removed
                        return sorted(struct.unpack_from(f"<{count}I", said, at))
                    if (message := json.loads(said))["type"] == "snapshot":
                        return sorted(message["columns"]["id"])
    except InvalidStatus as refused:
        return refused.response.status_code
