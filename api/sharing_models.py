"""The shapes of grants and of share links."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from api.models import Lat, Lon, Model, Motion, Name
from tracker.grants import Level, State


class Grant(Model):
    """What one department lets another see; refs are full refs of the owner's."""

    id: UUID
    owner: str = Field(alias="from")
    viewer: str = Field(alias="to")
    level: Level
    state: State
    vehicles: list[str]
    vehicle_groups: list[str]
    fences: list[str]
    #: GeoJSON.
    area: dict[str, Any] | None
    hours: str | None
    valid_from: datetime
    valid_until: datetime
    purpose: str
    legal_basis: str | None
    asked_by: str
    asked_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None
    revoked_why: str | None
    #: Grows with each change: for `If-Match`, in quotes.
    revision: int


class Grants(Model):
    """Those that the caller's departments gave, and those that they hold."""

    grants: list[Grant]


class Revocation(Model):
    """Why a grant ends."""

    model_config = ConfigDict(extra="forbid")

    why: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
        | None
    ) = None


class FencePresence(Model):
    """Whether a vehicle of which no more is told is inside a fence, in ten minutes from `at` on."""

    vehicle: str
    department: str
    name: Name
    fence: str
    fence_name: Name
    inside: bool
    at: datetime


class FencePresences(Model):
    """By vehicle and fence."""

    presence: list[FencePresence]


class Share(Model):
    """A link to where one vehicle is. Its token is told once, when it is made."""

    id: UUID
    vehicle: str
    purpose: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    #: How often somebody looked, and when last.
    uses: int
    used_at: datetime | None
    is_open: bool


class MadeShare(Share):
    """A new link: the token, and the path of the page that shows it."""

    token: str
    path: str


class Shares(Model):
    """Links to the caller's vehicles."""

    shares: list[Share]


class Followed(Model):
    """Where a shared vehicle is, and until when the link holds; nulls: not known now."""

    department: str
    department_name: Name
    vehicle_class: str = Field(alias="class")
    lon: Lon | None
    lat: Lat | None
    fixed_at: datetime | None
    speed_mps: float | None
    direction_deg: float | None
    motion: Motion
    expires_at: datetime
    server_time: datetime
