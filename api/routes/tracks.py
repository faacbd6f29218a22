"""Where a vehicle was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api import exports
from api.answers import GeoJson, built
from api.caller import InScope, needs
from api.crs import AnswerCrs, Crs, whole_line
from api.errors import BadParameter
from api.found import FoundVehicle
from api.geojson import line
from api.looking import InLookingBack
from api.track_models import Simplified, Track, TrackProperties
from api.window import Window, instant
from geo.limits import limits_of
from geo.simplify import MAX_TOLERANCE_M
from tracker import reads
from tracker.moments import Moment
from tracker.reads import Row

router = APIRouter(prefix="/v1", tags=["tracks"], dependencies=[needs("tracks:read")])

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=50_000,
        description="fixes that are read; 10,000, or 50,000 where they are simplified",
    ),
]
SimplifyM = Annotated[
    float | None,
    Query(
        ge=0,
        le=MAX_TOLERANCE_M,
        description="leave out fixes that lie within so many metres of the rest of the way; ends of"
        " gaps and stops, and fixes beside a fence's crossing, always stay",
    ),
]
Points = Annotated[
    int | None,
    Query(
        ge=2,
        le=50_000,
        description="leave out the least significant fixes, so that so many are left; `simplified`"
        " tells the tolerance in metres that came of it",
    ),
]
KnownAt = Annotated[
    Moment | None,
    Query(description="the track as it was known then: only fixes received by then"),
]
Include = Annotated[
    Literal["implausible"] | None, Query(description="also fixes that are marked implausible")
]

#: Fixes that are read without `limit`; of those that are simplified, more.
BY_DEFAULT: Final = 10_000
SIMPLIFIED_BY_DEFAULT: Final = 50_000
_COLUMNS: Final = (
    "received_at",
    "speed_mps",
    "course_deg",
    "heading_deg",
    "accuracy_m",
    "altitude_m",
    "ignition",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How a track is wanted, and the same as parameters of the next page."""

    limit: int
    implausible: bool
    tolerance_m: float | None
    points: int | None
    known_at: datetime | None
    crs: Crs
    query: Mapping[str, object]


async def _asked(
    limit: Limit = None,
    include: Include = None,
    simplify_m: SimplifyM = None,
    points: Points = None,
    known_at: KnownAt = None,
    crs: AnswerCrs = Crs.CRS84,
) -> _Asked:
    if simplify_m is not None and points is not None:
        raise BadParameter("simplify_m and points cannot be asked for together: leave out one.")
    whole = simplify_m is None and points is None
    known_at = None if known_at is None else instant(known_at)
    given: dict[str, object] = {
        "limit": limit or (BY_DEFAULT if whole else SIMPLIFIED_BY_DEFAULT),
        "include": include,
        "simplify_m": simplify_m,
        "points": points,
        "known_at": None if known_at is None else known_at.isoformat(),
        "crs": None if crs is Crs.CRS84 else crs.value,
    }
    return _Asked(
        limit=limit or (BY_DEFAULT if whole else SIMPLIFIED_BY_DEFAULT),
        implausible=include is not None,
        tolerance_m=simplify_m,
        points=points,
        known_at=known_at,
        crs=crs,
        query={name: value for name, value in given.items() if value is not None},
    )


@router.get(
    "/vehicles/{department}/{ref}/track",
    response_model=Track,
    response_class=GeoJson,
    responses=exports.RESPONSES,
)
async def track(
    scope: InScope,
    vehicle: FoundVehicle,
    window: Window,
    export: exports.InExport,
    looking: InLookingBack,
    asked: Annotated[_Asked, Depends(_asked)],
) -> Response:
    """The fixes of a vehicle between two times, oldest first: a page of them, all or simplified, or
    the whole as a file."""
    since, until = window
    if export is not None:
        exports.refuse_metres(asked.crs)
        _refuse_fewer(asked)
        await looking.each("track.export", vehicle=vehicle, window=window)
        return await export.answer(
            scope, vehicle, since=since, until=until, implausible=asked.implausible
        )
    stretch = reads.Stretch(
        vehicle_id=vehicle["id"],
        since=since,
        until=until,
        limit=asked.limit,
        implausible=asked.implausible,
        known_at=asked.known_at,
    )
    await looking.each("track.read", vehicle=vehicle, window=window)
    found, simplified = await _read(scope, vehicle, stretch, asked)
    told = {
        "vehicle": vehicle["vehicle"],
        "department": vehicle["department"],
        "granted": vehicle["granted"],
        "from": since,
        "to": until,
        "implausible": found.columns["implausible"] if asked.implausible else None,
        "simplified": simplified,
        "next": _next(vehicle["vehicle"], found.goes_on_at, until, asked.query),
    }
    return await built(GeoJson, lambda: _feature(told, found.columns, asked.crs))


def _refuse_fewer(asked: _Asked) -> None:
    if (asked.tolerance_m, asked.points, asked.known_at) != (None, None, None):
        raise BadParameter("A file is of all fixes: simplify_m, points and known_at are for pages.")


async def _read(
    scope: InScope, vehicle: Row, stretch: reads.Stretch, asked: _Asked
) -> tuple[reads.Track, Simplified | None]:
    if asked.tolerance_m is None and asked.points is None:
        return await reads.track(scope, stretch), None
    gap_ms = limits_of(vehicle["class"], vehicle["interval_s"][0]).gap_ms
    how = reads.Coarseness(tolerance_m=asked.tolerance_m, points=asked.points, gap_ms=gap_ms)
    found = await reads.simplified(scope, stretch, how)
    return found.track, Simplified(of=found.read, tolerance_m=round(found.tolerance_m, 2))


def _feature(told: Mapping[str, object], columns: Mapping[str, list[Any]], crs: Crs) -> Track:
    values = {name: columns[name] for name in _COLUMNS}
    return Track(
        geometry=line(whole_line(crs, columns["lon"], columns["lat"])),
        properties=TrackProperties.model_validate({**told, "times": columns["fixed_at"], **values}),
    )


def _next(
    vehicle: str, goes_on_at: datetime | None, until: datetime, asked: Mapping[str, object]
) -> str | None:
    if goes_on_at is None:
        return None
    query = {"from": goes_on_at.isoformat(), "to": until.isoformat(), **asked}
    return f"/v1/vehicles/{vehicle}/track?{urlencode(query)}"
