"""When vehicles are private, as a commit knows it: a part of its snapshot of the registry."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from tracker import sql

if TYPE_CHECKING:
    from tracker.connect import Connection

Keeps = Literal["presence", "nothing"]
#: Times that ended longer ago are only asked of the database for vehicles with fixes of that age:
#: off-duty times of a year would be millions.
REMEMBERED: Final = timedelta(days=2)
FOREVER_MS: Final = 2**62


class Interval(NamedTuple):
    """One private time of a vehicle, milliseconds."""

    vehicle_id: int
    keeps: Keeps
    starts_ms: int
    ends_ms: int


class Spans(NamedTuple):
    """Times that are apart and ascending, milliseconds: from `starts` to before `ends`."""

    starts: list[int]
    ends: list[int]

    def hold(self, moment_ms: int) -> bool:
        """Whether one of them holds that time."""
        at = bisect_right(self.starts, moment_ms) - 1
        return at >= 0 and moment_ms < self.ends[at]


@dataclass(frozen=True, slots=True)
class _Vehicle:
    nothing: Spans
    presence: Spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An interval of which something may be stored still."""

    id: int
    vehicle_id: int
    department_id: int
    keeps: Keeps


@dataclass(slots=True)
class PrivateTimes:
    """By vehicle; a vehicle that was never private costs one look-up."""

    #: Of what ended before this, only `whole` vehicles are known.
    since: datetime | None = None
    by_vehicle: dict[int, _Vehicle] = field(default_factory=dict)
    #: Vehicles of which all is known, however old.
    whole: set[int] = field(default_factory=set)
    #: What was declared and is to be erased yet, in the order of declaring.
    pending: list[Pending] = field(default_factory=list)

    def keeps(self, vehicle_id: int, moment_ms: int) -> Keeps | None:
        """What is kept of a fix of that time; None: all of it."""
        times = self.by_vehicle.get(vehicle_id)
        if times is None:
            return None
        if times.nothing.hold(moment_ms):
            return "nothing"
        return "presence" if times.presence.hold(moment_ms) else None

    def adopt(self, intervals: Iterable[Interval]) -> None:
        """Know these intervals, all that is known of their vehicles."""
        spans: dict[int, dict[str, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
        for each in intervals:
            spans[each.vehicle_id][each.keeps].append((each.starts_ms, each.ends_ms))
        for vehicle_id, by_keeps in spans.items():
            self.by_vehicle[vehicle_id] = _Vehicle(
                _joined(by_keeps["nothing"]), _joined(by_keeps["presence"])
            )


def _joined(spans: list[tuple[int, int]]) -> Spans:
    """The same times without overlaps."""
    joined = Spans([], [])
    for starts, ends in sorted(spans):
        if joined.ends and starts <= joined.ends[-1]:
            joined.ends[-1] = max(joined.ends[-1], ends)
        else:
            joined.starts.append(starts)
            joined.ends.append(ends)
    return joined


async def load(connection: Connection, shard: int | None) -> PrivateTimes:
    """Read those of a shard's vehicles, or of all, inside the caller's transaction."""
    since = await connection.fetchval("SELECT milepost_now()") - REMEMBERED
    times = PrivateTimes(since=since)
    times.adopt(await _intervals(connection, shard, since, None))
    times.pending = [
        Pending(
            id=row["id"],
            vehicle_id=row["vehicle_id"],
            department_id=row["department_id"],
            keeps=row["keeps"],
        )
        for row in await connection.fetch(sql.text("load_pending"), shard)
    ]
    return times


async def load_whole(connection: Connection, times: PrivateTimes, vehicle_ids: set[int]) -> None:
    """Know everything of these vehicles."""
    times.adopt(await _intervals(connection, None, None, sorted(vehicle_ids)))
    times.whole |= vehicle_ids


async def _intervals(
    connection: Connection, shard: int | None, since: datetime | None, those: list[int] | None
) -> list[Interval]:
    rows = await connection.fetch(sql.text("load_private"), shard, since, those)
    return [
        Interval(
            row["vehicle_id"],
            row["keeps"],
            row["starts_ms"],
            FOREVER_MS if row["ends_ms"] is None else row["ends_ms"],
        )
        for row in rows
    ]
