"""What a vehicle's fixes are made into: chunks, trips, stops and gaps (geo/motion.py says how)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from geo.motion_state import Counts, State

TripEnd = Literal["stop", "gap", "department", "open"]
StopEnd = Literal["move", "gap", "department", "open"]
Broken = Literal["gap", "department"]


class Chunk(NamedTuple):
    """A piece of a stretch; its sums are of what comes after its first fix.

    Of the first of a stretch, that fix is among them.
    """

    started_ms: int
    ended_ms: int
    department_id: int
    sums: Counts
    max_speed_mps: float | None


class Trip(NamedTuple):
    """Movement between two stops, or up to the end of a stretch."""

    started_ms: int
    ended_ms: int
    department_id: int
    start_lon: float
    start_lat: float
    end_lon: float
    end_lat: float
    sums: Counts
    max_speed_mps: float | None
    ends_by: TripEnd


class Stop(NamedTuple):
    """A stay; `lon`, `lat` are the middle of its fixes that do not move."""

    started_ms: int
    #: None while it lasts.
    ended_ms: int | None
    department_id: int
    lon: float
    lat: float
    sums: Counts
    begins_by: Literal["move", "gap"]
    ends_by: StopEnd


class Gap(NamedTuple):
    """A silence, between the fixes before and after it."""

    started_ms: int
    ended_ms: int
    department_id: int


@dataclass(slots=True)
class Segments:
    """What fixes made, each kind in the order of time."""

    chunks: list[Chunk] = field(default_factory=list)
    trips: list[Trip] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    #: States from which to go over the past again.
    checkpoints: list[State] = field(default_factory=list)


class Reach(NamedTuple):
    """From when on, milliseconds, a state's further fixes may still begin segments anew."""

    chunk_ms: int
    trip_ms: int
    stop_ms: int
    gap_ms: int
