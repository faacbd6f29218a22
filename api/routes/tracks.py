"""Where a vehicle was."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from api.answers import GeoJson, built
from api.caller import SCHEMES, InScope
from api.crs import AnswerCrs, Crs, whole_line
from api.errors import BadParameter, NotFound
from api.geojson import line
from api.models import Track, TrackProperties
from tracker import reads
from tracker.reads import Row

router = APIRouter(prefix="/v1", tags=["tracks"], dependencies=SCHEMES)

From = Annotated[AwareDatetime | None, Query(alias="from", description="an hour before `to`")]
To = Annotated[AwareDatetime | None, Query(alias="to", description="not included; now")]
Limit = Annotated[int, Query(ge=1, le=50_000)]
Include = Annotated[
    Literal["implausible"] | None, Query(description="also fixes that are marked implausible")
]

#: How long a track is without `from`.
BY_DEFAULT: Final = timedelta(hours=1)
_COLUMNS: Final = (
    "received_at",
    "speed_mps",
    "course_deg",
    "heading_deg",
    "accuracy_m",
    "altitude_m",
    "ignition",
)


def _window(since: From = None, until: To = None) -> tuple[datetime, datetime]:
    """Times out of PostgreSQL's or Python's reach cannot be asked for."""
    try:
        until = (until or datetime.now(UTC)).astimezone(UTC)
        since = since.astimezone(UTC) if since is not None else until - BY_DEFAULT
    except OverflowError:
        raise BadParameter("`from` or `to` is no time of this world.") from None
    if since >= until:
        raise BadParameter("`from` must be before `to`.")
    return since, until


#: Since when and until when; raises BadParameter.
Window = Annotated[tuple[datetime, datetime], Depends(_window)]


async def _vehicle(scope: InScope, department: str, ref: str) -> Row:
    vehicle = await reads.vehicle(scope, department=department, ref=ref)
    if vehicle is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    return vehicle


@router.get("/vehicles/{department}/{ref}/track", response_model=Track, response_class=GeoJson)
async def track(
    scope: InScope,
    vehicle: Annotated[Row, Depends(_vehicle)],
    window: Window,
    limit: Limit = 10_000,
    include: Include = None,
    crs: AnswerCrs = Crs.CRS84,
) -> GeoJson:
    """The fixes of a vehicle between two times, oldest first."""
    since, until = window
    found = await reads.track(
        scope,
        vehicle_id=vehicle["id"],
        since=since,
        until=until,
        limit=limit,
        implausible=include is not None,
    )
    query: dict[str, object] = {"limit": limit}
    query |= {} if include is None else {"include": include}
    query |= {} if crs is Crs.CRS84 else {"crs": crs.value}
    told = {
        "vehicle": vehicle["vehicle"],
        "department": vehicle["department"],
        "from": since,
        "to": until,
        "implausible": None if include is None else found.columns["implausible"],
        "next": _next(vehicle["vehicle"], found.goes_on_at, until, query),
    }
    return await built(GeoJson, lambda: _feature(told, found.columns, crs))


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
