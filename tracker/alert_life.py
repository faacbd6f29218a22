"""What is done to alerts after they opened, by people and by the worker: one transaction a change.

open → acknowledged → closed. A change writes the alert (numbered by feed 0), a row of its history,
and a further revision of its event into the outbox: all of it or nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from uuid import UUID

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.orm import aliased

from tracker import sql
from tracker.edits import must_be_at
from tracker.errors import BadInput, NotNow, Unknown
from tracker.models import Alert, AlertChange, Event

What = Literal["acknowledged", "assigned", "noted", "snoozed", "closed", "reopened", "escalated"]
#: What a person says of an alert at its end. `false` counts against its rule's precision.
Reason = Literal["handled", "false", "duplicate"]
REASONS: Final = get_args(Reason)
#: Who sleeps longer has forgotten.
SNOOZE_MOST: Final = timedelta(days=7)
ESCALATED_AT_ONCE: Final = 100

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done to an alert."""

    what: What
    #: In a person's own words.
    note: str | None = None
    #: Of a closing.
    reason: Reason | None = None
    #: Of an assignment: to whom; None: to nobody.
    to: str | None = None
    #: Of a snooze; None: awake at once.
    until: datetime | None = None

    @property
    def detail(self) -> Values:
        """What its history keeps beside the note."""
        match self.what:
            case "closed":
                return {"reason": self.reason}
            case "assigned":
                return {"to": self.to}
            case "snoozed":
                return {"until": self.until.isoformat() if self.until else None}
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A change as it is written: the alert's columns, and what its history says."""

    what: What
    values: Values
    by: str | None = None
    note: str | None = None
    detail: Values
    key: str | None = None


async def change(
    connection: AsyncConnection,
    alert_id: UUID,
    change: Change,
    *,
    by: str | None,
    expected: int | None = None,
    key: str | None = None,
) -> None:
    """Do it, as the caller of that label (None: the service), in the connection's transaction.

    With `expected` only at that revision; with a `key` only once. Raises Unknown (also for what is
    outside the connection's scope), Stale, NotNow where the alert's state forbids it, BadInput.
    """
    # First, as in every transaction that writes live rows (database law 3).
    n = await connection.scalar(select(func.next_edit()))
    alert = await _locked(connection, alert_id)
    if key is not None and await _is_repeated(connection, alert_id, key, change):
        return
    must_be_at(alert.revision, expected)
    values = _outcome(alert, change, by)
    step = _Step(
        what=change.what, values=values, by=by, note=change.note, detail=change.detail, key=key
    )
    await _write(connection, alert, step, n)
    if change.what == "acknowledged" and alert.is_over:
        await _write(connection, alert, _OVER, n)
    await connection.exec_driver_sql("NOTIFY live")


async def escalate(engine: AsyncEngine) -> int:
    """Escalate what nobody acknowledged in its rule's time; how many. A transaction each."""
    async with engine.connect() as connection:
        due = await connection.exec_driver_sql(sql.text("due_escalations"), (ESCALATED_AT_ONCE,))
        ids = list(due.scalars())
    done = 0
    for alert_id in ids:
        async with engine.begin() as connection:
            try:
                await change(connection, alert_id, Change(what="escalated"), by=None)
            except NotNow:
                continue
        done += 1
    return done


async def _locked(connection: AsyncConnection, alert_id: UUID) -> Any:  # noqa: ANN401  a row of the driver
    later = aliased(Event)
    is_over = exists().where(
        later.vehicle_id == Event.vehicle_id,
        later.fence_id == Event.fence_id,
        later.at >= Event.at,
        later.kind == "exit",
        later.status == "valid",
    )
    query = (
        select(
            *(Alert.id, Alert.state, Alert.revision, Alert.close_reason, Alert.escalated_at),
            Alert.event_id,
            or_(is_over, Event.ended_at.is_not(None)).label("is_over"),
            func.milepost_now(type_=Alert.opened_at.type).label("now"),
        )
        .join(Event, Event.id == Alert.event_id)
        .where(Alert.id == alert_id)
        .with_for_update(of=Alert)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Unknown(f"(alert {alert_id})")
    return found


async def _is_repeated(
    connection: AsyncConnection, alert_id: UUID, key: str, change: Change
) -> bool:
    query = select(AlertChange.what).where(AlertChange.alert_id == alert_id, AlertChange.key == key)
    done = await connection.scalar(query)
    if done is not None and done != change.what:
        raise BadInput(f"The key {key} was used for another change of this alert.")
    return done is not None


def _outcome(alert: Any, change: Change, by: str | None) -> Values:  # noqa: ANN401  a row of the driver
    """The columns that the change sets; raises NotNow or BadInput."""
    now = func.milepost_now()
    closed = alert.state == "closed"
    values: Values = {}
    if change.note is not None:
        values["note"] = change.note
    match change.what:
        case "acknowledged":
            _require(alert.state == "open", alert)
            values |= {"state": "acknowledged", "acknowledged_at": now, "acknowledged_by": by}
        case "assigned":
            _require(not closed, alert)
            values |= {"assigned_to": change.to}
        case "snoozed":
            _require(not closed, alert)
            _check_until(change.until, alert.now)
            values |= {"snoozed_until": change.until}
        case "closed":
            # What the service closed a person may still judge.
            _require(not closed or alert.close_reason not in REASONS, alert)
            if change.reason not in REASONS:
                raise BadInput(f"Close it as one of {', '.join(REASONS)}.")
            values |= {"state": "closed", "close_reason": change.reason}
            values |= {"closed_at": now, "closed_by": by}
        case "reopened":
            _require(closed, alert)
            nothing = ("closed_at", "closed_by", "close_reason", "acknowledged_at")
            values |= dict.fromkeys((*nothing, "acknowledged_by", "escalated_at", "snoozed_until"))
            # Whose window ended goes on until a person closes it.
            values |= {"state": "open", "waits_since": now, "ends_at": None}
        case "escalated":
            _require(alert.state == "open" and alert.escalated_at is None, alert)
            values |= {"escalated_at": now}
        case "noted" if not change.note:
            raise BadInput("A note has words in it.")
    return values


def _require(condition: bool, alert: Any) -> None:  # noqa: ANN401  a row of the driver
    if not condition:
        raise NotNow(f"(it is {alert.state})")


def _check_until(until: datetime | None, now: datetime) -> None:
    if until is not None and not now < until <= now + SNOOZE_MOST:
        raise BadInput(f"An alert sleeps until a time within the next {SNOOZE_MOST.days} days.")


#: What is acknowledged and over asks for nobody any more (reading 18).
_OVER = _Step(
    what="closed",
    values={"state": "closed", "closed_at": func.milepost_now(), "close_reason": "over"},
    detail={"reason": "over"},
)


async def _write(
    connection: AsyncConnection,
    alert: Any,  # noqa: ANN401  a row of the driver
    step: _Step,
    n: int | None,
) -> None:
    values = {**step.values, "feed": 0, "n": n, "revision": Alert.revision + 1}
    await connection.execute(update(Alert).where(Alert.id == alert.id).values(values))
    noted = ([alert.id], step.what, step.by, step.note, json.dumps(step.detail), step.key)
    await connection.exec_driver_sql(sql.text("note_changes"), noted)
    await connection.exec_driver_sql(sql.text("raise_revisions"), ([alert.event_id],))
    said = {"what": step.what, "alert": str(alert.id), "by": step.by, "note": step.note}
    type_, done = f"milepost.alert.{step.what}.v1", json.dumps(said | step.detail)
    told = ([alert.event_id], type_, done, 0, n)
    await connection.exec_driver_sql(sql.text("store_outbox"), told)
