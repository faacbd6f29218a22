"""What a vehicle did: trips, stops, gaps, and its odometer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query

from api.answers import GeoJson, built
from api.caller import InScope, needs
from api.crs import AnswerCrs, Crs, pairs, points
from api.found import OwnVehicle
from api.looking import InLookingBack, Looking
from api.question_models import (
    Gap,
    Gaps,
    MultiPoint,
    Odometer,
    Stop,
    StopFeature,
    Stops,
    Trip,
    TripFeature,
    Trips,
)
from api.window import Window, instant
from tracker import reads
from tracker.moments import Moment
from tracker.reads import Row

router = APIRouter(
    prefix="/v1/vehicles/{department}/{ref}", tags=["journal"], dependencies=[needs("tracks:read")]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Which part of a vehicle's journal is wanted."""

    vehicle: Row
    asked: reads.Window
    looking: Looking

    async def note(self, kind: str) -> None:
        """Write down that it is read."""
        window = (self.asked.since, self.asked.until)
        await self.looking.each(f"{kind}.read", vehicle=self.vehicle, window=window)

    def next(self, kind: str, rows: Sequence[Row], crs: Crs) -> str | None:
        """Where the rest is, of a page with one row too many."""
        if len(rows) < self.asked.limit:
            return None
        query = {
            "from": self.asked.since.isoformat(),
            "to": self.asked.until.isoformat(),
            "limit": self.asked.limit - 1,
            "after": rows[-2]["started_at"].isoformat(),
            "crs": crs.value,
        }
        return f"/v1/vehicles/{self.vehicle['vehicle']}/{kind}?{urlencode(query)}"

    def cut(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Without the row too many."""
        return rows[: self.asked.limit - 1]


async def _page(
    vehicle: OwnVehicle,
    window: Window,
    looking: InLookingBack,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    after: Annotated[Moment | None, Query(description="give those that began after it")] = None,
) -> _Page:
    since, until = window
    last: datetime | None = None if after is None else instant(after)
    return _Page(
        vehicle=vehicle,
        looking=looking,
        asked=reads.Window(
            vehicle_id=vehicle["id"], since=since, until=until, after=last, limit=limit + 1
        ),
    )


AskedView = Annotated[_Page, Depends(_page)]


@router.get("/trips", response_model=Trips, response_class=GeoJson)
async def trips(scope: InScope, page: AskedView, crs: AnswerCrs = Crs.CRS84) -> GeoJson:
    """The trips of a vehicle that meet a window."""
    await page.note("trips")
    found = await reads.trips(scope, page.asked)
    rows = page.cut(found)
    beyond = page.next("trips", found, crs)

    def build() -> Trips:
        features = [
            TripFeature(geometry=_both_ends(crs, row), properties=Trip.model_validate(row))
            for row in rows
        ]
        return Trips(features=features, next=beyond)

    return await built(GeoJson, build)


@router.get("/stops", response_model=Stops, response_class=GeoJson)
async def stops(scope: InScope, page: AskedView, crs: AnswerCrs = Crs.CRS84) -> GeoJson:
    """The stops of a vehicle that meet a window."""
    await page.note("stops")
    found = await reads.stops(scope, page.asked)
    rows = page.cut(found)
    beyond = page.next("stops", found, crs)

    def build() -> Stops:
        features = [
            StopFeature(geometry=point, properties=Stop.model_validate(row))
            for row, point in zip(rows, points(crs, rows), strict=True)
        ]
        return Stops(features=features, next=beyond)

    return await built(GeoJson, build)


@router.get("/gaps")
async def gaps(scope: InScope, page: AskedView) -> Gaps:
    """The gaps of a vehicle that meet a window."""
    await page.note("gaps")
    found = await reads.gaps(scope, page.asked)
    rows = page.cut(found)
    told = [Gap.model_validate(row) for row in rows]
    return Gaps(gaps=told, next=page.next("gaps", found, Crs.CRS84))


@router.get("/odometer")
async def odometer(scope: InScope, vehicle: OwnVehicle, looking: InLookingBack) -> Odometer:
    """How far a vehicle has gone in all that is stored of it."""
    await looking.each("odometer.read", vehicle=vehicle)
    found = await reads.odometer(scope, vehicle_id=vehicle["id"])
    nothing = {"distance_m": 0.0, "engine_s": None, "at": None}
    return Odometer.model_validate({**vehicle, **(found or nothing)})


def _both_ends(crs: Crs, row: Row) -> MultiPoint | None:
    places = pairs(crs, [row["start_lon"], row["end_lon"]], [row["start_lat"], row["end_lat"]])
    coordinates = [pair for pair in places if pair is not None]
    return MultiPoint(coordinates=coordinates) if len(coordinates) == len(places) else None
