"""Who looked at what, and how much keys ask, as it leaves the house."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, Field


class AuditRow(BaseModel):
    """A read of positions, or a write. What is of other departments is left out of it."""

    day: date
    n: int = Field(description="its place in the chain of the day")
    at: datetime
    who: str = Field(description="the key, or the person at the server's shell")
    label: str
    what: str = Field(description="`track.read`, `live.view`, `vehicle.update`")
    departments: list[str]
    vehicles: list[str] = Field(description="full refs; empty where all of a scope were meant")
    whole_scope: bool = Field(description="all vehicles of these departments")
    since: datetime | None
    until: datetime | None
    purpose: str | None
    path: str | None
    trace_id: str | None
    address: str | None
    detail: str | None


class AuditRows(BaseModel):
    """A page of the audit, the newest first."""

    rows: list[AuditRow]
    next: str | None


class WhoSaw(BaseModel):
    """Every read of a day that showed a vehicle, or may have."""

    vehicle: str
    day: date
    rows: list[AuditRow]


class UsageRow(BaseModel):
    """What a key asked on a day."""

    day: date
    who: str
    label: str
    kind: str = Field(description="requests: all; history: those that have a budget of their own")
    departments: list[str]
    asked: int
    refused: int = Field(description="of those, with 429")


class Usage(BaseModel):
    """What keys asked."""

    rows: list[UsageRow]
