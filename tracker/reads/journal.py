"""What a vehicle did: its trips, stops and gaps in a window, and its odometer, in one scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select

from tracker.models import Application, Gap, Odometer, Stop, Trip
from tracker.reads.session import Row, Scope, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A stretch of time of a vehicle: what goes on in it, begun after `after` (None: any)."""

    vehicle_id: int
    since: datetime
    #: Not included.
    until: datetime
    after: datetime | None = None
    limit: int


async def trips(scope: Scope, asked: Window) -> list[Row]:
    """started_at, ended_at, ends_by, application, start_lon, start_lat, end_lon, end_lat,
    distance_m, moving_s, idling_s, max_speed_mps, fixes; by started_at."""
    query = select(
        *(Trip.started_at, Trip.ended_at, Trip.ends_by, Application.ref.label("application")),
        *(Trip.start_lon, Trip.start_lat, Trip.end_lon, Trip.end_lat),
        *(Trip.distance_m, Trip.moving_s, Trip.idling_s, Trip.max_speed_mps, Trip.fixes),
    ).outerjoin(Application, Application.id == Trip.application_id)
    return await rows_of(scope, _in_window(query, Trip, asked))


async def stops(scope: Scope, asked: Window) -> list[Row]:
    """started_at, ended_at (None while it lasts), begins_by, ends_by, lon, lat, idling_s, fixes; by
    started_at."""
    query = select(
        *(Stop.started_at, Stop.ended_at, Stop.begins_by, Stop.ends_by),
        *(Stop.lon, Stop.lat, Stop.idling_s, Stop.fixes),
    )
    return await rows_of(scope, _in_window(query, Stop, asked))


async def gaps(scope: Scope, asked: Window) -> list[Row]:
    """started_at (the last fix before), ended_at (the first after); by started_at."""
    return await rows_of(scope, _in_window(select(Gap.started_at, Gap.ended_at), Gap, asked))


async def odometer(scope: Scope, *, vehicle_id: int) -> Row | None:
    """distance_m, engine_s, at; None of a vehicle that never moved or was never worked through."""
    query = select(Odometer.distance_m, Odometer.engine_s, Odometer.at)
    found = await rows_of(scope, query.where(Odometer.vehicle_id == vehicle_id))
    return next(iter(found), None)


def _in_window(
    query: Select[*tuple[Any, ...]], kind: type[Trip | Stop | Gap], asked: Window
) -> Select[*tuple[Any, ...]]:
    """Those that meet the window.

    Of one vehicle they do not overlap, so only the last one begun before the window can reach in.
    """
    reaching = (
        select(func.max(kind.started_at))
        .where(kind.vehicle_id == asked.vehicle_id, kind.started_at <= asked.since)
        .scalar_subquery()
    )
    query = query.where(
        kind.vehicle_id == asked.vehicle_id,
        kind.started_at >= func.coalesce(reaching, asked.since),
        kind.started_at < asked.until,
        or_(kind.ended_at.is_(None), kind.ended_at >= asked.since),
    )
    if asked.after is not None:
        query = query.where(kind.started_at > asked.after)
    return query.order_by(kind.started_at).limit(asked.limit)
