"""Pages that stand alone: each is one HTML file, to look at, to print, to keep."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse

from api import views
from api.caller import ChosenDepartment, InScope, needs
from api.errors import BadParameter
from api.found import FoundVehicle
from api.language import Language, language_of
from api.looking import InLookingBack, Looking
from api.routes.near import AskedPlace, RadiusM
from api.views import Wanted
from api.window import Window, instant
from tracker import reads
from tracker.reads import Row

router = APIRouter(prefix="/v1/views", tags=["views"], dependencies=[needs("tracks:read")])

#: A vehicle's fixes are bounded anyway; a department's are not.
MOST_OF_VEHICLE: Final = reads.MOST_WINDOW
MOST_OF_DEPARTMENT: Final = timedelta(days=1)
#: `sandbox`: the page has an origin of its own, so no cookie of the console's and no request in its
#: name. Which scripts may run, the page itself says once more, by their hashes.
CONTENT_SECURITY_POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

Lang = Annotated[
    Language | None, Query(description="of the page; without it that of `Accept-Language`")
]
Download = Annotated[str | None, Query(description="keep it as a file: `?download`")]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked(Wanted):
    """A view, and who looks at it."""

    looking: Looking

    async def note(
        self, what: str, *, vehicle: Row | None = None, department_id: int | None = None
    ) -> None:
        """Write down that it is made."""
        window = (self.since, self.until)
        await self.looking.each(
            f"{what}.view", vehicle=vehicle, department_id=department_id, window=window
        )


async def _wanted(
    connection: HTTPConnection, window: Window, looking: InLookingBack, lang: Lang = None
) -> _Asked:
    since, until = map(instant, window)
    if until - since > MOST_OF_VEHICLE:
        raise BadParameter(f"Ask for {MOST_OF_VEHICLE.days} days at most.")
    language = lang or language_of(connection.headers.get("accept-language", ""))
    return _Asked(language=language, since=since, until=until, looking=looking)


AskedView = Annotated[_Asked, Depends(_wanted)]


def _answer(page: str, name: str, download: str | None) -> HTMLResponse:
    kind = "inline" if download is None else "attachment"
    file = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    return HTMLResponse(
        page,
        headers={
            "Content-Security-Policy": CONTENT_SECURITY_POLICY,
            "Content-Disposition": f'{kind}; filename="{file}.html"',
            "Vary": "Accept-Language",
        },
    )


@router.get("/track/{department}/{ref}", response_class=HTMLResponse)
async def track(
    scope: InScope, vehicle: FoundVehicle, wanted: AskedView, download: Download = None
) -> HTMLResponse:
    """A page of where a vehicle went: its way by speed, stops, crossings, silences.

    At most 31 days and 50,000 fixes; the page says what is not on it.
    """
    await wanted.note("track", vehicle=vehicle)
    page = await views.track_view(scope, vehicle, wanted)
    return _answer(page, f"track-{vehicle['vehicle']}-{wanted.since:%Y%m%dT%H%MZ}", download)


@router.get("/near", response_class=HTMLResponse)
async def near(
    scope: InScope,
    place: AskedPlace,
    wanted: AskedView,
    radius_m: RadiusM = 100.0,
    download: Download = None,
) -> HTMLResponse:
    """A page of the vehicles that came within some metres of a place, as `/v1/visits` has them."""
    await wanted.note("near")
    page = await views.near_view(scope, (place.lon, place.lat), radius_m, wanted)
    return _answer(page, f"near-{wanted.since:%Y%m%dT%H%MZ}", download)


@router.get("/heat/{department}", response_class=HTMLResponse)
async def department_heat(
    scope: InScope,
    department: str,
    department_id: ChosenDepartment,
    wanted: AskedView,
    download: Download = None,
) -> HTMLResponse:
    """A page of where a department's vehicles spent their time, of a day at most."""
    if wanted.until - wanted.since > MOST_OF_DEPARTMENT:
        raise BadParameter(f"Ask for {MOST_OF_DEPARTMENT.days} day of a department at most.")
    await wanted.note("heat", department_id=department_id)
    of = await reads.vehicles(scope, department_id=department_id)
    page = await views.heat_view(scope, department, of, wanted, of_one=False)
    return _answer(page, f"heat-{department}-{wanted.since:%Y%m%dT%H%MZ}", download)


@router.get("/heat/{department}/{ref}", response_class=HTMLResponse)
async def vehicle_heat(
    scope: InScope, vehicle: FoundVehicle, wanted: AskedView, download: Download = None
) -> HTMLResponse:
    """A page of where a vehicle spent its time, of 31 days at most."""
    await wanted.note("heat", vehicle=vehicle)
    page = await views.heat_view(scope, vehicle["department"], [vehicle], wanted, of_one=True)
    return _answer(page, f"heat-{vehicle['vehicle']}-{wanted.since:%Y%m%dT%H%MZ}", download)
