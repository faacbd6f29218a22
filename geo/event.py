"""The event: what happened between one vehicle and one fence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["present", "enter", "exit"]
Cause: TypeAlias = Literal["first_fix", "fence_created", "fence_edit", "fence_deleted", "scope"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact about one vehicle and one fence. Times are milliseconds since 1970-01-01T00:00Z.

    A vehicle's events at a fence alternate: an opening (present, enter), then an exit. Each is
    later than the fix before it and not later than the one that shows it, the first fix excepted.
    """

    kind: Kind
    vehicle_id: int
    fence_id: int
    #: The version that was judged by; of a deleted fence the last one.
    fence_version: int
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

    @property
    def moment(self) -> int | tuple[int | None, int]:
        """What tells it from other events of its kind: its time, or after a gap both bounds."""
        return (self.not_before_ms, self.not_after_ms) if self.time_ms is None else self.time_ms

    @property
    def order(self) -> tuple[int, bool, int, int]:
        """Sorts by time (of a gap: its end), exits before openings, fence, vehicle."""
        at_ms = self.not_after_ms if self.time_ms is None else self.time_ms
        return at_ms, self.kind != "exit", self.fence_id, self.vehicle_id
