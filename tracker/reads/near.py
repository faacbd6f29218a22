"""Which vehicles are near a place now, the nearest first, in one scope."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sqlalchemy import Select, func, literal, select

from geo.distance import Floats, bearing_deg, distance_m
from tracker.models import Application, Cluster
from tracker.models.seen import SeenLatest, SeenVehicle
from tracker.reads.latest import as_rows, positions
from tracker.reads.session import Row, Scope
from tracker.reads.vehicles import duty_status, vehicles

#: Metres; of the sphere that is used only to choose whom to measure.
_SPHERE_M: Final = 6_371_009.0
#: How much a sphere of that size may be wrong about a distance on the ellipsoid.
_SPHERE_ERROR: Final = 0.006


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """What is looked for: the `k` nearest of those that fit; None and () ask for nothing."""

    #: WGS 84 degrees.
    lon: float
    lat: float
    k: int = 10
    #: Not farther than this.
    within_m: float | None = None
    #: Vehicles that can do all of these.
    capabilities: Sequence[str] = ()
    #: In one of these duty statuses.
    duty_statuses: Sequence[str] = ()
    #: Of one of these vehicle classes.
    classes: Sequence[str] = ()
    #: Whose latest fix is not older than this.
    max_age_s: float | None = None
    #: Of this application, of an application in this cluster: their refs.
    application: str | None = None
    cluster: str | None = None
    department_id: int | None = None


async def near(scope: Scope, wanted: Near) -> list[Row]:
    """Positions, as `positions` has them, by true distance from the place.

    Beside them distance_m (on the ellipsoid), bearing_deg (from the place to the vehicle), name,
    plate, class, application, capabilities, duty_status. Vehicles that never had a fix are not in.
    """
    candidates = await _candidates(scope, wanted)
    ids, away_m, direction_deg = await asyncio.to_thread(_nearest, wanted, *candidates)
    if not ids:
        return []
    by_id = {row["id"]: row for row in as_rows(await positions(scope, ids=ids))}
    told = {row["id"]: row for row in await vehicles(scope, ids=ids)}
    return [
        {**told[each], **by_id[each], "distance_m": metres, "bearing_deg": degrees}
        for each, metres, degrees in zip(ids, away_m, direction_deg, strict=True)
        if each in by_id and each in told
    ]


async def _candidates(scope: Scope, wanted: Near) -> tuple[list[int], Floats, Floats]:
    """Id, lon and lat of whoever fits, wherever they are: `latest` has no index but its key, and
    reading it whole takes 2 ms (database law 1)."""
    found = _fitting(wanted).subquery()
    arrays = select(*(func.array_agg(column).label(column.key) for column in found.c))
    row = (await scope.execute(arrays)).one()
    lon, lat = (np.array(values or [], dtype=np.float64) for values in (row.lon, row.lat))
    return row.vehicle_id or [], lon, lat


def _fitting(wanted: Near) -> Select[*tuple[Any, ...]]:
    query = (
        select(SeenLatest.vehicle_id, SeenLatest.lon, SeenLatest.lat)
        .join(SeenVehicle, SeenVehicle.id == SeenLatest.vehicle_id)
        .where(SeenVehicle.retired_at.is_(None))
    )
    if wanted.department_id is not None:
        query = query.where(SeenVehicle.department_id == wanted.department_id)
    if wanted.capabilities:
        query = query.where(SeenVehicle.capabilities.contains(list(wanted.capabilities)))
    if wanted.classes:
        query = query.where(SeenVehicle.vehicle_class.in_(wanted.classes))
    if wanted.duty_statuses:
        query = query.where(duty_status().in_(wanted.duty_statuses))
    if wanted.max_age_s is not None:
        now = select(func.milepost_now()).scalar_subquery()
        age = func.make_interval(0, 0, 0, 0, 0, 0, literal(wanted.max_age_s))
        query = query.where(SeenLatest.fixed_at >= now - age)
    if wanted.application is not None or wanted.cluster is not None:
        query = query.join(Application, Application.id == SeenVehicle.application_id)
    if wanted.application is not None:
        query = query.where(Application.ref == wanted.application)
    if wanted.cluster is not None:
        query = query.join(Cluster, Cluster.id == Application.cluster_id)
        query = query.where(Cluster.ref == wanted.cluster)
    return query


def _nearest(
    wanted: Near, ids: list[int], lon: Floats, lat: Floats
) -> tuple[list[int], list[float], list[float]]:
    """Ids, metres and bearings of the nearest, the nearest first; of equals the lower id."""
    if not ids:
        return [], [], []
    numbers, about_m = np.array(ids), _about_m(wanted, lon, lat)
    k = min(wanted.k, len(ids))
    enough_m = np.partition(about_m, k - 1)[k - 1] * (1 + 2 * _SPHERE_ERROR) + 1.0
    chosen = np.flatnonzero(about_m <= enough_m)
    numbers, lon, lat = numbers[chosen], lon[chosen], lat[chosen]
    away_m = distance_m(wanted.lon, wanted.lat, lon, lat)
    order = np.lexsort((numbers, away_m))[:k]
    if wanted.within_m is not None:
        order = order[away_m[order] <= wanted.within_m]
    direction = bearing_deg(wanted.lon, wanted.lat, lon[order], lat[order])
    return numbers[order].tolist(), away_m[order].round(1).tolist(), direction.round(1).tolist()


def _about_m(wanted: Near, lon: Floats, lat: Floats) -> Floats:
    """On a sphere (haversine): a tenth of the time of the ellipsoid."""
    phi, phi_there = np.radians(wanted.lat), np.radians(lat)
    across = np.radians(lon - wanted.lon) / 2.0
    h = np.sin((phi_there - phi) / 2.0) ** 2
    h += np.cos(phi) * np.cos(phi_there) * np.sin(across) ** 2
    return np.asarray(2.0 * _SPHERE_M * np.arcsin(np.sqrt(np.minimum(h, 1.0))))
