"""Writing down what a commit found out: events, the alerts that rules make of them, the outbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
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
    alerted: dict[UUID, list[int]] = {}
    if judgement.told:
        events = _columns(_event_row(each, directory) for each in judgement.told)
        rows = await connection.fetch(sql.text("store_events"), *events)
        alerted = {row["id"]: row["alerted_by"] for row in rows}
        changed |= alerted.keys()
    new = [each for each in judgement.told if each.id in changed]
    if judgement.refined:
        refined = _columns(_refined_row(each) for each in judgement.refined)
        rows = await connection.fetch(sql.text("refine_events"), *refined)
        ended |= {row["id"] for row in rows if row["ended_at"] is not None}
    if judgement.withdrawn:
        ids = list(judgement.withdrawn)
        changed |= {row["id"] for row in await connection.fetch(sql.text("withdraw_events"), ids)}
    inherited = await alerting.amend(connection, judgement.withdrawn, stamp)
    candidates = [
        Candidate(told=each, rule=rule)
        for each in sorted(new, key=lambda told: told.event.order)
        for rule in directory.rules_for(each.department_id, each.event)
        # What stands again after all stands as it did, whatever told of it.
        if (_may_alert(each, stamp) or rule.id in alerted[each.id])
        and (rule.id, each.id) not in inherited
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


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as the arrays of a statement."""
    return [list(column) for column in zip(*rows, strict=True)]


def _event_row(told: Told, directory: Directory) -> tuple[Any, ...]:
    """In the order of store_events.sql."""
    event = told.event
    rule = None if event.rule_id is None else directory.rules.get(event.rule_id)
    return (
        *(told.id, told.department_id, event.vehicle_id, event.fence_id, event.fence_version),
        event.kind,
        *(_moment(event.time_ms), _moment(event.not_before_ms), _moment(event.not_after_ms)),
        *(event.interpolated, event.gap, told.late or event.late, event.cause, told.amends),
        *(event.rule_id, event.max_kmh, event.length_s, _moment(event.ended_ms)),
        *(event.lowest, event.highest, event.other_id, event.distance_m),
        rule is not None and rule.shadow,
    )


def _refined_row(told: Told) -> tuple[Any, ...]:
    """In the order of refine_events.sql."""
    event = told.event
    return (
        *(told.id, _moment(event.not_before_ms), _moment(event.not_after_ms), event.interpolated),
        *(event.max_kmh, event.length_s, _moment(event.ended_ms)),
        *(event.lowest, event.highest, event.distance_m),
    )


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else from_unix_ms(ms)
