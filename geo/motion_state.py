"""What the next fix of a vehicle goes on from (geo/motion.py), and the same as JSON.

Two states are equal if and only if whatever follows makes the same segments of both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final, NamedTuple, Self

from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG

#: Parts of a degree in which the middle of a stop is summed up, about a centimetre.
DEGREE_PARTS: Final = 10_000_000


class Counts(NamedTuple):
    """Sums over a stretch of a way: whole numbers, so that they are exact."""

    distance_mm: int = 0
    moving_ms: int = 0
    idling_ms: int = 0
    stopped_ms: int = 0
    #: Ignition known to be on.
    engine_ms: int = 0
    #: Ignition known, on or off.
    known_ms: int = 0
    fixes: int = 0

    def since(self, earlier: Counts) -> Counts:
        """What came after an earlier time."""
        return Counts._make(now - then for now, then in zip(self, earlier, strict=True))

    @property
    def distance_m(self) -> float:
        """Metres."""
        return self.distance_mm / 1000

    @property
    def engine_s(self) -> float | None:
        """Seconds of ignition; None where it was never known."""
        return self.engine_ms / 1000 if self.known_ms else None


class Mark(NamedTuple):
    """A fix at which something may begin or end."""

    fixed_ms: int
    lon: float
    lat: float
    #: None: not known.
    speed_mps: float | None
    moving: bool
    #: Up to it, from where the state counts.
    counts: Counts
    #: Highest speed of the trip up to it; None: not known.
    top_mps: float | None

    def rebased(self, base: Counts) -> Mark:
        """The same, counted from elsewhere."""
        return self._replace(counts=self.counts.since(base))

    @classmethod
    def of(cls, values: list[Any]) -> Self:
        """Read it from JSON."""
        mark = cls._make(values)
        return mark._replace(counts=Counts(*mark.counts))


@dataclass(slots=True, kw_only=True)
class Standing:
    """A stop that is proved and lasts."""

    start: Mark
    begins_stretch: bool
    #: The last fix that does not move: where the stop ends if the vehicle leaves now.
    still: Mark
    #: Highest speed since then.
    top_mps: float | None = None
    #: Sums of how far its fixes at rest lie from the first, in DEGREE_PARTS, and their number.
    east_parts: int = 0
    north_parts: int = 0
    at_rest: int = 0

    @classmethod
    def of(cls, marks: list[Mark], *, begins_stretch: bool) -> Self:
        """That of fixes which prove it, the first being at rest."""
        self = cls(start=marks[0], begins_stretch=begins_stretch, still=marks[0])
        for mark in marks:
            self.stay(mark)
        return self

    def stay(self, mark: Mark) -> None:
        """One more fix, near the first one."""
        if mark.moving:
            self.top_mps = higher(self.top_mps, mark.speed_mps)
            return
        self.still, self.top_mps = mark, None
        self.east_parts += round(_turned(mark.lon - self.start.lon) * DEGREE_PARTS)
        self.north_parts += round((mark.lat - self.start.lat) * DEGREE_PARTS)
        self.at_rest += 1

    @property
    def middle(self) -> tuple[float, float]:
        """(lon, lat), degrees."""
        scale = 1 / (DEGREE_PARTS * self.at_rest)
        lon = _turned(self.start.lon + self.east_parts * scale)
        return lon, self.start.lat + self.north_parts * scale


@dataclass(slots=True, kw_only=True)
class State:
    """A vehicle after a fix."""

    fixed_ms: int
    lon: float
    lat: float
    department_id: int
    speed_mps: float | None
    moving: bool
    ignition: int
    #: The first fix of the stretch.
    stretch_ms: int
    #: The last counted fix.
    way_lon: float
    way_lat: float
    #: That is the last fix.
    way_is_last: bool = True
    #: Up to now.
    counts: Counts
    #: Where the chunk began.
    chunk: Mark
    chunk_top_mps: float | None
    #: Where the movement began; None in a stop.
    trip: Mark | None
    trip_top_mps: float | None
    #: Fixes that may turn out to have begun a stop.
    pending: list[Mark] = field(default_factory=list)
    standing: Standing | None = None

    @property
    def mark(self) -> Mark:
        """The fix that it is after."""
        return Mark(
            self.fixed_ms,
            self.lon,
            self.lat,
            self.speed_mps,
            self.moving,
            self.counts,
            self.trip_top_mps,
        )

    def add(self, lasted_ms: int, counted_mm: int) -> None:
        """Count what the last fix says of the time since, and a way."""
        before, on = self.counts, self.ignition == 1
        self.counts = Counts(
            before.distance_mm + counted_mm,
            before.moving_ms + (lasted_ms if self.moving else 0),
            before.idling_ms + (lasted_ms if on and not self.moving else 0),
            before.stopped_ms + (0 if on or self.moving else lasted_ms),
            before.engine_ms + (lasted_ms if on else 0),
            before.known_ms + (lasted_ms if self.ignition >= 0 else 0),
            before.fixes + 1,
        )

    def see_speed(self, speed_mps: float | None) -> None:
        """Remember the highest of the chunk and of the trip."""
        self.chunk_top_mps = higher(self.chunk_top_mps, speed_mps)
        if self.trip is not None:
            self.trip_top_mps = higher(self.trip_top_mps, speed_mps)

    def copy(self) -> State:
        """One that goes on by itself, counted from now: what is long past makes no difference."""
        base, standing = self.counts, self.standing
        return replace(
            self,
            counts=Counts(),
            chunk=self.chunk.rebased(base),
            trip=self.trip.rebased(base) if self.trip else None,
            pending=[mark.rebased(base) for mark in self.pending],
            standing=replace(
                standing, start=standing.start.rebased(base), still=standing.still.rebased(base)
            )
            if standing
            else None,
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON: numbers as they are, a mark as a list."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        if self.standing:
            values["standing"] = {
                each.name: getattr(self.standing, each.name) for each in fields(self.standing)
            }
        return values

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The state that was written."""
        standing = values["standing"]
        return cls(
            **values
            | {
                "chunk": Mark.of(values["chunk"]),
                "counts": Counts(*values["counts"]),
                "trip": Mark.of(values["trip"]) if values["trip"] else None,
                "pending": [Mark.of(mark) for mark in values["pending"]],
                "standing": Standing(
                    **standing
                    | {"start": Mark.of(standing["start"]), "still": Mark.of(standing["still"])}
                )
                if standing
                else None,
            }
        )


def metres_apart(east_deg: float, north_deg: float, east_m: float, north_m: float) -> float:
    """Of two places near each other, on a plane; `east_m`, `north_m`: metres of a degree there."""
    return math.hypot(_turned(east_deg) * east_m, north_deg * north_m)


def _turned(east_deg: float) -> float:
    """Within half a turn; what is there already keeps its exact bits."""
    if -HALF_TURN_DEG <= east_deg <= HALF_TURN_DEG:
        return east_deg
    return (east_deg + HALF_TURN_DEG) % FULL_TURN_DEG - HALF_TURN_DEG


def higher(a: float | None, b: float | None) -> float | None:
    """The higher of two speeds, of which each may be unknown."""
    return b if a is None else a if b is None else max(a, b)
