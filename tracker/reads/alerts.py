"""Alerts with all that a person needs to read one, in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from tracker.models import Alert, AlertChange, Department, Event, Fence, Fix, Rule, Vehicle
from tracker.reads.session import Row, Scope, rows_of

#: How long before an event its place is looked for: fixes are only read with bounds in time.
PLACE_WITHIN = timedelta(days=1)
CHANGES_MOST = 1_000


def place_of_event(
    *columns: ColumnElement[Any] | InstrumentedAttribute[Any],
) -> Select[*tuple[Any, ...]]:
    """Columns of the fix by which `Event` is placed: the last believed one up to it."""
    return (
        select(*columns)
        .where(
            Fix.vehicle_id == Event.vehicle_id,
            ~Fix.implausible,
            Fix.fixed_at <= Event.not_after,
            Fix.fixed_at > Event.not_after - literal(PLACE_WITHIN),
        )
        .order_by(Fix.fixed_at.desc())
        .limit(1)
    )


def _told() -> Select[*tuple[Any, ...]]:
    place = place_of_event(
        func.ST_X(Fix.geom).label("lon"), func.ST_Y(Fix.geom).label("lat")
    ).lateral("place")
    prefix = Department.ref + "/"
    return (
        select(
            *(Alert.id, Alert.state, Alert.severity, Event.kind),
            (prefix + Vehicle.ref).label("vehicle"),
            Vehicle.name.label("vehicle_name"),
            (prefix + Fence.ref).label("fence"),
            Fence.name.label("fence_name"),
            (prefix + Rule.ref).label("rule"),
            Rule.name.label("rule_name"),
            *(Event.time, Event.not_after, Alert.opened_at, Event.late),
            *(Alert.acknowledged_at, Alert.closed_at, Alert.close_reason),
            *(Alert.acknowledged_by, Alert.closed_by, Alert.note, Alert.assigned_to),
            *(Alert.snoozed_until, Alert.escalated_at, Alert.suppressed, Alert.last_event_at),
            *(Alert.revision, Event.status.label("event_status")),
            *(place.c.lon, place.c.lat),
        )
        .join(Event, Event.id == Alert.event_id)
        .join(Department, Department.id == Alert.department_id)
        .join(Vehicle, Vehicle.id == Alert.vehicle_id)
        .join(Fence, Fence.id == Alert.fence_id)
        .join(Rule, Rule.id == Alert.rule_id)
        .outerjoin(place, true())
    )


async def alerts(
    scope: Scope, *, state: str | None = None, before: UUID | None = None, limit: int
) -> list[Row]:
    """Alerts, the newest first; those after `before` (an alert's id) in that order.

    id, state, severity, kind, vehicle, vehicle_name, fence, fence_name, rule, rule_name, time
    (None: somewhere before not_after), not_after, opened_at, late, acknowledged_at, closed_at,
    close_reason, acknowledged_by, closed_by, note (the last), assigned_to, snoozed_until,
    escalated_at, suppressed and last_event_at (what joined it), revision, event_status (valid or
    withdrawn), lon, lat (the fix that told it; None if it is gone).
    """
    query = (
        _told().where(~Alert.shadow).order_by(Alert.opened_at.desc(), Alert.id.desc()).limit(limit)
    )
    if state is not None:
        query = query.where(Alert.state == state)
    if before is not None:
        last = select(Alert.opened_at, Alert.id).where(Alert.id == before).scalar_subquery()
        query = query.where(tuple_(Alert.opened_at, Alert.id) < last)
    return await rows_of(scope, query)


async def alerts_by_id(scope: Scope, ids: Sequence[UUID]) -> list[Row]:
    """These alerts, as `alerts` has them, in the order of their opening."""
    query = _told().where(Alert.id.in_(ids)).order_by(Alert.opened_at, Alert.id)
    return await rows_of(scope, query)


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
    return await scope.scalar(select(Alert.id).where(Alert.id == alert_id)) is not None
