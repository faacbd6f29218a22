"""Alerts with all that a person needs to read one, in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute, aliased

from tracker import sql
from tracker.models import AlertChange, Department
from tracker.models.seen import SeenAlert, SeenEvent, SeenFence, SeenFix, SeenRule, SeenVehicle
from tracker.reads.session import Row, Scope, rows_of

#: How long before an event its place is looked for: fixes are only read with bounds in time.
PLACE_WITHIN = timedelta(days=1)
CHANGES_MOST = 1_000
#: How long before a window an alert may have opened that still stood in it.
STOOD_SINCE = timedelta(days=1)
#: What changes an alert's state, and into which.
_STATES = {
    "acknowledged": "acknowledged",
    "closed": "closed",
    "withdrawn": "closed",
    "reopened": "open",
}


def place_of_event(
    *columns: ColumnElement[Any] | InstrumentedAttribute[Any],
) -> Select[*tuple[Any, ...]]:
    """Columns of the fix by which `Event` is placed: the last believed one up to it."""
    return (
        select(*columns)
        .where(
            SeenFix.vehicle_id == SeenEvent.vehicle_id,
            ~SeenFix.implausible,
            SeenFix.fixed_at <= SeenEvent.not_after,
            SeenFix.fixed_at > SeenEvent.not_after - literal(PLACE_WITHIN),
        )
        .order_by(SeenFix.fixed_at.desc())
        .limit(1)
    )


def _told() -> Select[*tuple[Any, ...]]:
    place = place_of_event(
        func.ST_X(SeenFix.geom).label("lon"), func.ST_Y(SeenFix.geom).label("lat")
    ).lateral("place")
    prefix, other = Department.ref + "/", aliased(SeenVehicle)
    return (
        select(
            *(SeenAlert.id, SeenAlert.state, SeenAlert.severity, SeenEvent.kind),
            (prefix + SeenVehicle.ref).label("vehicle"),
            SeenVehicle.name.label("vehicle_name"),
            (prefix + SeenFence.ref).label("fence"),
            SeenFence.name.label("fence_name"),
            (prefix + other.ref).label("other"),
            other.name.label("other_name"),
            (prefix + SeenRule.ref).label("rule"),
            SeenRule.name.label("rule_name"),
            SeenAlert.rule_version,
            *(SeenEvent.time, SeenEvent.not_after, SeenAlert.opened_at, SeenEvent.late),
            *(SeenAlert.acknowledged_at, SeenAlert.closed_at, SeenAlert.close_reason),
            *(
                SeenAlert.acknowledged_by,
                SeenAlert.closed_by,
                SeenAlert.note,
                SeenAlert.assigned_to,
            ),
            *(
                SeenAlert.snoozed_until,
                SeenAlert.escalated_at,
                SeenAlert.suppressed,
                SeenAlert.last_event_at,
            ),
            *(SeenAlert.revision, SeenEvent.status.label("event_status")),
            *(SeenEvent.ended_at, SeenEvent.lowest, SeenEvent.highest, SeenEvent.distance_m),
            *(place.c.lon, place.c.lat),
        )
        .join(SeenEvent, SeenEvent.id == SeenAlert.event_id)
        .join(Department, Department.id == SeenAlert.department_id)
        .join(SeenVehicle, SeenVehicle.id == SeenAlert.vehicle_id)
        .outerjoin(SeenFence, SeenFence.id == SeenAlert.fence_id)
        .outerjoin(other, other.id == SeenEvent.other_vehicle_id)
        .join(SeenRule, SeenRule.id == SeenAlert.rule_id)
        .outerjoin(place, true())
    )


async def alerts(
    scope: Scope, *, state: str | None = None, before: UUID | None = None, limit: int
) -> list[Row]:
    """Alerts, the newest first; those after `before` (an alert's id) in that order.

    id, state, severity, kind, vehicle, vehicle_name, fence, fence_name (None: of no one fence),
    other, other_name (the other vehicle of a proximity), rule, rule_name, rule_version, time
    (None: somewhere before not_after), not_after, opened_at, late, acknowledged_at, closed_at,
    close_reason, acknowledged_by, closed_by, note (the last), assigned_to, snoozed_until,
    escalated_at, suppressed and last_event_at (what joined it), revision, event_status (valid or
    withdrawn), ended_at (of what goes on for a time; None: it does), lowest, highest (of an
    input), distance_m, lon, lat (the fix that told it; None if it is gone).
    """
    query = (
        _told()
        .where(~SeenAlert.shadow)
        .order_by(SeenAlert.opened_at.desc(), SeenAlert.id.desc())
        .limit(limit)
    )
    if state is not None:
        query = query.where(SeenAlert.state == state)
    if before is not None:
        last = (
            select(SeenAlert.opened_at, SeenAlert.id)
            .where(SeenAlert.id == before)
            .scalar_subquery()
        )
        query = query.where(tuple_(SeenAlert.opened_at, SeenAlert.id) < last)
    return await rows_of(scope, query)


async def alerts_by_id(scope: Scope, ids: Sequence[UUID]) -> list[Row]:
    """These alerts, as `alerts` has them, in the order of their opening."""
    query = _told().where(SeenAlert.id.in_(ids)).order_by(SeenAlert.opened_at, SeenAlert.id)
    return await rows_of(scope, query)


async def alerts_between(
    scope: Scope,
    *,
    since: datetime,
    until: datetime,
    vehicle_ids: Sequence[int] | None = None,
    department_id: int | None = None,
    limit: int,
) -> list[Row]:
    """Alerts whose event lies in a window or that stood in it, as `alerts` has them, in the order
    of their opening; each with `states`: since when it was open, acknowledged, closed.

    Of one that stood, as far as it was opened within STOOD_SINCE before the window.
    """
    asked = (since, until, since - STOOD_SINCE, vehicle_ids, department_id, limit)
    found = await scope.exec_driver_sql(sql.text("alerts_between"), asked)
    rows = await alerts_by_id(scope, list(found.scalars()))
    query = (
        select(AlertChange.alert_id, AlertChange.at, AlertChange.what)
        .where(AlertChange.alert_id.in_([row["id"] for row in rows]))
        .where(AlertChange.what.in_(_STATES))
        .order_by(AlertChange.id)
    )
    changes: dict[UUID, list[Row]] = {row["id"]: [] for row in rows}
    for change in await rows_of(scope, query):
        told = {"since": change["at"], "state": _STATES[change["what"]]}
        changes[change["alert_id"]].append(told)
    return [{**row, "states": _states(row, changes[row["id"]])} for row in rows]


def _states(row: Row, changes: list[Row]) -> list[Row]:
    """From its opening on. What a grant shows has no history: it goes by the alert's own times."""
    opened: list[Row] = [{"since": row["opened_at"], "state": "open"}]
    own: list[Row] = [
        {"since": row[column], "state": state}
        for state, column in (("acknowledged", "acknowledged_at"), ("closed", "closed_at"))
        if row[column] is not None
    ]
    # What ends by its window leaves no change behind.
    if changes and changes[-1]["state"] != "closed":
        changes += own[-1:] if row["closed_at"] is not None else []
    return opened + (changes or own)


async def alert_changes(scope: Scope, alert_id: UUID) -> list[Row]:
    """What was done to an alert, the oldest first: at, by (None: the service), what, note, detail,
    revision."""
    query = (
        select(
            *(AlertChange.at, AlertChange.by, AlertChange.what, AlertChange.note),
            *(AlertChange.detail, AlertChange.revision),
        )
        .where(AlertChange.alert_id == alert_id)
        .order_by(AlertChange.id)
        .limit(CHANGES_MOST)
    )
    return await rows_of(scope, query)


async def has_alert(scope: Scope, alert_id: UUID) -> bool:
    """Whether this scope has that alert."""
    return await scope.scalar(select(SeenAlert.id).where(SeenAlert.id == alert_id)) is not None
