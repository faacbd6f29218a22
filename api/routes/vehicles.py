"""Vehicles, and where they are."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Query
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.answers import GeoJson, Json, Known, standing
from api.caller import ChosenDepartment, InCaller, InScope, needs
from api.crs import AnswerCrs, AskedBox, BoxCrs, Crs, asked_area, asked_box, pairs
from api.errors import BadParameter, NotFound
from api.exports import POSITIONS_RESPONSES, AskedTable, positions_file, refuse_metres
from api.found import OwnVehicle
from api.looking import InLooking, Looking
from api.models import (
    Application,
    Applications,
    Duty,
    DutyChange,
    Position,
    Positions,
    Vehicle,
    VehicleDetails,
    Vehicles,
)
from api.private_models import PrivateTime, PrivateTimes
from api.service import service_of
from api.window import instant
from geo.areas import Area
from tracker import reads
from tracker.connect import set_scope
from tracker.duty import set_duty
from tracker.moments import Moment
from tracker.reads import Columns, Granted, Scope

_PROPERTIES: Final = tuple(Position.model_fields)

router = APIRouter(prefix="/v1", tags=["vehicles"])

#: So many are written in the time that a change of threads takes: 2 ms a thousand.
FEW: Final = 1_000
#: So far may a caller's clock be ahead of ours.
CLOCKS_DIFFER = timedelta(seconds=60)

PolygonText = Annotated[
    str | None,
    Query(
        alias="polygon",
        max_length=20_000,
        description="well-known text of a POLYGON or MULTIPOLYGON, its border included:"
        " `POLYGON((114.1 22.3, 114.2 22.3, 114.2 22.4, 114.1 22.3))`, in the coordinates of"
        " `bbox-crs`",
    ),
]
BoxText = Annotated[str | None, Query(alias="bbox", description="west,south,east,north")]


@dataclass(frozen=True, slots=True)
class _Inside:
    """Where positions are asked for; None: anywhere."""

    box: AskedBox | None
    area: Area | None


async def _inside(
    box: BoxText = None, polygon: PolygonText = None, box_crs: BoxCrs = Crs.CRS84
) -> _Inside:
    return _Inside(
        asked_box(box, box_crs) if box is not None else None,
        asked_area(polygon, box_crs) if polygon is not None else None,
    )


@router.get(
    "/vehicles", dependencies=[needs("vehicles:read")], response_model=Vehicles, response_class=Json
)
async def vehicles(
    scope: InScope,
    department_id: ChosenDepartment,
    retired_after: Annotated[
        Moment | None, Query(description="also those that were retired after it")
    ] = None,
    known: Known = None,
) -> Response:
    """What stays the same about vehicles while they move."""
    after = None if retired_after is None else instant(retired_after)
    rows = await reads.vehicles(scope, department_id=department_id, retired_after=after)
    return await standing(
        known, Json, lambda: Vehicles(vehicles=[Vehicle.model_validate(row) for row in rows])
    )


@router.get("/applications", dependencies=[needs("vehicles:read")])
async def applications(scope: InScope) -> Applications:
    """The applications of the vehicles that the caller sees, and their clusters."""
    rows = await reads.applications(scope)
    return Applications(applications=[Application.model_validate(row) for row in rows])


@router.get(
    "/positions",
    dependencies=[needs("positions:read")],
    response_model=Positions,
    response_class=GeoJson,
    responses=POSITIONS_RESPONSES,
)
async def positions(
    connection: HTTPConnection,
    caller: InCaller,
    department_id: ChosenDepartment,
    inside: Annotated[_Inside, Depends(_inside)],
    crs: AnswerCrs = Crs.CRS84,
    format_: AskedTable = "geojson",
) -> Response:
    """The latest fix of each vehicle, or of those in a box and in a polygon."""
    service = service_of(connection)
    if format_ != "geojson":
        refuse_metres(crs)
        async with service.reader.scope(*caller.sight) as scope:
            looking = Looking(connection, caller, scope)
            await looking.each("positions.export", department_id=department_id)
            rows = reads.as_rows(await _latest(scope, department_id, inside))
            names = {each["id"]: each["name"] for each in await reads.vehicles(scope)}
        return await positions_file(
            format_, [{**row, "name": names.get(row["id"], {})} for row in rows]
        )

    async def read() -> tuple[Granted, bytes]:
        async with service.reader.scope(*caller.sight) as scope:
            granted = await reads.granted_vehicles(scope)
            found = await _latest(scope, department_id, inside)
        if len(found["id"]) <= FEW:
            return granted, _text(found, crs)
        return granted, await asyncio.to_thread(_text, found, crs)

    question = ("positions", caller.sight, department_id, inside, crs)
    granted, text = await service.together.answer(question, read)
    # Each who is shown them stands in the audit, whoever's read it was.
    looking = Looking(connection, caller, None)
    await looking.live("positions.view", department_id=department_id, granted=granted)
    return GeoJson(text)


@router.get("/vehicles/{department}/{ref}", dependencies=[needs("vehicles:read")])
async def vehicle(
    scope: InScope,
    caller: InCaller,
    looking: InLooking,
    department: str,
    ref: str,
    crs: AnswerCrs = Crs.CRS84,
) -> VehicleDetails:
    """One vehicle, also a retired one, and where it is, to whoever may know."""
    row = await reads.vehicle(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    position = None
    may_know = caller.within("positions:read")
    if department in may_know.refs.values() or (row["granted"] and may_know.refs):
        await looking.live("vehicle.view", vehicle=row)
        # What is granted to a department where they may not know is not told.
        await set_scope(scope, *may_know.sight)
        latest = await reads.positions(scope, ids=[row["id"]])
        position = next(iter(_features(latest, crs)), None)
    return VehicleDetails.model_validate({**row, "position": position})


@router.put("/vehicles/{department}/{ref}/duty", dependencies=[needs("duty:write")])
async def duty(
    scope: InScope, caller: InCaller, department: str, ref: str, change: DutyChange
) -> Duty:
    """Say what a vehicle of the caller's departments is doing. The newest `since` holds."""
    if change.since is not None and change.since > datetime.now(UTC) + CLOCKS_DIFFER:
        raise BadParameter("(since is in the future)")
    since = await set_duty(
        scope,
        department=department,
        ref=ref,
        status=change.status,
        since=change.since,
        by=caller.label,
    )
    return Duty(vehicle=f"{department}/{ref}", status=change.status, since=since)


async def _latest(scope: Scope, department_id: int | None, inside: _Inside) -> Columns:
    box = inside.box
    found = await reads.positions(
        scope,
        department_id=department_id,
        box=box.degrees if box is not None else None,
        area=inside.area,
    )
    return found if box is None else box.holding(found)


def _features(found: Columns, crs: Crs) -> list[dict[str, Any]]:
    """As `PositionFeature` has them."""
    told = zip(*(found[name] for name in _PROPERTIES), strict=True)
    return [
        {
            "type": "Feature",
            "geometry": None if pair is None else {"type": "Point", "coordinates": pair},
            "properties": dict(zip(_PROPERTIES, values, strict=True)),
        }
        for values, pair in zip(told, pairs(crs, found["lon"], found["lat"]), strict=True)
    ]


def _text(found: Columns, crs: Crs) -> bytes:
    """A `Positions`. Through the models ten thousand take 75 ms instead of 25, and nobody else gets
    an answer meanwhile."""
    features = _features(found, crs)
    return orjson.dumps(
        {"type": "FeatureCollection", "features": features}, option=orjson.OPT_UTC_Z
    )


@router.get(
    "/vehicles/{department}/{ref}/private",
    dependencies=[needs("tracks:read")],
    response_model=PrivateTimes,
)
async def private_times(scope: InScope, vehicle: OwnVehicle) -> PrivateTimes:
    """When no position of a vehicle is kept, and why."""
    times = await reads.private_times(scope, vehicle=vehicle["vehicle"])
    return PrivateTimes(
        vehicle=vehicle["vehicle"],
        private_times=[
            PrivateTime.model_validate({**each, "from": each["since"], "to": each["until"]})
            for each in times
        ],
    )
