"""The shapes of answers: what is not in here leaves the house by no route.

Times are ISO 8601 in UTC; coordinates are (lon, lat) in degrees, WGS 84; refs are full refs
(`FSD/AMB-012`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tracker.duty import DutyStatus
from tracker.moments import Moment

Lon = float
Lat = float
Severity = Literal["info", "warning", "critical"]
Motion = Literal["unknown", "moving", "idling", "stopped"]


class Model(BaseModel):
    """What all shapes share."""

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)


class Name(Model):
    """A text in both languages of the government."""

    en: str = ""
    zh_hant: str = Field(default="", alias="zh-Hant")


class Health(Model):
    """The service answers and so does its database."""

    status: Literal["ok"] = "ok"


class Warnings(Model):
    """The service answers; what wants somebody's attention before it is too late."""

    status: Literal["ok"] = "ok"
    warnings: list[Name]


class Department(Model):
    """A department, by its ref."""

    department: str
    name: Name


class Granted(Model):
    """What a grant says of a vehicle that is another department's: nulls of an own one."""

    #: How much is told of where it is.
    granted: Literal["position", "blurred", "presence"] | None
    #: What for, and until when.
    purpose: str | None
    granted_until: datetime | None


class Vehicle(Granted):
    """What stays the same about a vehicle while it moves. `id` is its number in live frames."""

    id: int
    vehicle: str
    department: str
    name: Name
    plate: str | None
    vehicle_class: str = Field(alias="class")
    application: str | None
    capabilities: list[str]
    duty_status: str | None
    #: It is in a private time now: it has no position.
    private: bool
    #: Expected seconds between fixes: moving, then at rest.
    interval_s: list[int]


class Application(Model):
    """A department's use of the platform."""

    application: str
    department: str
    department_name: Name
    name: Name
    #: null: it is in none.
    cluster: str | None
    cluster_name: Name | None


class Applications(Model):
    """The applications of the vehicles that the caller sees."""

    applications: list[Application]


class DutyChange(Model):
    """What a vehicle is doing, since a time (without: now)."""

    model_config = ConfigDict(extra="forbid")

    status: DutyStatus
    since: Moment | None = None


class Duty(Model):
    """What a vehicle is doing, and since when."""

    vehicle: str
    status: str
    since: datetime


class Vehicles(Model):
    """The vehicles of the caller's departments that are not retired."""

    vehicles: list[Vehicle]


class Device(Model):
    """A box that reports, the vehicle that it is in now, and when it was last heard."""

    device: str
    department: str
    vehicle: str | None
    last_heard_at: datetime | None
    #: Fixes of before are refused.
    accept_from: datetime
    #: Of an AIS transponder.
    mmsi: str | None
    #: As it said itself, or its broker in its place; null where nobody ever did.
    online: bool | None
    firmware: str | None


class Devices(Model):
    """The devices of the caller's departments that are not retired."""

    devices: list[Device]


class DeviceState(Model):
    """What a device said last on its `state` topic; times are ours."""

    online: bool
    since: datetime
    boot: str
    firmware: str | None
    protocol: int | None
    config_rev: int | None
    config_error: str | None
    state_at: datetime


class DeviceNotice(Model):
    """In which minutes, first and last, a receiver was seen to be so."""

    kind: str
    #: Of an `antenna` ok, open, short or internal; of a `firmware` its text; else empty.
    detail: str
    since: datetime
    until: datetime


class DeviceDetails(Device):
    """A device, also a retired one, and how it goes."""

    retired_at: datetime | None
    state: DeviceState | None
    #: Used in its vehicle's latest fix, if that is of this device.
    satellites: int | None
    #: The newest that the receiver said in the last day.
    antenna: str | None
    #: Null while fixes come, and when the last day knows of none that failed.
    no_fix_since: datetime | None
    #: Of the last day, the newest first.
    notices: list[DeviceNotice]


class ReceiptReject(Model):
    """Of which message something was refused, and why; `replayed_at`: since when it is stored."""

    seq: int | None
    reason: str
    received_at: datetime
    replayed_at: datetime | None


class BootReceipt(Model):
    """What is dealt with of one start of a device. Ranges are pairs: first number, last number."""

    boot: str
    #: Every message from 1 to here is dealt with.
    upto: int
    also: list[tuple[int, int]]
    #: Not dealt with, though a later one is.
    missing: list[tuple[int, int]]
    refused_ranges: list[tuple[int, int]]
    #: Messages: dealt = stored + refused + suppressed; stored whole, or something of it refused, or
    #: nothing of it refused and some of it of a time in which its vehicle was private.
    dealt: int
    stored: int
    refused: int
    suppressed: int
    #: How many messages `missing` holds.
    holes: int
    #: The newest; at most 200 of all boots together.
    rejects: list[ReceiptReject]
    first_at: datetime
    last_at: datetime


class Receipts(Model):
    """What the service has dealt with of one device: at most 50 boots, the last heard first."""

    device: str
    department: str
    boots: list[BootReceipt]


class Point(Model):
    """A GeoJSON point: lon, lat."""

    type: Literal["Point"] = "Point"
    coordinates: tuple[Lon, Lat]


class Position(Granted):
    """Where a vehicle was at its latest fix, and how it moved; a blurred one tells its cell."""

    vehicle: str
    id: int
    department: str
    fixed_at: datetime
    received_at: datetime
    age_s: float
    speed_mps: float | None
    course_deg: float | None
    heading_deg: float | None
    accuracy_m: float | None
    altitude_m: float | None
    ignition: bool | None
    inputs: dict[str, Any] | None
    motion: Motion
    #: Told by a receiver on board, or heard of the vessel by AIS.
    source: Literal["receiver", "ais"]
    #: By the stated accuracy, else 5 m a unit of HDOP: good up to 10 m, fair up to 50 m.
    quality: Literal["unknown", "good", "fair", "poor"]
    duty_status: str | None


class PositionFeature(Model):
    """A position as GeoJSON."""

    type: Literal["Feature"] = "Feature"
    #: null only where HK1980 Grid was asked for and does not reach.
    geometry: Point | None
    properties: Position


class Positions(Model):
    """Positions as GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[PositionFeature]


class VehicleDetails(Vehicle):
    """A vehicle with its position; a retired one too."""

    retired_at: datetime | None
    position: PositionFeature | None


class LineString(Model):
    """A GeoJSON line: two or more of lon, lat."""

    type: Literal["LineString"] = "LineString"
    coordinates: list[tuple[Lon, Lat]]


class ClusterAdoption(Model):
    """Applications of one cluster, counted by stage."""

    cluster: str
    name: Name
    implemented: int
    being_built: int
    planned: int


class Adoption(Model):
    """How far the government has come; `vehicles` counts the caller's departments only."""

    departments: int
    implemented: int
    being_built: int
    planned: int
    vehicles: int
    clusters: list[ClusterAdoption]
