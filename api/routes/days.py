"""What vehicles did day by day."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.answers import Json, built
from api.caller import ChosenDepartment, InScope, needs
from api.errors import BadParameter
from api.found import vehicle_named
from api.looking import InLookingBack
from api.question_models import Days, DayTotals
from tracker import reads
from tracker.moments import Day
from tracker.reads import Row

router = APIRouter(prefix="/v1", tags=["days"], dependencies=[needs("tracks:read")])

MOST: Final = timedelta(days=366)
BY_DEFAULT: Final = timedelta(days=6)
_COLUMNS: Final = tuple(DayTotals.model_fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Which days and sums."""

    first: date | None
    last: date | None
    by: reads.By
    vehicle: str | None
    application: str | None


async def _asked(
    first: Annotated[Day | None, Query(alias="from", description="six before `to`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="included; today")] = None,
    by: reads.By = "vehicle",
    vehicle: Annotated[str | None, Query(description="its full ref")] = None,
    application: Annotated[str | None, Query(description="its ref")] = None,
) -> _Asked:
    return _Asked(first=first, last=last, by=by, vehicle=vehicle, application=application)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """How much of it, and how it is written."""

    limit: int
    after: tuple[date, str] | None
    kind: str


async def _page(
    limit: Annotated[int, Query(ge=1, le=50_000)] = 10_000,
    after: Annotated[
        str | None,
        Query(
            pattern=r"^\d{4}-\d\d-\d\d,", max_length=150, description="day,ref: give those after it"
        ),
    ] = None,
    kind: Annotated[
        Literal["json", "csv"], Query(alias="format", description="`csv` has no `next`")
    ] = "json",
) -> _Page:
    if after is None:
        return _Page(limit=limit, after=None, kind=kind)
    day, _, ref = after.partition(",")
    try:
        return _Page(limit=limit, after=(date.fromisoformat(day), ref), kind=kind)
    except ValueError:
        raise BadParameter(f"`after` is day,ref, not {after!r}.") from None


@router.get(
    "/days",
    response_model=Days,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def days(
    scope: InScope,
    asked: Annotated[_Asked, Depends(_asked)],
    page: Annotated[_Page, Depends(_page)],
    department_id: ChosenDepartment,
    looking: InLookingBack,
) -> Response:
    """What vehicles did on some days, each alone or in sums; at most 366 days."""
    first, last = await _bounds(scope, asked)
    vehicle = await vehicle_named(scope, asked.vehicle)
    window = (datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC))
    await looking.each("days.read", department_id=department_id, vehicle=vehicle, window=window)
    wanted = reads.Days(
        first=first,
        last=last,
        by=asked.by,
        vehicle_id=None if vehicle is None else vehicle["id"],
        department_id=department_id,
        application=asked.application,
        after=page.after,
        limit=page.limit + 1,
    )
    found = await reads.days(scope, wanted)
    rows = found[: page.limit]
    if page.kind == "csv":
        if len(found) > page.limit:
            raise BadParameter(f"That is more than {page.limit} rows: ask for fewer days at once.")
        return Response(_as_csv(rows), media_type="text/csv; charset=utf-8; header=present")
    given = {"from": first, "to": last, "by": asked.by, "vehicle": asked.vehicle}
    beyond = _next(found, page, {**given, "application": asked.application})
    time_zone = await reads.time_zone(scope)

    def build() -> Days:
        told = [DayTotals.model_validate(row) for row in rows]
        return Days(by=asked.by, time_zone=time_zone, days=told, next=beyond)

    return await built(Json, build)


async def _bounds(scope: InScope, asked: _Asked) -> tuple[date, date]:
    try:
        last = asked.last or await reads.today(scope)
        first = asked.first or last - BY_DEFAULT
    except OverflowError:
        raise BadParameter("`to` is no day of this world.") from None
    if first > last:
        raise BadParameter("`from` must not be after `to`.")
    if last - first > MOST:
        raise BadParameter(f"Ask for {MOST.days} days at most.")
    return first, last


def _next(found: Sequence[Row], page: _Page, asked: Mapping[str, object]) -> str | None:
    if len(found) <= page.limit:
        return None
    last = found[page.limit - 1]
    given = {name: value for name, value in asked.items() if value is not None}
    given |= {"limit": page.limit, "after": f"{last['day']},{last['ref']}"}
    return f"/v1/days?{urlencode(given)}"


def _as_csv(rows: Sequence[Row]) -> str:
    """RFC 4180; its texts are refs, which begin with a letter or a digit: no formula."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
