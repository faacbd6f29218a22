"""Collections: what each holds, where and when, in which CRS, and what it can be filtered by."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends
from starlette.responses import Response

from api.caller import InCaller
from api.errors import NotFound
from api.ogc.answers import Document, answer
from api.ogc.crs import ALL, CRS84
from api.ogc.extents import extent_document, tracks_extent
from api.ogc.html import Content, anchor, element, listed, table
from api.ogc.links import (
    GEOJSON,
    HTML,
    JSON,
    QUERYABLES,
    SCHEMA,
    TILES,
    Link,
    Place,
    landing_link,
    link,
)
from api.ogc.moving.collection import collection_document
from api.ogc.routing import InPlace, OgcScope, reading
from api.ogc.words import word
from api.service import InService
from tracker.reads import LAYERS, Extent, Kind, Layer

_TYPES: Final[dict[Kind, Document]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
}


async def _layer(collection: str) -> Layer:
    if collection not in LAYERS:
        raise NotFound(f"(collection {collection[:40]})")
    return LAYERS[collection]


InLayer = Annotated[Layer, Depends(_layer)]


@reading("/collections")
async def collections(
    place: InPlace, caller: InCaller, scope: OgcScope, service: InService
) -> Response:
    """What there is."""
    place.only()
    found = [
        _document(place, layer, await service.extents.of(scope, layer, caller.sight))
        for layer in LAYERS.values()
    ]
    found.append(collection_document(place, await tracks_extent(service.extents, scope, caller)))
    title = word("collections", place.language)
    document = {
        "links": [*place.self_links(JSON), landing_link(place)],
        "crs": [crs.uri for crs in ALL],
        "collections": found,
    }

    def shown() -> list[Content]:
        return [
            listed(
                element("div", anchor(place.to(f"/collections/{each['id']}"), each["title"]),
                        f": {each['description']}")
                for each in found
            )
        ]  # fmt: skip

    return answer(place, document, title, shown)


@reading("/collections/{collection}")
async def collection(
    place: InPlace, layer: InLayer, caller: InCaller, scope: OgcScope, service: InService
) -> Response:
    """One collection."""
    place.only()
    extent = await service.extents.of(scope, layer, caller.sight)
    document = _document(place, layer, extent)
    document["links"] = [*place.self_links(JSON), *document["links"][1:], landing_link(place)]

    def shown() -> list[Content]:
        crs = (element("code", uri) for uri in document["crs"])
        return [element("p", document["description"]), element("h2", "CRS"), listed(crs)]

    return answer(place, document, document["title"], shown)


@reading("/collections/{collection}/queryables", content={SCHEMA: {"type": "object"}})
async def queryables(place: InPlace, layer: InLayer) -> Response:
    """What its features can be filtered by, as JSON Schema."""
    place.only()
    title = f"{word(layer.name, place.language)}: {word('queryables', place.language)}"
    properties = queryables_of(layer)
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": place.to(f"/collections/{layer.name}/queryables"),
        "type": "object",
        "title": title,
        "properties": properties,
        "additionalProperties": False,
    }
    links = [*place.self_links(SCHEMA), _back(place, layer)]

    def shown() -> list[Content]:
        head = [word("name", place.language), word("type", place.language)]
        return [table(head, ((name, _type_of(each)) for name, each in properties.items()))]

    if place.form == "html":
        return answer(place, {"links": links}, title, shown)
    return answer(place, document, title, shown, SCHEMA)


def queryables_of(layer: Layer) -> dict[str, Any]:
    """Its properties as JSON Schema; the geometry is told by its format."""
    geometry = {
        "title": "geometry",
        "format": f"geometry-{layer.geometry}",
        "x-ogc-role": "primary-geometry",
    }
    named = {name: {"title": name, **_TYPES[kind]} for name, kind in layer.properties.items()}
    return {**named, "geometry": geometry}


def _type_of(schema: Document) -> str:
    return str(schema.get("format", schema.get("type")))


def _document(place: Place, layer: Layer, extent: Extent) -> Document:
    path = f"/collections/{layer.name}"
    title = word(layer.name, place.language)
    return {
        "id": layer.name,
        "title": title,
        "description": word(f"{layer.name}.what", place.language),
        "links": [link("self", JSON, title, place.to(path)), *_ways(place, path, layer)],
        "extent": extent_document(extent),
        "itemType": "feature",
        "crs": [crs.uri for crs in ALL],
        "storageCrs": CRS84.uri,
    }


def _ways(place: Place, path: str, layer: Layer) -> list[Link]:
    items, filters = (word(key, place.language) for key in ("items", "queryables"))
    tiles = place.to(f"/tiles/{layer.name}")
    return [
        link("items", GEOJSON, f"{items} (GeoJSON)", place.to(f"{path}/items", f="json")),
        link("items", HTML, f"{items} (HTML)", place.to(f"{path}/items", f="html")),
        link(QUERYABLES, SCHEMA, filters, place.to(f"{path}/queryables", f="json")),
        link(TILES, JSON, word("tiles", place.language), tiles),
    ]


def _back(place: Place, layer: Layer) -> Link:
    title = word(layer.name, place.language)
    return link("collection", JSON, title, place.to(f"/collections/{layer.name}"))
