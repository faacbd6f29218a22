"""Grants as people manage them: asked for, approved by whose the vehicles are, ended.

Each function works in the caller's transaction: the schema owner's, or the API's in its scope. What
a grant lets see is decided in sql/sharing.sql.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import shapely
from geoalchemy2 import WKBElement
from geoalchemy2.shape import from_shape
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from shapely.errors import ShapelyError
from sqlalchemy import Row, case, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB, Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from geo.errors import WeekHoursError
from geo.week import week_minutes
from tracker.edits import must_be_at
from tracker.errors import BadInput, NotNow, Unknown
from tracker.models import Department, Fence, LocationGrant, Vehicle, VehicleGroup
from tracker.models.base import REF_PATTERN
from tracker.moments import Moment

Level = Literal["position", "blurred", "presence"]
State = Literal["asked", "waiting", "in force", "ended", "revoked"]
#: A purpose that holds for longer is asked for again.
LONGEST: Final = timedelta(days=366)
LISTED_MOST: Final = 1_000

Ref = Annotated[str, StringConstraints(pattern=REF_PATTERN)]
FullRef = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
Refs = Annotated[list[FullRef], Field(max_length=500)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class NewGrant(BaseModel):
    """What one department is to see of another's vehicles; refs are full refs of the owner's."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    #: Whose vehicles they are, and who is to see them.
    owner: Ref = Field(alias="from")
    viewer: Ref = Field(alias="to")
    level: Level
    vehicles: Refs = []
    vehicle_groups: Refs = []
    #: Of which it is told who enters and leaves.
    fences: Refs = []
    #: A Polygon or MultiPolygon of GeoJSON: only what happens in it.
    area: dict[str, Any] | None = None
    #: `mon-fri 08:00-18:00, sat 09:00-13:00`: only what happens then.
    hours: Annotated[str, StringConstraints(max_length=500)] | None = None
    #: Without: from now on.
    valid_from: Moment | None = None
    valid_until: Moment
    purpose: Text
    legal_basis: Text | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.owner == self.viewer:
            raise ValueError("a department needs no grant to see itself")
        for ref in (*self.vehicles, *self.vehicle_groups, *self.fences):
            if not ref.startswith(f"{self.owner}/"):
                raise ValueError(f"{ref} is not of department {self.owner}")
        if not self.vehicles and not self.vehicle_groups:
            raise ValueError("name vehicles, or groups of vehicles")
        if self.level == "presence" and not self.fences:
            raise ValueError("presence is told of fences: name at least one")
        if self.level == "blurred" and self.fences:
            raise ValueError("who crosses a fence is no longer blurred: name none")
        _check_times(self.valid_from, self.valid_until)
        _shape(self.area)
        _minutes(self.hours)
        return self


def _check_times(since: datetime | None, until: datetime) -> None:
    now = datetime.now(UTC)
    if until <= max(now, since or now):
        raise ValueError("it would be over before it begins")
    if until - (since or now) > LONGEST:
        raise ValueError(f"it may hold for {LONGEST.days} days at most: ask again then")


def _shape(area: Mapping[str, Any] | None) -> WKBElement | None:
    if area is None:
        return None
    try:
        shape = shapely.from_geojson(json.dumps(area))
    except ShapelyError as error:
        raise ValueError(f"the area is no geometry of GeoJSON: {error}") from None
    if shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty or not shape.is_valid:
        raise ValueError("the area must be a Polygon or MultiPolygon that does not cross itself")
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:  # noqa: PLR2004  the ends of the world
        raise ValueError("the area is outside the world")
    return from_shape(shape, srid=4326)


def _minutes(hours: str | None) -> list[Range[int]] | None:
    if hours is None:
        return None
    try:
        return [Range(begins, ends) for begins, ends in week_minutes(hours)]
    except WeekHoursError as error:
        raise ValueError(str(error)) from None


async def ask(connection: AsyncConnection, new: NewGrant, *, by: str) -> UUID:
    """Ask for it: nothing is seen before it is approved. Raises Unknown or BadInput."""
    names = {"vehicles": new.vehicles, "vehicle_groups": new.vehicle_groups, "fences": new.fences}
    values = {
        "from_department_id": await _department(connection, new.owner),
        "to_department_id": await _department(connection, new.viewer),
        **{name: sorted({ref.partition("/")[2] for ref in refs}) for name, refs in names.items()},
        "level": new.level,
        "area": _shape(new.area),
        "hours": new.hours,
        "minutes": _minutes(new.hours),
        "valid_from": new.valid_from or func.milepost_now(),
        **new.model_dump(include={"valid_until", "purpose", "legal_basis"}),
        "asked_by": by,
    }
    try:
        made = await connection.execute(
            insert(LocationGrant).values(values).returning(LocationGrant.id)
        )
    except IntegrityError as error:
        raise BadInput(f"({error.orig})") from error
    return made.scalar_one()


async def approve(
    connection: AsyncConnection, grant_id: UUID, *, by: str, expected: int | None = None
) -> None:
    """Say yes, for the owner, as another person than asked. From now on it is in force.

    Raises Unknown (also where it names what the owner does not have), Stale or NotNow.
    """
    found = await _locked(connection, grant_id, expected)
    if found.state != "asked":
        raise NotNow(f"(the grant is {found.state})")
    if found.asked_by == by:
        raise NotNow("(who asked for a grant may not approve it: another person must)")
    for model, refs in (
        (Vehicle, found.vehicles),
        (VehicleGroup, found.vehicle_groups),
        (Fence, found.fences),
    ):
        await _check_all(connection, model, found.from_department_id, refs)
    await _write(connection, grant_id, approved_by=by, approved_at=func.milepost_now())


async def revoke(
    connection: AsyncConnection,
    grant_id: UUID,
    *,
    by: str,
    why: str | None = None,
    expected: int | None = None,
) -> None:
    """End it at once, or refuse what was asked. Raises Unknown, Stale or NotNow."""
    found = await _locked(connection, grant_id, expected)
    if found.state in ("ended", "revoked"):
        raise NotNow(f"(the grant is {found.state})")
    now = func.milepost_now()
    await _write(connection, grant_id, revoked_by=by, revoked_at=now, revoked_why=why)


async def grants(
    connection: AsyncConnection, *, grant_id: UUID | None = None, limit: int = LISTED_MOST
) -> list[dict[str, Any]]:
    """Those given and those held, the newest first.

    id, from, to, level, state, vehicles, vehicle_groups, fences (full refs), area (GeoJSON), hours,
    valid_from, valid_until, purpose, legal_basis, asked_by, asked_at, approved_by, approved_at,
    revoked_by, revoked_at, revoked_why, revision.
    """
    owner, viewer = aliased(Department), aliased(Department)
    grant = LocationGrant
    query = (
        select(
            *(grant.id, owner.ref.label("from"), viewer.ref.label("to"), grant.level),
            _state().label("state"),
            *(grant.vehicles, grant.vehicle_groups, grant.fences),
            func.ST_AsGeoJSON(grant.area).cast(JSONB).label("area"),
            *(grant.hours, grant.valid_from, grant.valid_until, grant.purpose, grant.legal_basis),
            *(grant.asked_by, grant.asked_at, grant.approved_by, grant.approved_at),
            *(grant.revoked_by, grant.revoked_at, grant.revoked_why, grant.revision),
        )
        .join(owner, owner.id == grant.from_department_id)
        .join(viewer, viewer.id == grant.to_department_id)
        .order_by(grant.asked_at.desc(), grant.id)
        .limit(limit)
    )
    if grant_id is not None:
        query = query.where(grant.id == grant_id)
    return [_told(row._asdict()) for row in await connection.execute(query)]


def _told(row: dict[str, Any]) -> dict[str, Any]:
    names = ("vehicles", "vehicle_groups", "fences")
    return row | {name: [f"{row['from']}/{ref}" for ref in row[name]] for name in names}


def _state() -> Any:  # noqa: ANN401  an expression of SQLAlchemy
    grant = LocationGrant
    return case(
        (grant.revoked_at.is_not(None), "revoked"),
        (grant.valid_until <= func.now(), "ended"),
        (grant.approved_at.is_(None), "asked"),
        (grant.valid_from > func.now(), "waiting"),
        else_="in force",
    )


async def _locked(
    connection: AsyncConnection, grant_id: UUID, expected: int | None
) -> Row[*tuple[Any, ...]]:
    """The grant, if the caller may change it: only its owner sees it so."""
    grant = LocationGrant
    query = select(
        *(grant.from_department_id, grant.vehicles, grant.vehicle_groups, grant.fences),
        *(grant.asked_by, grant.revision, _state().label("state")),
    ).where(grant.id == grant_id)
    found = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise Unknown(f"(grant {grant_id})")
    must_be_at(found.revision, expected)
    return found


async def _write(connection: AsyncConnection, grant_id: UUID, **values: object) -> None:
    revision = LocationGrant.revision + 1
    await connection.execute(
        update(LocationGrant)
        .where(LocationGrant.id == grant_id)
        .values(revision=revision, **values)
    )


async def _check_all(
    connection: AsyncConnection,
    model: type[Vehicle | VehicleGroup | Fence],
    department_id: int,
    refs: Sequence[str],
) -> None:
    query = select(model.ref).where(model.department_id == department_id, model.ref.in_(refs))
    missing = set(refs) - set((await connection.scalars(query)).all())
    if missing:
        raise Unknown(f"({', '.join(sorted(missing))})")


async def _department(connection: AsyncConnection, ref: str) -> int:
    found = await connection.scalar(select(Department.id).where(Department.ref == ref))
    if found is None:
        raise Unknown(f"(department {ref})")
    return found
