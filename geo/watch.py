"""What rules want of visits: how long, how fast, whether inside when a window opens; and of
vehicles as a whole (`signals`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from math import inf
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from geo.distance import Floats
from geo.fences import Ints
from geo.memory import NOTHING, Memory, Visit
from geo.signals import NO_SIGNALS, Signals
from geo.windows import Window

#: Over a limit by no more than this factor is not too fast (rule R30).
LENIENCE: Final = 1.1
KMH: Final = 3.6


class Watch(NamedTuple):
    """One thing that a rule watches for during visits."""

    rule_id: int
    department_id: int
    kind: Literal["dwell", "speed", "inside"]
    #: None: every fence of the department.
    fence_ids: frozenset[int] | None
    #: Whether it is about a vehicle at a time.
    concerns: Callable[[int, int], bool]
    #: In force for from_ms <= t < until_ms.
    from_ms: float = -inf
    until_ms: float = inf
    dwell_ms: int = 0
    limit_kmh: float = 0.0
    window: Window | None = None

    @property
    def fast_mps(self) -> float:
        """Speeds over this are too fast."""
        return self.limit_kmh * LENIENCE / KMH

    def is_in_force(self, at_ms: int) -> bool:
        """Whether the rule holds at a time."""
        return self.from_ms <= at_ms < self.until_ms


class Occurrence(NamedTuple):
    """Something that is due at a time although no fix need come; sorts by time."""

    at_ms: int
    fence_id: int
    kind: Literal["dwell", "inside", "stale"]
    watch: Watch | None


#: Of a fence: what is not about speed, and the speed up to which nothing is.
_Looks: TypeAlias = tuple[tuple[Watch, ...], float]


class Watches:
    """All that rules watch for, by fence, and beside fences."""

    def __init__(self, watches: Iterable[Watch] = (), signals: Signals = NO_SIGNALS) -> None:
        """Sort the watches by department."""
        self.signals = signals
        self._of_department: dict[int, list[Watch]] = defaultdict(list)
        for watch in watches:
            self._of_department[watch.department_id].append(watch)
        self._of_fence: dict[tuple[int, int], tuple[Watch, ...]] = {}
        #: No speed up to this concerns any rule.
        self.fast_mps = min(
            (
                each.fast_mps
                for listed in self._of_department.values()
                for each in listed
                if each.kind == "speed"
            ),
            default=inf,
        )
        # Of each fence, once it is asked for: what is looked up for each visit.
        self._speeds: dict[tuple[int, int], tuple[Watch, ...]] = {}
        self._looks: dict[int, dict[int, _Looks]] = defaultdict(dict)
        #: By their rules: those that several fences share are one.
        self._timed: dict[tuple[tuple[int, str], ...], tuple[Watch, ...]] = {}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._of_department or self.signals)

    def without_silences(self) -> Watches:
        """See `Signals.without_silences`."""
        deaf = copy(self)
        deaf.signals = self.signals.without_silences()
        return deaf

    def of(self, department_id: int, fence_id: int) -> tuple[Watch, ...]:
        """Those of one fence."""
        key = (department_id, fence_id)
        found = self._of_fence.get(key)
        if found is None:
            found = self._of_fence[key] = tuple(
                watch
                for watch in self._of_department.get(department_id, ())
                if watch.fence_ids is None or fence_id in watch.fence_ids
            )
        return found

    def occurrences(
        self, department_id: int, fence_id: int, visit: Visit, from_ms: int
    ) -> Iterator[Occurrence]:
        """For each watch of a visit the first thing due at or after a time."""
        for watch in self._looks_of(department_id, fence_id)[0]:
            at_ms = due_ms(watch, visit, from_ms)
            if at_ms is not None and watch.is_in_force(at_ms):
                yield Occurrence(at_ms, fence_id, watch.kind, watch)  # type: ignore[arg-type]  # no speed is timed

    def speeds_of(self, department_id: int, fence_id: int) -> tuple[Watch, ...]:
        """Those of one fence that are about speed."""
        key = (department_id, fence_id)
        found = self._speeds.get(key)
        if found is None:
            found = self._speeds[key] = tuple(
                watch for watch in self.of(*key) if watch.kind == "speed"
            )
        return found

    def _looks_of(self, department_id: int, fence_id: int) -> _Looks:
        looks = self._looks[department_id]
        found = looks.get(fence_id)
        if found is None:
            every = self.of(department_id, fence_id)
            timed = tuple(watch for watch in every if watch.kind != "speed")
            found = looks[fence_id] = (
                self._timed.setdefault(tuple((each.rule_id, each.kind) for each in timed), timed),
                min((watch.fast_mps for watch in every if watch.kind == "speed"), default=inf),
            )
        return found

    def visit_due_ms(self, department_id: int, fence_id: int, visit: Visit, from_ms: int) -> float:
        """When a visit has something due, at or after a time, whomever it concerns."""
        earliest = inf
        if visit.inside:
            for watch in self._looks_of(department_id, fence_id)[0]:
                at_ms = due_ms(watch, visit, from_ms)
                if at_ms is not None and at_ms < earliest and watch.is_in_force(at_ms):
                    earliest = at_ms
        return earliest

    def openings_due_ms(
        self, department_id: npt.NDArray[np.int32], fence_id: Ints, opened_ms: Ints
    ) -> Floats:
        """When visits that begin at these times have something due first; infinity: never."""
        due = np.full(len(opened_ms), inf)
        alike: dict[int, list[int]] = {}
        visits = zip(department_id.tolist(), fence_id.tolist(), strict=True)
        looks = [self._looks_of(*which)[0] for which in visits]
        for row, timed in enumerate(looks):
            alike.setdefault(id(timed), []).append(row)
        for rows in alike.values():
            for watch in looks[rows[0]]:
                due[rows] = np.minimum(due[rows], _first_due_ms(watch, opened_ms[rows]))
        return due

    def remembering(
        self, memory: Memory, visits: Mapping[int, Visit], department_id: int, from_ms: int
    ) -> Memory:
        """The memory with these visits, which know when they are due, at or after a time; and when
        the next is, and which speed concerns a rule."""
        parked, trail, _, signals, jumped_ms, *_ = memory
        if not (visits or parked or trail or signals or jumped_ms is not None):
            return NOTHING
        due, fast, busy, looked = inf, inf, bool(signals), visits
        looks = self._looks[department_id] if self else None
        for fence_id, visit in visits.items():
            busy = busy or visit.is_busy
            if looks is None:
                continue
            at_ms = visit.due_ms
            if at_ms is None or at_ms < from_ms:
                at_ms = self.visit_due_ms(department_id, fence_id, visit, from_ms)
                looked = {**looked, fence_id: Visit(*visit[:10], at_ms)}
            _, limit = looks.get(fence_id) or self._looks_of(department_id, fence_id)
            due = at_ms if at_ms < due else due
            fast = limit if limit < fast else fast
        return Memory(parked, trail, looked, signals, jumped_ms, due, busy, fast)


def _first_due_ms(watch: Watch, opened_ms: Ints) -> Floats:
    """When visits that begin at these times are first due by a watch, as `due_ms` says it."""
    if watch.kind == "dwell":
        at_ms = (opened_ms + watch.dwell_ms).astype(np.float64)
    elif watch.window is not None:
        at_ms = watch.window.next_openings_ms(opened_ms + 1)
    else:
        return np.full(len(opened_ms), inf)
    return np.where((watch.from_ms <= at_ms) & (at_ms < watch.until_ms), at_ms, inf)


def due_ms(watch: Watch, visit: Visit, from_ms: int) -> int | None:
    """When a dwell is over or a window opens during a visit, at or after a time."""
    if watch.kind == "dwell":
        at_ms = visit.opened_ms + watch.dwell_ms
        return at_ms if at_ms >= from_ms else None
    if watch.kind == "inside" and watch.window is not None:
        return watch.window.next_opening_ms(max(from_ms, visit.opened_ms + 1))
    return None


NO_WATCHES: Final = Watches()
