"""Subscriptions as people manage them: who is told of what, dead letters, replay.

Each function works in the caller's transaction: the owner's, or the API's in its scope.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql
from tracker.edits import locked
from tracker.errors import BadInput, NotNow, Taken, Unknown
from tracker.models import Delivery, Department, Outbox, Subscription
from tracker.models.base import REF_PATTERN
from tracker.outbox import telling_id
from tracker.passwords import hashed, new_password

#: 32 random bytes; what Standard Webhooks calls a secret.
SECRET_BYTES: Final = 32
#: While rotating, so long both secrets sign.
BOTH_SIGN: Final = timedelta(days=1)
TEST_TYPE: Final = "milepost.test.v1"
#: Of no vehicle.
NO_VEHICLE: Final = 0
#: What people want to be told by mail, and by CAP, who do not say what.
USUAL_TYPES: Final[dict[str, list[str]]] = {
    "email": ["milepost.fence.*", "milepost.vehicle.*", "milepost.alert.escalated.v1"],
    "cap": [
        *("milepost.fence.*", "milepost.vehicle.*"),
        *("milepost.alert.closed.v1", "milepost.alert.reopened.v1"),
    ],
}

_ADDRESS = re.compile(r"[^@\s,<>\"]+@[^@\s,<>\"]+")

Ref = Annotated[str, StringConstraints(pattern=REF_PATTERN)]
TypePattern = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9.]{0,80}\*?$", max_length=100)
]
FullRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
MOST = Field(max_length=200)


class NewSubscription(BaseModel):
    """Who is to be told of what, over which channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    ref: Ref
    department: Ref
    kind: Literal["webhook", "cap", "mqtt", "email"] = "webhook"
    #: A URL, or mail addresses apart by commas; nothing for MQTT.
    target: Annotated[str, Field(max_length=2_000)] = ""
    #: Empty: everything; for mail and CAP what people usually want.
    types: Annotated[list[TypePattern], MOST] = []
    severities: Annotated[list[Literal["info", "warning", "critical"]], MOST] = []
    rules: Annotated[list[FullRef], MOST] = []
    vehicles: Annotated[list[FullRef], MOST] = []

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind in ("webhook", "cap"):
            _check_url(self.target)
        elif self.kind == "email":
            addresses = mail_addresses(self.target)
            if not all(each.isascii() and _ADDRESS.fullmatch(each) for each in addresses):
                raise ValueError("give mail addresses, apart by commas")
        elif self.target:
            raise ValueError("an MQTT subscription has no target: its topic follows from the event")
        for ref in (*self.rules, *self.vehicles):
            if not ref.startswith(f"{self.department}/"):
                raise ValueError(f"{ref} is not of department {self.department}")
        return self


def mail_addresses(target: str) -> list[str]:
    """The addresses of an e-mail subscription."""
    return [each.strip() for each in target.split(",")]


def _check_url(target: str) -> None:
    url = urlsplit(target)
    if url.scheme not in ("https", "http") or not url.hostname or "@" in url.netloc:
        raise ValueError("give a URL: https://…, without a name and password in it")
    if any(c.isspace() or not c.isprintable() for c in target) or url.fragment:
        raise ValueError("the URL has characters that none may have")
    _ = url.port  # raises ValueError itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A new subscription; its secret is shown this once."""

    id: int
    secret: str | None


def new_secret() -> str:
    """`whsec_` and base64 of random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def add(connection: AsyncConnection, new: NewSubscription) -> Added:
    """Store it; it is told of what happens from now on. Raises Unknown or Taken."""
    department_id = await _department(connection, new.department)
    secret, kept = _secret_of(new.kind)
    values = {
        "department_id": department_id,
        "ref": new.ref,
        "kind": new.kind,
        "secret": kept,
        **_terms(new),
    }
    try:
        made = await connection.execute(
            insert(Subscription).values(values).returning(Subscription.id)
        )
    except IntegrityError as error:
        raise Taken(f"(subscription {new.department}/{new.ref})") from error
    return Added(id=int(made.scalar_one()), secret=secret)


async def edit(connection: AsyncConnection, new: NewSubscription, expected: int | None) -> None:
    """Tell it of what the new one says from now on, there; what waits already goes there too.

    Raises Unknown, Stale, or BadInput where it would be of another kind.
    """
    name = (new.department, new.ref)
    row = await locked(
        connection, Subscription, name, "kind", what="subscription", expected=expected
    )
    if row.kind != new.kind:
        raise BadInput(f"It is of kind {row.kind} for good: add another of kind {new.kind}.")
    values = {**_terms(new), "revision": row.revision + 1}
    await connection.execute(update(Subscription).where(Subscription.id == row.id).values(values))


def _terms(new: NewSubscription) -> dict[str, Any]:
    return {
        "target": new.target,
        "types": new.types or USUAL_TYPES.get(new.kind, []),
        "severities": new.severities,
        "rules": new.rules,
        "vehicles": new.vehicles,
    }


def _secret_of(kind: str) -> tuple[str | None, str | None]:
    """What its receiver is told once, and what is kept of it: of a reader's password the hash."""
    if kind == "mqtt":
        password = new_password()
        return password, hashed(password)
    secret = new_secret() if kind in ("webhook", "cap") else None
    return secret, secret


async def subscriptions(
    connection: AsyncConnection, *, department: str | None = None, ref: str | None = None
) -> list[dict[str, Any]]:
    """By full ref: subscription, department, kind, target, types, severities, rules, vehicles,
    created_at, disabled_at, disabled_reason, old_secret_until, revision, waiting, failing (of
    these, tried already), dead (counts), sent_at (the last), last_error."""
    rows = await connection.exec_driver_sql(sql.text("list_subscription"), (department,))
    found = [dict(row) for row in rows.mappings()]
    return (
        found
        if ref is None
        else [row for row in found if row["subscription"] == f"{department}/{ref}"]
    )


async def switch(connection: AsyncConnection, full_ref: str, *, on: bool) -> None:
    """Let it be told of what happens from now on, or of nothing more; raises Unknown."""
    found = await _found(connection, full_ref)
    values = {
        "disabled_at": None if on else func.milepost_now(),
        "disabled_reason": None,
        "revision": Subscription.revision + 1,
    }
    await connection.execute(update(Subscription).where(Subscription.id == found.id).values(values))


async def rotate(connection: AsyncConnection, full_ref: str) -> str:
    """Another secret, shown this once; for a day the one of before signs too. Of MQTT another
    password: the one of before ends at once.

    The scope must hold its department. Raises Unknown, or NotNow where nothing is signed.
    """
    found = await _found(connection, full_ref)
    secret, kept = _secret_of(found.kind)
    until = func.milepost_now() + BOTH_SIGN
    rotated = select(func.rotate_secret(found.id, kept, until))
    if secret is None or not await connection.scalar(rotated):
        raise NotNow(f"({full_ref} signs nothing)")
    return secret


async def dead_letters(
    connection: AsyncConnection, full_ref: str, limit: int = 100
) -> list[dict[str, Any]]:
    """The newest given up, oldest first: number (for `replay`), id (as the receiver would know
    it), type, vehicle, created_at, attempts, last_error, given_up_at. Raises Unknown."""
    found = await _found(connection, full_ref)
    rows = await connection.exec_driver_sql(sql.text("list_dead"), (found.id, limit))
    return [
        {
            "number": row["id"],
            "id": telling_id(row["event_id"], row["revision"]),
            **{
                name: row[name]
                for name in (
                    *("type", "vehicle", "created_at", "attempts", "last_error", "given_up_at"),
                )
            },
        }
        for row in rows.mappings()
    ]


async def replay(
    connection: AsyncConnection, full_ref: str, numbers: Collection[int] | None = None
) -> int:
    """Let dead letters wait again, those numbers or all; how many. Raises Unknown."""
    found = await _found(connection, full_ref)
    which = [Delivery.subscription_id == found.id, Delivery.state == "dead"]
    if numbers is not None:
        which.append(Delivery.outbox_id.in_(numbers))
    now = func.milepost_now()
    done = await connection.execute(
        update(Delivery)
        .where(*which)
        .values(state="waiting", attempts=0, next_at=now, waits_since=now, done_at=None)
    )
    return done.rowcount


async def send_test(connection: AsyncConnection, full_ref: str) -> int:
    """Tell this subscription alone something that happened nowhere; the number of the telling.

    Raises Unknown, or NotNow where it is switched off.
    """
    found = await _found(connection, full_ref)
    if found.disabled_at is not None:
        raise NotNow(f"({full_ref} is switched off)")
    event_id = uuid4()
    body = {"event": str(event_id), "revision": 0, "vehicle": None, "kind": "test", "alerts": []}
    outbox = {
        "department_id": found.department_id,
        "vehicle_id": NO_VEHICLE,
        "type": TEST_TYPE,
        "event_id": event_id,
        "revision": 0,
        "body": body,
        "planned_at": func.milepost_now(),
    }
    made = await connection.execute(insert(Outbox).values(outbox).returning(Outbox.id))
    number = int(made.scalar_one())
    delivery = {
        "subscription_id": found.id,
        "outbox_id": number,
        "department_id": found.department_id,
        "vehicle_id": NO_VEHICLE,
    }
    await connection.execute(insert(Delivery).values(delivery))
    return number


async def how_it_went(connection: AsyncConnection, full_ref: str, number: int) -> dict[str, Any]:
    """Of that telling: state (waiting, sent, dead), attempts, last_error. Raises Unknown."""
    found = await _found(connection, full_ref)
    query = select(Delivery.state, Delivery.attempts, Delivery.last_error).where(
        Delivery.subscription_id == found.id, Delivery.outbox_id == number
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise Unknown(f"(telling {number} of {full_ref})")
    return dict(row._asdict())


async def department_ids(connection: AsyncConnection, full_ref: str) -> list[int]:
    """The department of a subscription, as a scope; raises Unknown."""
    return [await _department(connection, full_ref.partition("/")[0])]


async def _department(connection: AsyncConnection, ref: str) -> int:
    found = await connection.scalar(select(Department.id).where(Department.ref == ref))
    if found is None:
        raise Unknown(f"(department {ref})")
    return int(found)


async def _found(connection: AsyncConnection, full_ref: str) -> Row[int, int, datetime | None, str]:
    department, _, ref = full_ref.partition("/")
    query = (
        select(
            *(Subscription.id, Subscription.department_id, Subscription.disabled_at),
            Subscription.kind,
        )
        .join(Department, Department.id == Subscription.department_id)
        .where(Department.ref == department, Subscription.ref == ref)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Unknown(f"(subscription {full_ref})")
    return found
