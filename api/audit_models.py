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


class ChainHead(BaseModel):
    """The newest signed end of the chain: keep it elsewhere, and nobody makes the chain anew."""

    day: date
    n: int
    hash: str = Field(description="of that row, hexadecimal")
    key: str = Field(description="by which it is signed: `milepost audit key`")
    signed_at: datetime


class ChainState(BaseModel):
    """Whether the audit is whole, as the service itself last went over it; `milepost audit verify`
    at the server, with a key from elsewhere, is the proof."""

    whole: bool | None = Field(description="null: nobody has gone over it yet")
    rows: int = Field(description="gone over, from the first one on")
    day: date | None = Field(description="of the last row that was gone over")
    n: int | None
    began_at: datetime | None = Field(description="when the first row was gone over")
    checked_at: datetime | None
    found: int = Field(description="how many faults")
    faults: list[str] = Field(description="the first of them")
    signed: ChainHead | None


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
