"""Judging a batch by the fences: what live fixes tell, and what late ones change in the past.

The engine (geo.crossing) goes forward only. So a late fix is judged by going again over the stored
fixes around it (tracker.past), and comparing the events that come of it, by id, with those that
stand: new ones are told as late, missing ones are withdrawn. So it goes with marks (rule R9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import numpy as np

from geo import crossing
from geo.crossing import FixKey, StepResult, VehicleState
from geo.event import Event
from geo.event_id import event_id
from geo.fix import FixBatch, from_unix_ms, unix_ms
from tracker import sql
from tracker.directory import Directory
from tracker.past import Track, Window, columns, load_tracks, moment
from tracker.sorting import Placed

if TYPE_CHECKING:
    from tracker.connect import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event to be stored, under its id."""

    id: UUID
    event: Event
    department_id: int
    late: bool
    #: The withdrawn event that it replaces.
    amends: UUID | None = None


@dataclass(slots=True)
class Judgement:
    """What a batch changes."""

    #: The fixes that are not stored yet.
    fresh: list[Placed] = field(default_factory=list)
    #: Live states that changed.
    states: dict[int, VehicleState] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    #: Events that stand, between narrower bounds than they were told with.
    refined: list[Told] = field(default_factory=list)
    #: Ids of events that no longer hold, with the id of what replaces each.
    withdrawn: dict[UUID, UUID | None] = field(default_factory=dict)
    late: int = 0
    #: Of the fresh fixes, those that are not believed (and perhaps stored ones that were not).
    implausible: set[FixKey] = field(default_factory=set)
    #: Stored fixes that are to be marked anew: implausible, or not.
    marks: dict[FixKey, bool] = field(default_factory=dict)
    #: Vehicles whose newest plausible fix may be an older or a stored one now.
    went_back: set[int] = field(default_factory=set)
    #: Vehicles of which no fix is left.
    gone: set[int] = field(default_factory=set)
    #: By vehicle the first and the last time at which its past is another one now.
    past: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def found_implausible(self) -> int:
        """How many fixes are marked that were not."""
        fresh = sum((each.vehicle_id, each.fixed_ms) in self.implausible for each in self.fresh)
        return fresh + sum(self.marks.values())

    def tell(self, told: Iterable[Told]) -> None:
        """Add what is told; what was to be withdrawn and is told again stands as it is."""
        for each in told:
            if each.id not in self.withdrawn:
                self.told.append(each)
            elif (amended_by := self.withdrawn.pop(each.id)) is not None:
                self.told = [
                    replace(one, amends=None) if one.id == amended_by else one for one in self.told
                ]

    def adopt(self, stepped: StepResult) -> None:
        """Take over the states of a step on from live states, and its marks."""
        self.states.update(stepped.states)
        self.implausible |= stepped.implausible
        self.implausible -= stepped.vindicated
        self.marks |= dict.fromkeys(stepped.vindicated, False)


async def judge(
    connection: Connection,
    batch: Mapping[int, list[Placed]],
    states: Mapping[int, VehicleState],
    directory: Directory,
) -> Judgement:
    """Judge the fixes of each vehicle, in the order of their time, against its state."""
    result = Judgement()
    live: list[Placed] = []
    windows: list[Window] = []
    for vehicle_id, fixes in batch.items():
        window, newer = _late_window(vehicle_id, fixes, states.get(vehicle_id))
        if window is not None:
            windows.append(window)
        live += newer
    if windows:
        await go_again(connection, windows, directory, result)
    if live:
        known = {**states, **result.states}
        stepped = crossing.step(known, _batch_of(live), directory.fences, directory.limits)
        result.adopt(stepped)
        result.tell(_told(stepped.events, directory, late=False))
        result.fresh += live
    return result


def rejudge(
    states: Mapping[int, VehicleState], directory: Directory, now_ms: int, result: Judgement
) -> None:
    """Deal with fences that changed up to now, for vehicles whose last fix is older than that.

    Of `states`, all that the caller wants judged anew, and of those that this batch changed: a fix
    may arrive after a change that is later than it.
    """
    moments_ms = directory.fences.moments_ms
    newest_ms = int(moments_ms[-1]) if len(moments_ms) else 0
    current = {
        vehicle_id: state
        for vehicle_id, state in {**states, **result.states}.items()
        if state.judged_ms <= newest_ms
    }
    if not current:
        return
    judged = crossing.rejudge(current, directory.fences, now_ms)
    result.states.update(judged.states)
    result.tell(_told(judged.events, directory, late=False))


def _late_window(
    vehicle_id: int, fixes: list[Placed], state: VehicleState | None
) -> tuple[Window | None, list[Placed]]:
    """The part of the fixes that lies in the past, as a window, and the rest.

    A fix older than the last judging of a changed fence is past as well: it may tell that the
    vehicle was elsewhere when the fence changed. So may one that proves a held fix of that age.
    """
    if state is None:
        return None, fixes
    newest_ms = state.newest_ms
    late = [each for each in fixes if each.fixed_ms <= newest_ms]
    newer = fixes[len(late) :]
    if newer and state.judged_ms > state.fixed_ms:
        unsure_ms = newer[0].fixed_ms if state.held is None else newest_ms
        if unsure_ms <= state.judged_ms:
            first_ms = min(fixes[0].fixed_ms, unsure_ms)
            return Window(vehicle_id, first_ms, None, fixes), []
    if not late:
        return None, newer
    return Window(vehicle_id, late[0].fixed_ms, late[-1].fixed_ms, late), newer


async def go_again(
    connection: Connection, windows: Sequence[Window], directory: Directory, result: Judgement
) -> None:
    """Go over windows of the past and put the differences into `result`."""
    tracks = await load_tracks(connection, windows, directory.limits)
    if not tracks:
        return
    before = columns((track.window.vehicle_id, (track.before,)) for track in tracks if track.before)
    points = columns((track.window.vehicle_id, track.points) for track in tracks)
    states = crossing.states_at(before, directory.fences) if len(before) else {}
    stepped = crossing.step(states, points, directory.fences, directory.limits)
    for track in tracks:
        vehicle_id = track.window.vehicle_id
        result.fresh += track.window.fresh
        result.late += len(track.window.fresh)
        if track.until_ms is None:
            state = stepped.states.get(vehicle_id) or states.get(vehicle_id)
            if state is None:
                result.gone.add(vehicle_id)
            else:
                result.states[vehicle_id] = state
                result.went_back.add(vehicle_id)
        changed = [each.fixed_ms for each in track.window.fresh]
        if track.window.erased:
            changed += [track.window.first_ms, track.window.last_ms or track.window.first_ms]
        for point in track.points:
            key = (vehicle_id, point.fixed_ms)
            if point.implausible is None and key in stepped.implausible:
                result.implausible.add(key)
            elif point.implausible is not None and point.implausible != (
                key in stepped.implausible
            ):
                result.marks[key] = not point.implausible
                changed.append(point.fixed_ms)
        if changed:
            result.past[vehicle_id] = (min(changed), max(changed))
    standing = await _load_standing(connection, tracks)
    _compare(_told(stepped.events, directory, late=True), standing, result)


async def _load_standing(
    connection: Connection, tracks: Sequence[Track]
) -> dict[UUID, asyncpg.Record]:
    rows = await connection.fetch(
        sql.text("load_events"),
        [track.window.vehicle_id for track in tracks],
        [from_unix_ms(track.before.fixed_ms) if track.before else None for track in tracks],
        [moment(track.until_ms) for track in tracks],
    )
    return {row["id"]: row for row in rows}


def _compare(
    told: Iterable[Told], standing: Mapping[UUID, asyncpg.Record], result: Judgement
) -> None:
    """What is told and does not stand is new; what stands and is not told is withdrawn."""
    by_id = {each.id: each for each in told}
    withdrawn = [row for id_, row in standing.items() if id_ not in by_id]
    for new in by_id.values():
        if (known := standing.get(new.id)) is not None:
            if _is_refined(new.event, known):
                result.refined.append(new)
            continue
        amended = _replaced_by(new, withdrawn)
        if amended is not None:
            withdrawn.remove(amended)
            result.withdrawn[amended["id"]] = new.id
        result.told.append(replace(new, amends=amended["id"] if amended else None))
    result.withdrawn.update({row["id"]: None for row in withdrawn})


def _is_refined(event: Event, known: asyncpg.Record) -> bool:
    not_before = known["not_before"]
    return (event.not_before_ms, event.not_after_ms, event.interpolated) != (
        None if not_before is None else unix_ms(not_before),
        unix_ms(known["not_after"]),
        known["interpolated"],
    )


def _replaced_by(new: Told, withdrawn: Sequence[asyncpg.Record]) -> asyncpg.Record | None:
    """The withdrawn event that the new one corrects: of its vehicle and fence, same way first."""
    opening = new.event.kind != "exit"
    for row in withdrawn:
        same = (row["vehicle_id"], row["fence_id"]) == (new.event.vehicle_id, new.event.fence_id)
        if same and (row["kind"] != "exit") == opening:
            return row
    return None


def _told(events: Iterable[Event], directory: Directory, *, late: bool) -> list[Told]:
    return [
        Told(
            id=event_id(
                directory.vehicles[event.vehicle_id].full_ref,
                directory.fence_refs[event.fence_id],
                event.fence_version,
                event.kind,
                event.moment,
            ),
            event=event,
            department_id=directory.vehicles[event.vehicle_id].department_id,
            late=late,
        )
        for event in events
    ]


def _batch_of(placed: Sequence[Placed]) -> FixBatch:
    return FixBatch(
        vehicle_id=np.array([each.vehicle_id for each in placed], dtype=np.int32),
        department_id=np.array([each.department_id for each in placed], dtype=np.int32),
        fixed_ms=np.array([each.fixed_ms for each in placed], dtype=np.int64),
        lon=np.array([each.fix.lon for each in placed], dtype=np.float64),
        lat=np.array([each.fix.lat for each in placed], dtype=np.float64),
    )
