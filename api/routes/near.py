"""Who is near a place, and who was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from api.answers import GeoJson, built
from api.caller import InScope, needs
from api.crs import AnswerCrs, Crs, PlaceCrs, PlaceText, asked_place, points
from api.errors import BadParameter
from api.looking import InChosen, InChosenBack
from api.paging import Page
from api.question_models import (
    NearFeature,
    NearVehicle,
    NearVehicles,
    Visitor,
    VisitorFeature,
    Visitors,
)
from api.window import Window, instant
from tracker import reads
from tracker.duty import DutyStatus

router = APIRouter(prefix="/v1", tags=["near"])

RadiusM = Annotated[float, Query(gt=0, le=reads.MOST_RADIUS_M, description="metres")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A place in degrees, how it was asked for, and the coordinates of the answer."""

    lon: float
    lat: float
    asked: dict[str, object]
    crs: Crs


async def _place(
    place: PlaceText, place_crs: PlaceCrs = Crs.CRS84, crs: AnswerCrs = Crs.CRS84
) -> _Place:
    lon, lat = asked_place(place, place_crs)
    asked: dict[str, object] = {"place": place, "place-crs": place_crs.value, "crs": crs.value}
    return _Place(lon=lon, lat=lat, asked=asked, crs=crs)


AskedPlace = Annotated[_Place, Depends(_place)]


async def _fitting(
    capability: Annotated[
        list[str] | None, Query(description="that it has; of several: all of them")
    ] = None,
    status: Annotated[list[DutyStatus] | None, Query(description="or one of several")] = None,
    vehicle_class: Annotated[
        list[str] | None, Query(alias="class", description="or one of several")
    ] = None,
    max_age_s: Annotated[float | None, Query(gt=0, le=1e9, description="of its fix")] = None,
    application: Annotated[str | None, Query(description="its ref")] = None,
    cluster: Annotated[str | None, Query(description="its ref")] = None,
) -> dict[str, Any]:
    return {
        "capabilities": capability or (),
        "duty_statuses": status or (),
        "classes": vehicle_class or (),
        "max_age_s": max_age_s,
        "application": application,
        "cluster": cluster,
    }


@router.get(
    "/near",
    dependencies=[needs("positions:read")],
    response_model=NearVehicles,
    response_class=GeoJson,
)
async def near(
    scope: InScope,
    place: AskedPlace,
    fitting: Annotated[dict[str, Any], Depends(_fitting)],
    chosen: InChosen,
    k: Annotated[int, Query(ge=1, le=1_000, description="how many")] = 10,
    within_m: Annotated[float | None, Query(gt=0, description="not farther")] = None,
) -> GeoJson:
    """The vehicles nearest to a place that fit, the nearest first, by their latest fixes."""
    await chosen.looking.live("near.view", department_id=chosen.department_id)
    wanted = reads.Near(
        lon=place.lon,
        lat=place.lat,
        k=k,
        within_m=within_m,
        department_id=chosen.department_id,
        **fitting,
    )
    rows = await reads.near(scope, wanted)

    def build() -> NearVehicles:
        features = [
            NearFeature(geometry=point, properties=NearVehicle.model_validate(row))
            for row, point in zip(rows, points(place.crs, rows), strict=True)
        ]
        return NearVehicles(features=features)

    return await built(GeoJson, build)


@router.get(
    "/visits", dependencies=[needs("tracks:read")], response_model=Visitors, response_class=GeoJson
)
async def visits(
    scope: InScope,
    place: AskedPlace,
    window: Window,
    page: Page,
    chosen: InChosenBack,
    radius_m: RadiusM = 100.0,
) -> GeoJson:
    """The vehicles that were within some metres of a place between two times, at most 31 days.

    One that drove through between two fixes counts; across a gap nothing is said.
    """
    since, until = map(instant, window)
    if until - since > reads.MOST_WINDOW:
        raise BadParameter(f"Ask for {reads.MOST_WINDOW.days} days at most.")
    asked = reads.Nearby(
        lon=place.lon,
        lat=place.lat,
        radius_m=radius_m,
        since=since,
        until=until,
        department_id=chosen.department_id,
    )
    window, department_id = (since, until), chosen.department_id
    await chosen.looking.each("visits.read", department_id=department_id, window=window)
    found = page.cut(await reads.visitors(scope, asked))
    rows = found[: page.limit]
    times = {"from": since.isoformat(), "to": until.isoformat()}
    beyond = page.next("/v1/visits", found, {**place.asked, **times, "radius_m": radius_m})

    def build() -> Visitors:
        features = [
            VisitorFeature(geometry=point, properties=Visitor.model_validate(row))
            for row, point in zip(rows, points(place.crs, rows), strict=True)
        ]
        return Visitors(features=features, next=beyond)

    return await built(GeoJson, build)
