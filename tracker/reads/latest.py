"""Where vehicles are now, in one scope: their latest fixes, as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from sqlalchemy import ColumnElement, Double, Select, and_, cast, func, or_, select

from geo.areas import Area
from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG, wrap_lon
from geo.fix import HDOP_M
from tracker.models import Department
from tracker.models.seen import SeenLatest, SeenVehicle
from tracker.reads.motion import MOTIONS, motion_codes
from tracker.reads.session import Row, Scope, columns_of
from tracker.reads.vehicles import FULL_REF, GRANTED, chosen, duty_status

#: west, south, east, north in degrees; west > east goes across the antimeridian.
Box = tuple[float, float, float, float]
#: By name, a value of each vehicle in the same order.
Columns = Mapping[str, Sequence[Any]]

#: Decimal digits by column: without the noise that four-byte floats show as doubles, 3.0999999.
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
) -> Columns:
    """The latest fix of each vehicle that is not retired, or of some vehicles whatever they are.

    box and area choose by where it is, their borders included; an area may run on beyond 180, as
    `geo.shapes.build_shape` makes it.

    id, vehicle, department, lon, lat, fixed_at, received_at, age_s, speed_mps, course_deg,
    heading_deg, accuracy_m, altitude_m, ignition, inputs, motion (one of MOTIONS), source (one of
    SOURCES), quality (one of QUALITIES: by accuracy_m, else by the dilution), duty_status,
    granted, purpose, granted_until (as `vehicles` has them).
    """
    query = _latest().where(chosen(ids))
    if department_id is not None:
        query = query.where(SeenVehicle.department_id == department_id)
    for each in (box, None if area is None else _box_of(area)):
        if each is not None:
            query = query.where(_inside(each))
    found = await columns_of(scope, query)
    return _told(found if area is None else among(found, _within(found, area)))


def among(columns: Columns, wanted: Sequence[bool] | npt.NDArray[np.bool_]) -> Columns:
    """Those vehicles that are wanted."""
    each = np.asarray(wanted, dtype=bool).tolist()
    return {name: list(compress(column, each)) for name, column in columns.items()}


def as_rows(columns: Columns) -> list[Row]:
    """The same as a row for each vehicle."""
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _box_of(area: Area) -> Box:
    west, south, east, north = area.bounds
    if east - west >= FULL_TURN_DEG:
        return -FULL_TURN_DEG, south, FULL_TURN_DEG, north
    if east > HALF_TURN_DEG:
        east = float(wrap_lon(east))
    return west, south, east, north


def _within(columns: Columns, area: Area) -> npt.NDArray[np.bool_]:
    lon, lat = (np.array(columns[name], dtype=float) for name in ("lon", "lat"))
    shapely.prepare(area)
    inside: npt.NDArray[np.bool_] = shapely.intersects_xy(area, lon, lat)
    return inside | shapely.intersects_xy(area, lon + FULL_TURN_DEG, lat)


def _inside(box: Box) -> ColumnElement[bool]:
    """Plain comparisons: `latest` has no index but its key, and needs none (database law 1)."""
    west, south, east, north = box
    between = and_ if west <= east else or_
    return and_(
        between(SeenLatest.lon >= west, SeenLatest.lon <= east),
        SeenLatest.lat >= south,
        SeenLatest.lat <= north,
    )


def _told(columns: Columns) -> Columns:
    rounded = {
        name: [None if value is None else round(value, digits) for value in columns[name]]
        for name, digits in ROUNDED.items()
    }
    speeds = np.array(columns["speed_mps"], dtype=float)
    ignitions = np.array([-1 if on is None else on for on in columns["ignition"]], dtype=np.int8)
    return {
        **columns,
        **rounded,
        "motion": [MOTIONS[code] for code in motion_codes(speeds, ignitions).tolist()],
        "source": [SOURCES[heard] for heard in columns["ais"]],
        "quality": [_quality(error_m) for error_m in columns["error_m"]],
    }


def _quality(error_m: float | None) -> str:
    return QUALITIES[0 if error_m is None else 1 + (error_m > GOOD_M) + (error_m > FAIR_M)]
