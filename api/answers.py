"""Answers that may be large."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Json(JSONResponse):
    """A JSON answer that is text already; a JSONResponse, so that OpenAPI tells its model."""

    def render(self, content: str) -> bytes:
        """The text as it goes out."""
        return content.encode()


class GeoJson(Json):
    """A GeoJSON answer."""

    media_type = "application/geo+json"


Kind = TypeVar("Kind", Json, GeoJson)


async def standing(request: Request, kind: type[Kind], build: Callable[[], BaseModel]) -> Response:
    """The same of what stands still: 304 where the caller has it already."""
    answer = await built(kind, build)
    # Weak: the same whatever its encoding on the way.
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    named = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = request.headers.get("if-none-match", "")
    if known == "*" or tag in (each.strip() for each in known.split(",")):
        return Response(status_code=304, headers=named)
    answer.headers.update(named)
    return answer


async def built(kind: type[Kind], build: Callable[[], BaseModel]) -> Kind:
    """Build a model and write it in a thread: ten thousand vehicles take longer than a live frame
    may wait."""
    return kind(await asyncio.to_thread(lambda: build().model_dump_json(by_alias=True)))
