"""What comes due for a vehicle without a fix: dwells, windows that open, and its own silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from geo.limits import DEFAULT_LIMITS, Limits
from geo.memory import Visit
from geo.watch import Occurrence, Watches, due_ms


class Timers:
    """The timers of one vehicle, as of the fix that was heard last."""

    def __init__(self, vehicle_id: int, watches: Watches, limits: Mapping[int, Limits]) -> None:
        self._vehicle_id = vehicle_id
        self._watches = watches
        self._limits = limits.get(vehicle_id, DEFAULT_LIMITS)
        #: From this time on its last fix no longer tells where it is.
        self.silent_ms = 0

    def heard(self, fixed_ms: int, ignition: int) -> None:
        """A fix came: of that time, with that ignition."""
        self.silent_ms = fixed_ms + self._limits.silence_ms(ignition_off=ignition == 0)

    def next(
        self, department_id: int, visits: Mapping[int, Visit], from_ms: int
    ) -> list[Occurrence]:
        """All that is due at the earliest time at or after one; none where nothing is."""
        if not self._watches:
            return []
        earliest: list[Occurrence] = []
        for fence_id, visit in visits.items():
            if not visit.inside:
                continue
            due = [*self.of_visit(department_id, fence_id, visit, from_ms)]
            if self.silent_ms >= from_ms and self._is_counting(department_id, fence_id, visit):
                due.append(Occurrence(self.silent_ms, fence_id, "stale", None))
            for each in due:
                if not earliest or each.at_ms < earliest[0].at_ms:
                    earliest = [each]
                elif each.at_ms == earliest[0].at_ms:
                    earliest.append(each)
        return earliest

    def of_visit(
        self, department_id: int, fence_id: int, visit: Visit, from_ms: int
    ) -> Iterator[Occurrence]:
        """For each watch of a visit the first thing due at or after a time."""
        for each in self._watches.occurrences(department_id, fence_id, visit, from_ms):
            if each.watch is None or each.watch.concerns(self._vehicle_id, each.at_ms):
                yield each

    def _is_counting(self, department_id: int, fence_id: int, visit: Visit) -> bool:
        """Whether a dwell of the visit is still to come when silence begins."""
        for watch in self._watches.of(department_id, fence_id):
            if watch.kind == "dwell":
                at_ms = due_ms(watch, visit, self.silent_ms)
                if (
                    at_ms is not None
                    and watch.is_in_force(at_ms)
                    and watch.concerns(self._vehicle_id, at_ms)
                ):
                    return True
        return False
