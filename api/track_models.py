"""The shape of a track, beside those in `models.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.models import LineString, Model, Point


class Simplified(Model):
    """Of how many fixes a track was made; those left out are at most so far from it, metres."""

    of: int
    tolerance_m: float


class TrackProperties(Model):
    """Beside the line, a value a fix, in the same order."""

    vehicle: str
    department: str
    #: Of another department's vehicle: how much a grant tells.
    granted: Literal["position", "blurred", "presence"] | None
    since: datetime = Field(alias="from")
    until: datetime = Field(alias="to")
    times: list[datetime]
    received_at: list[datetime]
    speed_mps: list[float | None]
    course_deg: list[float | None]
    heading_deg: list[float | None]
    accuracy_m: list[float | None]
    altitude_m: list[float | None]
    ignition: list[bool | None]
    #: Whether each is a jump that nothing confirms; None unless such fixes were asked for.
    implausible: list[bool] | None
    #: None where no fix was left out.
    simplified: Simplified | None
    #: Where the rest is, if the limit cut it off.
    next: str | None


class Track(Model):
    """A track as GeoJSON: a line, a point for a single fix, null for none."""

    type: Literal["Feature"] = "Feature"
    geometry: LineString | Point | None
    properties: TrackProperties
