"""Writing down what a commit found out: events, the alerts that rules make of them, the outbox."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from geo.fix import moment
from tracker import alerting, sql
from tracker.alerting import Candidate, Stamp
from tracker.directory import Directory
from tracker.judging import Judgement
from tracker.rules import Rule
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
    #: By event that is new or stands again: the rules whose alerts of it its withdrawal closed.
    alerted: dict[UUID, Sequence[int]] = {}
    if judgement.told:
        events = _columns(_event_row(each, directory) for each in judgement.told)
        rows = await connection.fetch(sql.text("store_events"), *events)
        alerted = {row["id"]: row["alerted_by"] or () for row in rows}
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
        for rule in _alerting(each, directory, stamp, alerted[each.id])
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


def _alerting(told: Told, directory: Directory, stamp: Stamp, again: Sequence[int]) -> list[Rule]:
    """The rules that alert of an event: all that it matches, or if it may not alert those that did
    (`again`) before it was withdrawn: what stands again stands as it did, whatever told of it."""
    may = _may_alert(told, stamp)
    if not (may or again):
        return []
    rules = directory.rules_for(told.department_id, told.event)
    return rules if may else [rule for rule in rules if rule.id in again]


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
        *(moment(event.time_ms), moment(event.not_before_ms), moment(event.not_after_ms)),
        *(event.interpolated, event.gap, told.late or event.late, event.cause, told.amends),
        *(event.rule_id, event.max_kmh, event.length_s, moment(event.ended_ms)),
        *(event.lowest, event.highest, event.other_id, event.distance_m),
        rule is not None and rule.shadow,
    )


def _refined_row(told: Told) -> tuple[Any, ...]:
    """In the order of refine_events.sql."""
    event = told.event
    return (
        *(told.id, moment(event.not_before_ms), moment(event.not_after_ms), event.interpolated),
        *(event.max_kmh, event.length_s, moment(event.ended_ms)),
        *(event.lowest, event.highest, event.distance_m),
    )
