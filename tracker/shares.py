"""Share links: whoever has one sees where one vehicle is, for some hours, and no more of it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import NotNow, Unknown
from tracker.models import Department, ShareLink, Vehicle
from tracker.reads import Reader, Row

#: 32 random bytes: nobody guesses one, so it needs no salt.
TOKEN_BYTES: Final = 32
SHORTEST_H: Final = 1
LONGEST_H: Final = 24
LISTED_MOST: Final = 1_000


class NewShare(BaseModel):
    """A vehicle of the caller's (full ref), for how long, and what for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    vehicle: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    hours: Annotated[float, Field(ge=SHORTEST_H, le=LONGEST_H)] = SHORTEST_H
    purpose: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new link; its token is shown this once."""

    id: UUID
    token: str


async def make(connection: AsyncConnection, new: NewShare, *, by: str) -> Made:
    """Make a link to one of the scope's own vehicles; raises Unknown."""
    department, _, ref = new.vehicle.partition("/")
    query = (
        select(Vehicle.id, Vehicle.department_id)
        .join(Department, Department.id == Vehicle.department_id)
        .where(Department.ref == department, Vehicle.ref == ref, Vehicle.retired_at.is_(None))
    )
    vehicle = (await connection.execute(query)).one_or_none()
    if vehicle is None:
        raise Unknown(f"(vehicle {new.vehicle})")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    values = {
        "hash": _digest(token),
        "department_id": vehicle.department_id,
        "vehicle_id": vehicle.id,
        "purpose": new.purpose,
        "created_by": by,
        "expires_at": func.milepost_now() + timedelta(hours=new.hours),
    }
    made = await connection.execute(insert(ShareLink).values(values).returning(ShareLink.id))
    return Made(id=made.scalar_one(), token=token)


async def shares(connection: AsyncConnection, *, share_id: UUID | None = None) -> list[Row]:
    """Links of the scope's vehicles, the newest first: id, vehicle, purpose, created_by,
    created_at, expires_at, revoked_by, revoked_at, uses, used_at, is_open."""
    link = ShareLink
    query = (
        select(
            *(link.id, (Department.ref + "/" + Vehicle.ref).label("vehicle"), link.purpose),
            *(link.created_by, link.created_at, link.expires_at, link.revoked_by),
            *(link.revoked_at, link.uses, link.used_at),
            (link.revoked_at.is_(None) & (link.expires_at > func.now())).label("is_open"),
        )
        .join(Vehicle, Vehicle.id == link.vehicle_id)
        .join(Department, Department.id == link.department_id)
        .order_by(link.created_at.desc(), link.id)
        .limit(LISTED_MOST)
    )
    if share_id is not None:
        query = query.where(link.id == share_id)
    return [row._asdict() for row in await connection.execute(query)]


async def revoke(connection: AsyncConnection, share_id: UUID, *, by: str) -> None:
    """End a link at once; raises Unknown, or NotNow where it has ended."""
    found = next(iter(await shares(connection, share_id=share_id)), None)
    if found is None:
        raise Unknown(f"(share {share_id})")
    if not found["is_open"]:
        raise NotNow("(the link has ended)")
    await connection.execute(
        update(ShareLink)
        .where(ShareLink.id == share_id)
        .values(revoked_by=by, revoked_at=func.milepost_now())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Where the vehicle of a link is; no name, no plate. None: not known, or private now."""

    share_id: UUID
    department_id: int
    vehicle_id: int

    department: str
    department_name: dict[str, str]
    vehicle_class: str
    lon: float | None
    lat: float | None
    fixed_at: datetime | None
    speed_mps: float | None
    direction_deg: float | None
    ignition: bool | None
    expires_at: datetime
    now: datetime


async def follow(reader: Reader, token: str) -> Followed | None:
    """Look, and count it; None for a link that is unknown, expired or revoked, all alike."""
    found = func.follow_share(_digest(token)).table_valued(*Followed.__slots__)
    async with reader.scope(()) as scope:
        row = (await scope.execute(select(found))).one_or_none()
    return None if row is None else Followed(**_plain(row._asdict()))


def _digest(token: str) -> bytes:
    """What is stored of it."""
    return hashlib.sha256(token.encode()).digest()


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return row | {
        name: None if row[name] is None else round(row[name], 1)
        for name in ("speed_mps", "direction_deg")
    }
