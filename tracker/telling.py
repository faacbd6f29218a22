"""Writing down what a commit found out: events, the alerts that rules make of them, the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from geo.fix import from_unix_ms
from tracker import sql
from tracker.directory import Directory, Rule
from tracker.judging import Judgement, Told

if TYPE_CHECKING:
    from tracker.connect import Connection

#: An event that only late fixes told still alerts while it is younger than this (reading 11).
LATE_ALERT_LIMIT_MS = 300_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The feed, its number for this commit, and the database's time."""

    feed: int
    n: int
    now_ms: int


async def tell(
    connection: Connection, judgement: Judgement, directory: Directory, stamp: Stamp
) -> tuple[int, int]:
    """Write all that the judgement found out; returns how many events and alerts are new."""
    changed: set[UUID] = set()
    if judgement.told:
        events = [_event_row(each) for each in judgement.told]
        changed |= {row["id"] for row in await connection.fetch(sql.text("store_events"), events)}
    new = [each for each in judgement.told if each.id in changed]
    if judgement.refined:
        refined = [_event_row(each) for each in judgement.refined]
        await connection.execute(sql.text("refine_events"), refined)
    if judgement.withdrawn:
        ids = list(judgement.withdrawn)
        changed |= {row["id"] for row in await connection.fetch(sql.text("withdraw_events"), ids)}
    inherited = await _amend_alerts(connection, judgement, stamp)
    alerts = [
        _alert_row(each, rule, stamp)
        for each in new
        if not each.late or stamp.now_ms - each.event.not_after_ms < LATE_ALERT_LIMIT_MS
        for rule in directory.rules_for(each.department_id, each.event.kind, each.event.fence_id)
        if each.event.cause != "scope" and (rule.id, each.id) not in inherited
    ]
    opened = 0
    if alerts:
        opened = len(await connection.fetch(sql.text("store_alerts"), alerts, stamp.feed, stamp.n))
    if changed:
        await connection.execute(sql.text("store_outbox"), list(changed))
    return len(new), opened


async def _amend_alerts(
    connection: Connection, judgement: Judgement, stamp: Stamp
) -> set[tuple[int, UUID]]:
    """Move or close the alerts of withdrawn events; returns (rule, event) of those moved."""
    if not judgement.withdrawn:
        return set()
    pairs = [
        {"id": str(old), "amended_by": str(new) if new else None}
        for old, new in judgement.withdrawn.items()
    ]
    rows = await connection.fetch(sql.text("amend_alerts"), pairs, stamp.feed, stamp.n)
    return {(row["rule_id"], row["event_id"]) for row in rows}


def _event_row(told: Told) -> dict[str, Any]:
    event = told.event
    return {
        "id": str(told.id),
        "department_id": told.department_id,
        "vehicle_id": event.vehicle_id,
        "fence_id": event.fence_id,
        "fence_version": event.fence_version,
        "kind": event.kind,
        "time": _iso(event.time_ms),
        "not_before": _iso(event.not_before_ms),
        "not_after": _iso(event.not_after_ms),
        "interpolated": event.interpolated,
        "gap": event.gap,
        "late": told.late,
        "cause": event.cause,
        "amends": str(told.amends) if told.amends else None,
    }


def _alert_row(told: Told, rule: Rule, stamp: Stamp) -> dict[str, Any]:
    return {
        "id": str(uuid5(told.id, f"{rule.full_ref} {stamp.feed} {stamp.n}")),
        "department_id": told.department_id,
        "rule_id": rule.id,
        "event_id": str(told.id),
        "vehicle_id": told.event.vehicle_id,
        "fence_id": told.event.fence_id,
        "severity": rule.severity,
    }


def _iso(ms: int | None) -> str | None:
    return None if ms is None else from_unix_ms(ms).isoformat()
