"""What is told of events: the same over webhooks, MQTT and the event stream."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from api.models import Name


class CloudEvent(BaseModel):
    """An event of CloudEvents 1.0, in JSON's structured mode."""

    specversion: Literal["1.0"]
    id: str
    source: str = Field(description="`/departments/{department}`")
    type: str
    time: str
    datacontenttype: Literal["application/json"]
    data: Any
    subject: str = Field(default="", description="the vehicle's full ref, where there is one")


class ToldAlert(BaseModel):
    """An alert that the event stands for, as it is now."""

    id: UUID
    rule: str = Field(description="full ref")
    rule_name: Name
    severity: str
    state: str
    close_reason: str | None
    opened_at: datetime
    acknowledged_at: datetime | None
    escalated_at: datetime | None
    assigned_to: str | None
    snoozed_until: datetime | None
    suppressed: int


class FenceEventData(BaseModel):
    """The data of `milepost.fence.*`, of signals (`milepost.vehicle.silent.v1` and so on) and, with
    `change`, of `milepost.alert.*`."""

    event: UUID
    revision: int
    vehicle: str = Field(description="full ref")
    vehicle_name: Name
    fence: str | None = Field(description="full ref")
    fence_name: Name | None
    fence_version: int | None
    kind: str
    time: datetime | None = Field(description="none of a change during a gap")
    not_before: datetime | None
    not_after: datetime
    interpolated: bool
    gap: bool
    late: bool
    cause: str | None
    status: Literal["valid", "withdrawn"]
    amends: UUID | None
    max_kmh: float | None
    length_s: float | None
    ended_at: datetime | None = Field(description="of what goes on for a while; none: it goes on")
    sensor: dict[str, Any] | None = Field(
        description='what the rule asks: `{"input": "temp_c", "op": ">", "value": 8}`'
    )
    lowest: float | None
    highest: float | None
    other: str | None = Field(description="full ref of the vehicle that is near")
    other_name: Name | None
    distance_m: float | None
    alerts: list[ToldAlert]
    joined: list[UUID]
    change: dict[str, Any] | None = Field(description="what was done to an alert, and by whom")


class VehicleMovedData(BaseModel):
    """The data of `milepost.vehicle.moved.v1`: where it is; fixes between may be left out."""

    vehicle: str = Field(description="full ref")
    vehicle_name: Name
    lon: float
    lat: float
    fixed_at: datetime
    received_at: datetime
    speed_mps: float | None
    direction_deg: float | None = Field(description="heading where known, else course")
    ignition: bool | None
    granted: Literal["position", "blurred"] | None = Field(
        description="how much another department's grant lets see; none: your own"
    )


class StreamEnd(BaseModel):
    """The data of `end`: why the stream ends. Nothing follows it."""

    reason: Literal["signed-out", "scope-changed", "grant-ended", "grants-changed", "database-away"]
    detail: Name
