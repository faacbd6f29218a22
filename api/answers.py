"""Answers that may be large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from pydantic import BaseModel
from starlette.responses import Response


class Json(Response):
    """A JSON answer that is text already."""

    media_type = "application/json"


class GeoJson(Response):
    """A GeoJSON answer."""

    media_type = "application/geo+json"


Kind = TypeVar("Kind", Json, GeoJson)


async def built(kind: type[Kind], build: Callable[[], BaseModel]) -> Kind:
    """Build a model and write it in a thread: ten thousand vehicles take longer than a live frame
    may wait."""
    return kind(await asyncio.to_thread(lambda: build().model_dump_json(by_alias=True)))
