"""Vehicles and where they are now, in one scope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import numpy as np
import shapely
from sqlalchemy import ColumnElement, Double, ScalarSelect, Select, and_, cast, func, or_, select
from sqlalchemy.dialects.postgresql import array

from geo.areas import Area
from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG, wrap_lon
from geo.fix import HDOP_M
from tracker.models import Application, Cluster, Department, DutyStatus
from tracker.models.seen import SEEN_VEHICLES, SeenLatest, SeenVehicle
from tracker.reads.motion import MOTIONS, motion_codes
from tracker.reads.private import is_private_now
from tracker.reads.session import Row, Scope, rows_of

#: west, south, east, north in degrees; west > east goes across the antimeridian.
Box = tuple[float, float, float, float]

#: Decimal digits by column.
ROUNDED = {
    "speed_mps": 2,
    "course_deg": 1,
    "heading_deg": 1,
    "accuracy_m": 1,
    "altitude_m": 1,
}

#: How far off the position may be: good up to 10 m, fair up to 50 m, poor beyond.
QUALITIES = ("unknown", "good", "fair", "poor")
GOOD_M, FAIR_M = 10.0, 50.0

#: Told by a receiver on board, or heard of it by AIS.
SOURCES = ("receiver", "ais")

FULL_REF = (Department.ref + "/" + SeenVehicle.ref).label("vehicle")


#: What a grant says of a vehicle that is another department's: all None of own ones.
GRANTED = (SEEN_VEHICLES.c.granted, SEEN_VEHICLES.c.purpose, SEEN_VEHICLES.c.granted_until)


def duty_status() -> ScalarSelect[str]:
    """What `Vehicle` does now."""
    return (
        select(DutyStatus.status)
        .where(DutyStatus.vehicle_id == SeenVehicle.id)
        .order_by(DutyStatus.since.desc())
        .limit(1)
        .scalar_subquery()
    )


def _described() -> Select[*tuple[Any, ...]]:
    return (
        select(
            SeenVehicle.id,
            FULL_REF,
            SeenVehicle.department_id,
            Department.ref.label("department"),
            SeenVehicle.name,
            SeenVehicle.plate,
            SeenVehicle.vehicle_class.label("class"),
            Application.ref.label("application"),
            SeenVehicle.capabilities,
            duty_status().label("duty_status"),
            is_private_now().label("private"),
            array([SeenVehicle.moving_interval_s, SeenVehicle.stopped_interval_s]).label(
                "interval_s"
            ),
            SeenVehicle.retired_at,
            *GRANTED,
        )
        .join(Department, Department.id == SeenVehicle.department_id)
        .outerjoin(Application, Application.id == SeenVehicle.application_id)
    )


async def vehicles(
    scope: Scope,
    *,
    department_id: int | None = None,
    ids: Sequence[int] | None = None,
    retired_after: datetime | None = None,
) -> list[Row]:
    """What stays the same while vehicles move; of all that are not retired, or only after a time,
    or of some whatever they are.

    id, vehicle (full ref), department_id, department, name, plate, class, application,
    capabilities, duty_status, private (now, so nobody is told where it is), interval_s [moving,
    stopped], retired_at, granted, purpose, granted_until (of another department's: how much is
    told, what for, until when).
    """
    query = _described().order_by(Department.ref, SeenVehicle.ref)
    there = _chosen(ids)
    if retired_after is not None:
        there = or_(there, SeenVehicle.retired_at > retired_after)
    query = query.where(there)
    if department_id is not None:
        query = query.where(SeenVehicle.department_id == department_id)
    return await rows_of(scope, query)


async def vehicle(scope: Scope, *, department: str, ref: str) -> Row | None:
    """One vehicle as `vehicles` has it, also a retired one; None where this scope has none."""
    query = _described().where(Department.ref == department, SeenVehicle.ref == ref)
    return next(iter(await rows_of(scope, query)), None)


@cache
def _latest() -> Select[*tuple[Any, ...]]:
    """Made once: to make it took longer than the database needs for a hundred vehicles."""
    age = cast(func.extract("epoch", func.milepost_now() - SeenLatest.fixed_at), Double)
    return (
        select(
            SeenVehicle.id,
            FULL_REF,
            Department.ref.label("department"),
            *(SeenLatest.lon, SeenLatest.lat, SeenLatest.fixed_at, SeenLatest.received_at),
            age.label("age_s"),
            *(
                SeenLatest.speed_mps,
                SeenLatest.course_deg,
                SeenLatest.heading_deg,
                SeenLatest.accuracy_m,
            ),
            *(SeenLatest.altitude_m, SeenLatest.ignition, SeenLatest.inputs, SeenLatest.ais),
            func.coalesce(SeenLatest.accuracy_m, SeenLatest.hdop * HDOP_M).label("error_m"),
            duty_status().label("duty_status"),
            *GRANTED,
        )
        .join(SeenVehicle, SeenVehicle.id == SeenLatest.vehicle_id)
        .join(Department, Department.id == SeenVehicle.department_id)
        .order_by(Department.ref, SeenVehicle.ref)
    )


async def positions(
    scope: Scope,
    *,
    department_id: int | None = None,
    box: Box | None = None,
    area: Area | None = None,
    ids: Sequence[int] | None = None,
) -> list[Row]:
    """The latest fix of each vehicle that is not retired, or of some vehicles whatever they are.

    box and area choose by where it is, their borders included; an area may run on beyond 180, as
    `geo.shapes.build_shape` makes it.

    id, vehicle, department, lon, lat, fixed_at, received_at, age_s, speed_mps, course_deg,
    heading_deg, accuracy_m, altitude_m, ignition, inputs, motion (one of MOTIONS), source (one of
    SOURCES), quality (one of QUALITIES: by accuracy_m, else by the dilution), duty_status,
    granted, purpose, granted_until (as `vehicles` has them).
    """
    query = _latest().where(_chosen(ids))
    if department_id is not None:
        query = query.where(SeenVehicle.department_id == department_id)
    for each in (box, None if area is None else _box_of(area)):
        if each is not None:
            query = query.where(_inside(each))
    rows = await rows_of(scope, query)
    return _with_motion(rows if area is None else _within(rows, area))


async def applications(scope: Scope) -> list[Row]:
    """Those that a vehicle of this scope belongs to, by ref: application, department,
    department_name, name, cluster, cluster_name (both None without a cluster)."""
    seen = select(SeenVehicle.application_id).where(SeenVehicle.retired_at.is_(None))
    query = (
        select(
            Application.ref.label("application"),
            Department.ref.label("department"),
            Department.name.label("department_name"),
            Application.name,
            Cluster.ref.label("cluster"),
            Cluster.name.label("cluster_name"),
        )
        .join(Department, Department.id == Application.department_id)
        .outerjoin(Cluster, Cluster.id == Application.cluster_id)
        .where(Application.id.in_(seen))
        .order_by(Application.ref)
    )
    return await rows_of(scope, query)


def _chosen(ids: Sequence[int] | None) -> ColumnElement[bool]:
    return (
        SeenVehicle.retired_at.is_(None) if ids is None else SeenVehicle.id == func.any(list(ids))
    )


def _box_of(area: Area) -> Box:
    west, south, east, north = area.bounds
    if east - west >= FULL_TURN_DEG:
        return -FULL_TURN_DEG, south, FULL_TURN_DEG, north
    if east > HALF_TURN_DEG:
        east = float(wrap_lon(east))
    return west, south, east, north


def _within(rows: Sequence[Row], area: Area) -> list[Row]:
    lon, lat = (np.array([row[name] for row in rows], dtype=float) for name in ("lon", "lat"))
    shapely.prepare(area)
    inside = shapely.intersects_xy(area, lon, lat)
    inside |= shapely.intersects_xy(area, lon + FULL_TURN_DEG, lat)
    return [row for row, is_in in zip(rows, inside.tolist(), strict=True) if is_in]


def _inside(box: Box) -> ColumnElement[bool]:
    """Plain comparisons: `latest` has no index but its key, and needs none (database law 1)."""
    west, south, east, north = box
    between = and_ if west <= east else or_
    return and_(
        between(SeenLatest.lon >= west, SeenLatest.lon <= east),
        SeenLatest.lat >= south,
        SeenLatest.lat <= north,
    )


def _with_motion(rows: Sequence[Row]) -> list[Row]:
    speeds = np.array([row["speed_mps"] for row in rows], dtype=float)
    ignitions = np.array([_code(row["ignition"]) for row in rows], dtype=np.int8)
    codes = motion_codes(speeds, ignitions).tolist()
    return [_moving(row, MOTIONS[code]) for row, code in zip(rows, codes, strict=True)]


def _moving(row: Row, motion: str) -> Row:
    """Without the noise that four-byte floats show as doubles: 3.0999999."""
    told = dict(row)
    for name, digits in ROUNDED.items():
        if (value := told[name]) is not None:
            told[name] = round(value, digits)
    told["motion"] = motion
    told["source"] = SOURCES[told["ais"]]
    told["quality"] = _quality(told["error_m"])
    return told


def _quality(error_m: float | None) -> str:
    return QUALITIES[0 if error_m is None else 1 + (error_m > GOOD_M) + (error_m > FAIR_M)]


def _code(ignition: bool | None) -> int:
    return -1 if ignition is None else int(ignition)


async def vehicle_refs(scope: Scope, ids: Collection[int]) -> dict[int, str]:
    """The full refs of those that the scope sees, by id."""
    query = (
        select(SeenVehicle.id, FULL_REF)
        .join(Department, Department.id == SeenVehicle.department_id)
        .where(SeenVehicle.id.in_(ids))
    )
    return {row.id: row.vehicle for row in await scope.execute(query)}
