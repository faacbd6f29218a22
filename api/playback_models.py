"""The shapes of playback: what is shown again of a window of the past."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from api.alert_models import Alert, AlertState
from api.models import Lat, Lon, Model, Name
from api.question_models import Gap, Stop, Trip


class PlayedVehicles(Model):
    """Columns: each vehicle's number, and the index of its first fix."""

    id: list[int]
    first: list[int]


class PlayedFixes(Model):
    """Columns of one length: by vehicle, its fixes by time."""

    #: Milliseconds after `from`; negative: the last one before it.
    after_ms: list[int]
    lon: list[float]
    lat: list[float]
    #: Milliseconds until it was received.
    delay_ms: list[int]
    speed_mps: list[float | None]
    direction_deg: list[float | None]
    #: 0 unknown, 1 moving, 2 idling, 3 stopped.
    motion: list[int]
    #: 1: nothing is known from it on until the next one; 2: a blurred place of ten minutes.
    flags: list[int]


class Playback(Model):
    """What vehicles did in a window."""

    since: datetime
    until: datetime
    #: How many fixes of the window came more than a minute after their time.
    late: int
    vehicles: PlayedVehicles
    fixes: PlayedFixes


class PlacedStop(Stop):
    """A stop with the middle of its fixes."""

    lon: Lon | None
    lat: Lat | None


class Crossing(Model):
    """A vehicle entered or left a fence, or was inside it when it was seen first."""

    kind: Literal["present", "enter", "exit"]
    fence: str
    fence_name: Name
    #: null: somewhere between `not_before` and `not_after`.
    time: datetime | None
    not_before: datetime | None
    not_after: datetime
    #: Since when the service knows it.
    created_at: datetime


class Marks(Model):
    """What one vehicle did in a window; of another department's, only its crossings."""

    vehicle: str
    trips: list[Trip]
    stops: list[PlacedStop]
    gaps: list[Gap]
    crossings: list[Crossing]


class AllMarks(Model):
    """By vehicle, as asked for."""

    vehicles: list[Marks]
    #: There are more than one answer holds: ask for a shorter time.
    cut: bool


class AlertSince(Model):
    """A state of an alert, and since when it was in it."""

    since: datetime
    state: AlertState


class PlayedAlert(Alert):
    """An alert as it is now, and all states that it was in, the oldest first."""

    states: list[AlertSince]


class PlayedAlerts(Model):
    """Alerts of a window, in the order of their opening."""

    alerts: list[PlayedAlert]
    #: There are more: ask for a shorter time, or for some vehicles.
    cut: bool


class PlayedFence(Model):
    """A shape of a fence, and when it was in force."""

    fence: str
    name: Name
    kind: Literal["polygon", "circle", "corridor"]
    version: int
    valid_from: datetime | None
    valid_until: datetime | None


class PlayedFenceFeature(Model):
    """The same as GeoJSON."""

    type: Literal["Feature"] = "Feature"
    #: A Polygon or a MultiPolygon.
    geometry: dict[str, Any]
    properties: PlayedFence


class PlayedFences(Model):
    """Every shape that was in force at any time of a window."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[PlayedFenceFeature]
