"""What the API says of private times."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.models import Model


class PrivateTime(Model):
    """A time in which no position of a vehicle is kept: since <= time of the fix < until."""

    id: int
    since: datetime = Field(alias="from")
    #: Null until it is ended.
    until: datetime | None = Field(alias="to")
    #: Somebody declared it, or it follows the duty status.
    why: Literal["private", "off_duty"]
    #: Of its fixes: nothing, or inside which fences they lay.
    keeps: Literal["nothing", "presence"]
    declared_by: str
    declared_at: datetime
    is_now: bool


class PrivateTimes(Model):
    """The private times of a vehicle, the newest first, at most 1,000."""

    vehicle: str
    private_times: list[PrivateTime]
