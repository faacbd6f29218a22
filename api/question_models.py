"""The shapes of answers about near, then and how long, beside those in `models.py`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from api.crs import Pair
from api.models import Model, Name, Point, Position


class MultiPoint(Model):
    """GeoJSON points: where something began and where it ended."""

    type: Literal["MultiPoint"] = "MultiPoint"
    coordinates: list[Pair]


class NearVehicle(Position):
    """A vehicle near a place: its position, and what it is."""

    name: Name
    plate: str | None
    vehicle_class: str = Field(alias="class")
    application: str | None
    capabilities: list[str]
    duty_status: str | None
    #: On the ellipsoid, as the crow flies.
    distance_m: float
    #: From the place to the vehicle, clockwise from true north.
    bearing_deg: float


class NearFeature(Model):
    """Such a vehicle as GeoJSON."""

    type: Literal["Feature"] = "Feature"
    #: null only where HK1980 Grid was asked for and does not reach.
    geometry: Point | None
    properties: NearVehicle


class NearVehicles(Model):
    """Vehicles near a place as GeoJSON, the nearest first."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[NearFeature]


class Visitor(Model):
    """A vehicle that was within the radius, when, how near and for how long."""

    vehicle: str
    id: int
    department: str
    #: Of another department's vehicle: how much a grant tells.
    granted: Literal["position", "blurred", "presence"] | None
    name: Name
    vehicle_class: str = Field(alias="class")
    first_at: datetime
    last_at: datetime
    nearest_at: datetime
    nearest_m: float
    #: As far as it was seen: without gaps.
    within_s: float


class VisitorFeature(Model):
    """Such a vehicle as GeoJSON, where it was nearest."""

    type: Literal["Feature"] = "Feature"
    geometry: Point | None
    properties: Visitor


class Visitors(Model):
    """Vehicles that were near a place in a window as GeoJSON, by full ref."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[VisitorFeature]
    #: Where the rest is, if the limit cut it off.
    next: str | None


class KnownFix(Model):
    """A fix around an instant."""

    fixed_at: datetime
    received_at: datetime
    lon: float
    lat: float


class Whereabouts(Model):
    """Where a vehicle was at an instant, and how that is known."""

    vehicle: str
    id: int
    department: str
    #: Of another department's vehicle: how much a grant tells.
    granted: Literal["position", "blurred", "presence"] | None
    name: Name
    vehicle_class: str = Field(alias="class")
    #: A fix of this very instant; straight on between two fixes; the last fix, after which nothing
    #: came yet; or it is not known.
    known_by: Literal["fix", "between", "last", "nothing"]
    #: How long before the instant the fix before it was.
    age_s: float | None
    #: In degrees of WGS 84, whatever `crs` says; null: none within a day.
    before: KnownFix | None
    after: KnownFix | None


class WhereaboutsFeature(Model):
    """The same as GeoJSON; null geometry where it is not known."""

    type: Literal["Feature"] = "Feature"
    geometry: Point | None
    properties: Whereabouts


class AllWhereabouts(Model):
    """Where vehicles were at an instant as GeoJSON, by full ref."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[WhereaboutsFeature]
    #: Where the rest is, if the limit cut it off.
    next: str | None


class Trip(Model):
    """Movement between two stops, or up to a gap."""

    started_at: datetime
    #: Of one that is `open`: its last fix so far.
    ended_at: datetime
    ends_by: Literal["stop", "gap", "department", "open"]
    application: str | None
    distance_m: float
    moving_s: float
    idling_s: float
    max_speed_mps: float | None
    fixes: int


class TripFeature(Model):
    """A trip as GeoJSON: where it began and where it ended. Its way is the vehicle's track."""

    type: Literal["Feature"] = "Feature"
    geometry: MultiPoint | None
    properties: Trip


class Trips(Model):
    """Trips of a vehicle as GeoJSON, by their beginning."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[TripFeature]
    next: str | None


class Stop(Model):
    """A vehicle stayed in a small place for some minutes."""

    started_at: datetime
    #: null while it lasts.
    ended_at: datetime | None
    #: `gap`: it stood already when it was seen first.
    begins_by: Literal["move", "gap"]
    #: `gap`: it stood when it was seen last.
    ends_by: Literal["move", "gap", "department", "open"]
    idling_s: float
    fixes: int


class StopFeature(Model):
    """A stop as GeoJSON: the middle of its fixes."""

    type: Literal["Feature"] = "Feature"
    geometry: Point | None
    properties: Stop


class Stops(Model):
    """Stops of a vehicle as GeoJSON, by their beginning."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[StopFeature]
    next: str | None


class Gap(Model):
    """From the last fix before to the first one after: nothing is known of the way between."""

    started_at: datetime
    ended_at: datetime


class Gaps(Model):
    """Gaps of a vehicle, by their beginning."""

    gaps: list[Gap]
    next: str | None


class Odometer(Model):
    """How far a vehicle has gone and how long its engine ran, in all that is stored of it."""

    vehicle: str
    department: str
    distance_m: float
    #: null where its ignition was never known.
    engine_s: float | None
    #: The newest fix that is counted; null: none yet.
    at: datetime | None


class DayTotals(Model):
    """What a vehicle, or those of an application or a department, did on one day."""

    day: date
    #: A vehicle's full ref, an application's or a department's ref; empty: without an application.
    ref: str
    #: That had a fix.
    vehicles: int
    distance_m: float
    #: Begun on that day.
    trips: int
    stops: int
    moving_s: float
    idling_s: float
    stopped_s: float
    engine_s: float | None
    fixes: int
    max_speed_mps: float | None
    #: Of a vehicle, as it stands now; null of others.
    odometer_m: float | None


class Days(Model):
    """Totals by day, then by ref."""

    by: Literal["vehicle", "application", "department"]
    #: Whose midnights divide the days.
    time_zone: str
    days: list[DayTotals]
    next: str | None
