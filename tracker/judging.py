"""Judging a batch by the fences: what live fixes tell, and what late ones change in the past.

The engine (geo.crossing) goes forward only. So a late fix is judged by going again over the stored
fixes around it (tracker.past), and comparing the events that come of it, by id, with those that
stand: new ones are told as late, missing ones are withdrawn. So it goes with marks (rule R9).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from geo import crossing
from geo.crossing import FixKey, StepResult, VehicleState
from geo.event import Event
from geo.fix import unix_ms
from tracker import past, past_work, sql
from tracker.directory import Directory
from tracker.past import Track, Window
from tracker.past_work import Work
from tracker.rules import BY_THEMSELVES
from tracker.sorting import Placed
from tracker.told import Told, told_of

if TYPE_CHECKING:
    from tracker.connect import Connection


@dataclass(slots=True)
class Judgement:
    """What a batch changes."""

    #: The fixes that are not stored yet.
    fresh: list[Placed] = field(default_factory=list)
    #: Live states that changed.
    states: dict[int, VehicleState] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    #: Events that stand, otherwise than they were told.
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
    #: What is left to be gone over behind this commit.
    later: list[Work] = field(default_factory=list)
    #: Settled states of the past that are to be kept as checkpoints.
    kept: dict[int, VehicleState] = field(default_factory=dict)
    #: Checkpoints that are not true any more: vehicle, after and before.
    untrue: list[tuple[int, datetime, datetime]] = field(default_factory=list)

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

    def adopt(self, stepped: StepResult, directory: Directory) -> None:
        """Take over a step on from live states: what it tells, its states and its marks."""
        self.states.update(stepped.states)
        self.implausible |= stepped.implausible
        self.implausible -= stepped.vindicated
        self.marks |= dict.fromkeys(stepped.vindicated, False)
        self.tell(told_of(stepped.events, directory))
        self.refined += told_of(stepped.restated, directory)
        for each in told_of(stepped.withdrawn, directory):
            new = [one for one in self.told if one.id == each.id]
            self.told = [one for one in self.told if one.id != each.id]
            if not new:
                self.withdrawn[each.id] = None
            # What it would have replaced is only withdrawn.
            for old, by in self.withdrawn.items():
                if by == each.id:
                    self.withdrawn[old] = None


async def judge(
    connection: Connection,
    batch: Mapping[int, list[Placed]],
    states: Mapping[int, VehicleState],
    directory: Directory,
    now_ms: int,
    waiting: Mapping[int, Work],
) -> Judgement:
    """Judge the fixes of each vehicle, in the order of their time, against its state.

    `waiting` is what is left of earlier commits to be gone over, by vehicle.
    """
    result = Judgement()
    live: list[Placed] = []
    windows: list[Window] = []
    for vehicle_id, fixes in batch.items():
        window, newer = _late_window(vehicle_id, fixes, states.get(vehicle_id))
        if window is not None:
            windows.append(window)
        live += newer
    windows = await _unstored(connection, windows) if windows else []
    if windows:
        windows, later = await past_work.put_off(connection, windows, states, waiting)
        for work, window in later:
            _leave_for_later(work, window, result)
        await go_again(connection, windows, directory, result, now_ms)
    if live:
        known = {**states, **result.states} if result.states else states
        watched = (directory.fences, directory.limits, directory.watches)
        result.adopt(crossing.step(known, past.columns_of(live), *watched), directory)
        result.fresh += live
    return result


def _leave_for_later(work: Work, window: Window, result: Judgement) -> None:
    """Its fixes are stored now, as believed; what they change is found when it is gone over."""
    result.later.append(work)
    result.fresh += window.fresh
    result.late += len(window.fresh)
    result.past[work.vehicle_id] = (window.fresh[0].fixed_ms, window.fresh[-1].fixed_ms)


def rejudge(
    states: Mapping[int, VehicleState],
    directory: Directory,
    until_ms: int,
    result: Judgement,
    *,
    hears: bool = True,
) -> None:
    """Deal with all that is due up to a time without a fix: changed fences, timers; and, of whom
    what was sent by then is heard, silences.

    Of `states`, all that the caller wants judged anew, and of those that this batch changed: a fix
    may arrive after a change that is later than it.
    """
    current = {**states, **result.states}
    watches = directory.watches if hears else directory.watches.without_silences()
    watched = (directory.limits, watches)
    result.adopt(crossing.rejudge(current, directory.fences, until_ms, *watched), directory)


def _late_window(
    vehicle_id: int, fixes: list[Placed], state: VehicleState | None
) -> tuple[Window | None, list[Placed]]:
    """The part of the fixes that lies in the past, as a window, and the rest.

    A fix older than the last judging of a changed fence is past as well: it may tell that the
    vehicle was elsewhere when the fence changed. So may one that proves a held fix of that age.
    """
    if state is None:
        return None, fixes
    newest_ms, judged_ms = state.newest_ms, state.judged_ms
    first_ms = fixes[0].fixed_ms
    if state.held is None and first_ms > newest_ms and first_ms >= judged_ms:
        return None, fixes
    late = sum(each.fixed_ms <= newest_ms for each in fixes)
    back = sum(each.fixed_ms <= newest_ms or each.fixed_ms < judged_ms for each in fixes)
    if state.held is not None and state.held.fixed_ms < judged_ms:
        back = len(fixes)
    if not back:
        return None, fixes
    if state.held is not None:
        first_ms = min(first_ms, state.held.fixed_ms)
    window = Window(vehicle_id, first_ms, fixes[:back], late=late > 0, judged_ms=judged_ms)
    newer = fixes[back:]
    if newer:
        window.next_ms = newer[0].fixed_ms
    return window, newer


async def _unstored(connection: Connection, windows: Sequence[Window]) -> list[Window]:
    """The windows with those of their fixes that are not stored; without those that have none."""
    keys = [(each.vehicle_id, each.fix.fixed_at) for window in windows for each in window.fresh]
    times = [fixed_at for _, fixed_at in keys]
    rows = await connection.fetch(
        sql.text("load_stored"), [v for v, _ in keys], times, min(times), max(times)
    )
    stored = {(row["vehicle_id"], row["fixed_at"]) for row in rows}
    for window in windows:
        window.fresh = [
            each for each in window.fresh if (each.vehicle_id, each.fix.fixed_at) not in stored
        ]
    return [window for window in windows if window.fresh]


async def go_again(
    connection: Connection,
    windows: Sequence[Window],
    directory: Directory,
    result: Judgement,
    now_ms: int,
) -> None:
    """Go over windows of the past and put the differences into `result`."""
    if not windows:
        return
    tracks = await past.go_over(connection, windows, directory, now_ms)
    await conclude(connection, tracks, directory, result)


async def conclude(
    connection: Connection, tracks: Sequence[Track], directory: Directory, result: Judgement
) -> None:
    """Put into `result` what tracks that were gone over say otherwise than what stands."""
    for track in tracks:
        vehicle_id = track.window.vehicle_id
        result.fresh += track.window.fresh
        result.late += len(track.window.fresh) if track.window.late else 0
        result.untrue.append((vehicle_id, track.after, track.until))
        if track.met is None and track.state is None:
            result.gone.add(vehicle_id)
        elif track.met is None and track.state is not None:
            result.states[vehicle_id] = track.state
            result.went_back.add(vehicle_id)
        _mark(track, result)
        _note_past(track, result)
    standing = await _load_standing(connection, tracks)
    for track in tracks:
        vehicle_id = track.window.vehicle_id
        events = sorted(track.events.values(), key=lambda event: event.order)
        told = told_of(events, directory, late=track.window.late)
        told = [replace(one, leads_to_live=_leads_to_live(one.event, track)) for one in told]
        _compare(told, standing.get(vehicle_id, {}), result)


def _mark(track: Track, result: Judgement) -> None:
    for point in track.points:
        key = (track.window.vehicle_id, point.fixed_ms)
        if point.implausible is None and key in track.implausible:
            result.implausible.add(key)
        elif point.implausible is not None and point.implausible != (key in track.implausible):
            result.marks[key] = not point.implausible


def _note_past(track: Track, result: Judgement) -> None:
    """What the worker made of this past is another one now."""
    window = track.window
    changed = [each.fixed_ms for each in window.fresh] if window.late else []
    if window.erased_to_ms is not None:
        changed += [window.first_ms, window.erased_to_ms]
    changed += [
        point.fixed_ms
        for point in track.points
        if (window.vehicle_id, point.fixed_ms) in result.marks
    ]
    if changed:
        # Some of it may be left for later, and be noted already.
        changed += result.past.get(window.vehicle_id, ())
        result.past[window.vehicle_id] = (min(changed), max(changed))


def _leads_to_live(event: Event, track: Track) -> bool:
    """Whether the live state is what the event led to, rather than something later."""
    if track.met is not None or track.state is None:
        return False
    if event.kind in BY_THEMSELVES:
        return _goes_on(event, track.state)
    visit = track.state.memory.visits.get(event.fence_id or 0)
    if event.kind in ("enter", "present"):
        return visit is not None and visit.inside and visit.opened_ms == event.at_ms
    if event.kind == "exit":
        later = [e for e in track.events.values() if e.fence_id == event.fence_id]
        changes = [e for e in later if e.kind in ("enter", "present", "exit")]
        return max(changes, key=lambda e: e.at_ms).key == event.key
    return visit is not None and visit.inside and visit.opened_ms <= event.at_ms


def _goes_on(event: Event, state: VehicleState) -> bool:
    """A press counts however short it was; of the rest, what has not ended."""
    running = dict(state.memory.signals).get(event.rule_id or 0)
    return event.kind == "duress" or (running is not None and running.first_ms == event.at_ms)


async def _load_standing(
    connection: Connection, tracks: Sequence[Track]
) -> dict[int, dict[UUID, asyncpg.Record]]:
    rows = await connection.fetch(
        sql.text("load_events"),
        [track.window.vehicle_id for track in tracks],
        [track.after for track in tracks],
        [track.until for track in tracks],
    )
    standing: dict[int, dict[UUID, asyncpg.Record]] = {}
    for row in rows:
        standing.setdefault(row["vehicle_id"], {})[row["id"]] = row
    return standing


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
    stands = (
        *(_ms(known[each]) for each in ("not_before", "not_after", "ended_at")),
        *(known[each] for each in ("interpolated", "max_kmh", "length_s", "lowest", "highest")),
    )
    return stands != (
        *(event.not_before_ms, event.not_after_ms, event.ended_ms),
        *(event.interpolated, event.max_kmh, event.length_s, event.lowest, event.highest),
    )


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else unix_ms(moment)


#: Kinds that may stand for each other in an amendment.
ALIKE = {"enter": "opening", "present": "opening"}


def _replaced_by(new: Told, withdrawn: Sequence[asyncpg.Record]) -> asyncpg.Record | None:
    """The withdrawn event that the new one corrects: of its vehicle and fence, same way first."""
    kind = ALIKE.get(new.event.kind, new.event.kind)
    for row in withdrawn:
        same = (row["fence_id"], row["rule_id"]) == (new.event.fence_id, new.event.rule_id)
        if same and ALIKE.get(row["kind"], row["kind"]) == kind:
            return row
    return None
