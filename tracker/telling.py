"""Writing down what a commit found out: events, the alerts that rules make of them, the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from geo.fix import from_unix_ms
from tracker import alerting, sql
from tracker.alerting import Candidate, Stamp
from tracker.directory import Directory
from tracker.judging import Judgement
from tracker.told import Told

if TYPE_CHECKING:
    from tracker.connect import Connection

#: An event that only late fixes told still alerts while it is younger than this (reading 11).
LATE_ALERT_LIMIT_MS = 300_000


async def tell(
    connection: Connection,
    judgement: Judgement,
    directory: Directory,
    stamp: Stamp,
    *,
    fences_changed: bool = False,
) -> tuple[int, int]:
    """Write all that the judgement found out; returns how many events and alerts are new."""
    changed: set[UUID] = set()
    ended: set[UUID] = set()
    if judgement.told:
        events = [_event_row(each, directory) for each in judgement.told]
        changed |= {row["id"] for row in await connection.fetch(sql.text("store_events"), events)}
    new = [each for each in judgement.told if each.id in changed]
    if judgement.refined:
        refined = [_event_row(each, directory) for each in judgement.refined]
        rows = await connection.fetch(sql.text("refine_events"), refined)
        ended |= {row["id"] for row in rows if row["ended_at"] is not None}
    if judgement.withdrawn:
        ids = list(judgement.withdrawn)
        changed |= {row["id"] for row in await connection.fetch(sql.text("withdraw_events"), ids)}
    inherited = await alerting.amend(connection, judgement.withdrawn, stamp)
    candidates = [
        Candidate(told=each, rule=rule)
        for each in sorted(new, key=lambda told: told.event.order)
        if _may_alert(each, stamp)
        for rule in directory.rules_for(each.department_id, each.event)
        if (rule.id, each.id) not in inherited
    ]
    opened = await alerting.raise_alerts(connection, candidates, stamp)
    if changed:
        told = (list(changed), None, None, stamp.feed, stamp.n)
        await connection.execute(sql.text("store_outbox"), *told)
    if changed or ended:
        await alerting.close_over(connection, changed | ended, stamp)
    if fences_changed or any(each.event.cause == "fence_deleted" for each in new):
        await alerting.close_with_fences(connection, stamp)
    if directory.has_windows or not judgement.fresh:
        await alerting.close_with_windows(connection, stamp)
    return len(new), opened


def _may_alert(told: Told, stamp: Stamp) -> bool:
    """What only late fixes told alerts while it is young and stands (reading 11); a silence of
    which only its end told is over."""
    if told.event.cause == "scope" or (told.event.kind == "silent" and told.event.late):
        return False
    young = stamp.now_ms - told.event.at_ms < LATE_ALERT_LIMIT_MS
    return not told.late or (young and told.leads_to_live)


def _event_row(told: Told, directory: Directory) -> dict[str, Any]:
    event = told.event
    rule = None if event.rule_id is None else directory.rules.get(event.rule_id)
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
        "late": told.late or event.late,
        "cause": event.cause,
        "amends": str(told.amends) if told.amends else None,
        "rule_id": event.rule_id,
        "max_kmh": event.max_kmh,
        "length_s": event.length_s,
        "ended_at": _iso(event.ended_ms),
        "lowest": event.lowest,
        "highest": event.highest,
        "other_vehicle_id": event.other_id,
        "distance_m": event.distance_m,
        "shadow": rule is not None and rule.shadow,
    }


def _iso(ms: int | None) -> str | None:
    return None if ms is None else from_unix_ms(ms).isoformat()
