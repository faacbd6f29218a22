"""A client of the event stream, as somebody would write one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.integration.api_world import DEADLINE_S


@dataclass(frozen=True)
class Event:
    """One block of the stream."""

    name: str
    id: str
    data: Any


async def blocks(answer: httpx.Response) -> AsyncIterator[Event]:
    """Whole events; what is cut off in the middle is none."""
    text = ""
    async for piece in answer.aiter_text():
        text += piece
        *whole, text = text.split("\n\n")
        for block in whole:
            lines = [line.partition(": ") for line in block.splitlines()]
            said = {name: value for name, _, value in lines}
            if "data" in said:
                yield Event(said["event"], said["id"], json.loads(said["data"]))


@asynccontextmanager
async def listening(
    client: httpx.AsyncClient, last_id: str | None = None, **query: str
) -> AsyncIterator[AsyncIterator[Event]]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    async with client.stream("GET", "/v1/events", params=query, headers=headers) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield blocks(answer)


async def until(events: AsyncIterator[Event], name: str) -> Event:
    """The next event whose name begins so."""
    async with asyncio.timeout(DEADLINE_S):
        async for event in events:
            if event.name.startswith(name):
                return event
    raise AssertionError(f"no {name}")
