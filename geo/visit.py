"""How a vehicle's visit of one fence changes, and what is told of that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from geo.event import Cause, Event
from geo.fences import FenceIndex
from geo.memory import Change, Crossing, Episode, Owed, Told, Visit
from geo.speeding import Sample, after_sample
from geo.telling import Telling
from geo.watch import KMH, Occurrence, Watch

OUTSIDE: Final = Visit(inside=False)


class VisitTeller:
    """Tells of the visits of one vehicle; each answer is the visit as it stands then."""

    def __init__(self, vehicle_id: int, fences: FenceIndex, telling: Telling) -> None:
        self._vehicle_id = vehicle_id
        self._fences = fences
        self._telling = telling

    def crossed(self, fence_id: int, visit: Visit, crossing: Crossing, seen_ms: int) -> Visit:
        """The vehicle is on the other side since it crossed the border."""
        at_ms = min(max(crossing.at_ms, visit.changed_ms + 1), seen_ms)
        crossing = Crossing(at_ms, *crossing[1:])
        version, last = self._version(fence_id, seen_ms), visit.last
        several = last is not None and last.crossing[1:] == crossing[1:]
        if several and last is not None and not last.interpolated:
            self._telling.restate(self._of_change(fence_id, last._replace(interpolated=True)))
        change = Change("exit" if visit.inside else "enter", version, crossing, several)
        self._telling.tell(self._of_change(fence_id, change))
        for told in visit.told:
            if visit.inside and told.at_ms > at_ms:
                self._telling.retract(self._of_told(fence_id, told))
        speeds = () if visit.inside else visit.speeds
        return Visit(not visit.inside, at_ms, at_ms, last=change, speeds=speeds)

    def after_gap(self, fence_id: int, visit: Visit, between: Crossing) -> Visit:
        """It is on the other side after a silence, or a jump."""
        self._telling.tell(
            Event(
                kind="exit" if visit.inside else "enter",
                vehicle_id=self._vehicle_id,
                fence_id=fence_id,
                fence_version=self._version(fence_id, between.until_ms),
                time_ms=None,
                not_before_ms=between.after_ms,
                not_after_ms=between.until_ms,
                gap=True,
            )
        )
        return Visit(not visit.inside, between.until_ms, between.until_ms)

    def found(
        self, fence_id: int, visit: Visit, there: Crossing, cause: Cause, *, first: bool = False
    ) -> Visit:
        """It is found on the other side, without having crossed the border."""
        self._telling.tell(
            Event(
                kind="exit" if visit.inside else "present",
                vehicle_id=self._vehicle_id,
                fence_id=fence_id,
                fence_version=self._version(fence_id, there.until_ms + (cause != "first_fix")),
                time_ms=there.at_ms,
                not_before_ms=None if first else there.after_ms,
                not_after_ms=there.until_ms,
                cause=cause,
            )
        )
        return Visit(not visit.inside, there.at_ms, there.at_ms)

    def due(self, timer: Occurrence, visit: Visit) -> Visit:
        """A timer ran out, and it is known where the vehicle was; or that it has fallen silent."""
        rule_id = None if timer.watch is None else timer.watch.rule_id
        version = self._version(timer.fence_id, timer.at_ms)
        told = Told(timer.kind, rule_id, timer.at_ms, version)
        self._telling.tell(self._of_told(timer.fence_id, told))
        return visit._replace(told=(*visit.told, told))

    def owe(self, timer: Occurrence, visit: Visit) -> Visit:
        """A timer ran out while nothing is known of the vehicle."""
        if timer.watch is None or timer.kind == "stale":
            return visit
        window = timer.watch.window
        until_ms = None
        if timer.kind == "inside" and window is not None:
            until_ms = window.end_ms(timer.at_ms)
        owed = Owed(timer.kind, timer.watch.rule_id, timer.at_ms, until_ms)
        return visit._replace(owed=(*visit.owed, owed))

    def rest(self, fence_id: int, visit: Visit, seen_ms: int) -> Visit:
        """A fix lies inside beyond doubt: tell what silence hid; what was told stands."""
        if not (visit.told or visit.owed or visit.last):
            return visit
        for owed in visit.owed:
            if owed.until_ms is None or seen_ms < owed.until_ms:
                version = self._version(fence_id, owed.at_ms)
                told = Told(owed.kind, owed.rule_id, owed.at_ms, version)
                self._telling.tell(self._of_told(fence_id, told, late=True))
        return visit._replace(told=(), owed=(), last=None)

    def speeds(self, fence_id: int, visit: Visit, watch: Watch, samples: Iterable[Sample]) -> Visit:
        """Fixes inside have these speeds."""
        episodes = dict(visit.episodes)
        episode = episodes.pop(watch.rule_id, None)
        for sample in samples:
            before, episode = episode, after_sample(episode, watch, sample)
            if episode is not None and episode.told and sample.ms == episode.last_ms:
                event = self._of_episode(fence_id, watch, episode)
                is_new = before is None or not before.told
                (self._telling.tell if is_new else self._telling.restate)(event)
        if episode is not None:
            episodes[watch.rule_id] = episode
        return visit._replace(episodes=tuple(sorted(episodes.items())))

    def _version(self, fence_id: int, at_ms: int) -> int:
        return self._fences.last_of(fence_id, at_ms).version

    def _of_change(self, fence_id: int, change: Change) -> Event:
        return Event(
            kind=change.kind,
            vehicle_id=self._vehicle_id,
            fence_id=fence_id,
            fence_version=change.version,
            time_ms=change.crossing.at_ms,
            not_before_ms=change.crossing.after_ms,
            not_after_ms=change.crossing.until_ms,
            interpolated=change.interpolated,
        )

    def _of_told(self, fence_id: int, told: Told, *, late: bool = False) -> Event:
        cause: Cause | None = "window_open" if told.kind == "inside" else None
        if told.kind == "dwell":
            cause = "fix" if late else "timer"
        return Event(
            kind=told.kind,
            vehicle_id=self._vehicle_id,
            fence_id=fence_id,
            fence_version=told.version,
            time_ms=told.at_ms,
            not_before_ms=None,
            not_after_ms=told.at_ms,
            cause=cause,
            rule_id=told.rule_id,
            late=late,
        )

    def _of_episode(self, fence_id: int, watch: Watch, episode: Episode) -> Event:
        return Event(
            kind="speed",
            vehicle_id=self._vehicle_id,
            fence_id=fence_id,
            fence_version=self._version(fence_id, episode.first_ms),
            time_ms=episode.first_ms,
            not_before_ms=None,
            not_after_ms=episode.first_ms,
            rule_id=watch.rule_id,
            max_kmh=round(episode.max_mps * KMH, 1),
            length_s=(episode.last_ms - episode.first_ms) / 1000.0,
        )
