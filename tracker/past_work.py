"""Stretches of the past that are too long for a commit: rows that wait until they are gone over.

A commit that stores late fixes goes over their stretch at once where that is short. Of a long one
it only writes down that it is to be done, in the same transaction; so nothing is forgotten, and
what is live does not wait. Until it is done, events of that stretch stand as they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geo.crossing import VehicleState
from geo.fix import from_unix_ms, unix_ms
from tracker import sql
from tracker.past import Window

if TYPE_CHECKING:
    from tracker.connect import Connection

#: A window with more fixes than this to go over is left for later: some milliseconds.
AT_ONCE: Final = 200
#: Nor does one commit go over more than this in all, of however many vehicles: some tenths of a
#: second, in which its transaction is idle.
AT_ONCE_IN_ALL: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A stretch of a vehicle's past that is to be gone over."""

    vehicle_id: int
    department_id: int
    #: Before this the events are those of the fixes.
    first_ms: int
    #: Nothing later made it necessary.
    last_ms: int
    #: Late fixes made it so.
    late: bool = True

    def joined(self, other: Work) -> Work:
        """Both in one."""
        return Work(
            vehicle_id=self.vehicle_id,
            department_id=self.department_id,
            first_ms=min(self.first_ms, other.first_ms),
            last_ms=max(self.last_ms, other.last_ms),
            late=self.late or other.late,
        )


async def load(connection: Connection, shard: int) -> dict[int, Work]:
    """All that waits in a shard, by vehicle, what has waited longest first."""
    return {
        row["vehicle_id"]: Work(
            vehicle_id=row["vehicle_id"],
            department_id=row["department_id"],
            first_ms=unix_ms(row["first_at"]),
            last_ms=unix_ms(row["last_at"]),
            late=row["late"],
        )
        for row in await connection.fetch(sql.text("load_past_work"), shard)
    }


async def store(connection: Connection, works: Sequence[Work]) -> None:
    """Write down what is to be done, in place of what was."""
    if works:
        await connection.execute(
            sql.text("store_past_work"),
            [each.vehicle_id for each in works],
            [each.department_id for each in works],
            [from_unix_ms(each.first_ms) for each in works],
            [from_unix_ms(each.last_ms) for each in works],
            [each.late for each in works],
        )


async def settle(connection: Connection, work: Work, left: Work | None) -> None:
    """Write down that it is done, but for what is left."""
    if left is not None:
        await store(connection, [left])
    else:
        await connection.execute("DELETE FROM past_work WHERE vehicle_id = $1", work.vehicle_id)


async def put_off(
    connection: Connection,
    windows: Sequence[Window],
    states: Mapping[int, VehicleState],
    waiting: Mapping[int, Work],
) -> tuple[list[Window], list[tuple[Work, Window]]]:
    """Of windows of late fixes those that are gone over at once, and what is left for later.

    Only fixes older than the latest believed one may wait: what is newer moves the vehicle. Where
    something of a vehicle waits already, all that is late of it waits.
    """
    counts = await _counts(connection, windows)
    now, later, left = [], [], AT_ONCE_IN_ALL
    for window in windows:
        late, rest = _cut(window, states[window.vehicle_id])
        count = counts[window.vehicle_id]
        long = window.vehicle_id in waiting or count > min(AT_ONCE, left)
        if late is None or not long:
            now.append(window)
            left -= count
            continue
        work = _work(late)
        before = waiting.get(window.vehicle_id)
        later.append((work if before is None else work.joined(before), late))
        if rest is not None:
            now.append(rest)
    return now, later


def _work(late: Window) -> Work:
    return Work(
        vehicle_id=late.vehicle_id,
        department_id=late.fresh[0].department_id,
        first_ms=late.fresh[0].fixed_ms,
        last_ms=late.fresh[-1].fixed_ms,
    )


def _cut(window: Window, state: VehicleState) -> tuple[Window | None, Window | None]:
    """What is older than the vehicle's latest believed fix, and the rest."""
    older = [each for each in window.fresh if each.fixed_ms < state.fixed_ms]
    if not older:
        return None, window
    late = Window(window.vehicle_id, older[0].fixed_ms, older, judged_ms=window.judged_ms)
    rest = window.fresh[len(older) :]
    if not rest:
        return late, None
    first_ms = rest[0].fixed_ms
    if state.held is not None:
        first_ms = min(first_ms, state.held.fixed_ms)
    is_late = rest[0].fixed_ms <= state.newest_ms
    return late, Window(window.vehicle_id, first_ms, rest, late=is_late, judged_ms=window.judged_ms)


async def _counts(connection: Connection, windows: Sequence[Window]) -> dict[int, int]:
    """How many fixes each would go over, counted up to one too many."""
    rows = await connection.fetch(
        sql.text("count_to_go_over"),
        [window.vehicle_id for window in windows],
        [from_unix_ms(window.fresh[0].fixed_ms) for window in windows],
        [from_unix_ms(window.fresh[-1].fixed_ms) for window in windows],
        AT_ONCE + 1,
    )
    stored = {row["vehicle_id"]: row["fixes"] for row in rows}
    return {w.vehicle_id: stored[w.vehicle_id] + len(w.fresh) for w in windows}
