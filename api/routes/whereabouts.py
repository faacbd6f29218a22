"""Where vehicles were at an instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from api.answers import GeoJson, built
from api.caller import InScope, needs
from api.crs import AnswerCrs, Crs, points
from api.found import vehicle_named
from api.looking import InChosenBack
from api.paging import Page
from api.question_models import AllWhereabouts, Whereabouts, WhereaboutsFeature
from api.window import instant
from tracker import reads
from tracker.moments import Moment

router = APIRouter(prefix="/v1", tags=["whereabouts"], dependencies=[needs("tracks:read")])

KnownAt = Annotated[
    Moment | None,
    Query(description="the picture as it was known then: only fixes received by then"),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class _When:
    """The instant, and when it was known so."""

    at: datetime
    known_at: datetime | None


async def _when(
    at: Annotated[Moment, Query(description="the instant")], known_at: KnownAt = None
) -> _When:
    return _When(at=instant(at), known_at=None if known_at is None else instant(known_at))


@router.get("/whereabouts", response_model=AllWhereabouts, response_class=GeoJson)
async def whereabouts(
    scope: InScope,
    when: Annotated[_When, Depends(_when)],
    page: Page,
    chosen: InChosenBack,
    vehicle: Annotated[str | None, Query(description="its full ref")] = None,
    crs: AnswerCrs = Crs.CRS84,
) -> GeoJson:
    """Where vehicles were at an instant: between the fixes around it, and how that is known."""
    found_vehicle = await vehicle_named(scope, vehicle)
    await chosen.looking.each(
        "whereabouts.read",
        department_id=chosen.department_id,
        vehicle=found_vehicle,
        window=(when.at, when.at),
    )
    asked = reads.Instant(
        at=when.at,
        known_at=when.known_at,
        vehicle_id=None if found_vehicle is None else found_vehicle["id"],
        department_id=chosen.department_id,
        after=page.after,
        limit=page.limit + 1,
    )
    found = await reads.whereabouts(scope, asked)
    rows = found[: page.limit]
    known_at = None if when.known_at is None else when.known_at.isoformat()
    given = {"at": when.at.isoformat(), "known_at": known_at, "crs": crs.value}
    beyond = page.next("/v1/whereabouts", found, given)

    def build() -> AllWhereabouts:
        features = [
            WhereaboutsFeature(geometry=point, properties=Whereabouts.model_validate(row))
            for row, point in zip(rows, points(crs, rows), strict=True)
        ]
        return AllWhereabouts(features=features, next=beyond)

    return await built(GeoJson, build)
