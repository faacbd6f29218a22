"""The event: what happened between one vehicle and one fence, or to one vehicle."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal[
    "present",
    "enter",
    "exit",
    "dwell",
    "speed",
    "inside",
    "stale",
    "silent",
    "duress",
    "sensor",
    "proximity",
]
Cause: TypeAlias = Literal[
    "first_fix",
    "fence_created",
    "fence_edit",
    "fence_deleted",
    "scope",
    "timer",
    "fix",
    "window_open",
]
#: Kinds that a rule makes: of such events the rule is a part of what tells them apart.
RULE_KINDS: Final = frozenset(
    {"dwell", "speed", "inside", "silent", "duress", "sensor", "proximity"}
)

#: Vehicle, fence, version, kind, moment, rule.
Key: TypeAlias = tuple[int, int | None, int | None, Kind, int | tuple[int | None, int], int | None]


class Event(NamedTuple):
    """A fact about one vehicle, at a fence as a rule. Times are milliseconds since
    1970-01-01T00:00Z.

    A vehicle's events at a fence alternate: an opening (present, enter), then an exit. Each is
    later than the fix before it and not later than the one that shows it, the first fix excepted.
    A tuple, as busy places make thousands a second.
    """

    kind: Kind
    vehicle_id: int
    #: None: what happened has to do with no one fence.
    fence_id: int | None
    #: The version that was judged by; of a deleted fence the last one.
    fence_version: int | None
    #: When the border was crossed, or the fence changed; None after a gap.
    time_ms: int | None
    #: Time of the fix before a crossing; None if there is none before.
    not_before_ms: int | None
    #: Time of the fix after a crossing; of no crossing the time of the event.
    not_after_ms: int
    #: Two or more changes lie between the same two fixes, so no fix proves what lies between.
    interpolated: bool = False
    #: The fixes around are too far apart to say when or how.
    gap: bool = False
    #: Why, if not because the vehicle moved.
    cause: Cause | None = None
    #: The rule that made it, of the kinds that rules make.
    rule_id: int | None = None
    #: Silence hid it at its time, so it is told later than it should be.
    late: bool = False
    #: Of a speed episode: the highest speed. Of an episode: how long from its first to its last
    #: fix; of a silence: since the last fix.
    max_kmh: float | None = None
    length_s: float | None = None
    #: Of what goes on for a time (silent, duress, sensor, proximity): until when; None: it does.
    ended_ms: int | None = None
    #: Of a sensor episode: the extremes of an input that is a number.
    lowest: float | None = None
    highest: float | None = None
    #: Of a proximity: the other vehicle, and how near they came, metres.
    other_id: int | None = None
    distance_m: float | None = None

    @property
    def key(self) -> Key:
        """What no two events share, those of pairs apart."""
        moment = self.moment if self.time_ms is None else self.time_ms
        return (
            self.vehicle_id,
            self.fence_id,
            self.fence_version,
            self.kind,
            moment,
            self.rule_id,
        )

    @property
    def at_ms(self) -> int:
        """Where it stands in order: its time, or the end of its gap."""
        return self.not_after_ms if self.time_ms is None else self.time_ms

    @property
    def moment(self) -> int | tuple[int | None, int]:
        """What tells it from other events of its kind: its time, or after a gap both bounds."""
        return (self.not_before_ms, self.not_after_ms) if self.time_ms is None else self.time_ms

    @property
    def order(self) -> tuple[int, bool, int, int]:
        """Sorts by time (of a gap: its end), exits before openings, fence, vehicle."""
        at_ms = self.not_after_ms if self.time_ms is None else self.time_ms
        return at_ms, self.kind != "exit", self.fence_id or 0, self.vehicle_id
