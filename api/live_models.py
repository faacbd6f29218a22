"""The live feed's text messages, as JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field

from tracker.duty import DutyStatus


class LiveHello(BaseModel):
    """The first message, and again where nothing before holds any more."""

    type: Literal["hello"]
    epoch: UUID
    tick_ms: int
    motions: list[str] = Field(description="what the numbers of `motion` mean")


class LiveColumns(BaseModel):
    """Vehicles, a column each: all have the same length."""

    id: list[int]
    lon: list[float]
    lat: list[float]
    fixed_at: list[int] = Field(description="unix seconds")
    speed_mps: list[float | None]
    direction_deg: list[float | None]
    motion: list[int]


class LiveFrame(BaseModel):
    """All vehicles, or those that changed."""

    type: Literal["snapshot", "delta"]
    tick: int
    server_time: datetime
    removed: list[int]
    columns: LiveColumns


class LiveChanged(BaseModel):
    """What stands still has changed: fetch it again."""

    type: Literal["vehicles", "fences", "grants"]


class DutyNow(BaseModel):
    """What a vehicle does now."""

    vehicle: str = Field(description="full ref")
    status: DutyStatus


class LiveDuty(BaseModel):
    """Somebody said what vehicles do."""

    type: Literal["duty"]
    duties: list[DutyNow]

    @classmethod
    def of(cls, statuses: Mapping[str, str]) -> Self:
        """Made of statuses by full ref."""
        duties = [{"vehicle": ref, "status": status} for ref, status in statuses.items()]
        return cls.model_validate({"type": "duty", "duties": duties})


class LivePing(BaseModel):
    """It lives."""

    type: Literal["ping"]
    server_time: datetime


class LiveResync(BaseModel):
    """What a viewer may send: give me everything."""

    type: Literal["resync"]
