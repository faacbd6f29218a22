"""Going over long stretches of the past behind what is live, a portion a transaction.

A portion goes from a checkpoint over some thousand fixes to where the vehicle is settled again, and
leaves a checkpoint there: so the next one goes on from it, also after a kill.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from geo import crossing
from geo.crossing import VehicleState
from geo.fix import from_unix_ms
from geo.limits import DEFAULT_LIMITS
from tracker import judging, past, sql
from tracker.directory import Directory
from tracker.judging import Judgement
from tracker.past import ALWAYS, Point, Track, Window
from tracker.past_work import Work

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Fixes of one portion: a tenth of a second.
PORTION: Final = 2000
#: Until the vehicle is settled, so many more at a time.
SOME_MORE: Final = 50


async def go_on(
    connection: Connection, work: Work, directory: Directory, live: VehicleState | None, now_ms: int
) -> tuple[Judgement, Work | None]:
    """Go over a portion of it in the caller's transaction; what changes, and what is left."""
    judged_ms = 0 if live is None else live.judged_ms
    window = Window(work.vehicle_id, work.first_ms, late=work.late, judged_ms=judged_ms)
    [track] = await past.begun(connection, [window], directory)
    going = _Going(connection, track, directory)
    is_end = await going.over(work.last_ms)
    judgement, left = Judgement(), None
    if is_end:
        past.let_time_pass([track], directory, now_ms)
    elif track.met is None and track.state is not None:
        # From here on it is as before: the next portion begins here.
        track.met = judgement.kept[work.vehicle_id] = track.state
        first_ms = track.state.fixed_ms + 1
        left = replace(work, first_ms=first_ms, last_ms=max(work.last_ms, first_ms))
    await judging.conclude(connection, [track], directory, judgement)
    return judgement, left


class _Going:
    """One track, a portion at a time."""

    def __init__(self, connection: Connection, track: Track, directory: Directory) -> None:
        self._connection = connection
        self._track = track
        self._directory = directory

    async def over(self, last_ms: int) -> bool:
        """Go over a portion; True where it came to the live end, else it met or is settled."""
        points = await self._next(PORTION)
        if self._meets(points, last_ms):
            return False
        is_end = len(points) < PORTION
        while not is_end and not self._is_settled():
            points = await self._next(SOME_MORE)
            self._step(points)
            is_end = len(points) < SOME_MORE
        return is_end

    def _meets(self, points: Sequence[Point], last_ms: int) -> bool:
        """Step through them; True once a checkpoint behind all that is late comes out as it was."""
        times, at = [point.fixed_ms for point in points], 0
        for end in self._track.ends:
            if end.fixed_ms < last_ms:
                continue
            upto = bisect_right(times, end.fixed_ms)
            if not upto or times[upto - 1] != end.fixed_ms:
                break
            self._step(points[at:upto])
            at = upto
            if self._track.state == end:
                self._track.met = end
                return True
        self._step(points[at:])
        return False

    async def _next(self, most: int) -> list[Point]:
        state = self._track.state
        points = self._track.points
        last_ms = points[-1].fixed_ms if points else None
        if last_ms is None and state is not None:
            last_ms = state.newest_ms
        after = ALWAYS if last_ms is None else from_unix_ms(last_ms)
        rows = await self._connection.fetch(
            sql.text("load_track_part"), self._track.window.vehicle_id, after, most
        )
        return [past.point_of_row(row) for row in rows]

    def _step(self, points: Sequence[Point]) -> None:
        if not points:
            return
        track, directory = self._track, self._directory
        vehicle_id = track.window.vehicle_id
        track.points += points
        states = {} if track.state is None else {vehicle_id: track.state}
        watched = (directory.fences, directory.limits, directory.watches)
        track.adopt(crossing.step(states, past.columns([(vehicle_id, points)]), *watched))

    def _is_settled(self) -> bool:
        state = self._track.state
        limits = self._directory.limits.get(self._track.window.vehicle_id, DEFAULT_LIMITS)
        return state is not None and state.is_settled(limits.gap_ms)
