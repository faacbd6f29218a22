"""What a judged case has come to, as lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from tracker import sql
from tracker.cases import moment
from tracker.rules import BY_THEMSELVES
from tracker.sorting import FUTURE_LIMIT_MS, Refused

FUTURE: Final = timedelta(milliseconds=FUTURE_LIMIT_MS)


async def printed(owner: asyncpg.Connection[asyncpg.Record]) -> dict[str, list[dict[str, Any]]]:
    """Events as rows, and the lines of alerts and notes."""
    events = [dict(row) for row in await owner.fetch(sql.text("judged_events"))]
    rows = await owner.fetch(sql.text("judged_alerts"))
    alerts = [
        {
            "alert": str(row["id"]),
            "rule": row["rule"],
            "vehicle": row["vehicle"],
            "fence": row["fence"],
            "event": str(row["event_id"]),
            "state": row["state"],
            "suppressed": row["suppressed"],
            "time": iso(row["at"]),
            "cause": row["cause"],
        }
        for row in rows
    ]
    return {"events": events, "rest": alerts + await _notes(owner)}


async def _notes(owner: asyncpg.Connection[asyncpg.Record]) -> list[dict[str, Any]]:
    """The fixes that are kept but not believed."""
    jumps = [
        {"note": "jump", "vehicle": row["vehicle"], "time": iso(row["fixed_at"])}
        for row in await owner.fetch(sql.text("judged_jumps"))
    ]
    return jumps + [
        _refusal(row)
        for row in await owner.fetch("SELECT received_at, reason, raw FROM reject ORDER BY id")
    ]


def _refusal(row: asyncpg.Record) -> dict[str, Any]:
    said = json.loads(row["raw"])
    ahead = row["reason"] == Refused.CLOCK and moment(said["time"]) > row["received_at"] + FUTURE
    return {"note": "future" if ahead else "invalid", **said}


def events_of(rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Lines in order of time, exits before others at one instant, then fence."""
    ordered = sorted(rows, key=_order)
    return [_line(row) for row in ordered]


def _order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["at"], row["kind"] != "exit", row["fence"] or "", row["vehicle"]


def _line(row: Mapping[str, Any]) -> dict[str, Any]:
    line = {
        "kind": row["kind"],
        "id": str(row["id"]),
        "vehicle": row["vehicle"],
        "fence": row["fence"],
        "fence_version": row["fence_version"],
        "time": iso(row["time"]),
        "not_before": iso(row["not_before"]),
        "not_after": iso(row["not_after"]),
        "interpolated": row["interpolated"],
        "gap": row["gap"],
        "late": row["late"],
        "cause": row["cause"],
        "amends": None if row["amends"] is None else str(row["amends"]),
        "status": row["status"],
        "simulated": row["simulated"],
    }
    if row["kind"] in BY_THEMSELVES:
        line |= {"ended_at": iso(row["ended_at"]), "length_s": row["length_s"]}
        line |= {"lowest": row["lowest"], "highest": row["highest"]}
    if row["kind"] == "speed":
        line |= {"max_kmh": row["max_kmh"], "length_s": row["length_s"]}
    return line


def iso(at: datetime | None) -> str | None:
    """A time as cases have it, to the millisecond."""
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
