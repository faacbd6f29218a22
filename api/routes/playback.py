"""The past shown again: what vehicles did in a window, its marks, its alerts, its fences."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.answers import GeoJson, Json, built
from api.caller import ChosenDepartment, InScope, needs
from api.errors import BadParameter
from api.found import vehicle_named
from api.looking import InChosenBack, InLookingBack, Looking
from api.playback_frames import MEDIA_TYPE, Frame
from api.playback_models import (
    AllMarks,
    Crossing,
    Marks,
    PlacedStop,
    Playback,
    PlayedAlert,
    PlayedAlerts,
    PlayedFence,
    PlayedFenceFeature,
    PlayedFences,
)
from api.question_models import Gap, Trip
from api.window import Window, instant
from tracker import reads
from tracker.moments import Moment
from tracker.reads import Row, Scope

router = APIRouter(prefix="/v1/playback", tags=["playback"])

#: Of named vehicles, and of all that the caller sees.
MOST_OF_SOME: Final = timedelta(days=1)
MOST_OF_ALL: Final = timedelta(minutes=15)
MOST_VEHICLES: Final = 20
#: Marks of one kind and vehicle; alerts.
_MOST_MARKS: Final = 1_000
_MOST_ALERTS: Final = 1_000

VehicleRefs = Annotated[
    list[str] | None,
    Query(
        alias="vehicle",
        max_length=MOST_VEHICLES,
        description="full refs, one parameter each; without it all that you see",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which window of which vehicles; None: all that the caller sees."""

    since: datetime
    until: datetime
    vehicles: list[Row] | None

    @property
    def ids(self) -> list[int] | None:
        """Their numbers."""
        return None if self.vehicles is None else [each["id"] for each in self.vehicles]

    async def note(self, looking: Looking, what: str, department_id: int | None = None) -> None:
        """Write down that it is read, of each vehicle alone where they are named."""
        window = (self.since, self.until)
        if self.vehicles is None:
            await looking.each(what, department_id=department_id, window=window)
            return
        await asyncio.gather(
            *(looking.each(what, vehicle=each, window=window) for each in self.vehicles)
        )


async def _asked(scope: InScope, window: Window, vehicle: VehicleRefs = None) -> _Asked:
    since, until = map(instant, window)
    most = MOST_OF_ALL if vehicle is None else MOST_OF_SOME
    if until - since > most:
        hint = "" if vehicle else " of all vehicles, or name some"
        raise BadParameter(f"Ask for {most} at most{hint}.")
    if vehicle is None:
        return _Asked(since=since, until=until, vehicles=None)
    named = [await vehicle_named(scope, ref) for ref in dict.fromkeys(vehicle)]
    return _Asked(since=since, until=until, vehicles=[each for each in named if each is not None])


async def _asked_alerts(scope: InScope, window: Window, vehicle: VehicleRefs = None) -> _Asked:
    since, until = map(instant, window)
    if until - since > MOST_OF_SOME:
        raise BadParameter(f"Ask for {MOST_OF_SOME} at most.")
    named = [await vehicle_named(scope, ref) for ref in dict.fromkeys(vehicle or ())]
    of_some = [each for each in named if each is not None] if vehicle is not None else None
    return _Asked(since=since, until=until, vehicles=of_some)


Asked = Annotated[_Asked, Depends(_asked)]
AskedAlerts = Annotated[_Asked, Depends(_asked_alerts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """As known when, how much thinned, written how."""

    known_at: datetime | None
    thinning: reads.Thinning
    form: Literal["json", "binary"]


async def _how(
    known_at: Annotated[
        Moment | None,
        Query(description="as it was known then: only fixes received by then"),
    ] = None,
    tolerance_m: Annotated[
        float,
        Query(
            ge=0,
            le=1_000,
            description="leave out fixes without which no vehicle is ever farther from where it was"
            " than so many metres; 0 leaves out none",
        ),
    ] = 0.0,
    step_s: Annotated[
        int,
        Query(
            ge=1,
            le=3_600,
            description="of those that may go, the last one of each so many seconds stays",
        ),
    ] = 30,
    form: Annotated[
        Literal["json", "binary"],
        Query(alias="format", description="the same columns, as JSON or to be read in place"),
    ] = "json",
) -> _How:
    return _How(
        known_at=None if known_at is None else instant(known_at),
        thinning=reads.Thinning(tolerance_m=tolerance_m, step_s=step_s),
        form=form,
    )


@router.get(
    "",
    dependencies=[needs("tracks:read")],
    response_model=Playback,
    responses={200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def playback(
    scope: InScope, asked: Asked, how: Annotated[_How, Depends(_how)], chosen: InChosenBack
) -> Response:
    """What vehicles did in a window: their fixes in order, when each was received, and where
    nothing is known.

    Each vehicle's last fix before the window (within a day) and its first one behind it are there
    too, so that a window stands alone. A day of named vehicles, 15 minutes of all.
    """
    await asked.note(chosen.looking, "playback.read", chosen.department_id)
    wanted = reads.Shown(
        since=asked.since,
        until=asked.until,
        vehicle_ids=asked.ids,
        department_id=chosen.department_id,
        known_at=how.known_at,
    )
    found = await reads.played(scope, wanted)

    def frame() -> Frame:
        return Frame(reads.thinned(found, how.thinning), asked.since, asked.until)

    if how.form == "binary":
        return Response(
            await asyncio.to_thread(lambda: frame().binary()),
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "private, no-store"},
        )
    window = {"since": asked.since, "until": asked.until}
    return await built(Json, lambda: Playback.model_validate(window | frame().columns()))


@router.get("/marks", dependencies=[needs("tracks:read")], response_model=AllMarks)
async def marks(
    scope: InScope,
    asked: Asked,
    looking: InLookingBack,
) -> Response:
    """Trips, stops, gaps and crossings of named vehicles in a window."""
    if asked.vehicles is None:
        raise BadParameter("Name the vehicles: `vehicle=FSD/AMB-1&vehicle=…`.")
    await asked.note(looking, "playback.marks")
    found = [await _marks_of(scope, vehicle, asked) for vehicle in asked.vehicles]
    lists = [kind for each in found for kind in each.values() if isinstance(kind, list)]
    cut = any(len(each) > _MOST_MARKS for each in lists)
    return await built(Json, lambda: AllMarks(vehicles=list(map(_told, found)), cut=cut))


async def _marks_of(scope: Scope, vehicle: Row, asked: _Asked) -> dict[str, Any]:
    """What a grant does not tell stays empty."""
    window = {"vehicle_id": vehicle["id"], "since": asked.since, "until": asked.until}
    of = reads.Window(**window, limit=_MOST_MARKS + 1)
    own = vehicle["granted"] is None
    return {
        "vehicle": vehicle["vehicle"],
        "trips": await reads.trips(scope, of) if own else [],
        "stops": await reads.stops(scope, of) if own else [],
        "gaps": await reads.gaps(scope, of) if own else [],
        "crossings": await reads.crossings(scope, **window, limit=_MOST_MARKS + 1),
    }


def _told(found: dict[str, Any]) -> Marks:
    def of(kind: str) -> list[Row]:
        rows: list[Row] = found[kind]
        return rows[:_MOST_MARKS]

    return Marks(
        vehicle=found["vehicle"],
        trips=[Trip.model_validate(row) for row in of("trips")],
        stops=[PlacedStop.model_validate(row) for row in of("stops")],
        gaps=[Gap.model_validate(row) for row in of("gaps")],
        crossings=[Crossing.model_validate(row) for row in of("crossings")],
    )


@router.get("/alerts", dependencies=[needs("alerts:read")], response_model=PlayedAlerts)
async def alerts(scope: InScope, asked: AskedAlerts, chosen: InChosenBack) -> Response:
    """Alerts whose event lies in a window or that stood in it, with the states they were in.

    `opened_at` says since when an alert was known: one made of late fixes came after its time.
    """
    await asked.note(chosen.looking, "playback.alerts", chosen.department_id)
    found = await reads.alerts_between(
        scope,
        since=asked.since,
        until=asked.until,
        vehicle_ids=asked.ids,
        department_id=chosen.department_id,
        limit=_MOST_ALERTS + 1,
    )
    rows = found[-_MOST_ALERTS:]
    return await built(
        Json,
        lambda: PlayedAlerts(
            alerts=[PlayedAlert.model_validate(row) for row in rows], cut=len(found) > len(rows)
        ),
    )


@router.get(
    "/fences",
    dependencies=[needs("fences:read")],
    response_model=PlayedFences,
    response_class=GeoJson,
)
async def fences(scope: InScope, window: Window, department_id: ChosenDepartment) -> Response:
    """Every shape that a fence had at any time of a window."""
    since, until = map(instant, window)
    rows = await reads.fences_between(scope, since=since, until=until, department_id=department_id)

    def build() -> PlayedFences:
        return PlayedFences(
            features=[
                PlayedFenceFeature(
                    geometry=row["geometry"], properties=PlayedFence.model_validate(row)
                )
                for row in rows
            ]
        )

    return await built(GeoJson, build)
