"""The AsyncAPI document of events: valid by the specification, and true of what is sent."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from websockets.asyncio.client import connect

from api.asyncapi import document
from api.outgoing.cloud_event import cloud_event
from tests.integration.api_world import DEADLINE_S, Served, World
from tracker.outbox import Telling
from tracker.registry import NewRule

ROOT = Path(__file__).parents[2]
SPECIFICATION = ROOT / "maps/console/node_modules/@asyncapi/specs/schemas/3.0.0.json"


def validator(message: str) -> Draft7Validator:
    """Of a message's payload, by the document alone."""
    whole = document()
    schema = whole["components"]["messages"][message]["payload"]
    return Draft7Validator({**whole, **schema}, format_checker=FormatChecker())


def test_it_is_valid_by_the_schema_of_asyncapi() -> None:
    specification = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    whole = document()
    Draft7Validator(specification).validate(whole)
    whole["channels"]["live"]["adress"] = "x"
    with pytest.raises(ValidationError):
        Draft7Validator(specification).validate(whole)


async def test_what_is_sent_fits_it(world: World, api: Served, as_a: httpx.AsyncClient) -> None:
    assert (await as_a.get("/v1/asyncapi.json")).json() == document()
    headers = {"Authorization": f"Bearer {world.tokens['A']}"}
    names = {
        "hello": "liveHello",
        "snapshot": "liveFrame",
        "delta": "liveFrame",
        "alerts": "liveAlerts",
    }
    seen: set[str] = set()
    async with connect(f"{api.live_url}?format=json", additional_headers=headers) as live:
        async with asyncio.timeout(DEADLINE_S):
            while "snapshot" not in seen:
                seen.add(fits(names, json.loads(await live.recv())))
            await world.cross_square("A/AMB-1")
            while seen != set(names):
                seen.add(fits(names, json.loads(await live.recv())))
    rows = await world.sql("SELECT jsonb_agg(to_jsonb(o)) FROM outbox AS o")
    assert len(rows) >= 2
    await world.add(NewRule(department="A", ref="sos", on=["duress"]))
    await world.drive("A/AMB-1", (330, 114.101, 22.29), inputs={"duress": True})
    alert = (await as_a.get("/v1/alerts")).json()["alerts"][0]["id"]
    await as_a.post(f"/v1/alerts/{alert}/acknowledge", json={})
    rows = await world.sql("SELECT jsonb_agg(to_jsonb(o)) FROM outbox AS o")
    kinds = {told(row) for row in rows}
    assert kinds == {"fence", "signal", "alert"}


def fits(names: dict[str, str], message: dict[str, Any]) -> str:
    kind = str(message["type"])
    if kind in names:
        validator(names[kind]).validate(message)
        with pytest.raises(ValidationError):
            validator(names[kind]).validate({"type": "other"})
    return kind


def told(row: dict[str, Any]) -> str:
    """A row of the outbox as it goes over webhooks and the stream."""
    telling = Telling(
        outbox_id=row["id"],
        type=row["type"],
        event_id=UUID(row["event_id"]),
        revision=row["revision"],
        body=row["body"],
        created_at=datetime.fromisoformat(row["created_at"]),
        attempts=0,
    )
    kind = str(row["type"].split(".")[1]).replace("vehicle", "signal")
    validator(kind).validate(cloud_event(telling, "A"))
    return kind
