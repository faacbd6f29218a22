"""Mapbox vector tiles, one layer each, in the usual scheme of Web Mercator."""

from __future__ import annotations

import hashlib
from typing import Annotated, Final

from fastapi import Depends
from starlette.responses import Response

from api.errors import NotFound
from api.ogc.answers import answer, headers
from api.ogc.asked import WHICH, wanted
from api.ogc.collections import InLayer
from api.ogc.html import Content, element
from api.ogc.links import JSON, MVT, link
from api.ogc.looking import InOgcLooking
from api.ogc.routing import InPlace, OgcScope, reading
from api.ogc.words import word
from tracker import reads

DEEPEST: Final = 22


@reading("/tiles/{collection}")
async def tileset(place: InPlace, layer: InLayer) -> Response:
    """Where the tiles of a layer are, as TileJSON."""
    place.only()
    language = place.language
    title = f"{word(layer.name, language)}: {word('tiles', language)}"
    template = place.to(f"/tiles/{layer.name}/{{z}}/{{x}}/{{y}}.mvt")
    back = place.to(f"/collections/{layer.name}")
    document = {
        "tilejson": "3.0.0",
        "name": title,
        "description": word(f"{layer.name}.what", language),
        "tiles": [template],
        "minzoom": 0,
        "maxzoom": DEEPEST,
        "vector_layers": [{"id": layer.name, "fields": dict(layer.properties)}],
        "links": [
            *place.self_links(JSON),
            link("collection", JSON, word(layer.name, language), back),
        ],
    }

    def shown() -> list[Content]:
        return [element("p", element("code", template))]

    return answer(place, document, title, shown)


async def _address(z: str, x: str, y: str) -> tuple[int, int, int]:
    numbers = [
        int(each) if each.isascii() and each.isdigit() else -1 for each in (z[:9], x[:9], y[:9])
    ]
    if min(numbers) < 0 or numbers[0] > DEEPEST or max(numbers[1:]) >= 1 << numbers[0]:
        raise NotFound(f"(tile {z[:9]}/{x[:9]}/{y[:9]})")
    return numbers[0], numbers[1], numbers[2]


InAddress = Annotated[tuple[int, int, int], Depends(_address)]


@reading(
    "/tiles/{collection}/{z}/{x}/{y}.mvt",
    content={MVT: {"type": "string", "format": "binary"}},
    asked=WHICH,
    others={204: "Nothing is there.", 304: "It is as you have it."},
)
async def tile(
    place: InPlace, layer: InLayer, scope: OgcScope, looking: InOgcLooking, address: InAddress
) -> Response:
    """One tile; 204 where nothing is. `Milepost-Incomplete` where not all of it found room."""
    place.only(*WHICH, *layer.properties)
    await looking.tile(layer)
    z, x, y = address
    data, whole = await reads.tile(scope, wanted(layer, place.query), z=z, x=x, y=y)
    tag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    named = headers(place, Cache_Control="private, no-cache", ETag=tag)
    if not whole:
        named["Milepost-Incomplete"] = "?1"
    if tag in place.request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=named)
    if not data:
        return Response(status_code=204, headers=named)
    return Response(data, media_type=MVT, headers=named)
