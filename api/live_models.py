"""The live feed's text messages, as JSON has them."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


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


class LivePing(BaseModel):
    """It lives."""

    type: Literal["ping"]
    server_time: datetime


class LiveResync(BaseModel):
    """What a viewer may send: give me everything."""

    type: Literal["resync"]
