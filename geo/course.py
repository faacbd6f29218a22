"""One vehicle's course through its fences, fix by fix: the rules for all that is in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, NamedTuple

from geo.borders import WIDEST_BAND_M
from geo.contact import Contact
from geo.event import Cause
from geo.fences import FenceIndex
from geo.limits import Limits
from geo.listening import Listener
from geo.memory import Crossing, Seen, Visit
from geo.signals import Value
from geo.speeding import Sample
from geo.telling import Telling
from geo.timeline import VehicleState
from geo.timers import Timers
from geo.visit import OUTSIDE, VisitTeller
from geo.watch import Occurrence, Watches

#: So long must fixes in a row lie on the new side to prove it without a deep one (rule R5).
ROW_MS: Final = 30_000


class Leg(NamedTuple):
    """How a fix is reached from the one before it, for the fences that use both."""

    why: Literal["first", "transfer", "gap", "way"]
    before: Seen | None
    #: Of fences for which an error of `least_m` is not too much, and one of `too_much_m` is.
    least_m: float = 0.0
    too_much_m: float = inf
    #: Without a way: the fences that hold the place.
    found: Sequence[int] = ()
    contacts: Sequence[Contact] = ()


class Row(NamedTuple):
    """A fix of the vehicle, with what the index tells of it."""

    fixed_ms: int
    department_id: int
    ignition: int
    speed_mps: float | None
    #: None: it is not used.
    seen: Seen | None
    legs: Sequence[Leg]
    #: Moments before it at which fences changed, with those that hold the last place then.
    moments: Sequence[tuple[int, list[int]]] = ()
    inputs: Mapping[str, Value] | None = None


class Heard(NamedTuple):
    """Inputs of a fix whose place is not believed."""

    fixed_ms: int
    department_id: int
    inputs: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class World:
    """What a course is judged by."""

    fences: FenceIndex
    watches: Watches
    limits: Mapping[int, Limits]


class Course:
    """The visits of one vehicle while they are gone over."""

    def __init__(
        self, vehicle_id: int, state: VehicleState | None, world: World, telling: Telling
    ) -> None:
        self.vehicle_id = vehicle_id
        self.visits: dict[int, Visit] = {} if state is None else dict(state.memory.visits)
        self._world = world
        self._seen = None if state is None else state.seen
        self._department_id = -1 if state is None else state.department_id
        self._timers = Timers(vehicle_id, world.watches, world.limits)
        self._tell = VisitTeller(vehicle_id, world.fences, telling)
        self.listener = Listener(
            vehicle_id, world.watches.signals, world.limits, world.fences, telling
        )
        #: What was due before this time is dealt with.
        self.judged_ms = 0
        self._heard_ms = 0
        self._opened: dict[int, int] = {}
        if state is not None:
            self._heard_ms = state.fixed_ms
            self._timers.heard(state.fixed_ms, state.ignition)
            self.listener.resume(state.memory.signals, state.fixed_ms, state.ignition)
            self.judged_ms = state.judged_ms

    def take(self, row: Row) -> None:
        """Go on to a fix."""
        known_ms = self.judged_ms
        self.pass_time(row.fixed_ms, row.moments)
        self.listener.heard(row.fixed_ms, row.ignition, known_ms)
        self._department_id = row.department_id
        if row.seen is not None:
            self._opened = {f: v.opened_ms for f, v in self.visits.items() if v.inside}
            for leg in row.legs:
                self._go(leg, row.seen)
            self._settle(row, row.seen)
            self._seen = row.seen
        inputs = row.inputs or {}
        self.listener.sample(row.department_id, row.fixed_ms, inputs, self._inside())
        self._heard_ms = row.fixed_ms
        self._timers.heard(row.fixed_ms, row.ignition)
        self.judged_ms = row.fixed_ms

    def pass_time(self, until_ms: int, moments: Iterable[tuple[int, list[int]]]) -> bool:
        """Deal with all that is due before a time; returns whether anything was."""
        waiting, anything = list(moments), False
        if not waiting and self._is_quiet(until_ms):
            return False
        while True:
            timers = self._timers.next(self._department_id, self.visits, self.judged_ms)
            silences = list(self.listener.silences(self._department_id, self.judged_ms))
            at_ms = min(
                timers[0].at_ms if timers else until_ms,
                waiting[0][0] if waiting else until_ms,
                *(silent_ms for silent_ms, _ in silences),
            )
            if at_ms >= until_ms:
                return anything
            for timer in timers:
                if timer.at_ms == at_ms:
                    self._fire(timer)
            for silent_ms, signal in silences:
                if silent_ms == at_ms:
                    self.listener.fall_silent(signal, at_ms, self._inside())
            if waiting and waiting[0][0] == at_ms:
                self._judge_anew(*waiting.pop(0))
            self.judged_ms, anything = at_ms + 1, True

    def _is_quiet(self, until_ms: int) -> bool:
        """Whether it is known that nothing is due before a time."""
        if not self._world.watches:
            return True
        if not self.listener.is_quiet(self._department_id, until_ms):
            return False
        return until_ms <= self._timers.silent_ms and all(
            visit.due_ms is not None and until_ms <= visit.due_ms
            for visit in self.visits.values()
            if visit.inside
        )

    def due_ms(self) -> int | None:
        """When the next timer runs out, or a silence is too long."""
        timers = self._timers.next(self._department_id, self.visits, self.judged_ms)
        due = [at_ms for at_ms, _ in self.listener.silences(self._department_id, self.judged_ms)]
        return min([*due, *(timer.at_ms for timer in timers)], default=None)

    def overhear(self, heard: Heard) -> None:
        """A fix whose place is not believed says this of its inputs."""
        self.listener.sample(heard.department_id, heard.fixed_ms, heard.inputs, None)

    def _inside(self) -> set[int]:
        return {fence_id for fence_id, visit in self.visits.items() if visit.inside}

    def _fire(self, timer: Occurrence) -> None:
        visit = self.visits[timer.fence_id]
        fresh = timer.at_ms < self._timers.silent_ms
        if timer.kind == "stale" or fresh:
            self.visits[timer.fence_id] = self._tell.due(timer, visit)
        else:
            self.visits[timer.fence_id] = self._tell.owe(timer, visit)

    def _judge_anew(self, at_ms: int, found: Sequence[int]) -> None:
        """Fences changed, or who is watched: by side alone where the vehicle was seen last."""
        fences, who = self._world.fences, (self._department_id, self.vehicle_id)
        for fence_id in sorted({*self.visits, *found}):
            before = fences.watched(*who, fence_id, at_ms)
            after = fences.watched(*who, fence_id, at_ms + 1)
            if before is after:
                continue
            visit = self.visits.get(fence_id, OUTSIDE)
            if visit.inside != (fence_id in found):
                cause = self._cause(fence_id, at_ms)
                # Later than the fix, which may have opened the visit that this ends.
                time_ms = max(at_ms, self._heard_ms + 1)
                here = Crossing(time_ms, time_ms, time_ms)
                self.visits[fence_id] = self._tell.found(fence_id, visit, here, cause)
            elif visit is not OUTSIDE:
                self.visits[fence_id] = visit._replace(crossing=None, row_ms=None, last=None)

    def _cause(self, fence_id: int, at_ms: int) -> Cause:
        ended = self._world.fences.at(fence_id, at_ms)
        begun = self._world.fences.at(fence_id, at_ms + 1)
        if ended is begun:
            return "scope"
        if ended is None:
            return "fence_created"
        return "fence_deleted" if begun is None else "fence_edit"

    def _go(self, leg: Leg, seen: Seen) -> None:
        for contact in leg.contacts:
            self._walk(contact, leg.before or seen, seen)
        if leg.why == "way":
            return
        found = set(leg.found)
        for fence_id in sorted({*self.visits, *found}):
            if self._is_good(fence_id, seen.ms, leg):
                self._arrive(fence_id, leg, seen, inside=fence_id in found)

    def _arrive(self, fence_id: int, leg: Leg, seen: Seen, *, inside: bool) -> None:
        """The vehicle turns up: nothing is said of how it came."""
        visit = self.visits.get(fence_id, OUTSIDE)._replace(episodes=(), speeds=(), row_ms=None)
        crossing = visit.crossing
        if visit.inside == inside:
            visit = visit._replace(crossing=None)
        elif leg.why == "gap" and crossing is not None:
            # It was on that side before the silence already.
            visit = self._tell.crossed(fence_id, visit, crossing, seen.ms)
        elif leg.why == "gap":
            between = Crossing(seen.ms, leg.before.ms if leg.before else seen.ms, seen.ms)
            visit = self._tell.after_gap(fence_id, visit, between)
        else:
            after_ms = None if leg.before is None else leg.before.ms
            cause: Cause = "first_fix" if leg.why == "first" else "scope"
            there = Crossing(seen.ms, seen.ms if after_ms is None else after_ms, seen.ms)
            first = after_ms is None
            visit = self._tell.found(fence_id, visit, there, cause, first=first)
        self.visits[fence_id] = visit

    def _is_good(self, fence_id: int, at_ms: int, leg: Leg) -> bool:
        """Whether the fence uses the leg: its fixes are not too far off for its size (rule R7)."""
        if leg.least_m <= WIDEST_BAND_M and leg.too_much_m == inf:
            return True
        limit_m = max(self._world.fences.half_inradius_m(fence_id, at_ms), WIDEST_BAND_M)
        return leg.least_m <= limit_m < leg.too_much_m

    def _walk(self, contact: Contact, before: Seen, seen: Seen) -> None:
        """Flip where the way is deep on the other side, or at a fix that ends a row there."""
        fence_id = contact.fence_id
        visit = self.visits.get(fence_id, OUTSIDE)
        for at, inside, deep in contact.stretches:
            if inside == visit.inside:
                if visit.crossing is not None:
                    visit = visit._replace(crossing=None)
                continue
            if visit.crossing is None:
                visit = visit._replace(crossing=crossing_of(contact, before, seen, at))
            if deep and visit.crossing is not None:
                visit = self._tell.crossed(fence_id, visit, visit.crossing, seen.ms)
        if contact.ends_inside == visit.inside:
            if visit.crossing is not None or visit.row_ms is not None:
                visit = visit._replace(crossing=None, row_ms=None)
        else:
            crossing = visit.crossing or crossing_of(contact, before, seen, 1.0)
            row_ms = seen.ms if visit.row_ms is None else visit.row_ms
            visit = visit._replace(crossing=crossing, row_ms=row_ms)
            if contact.ends_deep or seen.ms - row_ms >= ROW_MS:
                visit = self._tell.crossed(fence_id, visit, crossing, seen.ms)
        self.visits[fence_id] = visit

    def _settle(self, row: Row, seen: Seen) -> None:
        """Tell what waited for this fix, and forget what can no longer change."""
        for fence_id, visit in list(self.visits.items()):
            if self._is_at_rest(fence_id, visit, row):
                continue
            if self._uses(fence_id, row, seen):
                self.visits[fence_id] = self._caught_up(fence_id, visit, row)
            if not visit.inside and visit.crossing is None:
                del self.visits[fence_id]

    def _is_at_rest(self, fence_id: int, visit: Visit, row: Row) -> bool:
        """Whether neither what was, nor the rules, can make a fix change the visit."""
        slow = row.speed_mps is None or row.speed_mps <= self._world.watches.fast_mps
        if not slow or visit.is_busy or visit.in_doubt or visit.last is not None:
            return False
        return visit.inside and self._opened.get(fence_id) == visit.opened_ms

    def _uses(self, fence_id: int, row: Row, seen: Seen) -> bool:
        if seen.error_m <= WIDEST_BAND_M:
            return True
        limit_m = max(self._world.fences.half_inradius_m(fence_id, row.fixed_ms), WIDEST_BAND_M)
        return seen.error_m <= limit_m

    def _caught_up(self, fence_id: int, visit: Visit, row: Row) -> Visit:
        if visit.inside and visit.crossing is None:
            visit = self._tell.rest(fence_id, visit, row.fixed_ms)
            if self._world.watches and self._opened.get(fence_id) != visit.opened_ms:
                visit = self._overtaken(fence_id, visit, row.fixed_ms)
        if self._world.watches:
            visit = self._sampled(fence_id, visit, row)
        return visit

    def _overtaken(self, fence_id: int, visit: Visit, until_ms: int) -> Visit:
        """Tell what was due since the visit began, as that turned out only now."""
        which = self._department_id, fence_id, visit, visit.opened_ms + 1
        if self._world.watches.visit_due_ms(*which) < until_ms:
            for timer in self._timers.of_visit(*which):
                if timer.at_ms < until_ms:
                    visit = self._tell.due(timer, visit)
        return visit._replace(told=()) if visit.told else visit

    def _sampled(self, fence_id: int, visit: Visit, row: Row) -> Visit:
        watches = self._world.watches.speeds_of(self._department_id, fence_id)
        mps = row.speed_mps
        if not watches or mps is None:
            return visit
        if not (visit.episodes or visit.speeds) and all(mps <= each.fast_mps for each in watches):
            return visit
        watches = tuple(
            watch
            for watch in watches
            if watch.is_in_force(row.fixed_ms) and watch.concerns(self.vehicle_id, row.fixed_ms)
        )
        sample = Sample(row.fixed_ms, mps)
        if visit.crossing is not None:
            return visit._replace(speeds=(*visit.speeds, sample))
        if not visit.inside:
            return visit
        samples = [*(Sample(*each) for each in visit.speeds), sample]
        for watch in watches:
            visit = self._tell.speeds(fence_id, visit, watch, samples)
        return visit._replace(speeds=())


def crossing_of(contact: Contact, before: Seen, seen: Seen, at: float) -> Crossing:
    """The crossing so far along a way, later than the fix before and not later than the one after.

    Nor earlier than the version; of one that began with the fix before, that is a millisecond more.
    """
    time_ms = before.ms + round((seen.ms - before.ms) * at)
    earliest_ms = max(before.ms, contact.from_ms) + 1 + (before.ms == contact.from_ms)
    return Crossing(min(max(time_ms, earliest_ms), seen.ms), before.ms, seen.ms)
