"""What a fence would have told over stored history, had it always been there (rule R41)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid5

import asyncpg

from geo import crossing
from geo.areas import Area
from geo.event import Event
from geo.event_id import event_id
from geo.fences import FenceIndex, FenceVersion
from geo.fix import from_unix_ms, unix_ms
from geo.scope import EVERYBODY
from tracker import directory as registry
from tracker import sql
from tracker.directory import ALWAYS_MS, Directory
from tracker.past import ALWAYS, FOREVER, Point, columns, point_of_row


@dataclass(frozen=True, slots=True)
class Question:
    """A fence (department, ref) of that shape: what would it have told, from when to when?"""

    fence: tuple[str, str]
    shape: Area
    since: datetime
    until: datetime


async def answer(
    connection: asyncpg.Connection[asyncpg.Record], question: Question, now: datetime, number: int
) -> list[dict[str, Any]]:
    """The events as rows like those of the event table; nothing is stored, and nobody is told.

    `number` tells the ids of one question from those of others about the same fence.
    """
    known = await registry.load(connection)  # type: ignore[arg-type]  # a plain connection will do
    department_ref, ref = question.fence
    fence_id, department_id = await _ids(connection, department_ref, ref)
    version = FenceVersion(
        fence_id=fence_id,
        ref=f"{department_ref}/{ref}",
        department_id=department_id,
        version=1,
        geometry=question.shape,
        from_ms=ALWAYS_MS,
        until_ms=None,
    )
    scopes = known.fences.scopes if fence_id in known.fences.ids else EVERYBODY
    fences = FenceIndex([version], scopes)
    points = columns((await _history(connection, department_id, known)).items())
    stepped = crossing.step({}, points, fences, known.limits, known.watches)
    passed = crossing.rejudge(stepped.states, fences, unix_ms(now), known.limits, known.watches)
    gone = {event.key for event in passed.withdrawn}
    told = {event.key: event for event in stepped.events if event.key not in gone}
    told |= {event.key: event for event in (*passed.restated, *passed.events)}
    first_ms, last_ms = unix_ms(question.since), unix_ms(question.until)
    asked = [
        event
        for event in told.values()
        if event.fence_id == fence_id and first_ms <= event.at_ms <= last_ms
    ]
    return [_row(event, version, known, number) for event in asked]


async def _ids(
    connection: asyncpg.Connection[asyncpg.Record], department: str, ref: str
) -> tuple[int, int]:
    row = await connection.fetchrow(
        "SELECT coalesce(f.id, 0) AS fence_id, p.id FROM department AS p"
        " LEFT JOIN fence AS f ON f.department_id = p.id AND f.ref = $2 WHERE p.ref = $1",
        department,
        ref,
    )
    return (0, 0) if row is None else (row["fence_id"], row["id"])


async def _history(
    connection: asyncpg.Connection[asyncpg.Record], department_id: int, known: Directory
) -> dict[int, list[Point]]:
    ids = [v.id for v in known.vehicles.values() if v.department_id == department_id]
    tracks: dict[int, list[Point]] = {vehicle_id: [] for vehicle_id in ids}
    ends = ([ALWAYS] * len(ids), [FOREVER] * len(ids))
    for row in await connection.fetch(sql.text("load_track"), ids, *ends):
        tracks[row["vehicle_id"]].append(point_of_row(row))
    return tracks


def _row(event: Event, version: FenceVersion, known: Directory, number: int) -> dict[str, Any]:
    vehicle = known.vehicles[event.vehicle_id].full_ref
    rule = None if event.rule_id is None else known.rules[event.rule_id].full_ref
    id_ = event_id(vehicle, version.ref, event.fence_version, event.kind, event.moment, rule)
    time, before = event.time_ms, event.not_before_ms
    return {
        "id": uuid5(id_, f"simulated {number}"),
        "kind": event.kind,
        "vehicle": vehicle.partition("/")[2],
        "fence": version.ref.partition("/")[2],
        "fence_version": event.fence_version,
        "at": from_unix_ms(event.at_ms),
        "time": None if time is None else from_unix_ms(time),
        "not_before": None if before is None else from_unix_ms(before),
        "not_after": from_unix_ms(event.not_after_ms),
        "interpolated": event.interpolated,
        "gap": event.gap,
        "late": event.late,
        "cause": event.cause,
        "amends": None,
        "status": "valid",
        "max_kmh": event.max_kmh,
        "length_s": event.length_s,
        "ended_at": None if event.ended_ms is None else from_unix_ms(event.ended_ms),
        "lowest": event.lowest,
        "highest": event.highest,
        "simulated": True,
    }
