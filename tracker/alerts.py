"""Alerts: opened by events, held back by cool-downs, over when the vehicle leaves, then closed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.fix import from_unix_ms, unix_ms
from tracker import sql
from tracker.errors import Conflict, Unknown
from tracker.judging import Told
from tracker.models import Alert, Feed
from tracker.rules import Rule

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Rule, vehicle and fence: what a cool-down goes by.
Key = tuple[int, int, int]
ALWAYS = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The feed, its number for this commit, and the database's time."""

    feed: int
    n: int
    now_ms: int


async def open_all(
    connection: Connection, wanted: Sequence[tuple[Told, Rule]], stamp: Stamp
) -> int:
    """Open an alert for each event and rule, in order, as far as cool-downs let it; how many."""
    if not wanted:
        return 0
    known = await _recent(connection, [(t, r) for t, r in wanted if r.cooldown_s > 0.0])
    rows: dict[str, dict[str, Any]] = {}
    held_back: Counter[str] = Counter()
    for told, rule in wanted:
        alerted = known.setdefault(_key(told, rule), [])
        at_ms = told.event.at_ms
        holder = next(
            (id_ for id_, since in alerted if since <= at_ms < since + rule.cooldown_s * 1000.0),
            None,
        )
        if holder is None:
            row = _row(told, rule, stamp)
            rows[row["id"]] = row
            alerted.append((row["id"], at_ms))
        elif holder in rows:
            rows[holder]["suppressed"] += 1
        else:
            held_back[holder] += 1
    if held_back:
        ids = [UUID(id_) for id_ in held_back]
        await connection.execute(
            sql.text("suppress_alerts"), ids, list(held_back.values()), stamp.feed, stamp.n
        )
    if not rows:
        return 0
    stored = sql.text("store_alerts")
    return len(await connection.fetch(stored, list(rows.values()), stamp.feed, stamp.n))


async def settle(connection: Connection, changed: Iterable[UUID], stamp: Stamp) -> None:
    """Find out of the alerts of vehicles and fences with these events whether they are over."""
    pairs = await connection.fetch(
        "SELECT DISTINCT vehicle_id, fence_id FROM event WHERE id = any($1::uuid[])", list(changed)
    )
    await connection.execute(
        sql.text("settle_alerts"),
        [row["vehicle_id"] for row in pairs],
        [row["fence_id"] for row in pairs],
        stamp.feed,
        stamp.n,
    )


def _key(told: Told, rule: Rule) -> Key:
    return rule.id, told.event.vehicle_id, told.event.fence_id


async def _recent(
    connection: Connection, wanted: Sequence[tuple[Told, Rule]]
) -> dict[Key, list[tuple[str, int]]]:
    """By what a cool-down goes by: the alerts that may hold back one of these, with their times."""
    found: dict[Key, list[tuple[str, int]]] = {}
    if not wanted:
        return found
    keys = sorted({_key(told, rule) for told, rule in wanted})
    since_ms = min(told.event.at_ms - round(rule.cooldown_s * 1000.0) for told, rule in wanted)
    columns = [list(column) for column in zip(*keys, strict=True)]
    for row in await connection.fetch(sql.text("recent_alerts"), *columns, from_unix_ms(since_ms)):
        key = row["rule_id"], row["vehicle_id"], row["fence_id"]
        found.setdefault(key, []).append((str(row["id"]), unix_ms(row["at"])))
    return found


def _row(told: Told, rule: Rule, stamp: Stamp) -> dict[str, Any]:
    end_ms = None if rule.window is None else rule.window.end_ms(told.event.at_ms)
    return {
        "id": str(uuid5(told.id, f"{rule.full_ref} {stamp.feed} {stamp.n}")),
        "department_id": told.department_id,
        "rule_id": rule.id,
        "event_id": str(told.id),
        "vehicle_id": told.event.vehicle_id,
        "fence_id": told.event.fence_id,
        "severity": rule.severity,
        "ends_at": None if end_ms is None else from_unix_ms(end_ms).isoformat(),
        "suppressed": 0,
    }


async def acknowledge(
    connection: AsyncConnection, alert_id: UUID, *, by: str, note: str | None = None
) -> None:
    """Somebody has seen it; where its condition is over, that closes it.

    Raises Unknown, or Conflict when somebody has already, or it is closed.
    """
    row = await _locked(connection, alert_id)
    if row["state"] != "open":
        raise Conflict(f"(it is {row['state']})")
    done: dict[str, Any] = {
        "state": "closed" if row["is_over"] else "acknowledged",
        "acknowledged_at": func.milepost_now(),
        "acknowledged_by": by,
        "note": note,
    }
    if row["is_over"]:
        done |= {"closed_at": func.milepost_now(), "close_reason": "over"}
    await _edit(connection, alert_id, done)


async def close(connection: AsyncConnection, alert_id: UUID, *, by: str, reason: str) -> None:
    """Somebody closes it with a reason; raises Unknown, or Conflict when it is closed."""
    row = await _locked(connection, alert_id)
    if row["state"] == "closed":
        raise Conflict("(it is closed)")
    done = {
        "state": "closed",
        "closed_at": func.milepost_now(),
        "closed_by": by,
        "close_reason": reason,
    }
    await _edit(connection, alert_id, done)


async def _locked(connection: AsyncConnection, alert_id: UUID) -> Mapping[str, Any]:
    found = await connection.execute(
        select(Alert.__table__).where(Alert.id == alert_id).with_for_update()
    )
    row = found.mappings().first()
    if row is None:
        raise Unknown("There is no such alert.")
    return dict(row)


async def _edit(connection: AsyncConnection, alert_id: UUID, done: Mapping[str, Any]) -> None:
    """Change it as an edit, which feed 0 numbers (database law 3)."""
    numbered = update(Feed).where(Feed.id == 0).values(n=Feed.n + 1).returning(Feed.n)
    n = await connection.scalar(numbered)
    await connection.execute(update(Alert).where(Alert.id == alert_id).values(**done, feed=0, n=n))
