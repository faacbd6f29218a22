"""The track of one vehicle: its fixes over an interval, in order of time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, true

from tracker.models.seen import SeenFix, SeenVehicle
from tracker.reads.columns import rounded
from tracker.reads.errors import NoLongerSeen
from tracker.reads.session import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Fixes in order of time, as columns of one length.

    lon, lat, fixed_at, received_at, ignition, implausible, altitude_m, speed_mps, course_deg,
    heading_deg, accuracy_m, hdop, satellites, mode, ais. Gaps are not marked: they show in the
    times.
    """

    columns: Mapping[str, list[Any]]
    #: The time of the first fix that the limit cut off, None if none.
    goes_on_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Which fixes of a vehicle: since <= fixed_at < until, at most `limit`, the oldest first."""

    vehicle_id: int
    since: datetime
    until: datetime
    limit: int
    #: Also those that are marked.
    implausible: bool = False
    #: Only what was received by then. Marks are those of now.
    known_at: datetime | None = None


_COLUMNS: Final = (
    func.ST_X(SeenFix.geom).label("lon"),
    func.ST_Y(SeenFix.geom).label("lat"),
    *(SeenFix.fixed_at, SeenFix.received_at, SeenFix.ignition, SeenFix.implausible),
    *(
        rounded(SeenFix.altitude_m, 1),
        rounded(SeenFix.speed_mps, 2),
        rounded(SeenFix.course_deg, 1),
    ),
    *(rounded(SeenFix.heading_deg, 1), rounded(SeenFix.accuracy_m, 1), rounded(SeenFix.hdop, 2)),
    *(SeenFix.satellites, SeenFix.mode, SeenFix.ais),
)


async def track(scope: Scope, asked: Stretch) -> Track:
    """The fixes of a stretch, those that are marked implausible only if told so."""
    limit = asked.limit
    fixes = (
        select(*_COLUMNS)
        .where(SeenFix.vehicle_id == asked.vehicle_id)
        .where(SeenFix.fixed_at >= asked.since, SeenFix.fixed_at < asked.until)
        .where(true() if asked.implausible else ~SeenFix.implausible)
        .where(true() if asked.known_at is None else SeenFix.received_at <= asked.known_at)
        .order_by(SeenFix.fixed_at)
        .limit(limit + 1)
        .subquery()
    )
    # One row of arrays: a fifth of the time of as many rows.
    arrays = (func.array_agg(column).label(column.key) for column in fixes.c)
    row = (await scope.execute(select(*arrays))).one()
    columns = {name: values or [] for name, values in row._mapping.items()}
    times = columns["fixed_at"]
    return Track(
        columns={name: values[:limit] for name, values in columns.items()},
        goes_on_at=times[limit] if len(times) > limit else None,
    )


#: How many fixes a page has: some megabytes, and some tens of milliseconds of one transaction.
PAGE: Final = 10_000


async def pages(
    scope: Callable[[], AbstractAsyncContextManager[Scope]],
    *,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    implausible: bool = False,
    held: Scope | None = None,
) -> AsyncIterator[Mapping[str, list[Any]]]:
    """The columns of a whole track, however long, each page a transaction of its own (law 7).

    Who holds a transaction already gives it as `held`, for the first page: whoever holds one and
    waits for another may wait for ever. A fix that comes late, while this goes on, is in it if it
    belongs behind the page at hand. Raises NoLongerSeen where a grant ends meanwhile, so that no
    file looks whole that is not.
    """
    next_: datetime | None = since
    while next_ is not None:
        mine = nullcontext(held) if held is not None and next_ == since else scope()
        async with mine as transaction:
            asked = Stretch(
                vehicle_id=vehicle_id,
                since=next_,
                until=until,
                limit=PAGE,
                implausible=implausible,
            )
            page = await track(transaction, asked)
            if next_ != since and not await _is_seen(transaction, vehicle_id):
                raise NoLongerSeen
        yield page.columns
        next_ = page.goes_on_at


async def _is_seen(scope: Scope, vehicle_id: int) -> bool:
    query = select(SeenVehicle.id).where(SeenVehicle.id == vehicle_id).limit(1)
    return await scope.scalar(query) is not None
