"""What a slice of the worker makes of one vehicle's fixes, and how far that replaces what stood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from geo.motion import MotionFixes, advance, open_segments, reach
from geo.motion_state import State
from geo.segments import Reach, Segments


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A vehicle that there is something to do for."""

    vehicle_id: int
    gap_ms: int
    rest_gap_ms: int
    #: What its next fix goes on from; None: it begins with its first one.
    state: State | None
    #: Up to where it had been worked through.
    worked_ms: int | None
    #: Set where it goes over its past again: the first and the last time at which that changed.
    changed_from_ms: int | None
    changed_to_ms: int | None
    #: The notes of changes that this work deals with.
    numbers: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What a slice makes of a vehicle's fixes."""

    due: Due
    #: After the last fix read.
    state: State | None
    segments: Segments
    #: The first fix read; None: there was none.
    first_ms: int | None = None
    #: Up to where segments are replaced; None: there is nothing behind.
    until: Reach | None = None
    #: The last fix that counts for it.
    until_ms: int | None = None
    #: It read all of the vehicle's fixes.
    done: bool = True
    #: From when on its past is still to be gone over again.
    rest_from_ms: int | None = None

    @property
    def since(self) -> Reach:
        """From when on segments are replaced.

        Without a checkpoint before the change, from the change or the first fix there is: what was
        made of older ones stands, for they may have gone by their age.
        """
        due = self.due
        if due.state is not None or due.changed_from_ms is None:
            return reach(due.state)
        first_ms = due.changed_from_ms if self.first_ms is None else self.first_ms
        return Reach(*[min(due.changed_from_ms, first_ms)] * 4)

    @property
    def moves_cursor(self) -> bool:
        """The cursor stands behind the last fix read."""
        return self.until is None


def walk(due: Due, fixes: MotionFixes | None, limit: int) -> Worked:
    """Go through what was read; where more is left of the past, up to the last fix read."""
    if fixes is None:
        return Worked(due=due, state=due.state, segments=Segments())
    state, segments = advance(due.state, fixes, due.gap_ms, due.rest_gap_ms)
    done = len(fixes) < limit
    first_ms = int(fixes.fixed_ms[0])
    worked = Worked(due=due, state=state, segments=segments, first_ms=first_ms, done=done)
    behind = state is not None and due.worked_ms is not None and state.fixed_ms < due.worked_ms
    if state is None or done or due.changed_to_ms is None or not behind:
        return worked
    # Where the next slice begins; it is no state that the cursor may take.
    segments.checkpoints.append(state)
    return _up_to(worked, state, rest_from_ms=state.fixed_ms + 1)


def _up_to(worked: Worked, state: State, *, rest_from_ms: int | None = None) -> Worked:
    """What was worked through up to a state between the first and the last."""
    until, made = reach(state), worked.segments
    kept = Segments(
        chunks=[each for each in made.chunks if each.started_ms < until.chunk_ms],
        trips=[each for each in made.trips if each.started_ms < until.trip_ms],
        stops=[each for each in made.stops if each.started_ms < until.stop_ms],
        gaps=[each for each in made.gaps if each.started_ms < until.gap_ms],
        checkpoints=[each for each in made.checkpoints if each.fixed_ms <= state.fixed_ms],
    )
    return Worked(
        due=worked.due,
        state=state,
        segments=kept,
        first_ms=worked.first_ms,
        until=until,
        until_ms=state.fixed_ms,
        rest_from_ms=rest_from_ms,
    )


def past_the_change(worked: Worked) -> list[State]:
    """The checkpoints behind what changed: at one of them the past may go on as it was."""
    changed_to_ms = worked.due.changed_to_ms
    if changed_to_ms is None:
        return []
    return [each for each in worked.segments.checkpoints if each.fixed_ms >= changed_to_ms]


def settled(worked: Worked, known: Mapping[tuple[int, int], State]) -> Worked:
    """Cut off what would come out as it stands already."""
    for state in past_the_change(worked):
        if known.get((worked.due.vehicle_id, state.fixed_ms)) == state:
            return _up_to(worked, state)
    return worked


def all_segments(worked: Worked) -> Segments:
    """What is to be written: with what goes on, where the cursor comes to stand."""
    made = worked.segments
    if worked.state is None or not worked.moves_cursor:
        return made
    begun = open_segments(worked.state)
    return Segments(
        chunks=made.chunks + begun.chunks,
        trips=made.trips + begun.trips,
        stops=made.stops + begun.stops,
        gaps=made.gaps,
        checkpoints=made.checkpoints,
    )
