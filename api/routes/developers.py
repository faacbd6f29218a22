"""The developers' portal at /developers: its page, what it is made of, and where problems lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse

import maps
from api.errors import NotFound, known_problems

#: Pages for people: no part of the API.
router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(maps.__file__).parent / "developers"
_FILES: Final = {
    "reference": ("reference.html", "text/html"),
    "developers.js": ("developers.js", "text/javascript"),
    "elements.js": ("elements.js", "text/javascript"),
    "examples.js": ("examples.js", "text/javascript"),
    "reference.js": ("reference.js", "text/javascript"),
    "words.js": ("words.js", "text/javascript"),
    "developers.css": ("developers.css", "text/css"),
    "examples.json": ("examples.json", "application/json"),
}
_ANEW: Final = {"Cache-Control": "no-cache"}


@router.get("/developers")
def to_portal() -> RedirectResponse:
    """Its files are named beside it."""
    return RedirectResponse("developers/", 308)


@router.get("/developers/")
def portal() -> FileResponse:
    """The page."""
    return FileResponse(_FOLDER / "index.html", headers=_ANEW)


@router.get("/developers/problems.json")
def problems() -> JSONResponse:
    """Every problem that there is."""
    told: list[dict[str, Any]] = [
        {"slug": each.slug, "status": each.status, "title": each.title} for each in known_problems()
    ]
    return JSONResponse(told, headers=_ANEW)


@router.get("/developers/{name}")
def file(name: str) -> FileResponse:
    """What the page is made of."""
    if name not in _FILES:
        raise NotFound(f"(file {name[:100]})")
    path, kind = _FILES[name]
    return FileResponse(_FOLDER / path, media_type=kind, headers=_ANEW)


@router.get("/problems/{slug}")
def problem(request: Request, slug: str) -> RedirectResponse:
    """Where the `type` of a problem leads: to what it says of it."""
    if slug not in {each.slug for each in known_problems()}:
        raise NotFound("(no such problem)")
    root = request.scope.get("root_path", "")
    return RedirectResponse(f"{root}/developers/#problem-{slug}", 303)
