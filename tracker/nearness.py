"""Vehicles near each other: judged on the latest positions every few seconds, by the clock.

Live only: fixes that come later change nothing of it, so it is no part of what any order of arrival
gives. What is going on is what the database holds as not ended, so a restart goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

from geo.crossing import VehicleState
from geo.distance import distance_m
from geo.event import Event
from geo.fix import unix_ms
from geo.limits import DEFAULT_LIMITS
from geo.proximity import near_pairs
from tracker import sql
from tracker.directory import Directory
from tracker.judging import Judgement
from tracker.rules import Rule, is_of
from tracker.told import Told, id_of

if TYPE_CHECKING:
    import asyncpg

    from tracker.connect import Connection

EVERY_MS: Final = 5_000
#: Over only when they are so many times the radius apart, or one of them is not heard of.
APART: Final = 1.2

#: A rule, and its two vehicles.
Pair: TypeAlias = tuple[int, int, int]


class _Place(NamedTuple):
    vehicle_id: int
    lon: float
    lat: float
    fence_id: int | None
    #: One of the rule's vehicles; one of those that they may be near to.
    who: bool
    other: bool


class Nearby:
    """The pairs that are near each other, by the clock of whoever holds the shard."""

    def __init__(self) -> None:
        self._standing: dict[Pair, Told] = {}
        self._judged_ms = 0

    async def begin(self, connection: Connection, shard: int) -> None:
        """Know what is going on, inside the caller's transaction."""
        rows = await connection.fetch(sql.text("load_near"), shard)
        self._standing = {_pair(told.event): told for told in map(_told_of, rows)}

    def is_due(self, now_ms: int, directory: Directory | None) -> bool:
        """Whether it is time to look again."""
        if directory is None or now_ms - self._judged_ms < EVERY_MS:
            return False
        return bool(self._standing) or bool(directory.nearness)

    def judge(
        self,
        known: Mapping[int, VehicleState],
        result: Judgement,
        directory: Directory,
        now_ms: int,
    ) -> None:
        """Where it is time, put into the result which pairs have come near each other, and which
        have parted: by the known states, and those that the result has changed already."""
        if not self.is_due(now_ms, directory):
            return
        self._judged_ms = now_ms
        states = {v: s for v, s in {**known, **result.states}.items() if v not in result.gone}
        going: dict[Pair, Told] = {}
        for rule in directory.nearness:
            places = list(_places(rule, states, directory, now_ms))
            for pair, event in _near(rule, places, directory, now_ms):
                if pair not in self._standing:
                    id_ = id_of(event, directory)
                    going[pair] = told = Told(
                        id=id_, event=event, department_id=rule.department_id, late=False
                    )
                    result.told.append(told)
            going |= self._going_on(rule, places)
        for pair, told in self._standing.items():
            if pair not in going:
                event = told.event
                length_s = (now_ms - event.at_ms) / 1000.0
                ended = event._replace(ended_ms=now_ms, length_s=length_s)
                result.refined.append(replace(told, event=ended))
        self._standing = going

    def _going_on(self, rule: Rule, places: Iterable[_Place]) -> Iterator[tuple[Pair, Told]]:
        """Of the pairs that were near each other those that have not parted."""
        at = {place.vehicle_id: place for place in places}
        radius_m = 0.0 if rule.nearness is None else rule.nearness.radius_m * APART
        for pair, told in self._standing.items():
            rule_id, one, other = pair
            if rule_id == rule.id and one in at and other in at:
                a, b = at[one], at[other]
                metres = float(distance_m(a.lon, a.lat, b.lon, b.lat))
                if metres < radius_m:
                    least_m = min(metres, told.event.distance_m or metres)
                    yield pair, replace(told, event=told.event._replace(distance_m=least_m))


def _places(
    rule: Rule, states: Mapping[int, VehicleState], directory: Directory, now_ms: int
) -> Iterator[_Place]:
    """Where those of a rule's vehicles are of which it is known, where and when it asks."""
    nearness, scopes = rule.nearness, directory.fences.scopes
    if nearness is None or (rule.window is not None and not rule.window.holds(now_ms)):
        return
    fence_ids = rule.fence_ids(scopes)
    for vehicle_id, state in sorted(states.items()):
        if state.department_id != rule.department_id:
            continue
        found = frozenset() if fence_ids is None else fence_ids & state.inside
        if fence_ids is not None and bool(found) is nearness.outside:
            continue
        who = rule.concerns(vehicle_id, now_ms, scopes)
        groups = (nearness.other_ids, nearness.other_group_ids)
        other = is_of(vehicle_id, now_ms, *groups, scopes) if any(groups) else who
        if (who or other) and _is_known(vehicle_id, state, directory, now_ms):
            named = min(found, default=None)
            yield _Place(vehicle_id, state.lon, state.lat, named, who, other)


def _is_known(vehicle_id: int, state: VehicleState, directory: Directory, now_ms: int) -> bool:
    """Whether its last fix still tells where it is, and everybody may know."""
    limits = directory.limits.get(vehicle_id, DEFAULT_LIMITS)
    fresh_ms = limits.silence_ms(ignition_off=state.ignition == 0)
    is_fresh = now_ms - state.fixed_ms <= fresh_ms
    return is_fresh and directory.private.keeps(vehicle_id, now_ms) is None


def _near(
    rule: Rule, places: list[_Place], directory: Directory, now_ms: int
) -> Iterator[tuple[Pair, Event]]:
    lon = np.array([place.lon for place in places], dtype=np.float64)
    lat = np.array([place.lat for place in places], dtype=np.float64)
    radius_m = 0.0 if rule.nearness is None else rule.nearness.radius_m
    for i, j, metres in zip(*(c.tolist() for c in near_pairs(lon, lat, radius_m)), strict=True):
        one, other = places[i], places[j]
        if not (one.who and other.other):
            one, other = other, one
        if one.who and other.other:
            event = _event(rule, (one, other), metres, directory, now_ms)
            yield _pair(event), event


def _event(
    rule: Rule, pair: tuple[_Place, _Place], metres: float, directory: Directory, now_ms: int
) -> Event:
    one, other = pair
    fence_id = one.fence_id
    version = None if fence_id is None else directory.fences.last_of(fence_id, now_ms).version
    return Event(
        kind="proximity",
        vehicle_id=one.vehicle_id,
        fence_id=fence_id,
        fence_version=version,
        time_ms=now_ms,
        not_before_ms=None,
        not_after_ms=now_ms,
        rule_id=rule.id,
        other_id=other.vehicle_id,
        distance_m=metres,
    )


def _pair(event: Event) -> Pair:
    return event.rule_id or 0, event.vehicle_id, event.other_id or 0


def _told_of(row: asyncpg.Record) -> Told:
    """A row of load_near.sql."""
    at_ms = unix_ms(row["at"])
    event = Event(
        kind="proximity",
        vehicle_id=row["vehicle_id"],
        fence_id=row["fence_id"],
        fence_version=row["fence_version"],
        time_ms=at_ms,
        not_before_ms=None,
        not_after_ms=at_ms,
        rule_id=row["rule_id"],
        other_id=row["other_vehicle_id"],
        distance_m=row["distance_m"],
    )
    return Told(id=row["id"], event=event, department_id=row["department_id"], late=False)
