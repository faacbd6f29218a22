"""Whole files of fences: taken in as a plan that is shown or done, and given out."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.caller import InCaller, InScope, needs
from api.changing import MOST_WHY, InOnce, Made, author, may_change
from api.errors import BadParameter, FileRefused
from api.fence_models import Changed, Imported, RefusedFeature
from api.shape_words import refused_in
from geo.shapes import Territory
from tracker import reads
from tracker.fence_edits import territory_of
from tracker.fence_files import formats
from tracker.fence_files.formats import Reading
from tracker.fence_files.gpx import Widths
from tracker.fence_plan import Plan, Refused, Wanted, apply, plan, wanted
from tracker.reads import Row

changes = APIRouter(prefix="/v1", tags=["fences"], dependencies=[needs("fences:write")])

#: How a file is called that is sent as this.
SUFFIXES: Final = {
    "application/geo+json": ".geojson",
    "application/json": ".geojson",
    "application/vnd.google-earth.kml+xml": ".kml",
    "application/gpx+xml": ".gpx",
    "application/zip": ".zip",
}
FileFormat = Literal["geojson", "kml", "gpx", "shp"]
#: Beside GeoJSON, what a list of fences may be given out as: suffix and media type.
FILES: Final = {
    "kml": (".kml", "application/vnd.google-earth.kml+xml"),
    "gpx": (".gpx", "application/gpx+xml"),
    "shp": (".zip", "application/zip"),
}
#: So many of each list an answer names; the counts are of all.
MOST_TOLD: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is to become of the file."""

    dry_run: bool
    replace: bool
    skip_bad: bool
    reading: Reading
    suffix: str
    why: str | None


async def _suffix(request: Request) -> str:
    """Asked before all else: of what kind the file is."""
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in SUFFIXES:
        raise HTTPException(415, f"Send one of {', '.join(SUFFIXES)} as `Content-Type`.")
    return SUFFIXES[said]


async def _reading(
    file_crs: Annotated[
        str | None, Query(pattern=r"^EPSG:\d{1,6}$", description="where the file does not say it")
    ] = None,
    radius_m: Annotated[float, Query(gt=0, le=1_000_000, description="of a GPX waypoint")] = 100.0,
    each_side_m: Annotated[float, Query(gt=0, le=1_000_000, description="of a GPX track")] = 50.0,
) -> Reading:
    return Reading(crs=file_crs, widths=Widths(radius_m=radius_m, each_side_m=each_side_m))


async def _asked(
    reading: Annotated[Reading, Depends(_reading)],
    suffix: Annotated[str, Depends(_suffix)],
    *,
    dry_run: Annotated[bool, Query(description="only say what would be done")] = False,
    replace: Annotated[bool, Query(description="edit fences whose ref is in use")] = False,
    skip_bad: Annotated[bool, Query(description="store the others; else all or nothing")] = False,
    why: Annotated[str | None, Query(max_length=MOST_WHY)] = None,
) -> _Asked:
    how = {"dry_run": dry_run, "replace": replace, "skip_bad": skip_bad}
    return _Asked(**how, reading=reading, suffix=suffix, why=why)


@changes.post(
    "/fences/import",
    response_model=Imported,
    openapi_extra={
        "requestBody": {"required": True, "content": {each: {"schema": {}} for each in SUFFIXES}}
    },
)
async def import_(
    request: Request,
    scope: InScope,
    caller: InCaller,
    once: InOnce,
    asked: Annotated[_Asked, Depends(_asked)],
    department: str,
) -> Response:
    """Make the fences of a file, as `milepost fence import` does, in one transaction.

    GeoJSON, KML, GPX or a zipped shapefile, by `Content-Type`, of 32 MB and 50,000 fences at most.
    `dry_run` only tells the difference. One feature that cannot be a fence stops all of it, unless
    `skip_bad`: the problem's `errors` then say which, where and why.
    """
    department_id = may_change(caller, department, "fences")

    async def act() -> Made:
        content, box = await request.body(), await territory_of(scope)
        asks = await reads.awake(
            scope, lambda: _read(content, asked.suffix, asked.reading, department, box)
        )
        made = await plan(scope, department, asks)
        if not asked.replace:
            made.refuse_known("file")
        done = not asked.dry_run and (asked.skip_bad or not made.refused)
        if not asked.dry_run and not done:
            raise FileRefused(lambda language: _told(made.refused, language))
        if done:
            await apply(scope, department, made, author(caller, asked.why))
        return Made(_answer(made, done=done), status=HTTPStatus.OK)

    return await once.do(department_id, act)


def _read(content: bytes, suffix: str, how: Reading, department: str, box: Territory) -> Wanted:
    with tempfile.TemporaryDirectory(prefix="milepost-") as folder:
        path = Path(folder) / f"file{suffix}"
        path.write_bytes(content)
        return wanted(formats.read(path, how), department, box)


def _answer(made: Plan, *, done: bool) -> Imported:
    lists: dict[str, list[Any]] = {
        "created": [new.ref for new, _ in made.create],
        "changed": [Changed(ref=new.ref, what=what) for new, what in made.edit],
        "unchanged": made.unchanged,
        "refused": [_refused(each) for each in made.refused],
    }
    counts = {name: len(each) for name, each in lists.items()}
    shown = {name: each[:MOST_TOLD] for name, each in lists.items()}
    return Imported.model_validate({"done": done, "counts": counts, **shown})


def _refused(one: Refused) -> RefusedFeature:
    return RefusedFeature.model_validate(
        {
            **{"where": one.where, "ref": one.ref, "place": one.place},
            "code": one.code if one.fault is None else one.fault.reason,
            "reason": {language: refused_in(one, language) for language in ("en", "zh-Hant")},
        }
    )


def _told(refused: list[Refused], language: str) -> list[dict[str, Any]]:
    """As problems have it."""
    return [
        {
            "at": [one.where, *([one.ref] if one.ref else [])],
            "detail": refused_in(one, language),
            "reason": one.code if one.fault is None else one.fault.reason,
            "place": one.place,
        }
        for one in refused[:MOST_TOLD]
    ]


async def file_of(rows: list[Row], name: FileFormat) -> Response:
    """Fences of one department as a file that `import` reads again; raises BadParameter."""
    if len({row["department"] for row in rows}) > 1:
        raise BadParameter("A file is of one department: name it as `department`.")
    suffix, media_type = FILES[name]
    return Response(
        await asyncio.to_thread(_written, rows, suffix),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="fences{suffix}"'},
    )


def _written(rows: list[Row], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="milepost-") as folder:
        path = Path(folder) / f"fences{suffix}"
        formats.write(path, rows)
        return path.read_bytes()
