"""Answers that may be large."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Header
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response


class Json(JSONResponse):
    """A JSON answer that is text already. FastAPI describes it by its route's model."""

    def render(self, content: str | bytes) -> bytes:
        """As it is."""
        return content.encode() if isinstance(content, str) else content


class GeoJson(Json):
    """A GeoJSON answer."""

    media_type = "application/geo+json"


Kind = TypeVar("Kind", Json, GeoJson)


#: The ETags that a caller has already.
Known = Annotated[
    str | None,
    Header(alias="If-None-Match", description="the ETag of what you have: 304 if it still holds"),
]


async def standing(known: str | None, kind: type[Kind], build: Callable[[], BaseModel]) -> Response:
    """The same of what stands still: 304 where the caller has it already."""
    answer = await built(kind, build)
    # Weak: the same whatever its encoding on the way.
    tag = f'W/"{hashlib.sha256(answer.body).hexdigest()[:32]}"'
    named = {"ETag": tag, "Cache-Control": "private, no-cache"}
    said = known or ""
    if said == "*" or tag in (each.strip() for each in said.split(",")):
        return Response(status_code=304, headers=named)
    answer.headers.update(named)
    return answer


async def built(kind: type[Kind], build: Callable[[], BaseModel]) -> Kind:
    """Build a model and write it in a thread: ten thousand vehicles take longer than a live frame
    may wait."""
    return kind(await asyncio.to_thread(lambda: build().model_dump_json(by_alias=True)))
