"""The worker's job that makes tracks, trips, stops, gaps, days and odometers of stored fixes.

It goes on from each vehicle's cursor, a slice of vehicles and fixes at a time, each slice one short
transaction. Where the past of a vehicle changed it begins again at the checkpoint before, and ends
where it comes to a state that it came to before: from there on nothing can differ.

A commit never waits for it. What a commit changes while a slice is worked through is either newer
than all that the slice has read, or told as a `past_change` that the slice has not seen, and so not
taken away either.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geo.fix import from_unix_ms, unix_ms
from geo.limits import limits_of
from geo.motion import MotionFixes
from geo.motion_state import State
from tracker import motion_rows, sql
from tracker.connect import told
from tracker.motion_rows import BEGINNING
from tracker.motion_work import Due, Worked, past_the_change, settled, walk

if TYPE_CHECKING:
    import asyncpg

    from tracker.connect import Connection, Pool

#: A vehicle's open end is written anew no more often than this.
REFRESH_S: Final = 20.0
#: At most so many vehicles a slice, and about so many fixes; a busy machine gets smaller slices.
VEHICLES_A_SLICE: Final = 250
FIXES_A_SLICE: Final = 8_000
#: No transaction may last over a second: a slice that takes longer than this halves the next.
SLOW_S: Final = 0.4
LEAST_PACE: Final = 1 / 32


@dataclass(slots=True)
class MotionJob:
    """Works through motion; one instance a worker process."""

    pool: Pool
    refresh_s: float = REFRESH_S
    fixes_a_slice: int = FIXES_A_SLICE
    #: Share of a whole slice that is done at once.
    pace: float = 1.0
    counters: dict[str, int] = field(
        default_factory=lambda: {"slices": 0, "fixes": 0, "vehicles": 0, "again": 0}
    )

    async def run(self) -> bool:
        """Work through one slice; True if it found something to do. Raises DatabaseUnreachable."""
        began = time.monotonic()
        with told():
            async with self.pool.acquire() as connection, connection.transaction():
                more = await self.work_slice(connection)
        is_slow = time.monotonic() - began > SLOW_S
        self.pace = max(self.pace / 2, LEAST_PACE) if is_slow else min(self.pace * 1.25, 1.0)
        return more

    async def drain(self) -> None:
        """Work until nothing is left."""
        while await self.run():
            pass

    async def work_slice(self, connection: Connection) -> bool:
        """`run` inside the caller's transaction."""
        await connection.execute(sql.text("begin_motion"))
        rows = await connection.fetch(
            sql.text("due_motion"),
            timedelta(seconds=self.refresh_s),
            int(VEHICLES_A_SLICE * self.pace),
        )
        if not rows:
            return False
        due = [_due(row) for row in rows]
        limit = max(int(self.fixes_a_slice * self.pace) // len(due), 1)
        fixes = await _load_fixes(connection, due, limit)
        walked = [walk(each, fixes.get(each.vehicle_id), limit) for each in due]
        known = await _known_checkpoints(connection, walked)
        await motion_rows.store(connection, [settled(each, known) for each in walked])
        self.counters["slices"] += 1
        self.counters["vehicles"] += len(due)
        self.counters["fixes"] += sum(map(len, fixes.values()))
        self.counters["again"] += sum(each.changed_to_ms is not None for each in due)
        return bool(fixes) or any(each.numbers for each in due)


def _due(row: asyncpg.Record) -> Due:
    seldomest_s = max(row["moving_interval_s"], row["stopped_interval_s"])
    return Due(
        vehicle_id=row["vehicle_id"],
        gap_ms=limits_of(row["vehicle_class"], row["moving_interval_s"]).gap_ms,
        rest_gap_ms=limits_of(row["vehicle_class"], seldomest_s).gap_ms,
        state=State.from_json(row["state"]) if row["state"] else None,
        worked_ms=unix_ms(row["worked_to"]) if row["worked_to"] else None,
        changed_from_ms=unix_ms(row["from_at"]) if row["again"] else None,
        changed_to_ms=unix_ms(row["to_at"]) if row["again"] else None,
        numbers=row["numbers"] or (),
    )


async def _load_fixes(
    connection: Connection, due: Sequence[Due], limit: int
) -> dict[int, MotionFixes]:
    rows = await connection.fetch(
        sql.text("load_motion_fixes"),
        [each.vehicle_id for each in due],
        [from_unix_ms(each.state.fixed_ms) if each.state else BEGINNING for each in due],
        limit,
    )
    if not rows:
        return {}
    table: list[tuple[Any, ...]] = list(zip(*(row.values() for row in rows), strict=True))
    vehicle_id = np.array(table[0], dtype=np.int64)
    columns = MotionFixes(
        department_id=np.array(table[1], dtype=np.int64),
        fixed_ms=np.array(table[2], dtype=np.int64),
        lon=np.array(table[3], dtype=np.float64),
        lat=np.array(table[4], dtype=np.float64),
        speed_mps=np.array(table[5], dtype=np.float64),
        ignition=np.array([-1 if on is None else on for on in table[6]], dtype=np.int8),
    )
    ids, starts = np.unique(vehicle_id, return_index=True)
    ends = np.append(starts[1:], len(vehicle_id))
    return {
        vehicle: columns.part(start, end)
        for vehicle, start, end in zip(ids.tolist(), starts.tolist(), ends.tolist(), strict=True)
    }


async def _known_checkpoints(
    connection: Connection, worked: Sequence[Worked]
) -> Mapping[tuple[int, int], State]:
    asked = [
        (each.due.vehicle_id, from_unix_ms(state.fixed_ms))
        for each in worked
        for state in past_the_change(each)
    ]
    if not asked:
        return {}
    rows = await connection.fetch(
        sql.text("load_checkpoints"), *map(list, zip(*asked, strict=True))
    )
    return {(row["vehicle_id"], unix_ms(row["at"])): State.from_json(row["state"]) for row in rows}
