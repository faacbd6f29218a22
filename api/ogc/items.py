"""Features of a collection by pages, and one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from starlette.responses import Response

from api.errors import NotFound
from api.ogc.answers import dumped, headers, html, properties_of, told
from api.ogc.asked import ITEMS, PURPOSE, limit_of, wanted
from api.ogc.collections import InLayer
from api.ogc.crs import Crs, crs_of, written
from api.ogc.html import Content, anchor, element, page, table
from api.ogc.links import GEOJSON, JSON, Link, Place, link
from api.ogc.looking import InOgcLooking
from api.ogc.routing import InPlace, OgcScope, reading
from api.ogc.words import word
from tracker import reads
from tracker.reads import Layer, Page, Row

#: Of a feature's id in a page, and its first properties.
_COLUMNS_SHOWN: Final = 8
FEATURES: Final = {GEOJSON: {"type": "object"}}


@reading("/collections/{collection}/items", content=FEATURES, asked=ITEMS)
async def items(place: InPlace, layer: InLayer, scope: OgcScope, looking: InOgcLooking) -> Response:
    """A page of features; the link `next` leads to the next one."""
    place.only(*ITEMS, *layer.properties)
    crs = crs_of(place.query.get("crs"))
    asked = wanted(layer, place.query)
    await looking.note(layer, asked)
    found = await reads.features(
        scope,
        asked,
        limit=limit_of(place.query),
        after=place.query.get("after"),
    )
    links = _links(place, layer, found)
    if place.form == "html":
        return html(place, await asyncio.to_thread(_page, place, layer, found, links))
    text = await asyncio.to_thread(_collection, layer, found, links, crs)
    return _geojson(place, crs, text)


@reading("/collections/{collection}/items/{feature:path}", content=FEATURES, asked=("crs", PURPOSE))
async def item(
    place: InPlace, layer: InLayer, scope: OgcScope, looking: InOgcLooking, feature: str
) -> Response:
    """One feature; its id has a `/` in it."""
    place.only("crs", PURPOSE)
    await looking.note(layer)
    crs = crs_of(place.query.get("crs"))
    row = await reads.feature(scope, layer, feature)
    if row is None:
        raise NotFound(f"(feature {feature[:100]})")
    title = word(layer.name, place.language)
    links = [
        *place.self_links(GEOJSON),
        link("collection", JSON, title, place.to(f"/collections/{layer.name}")),
    ]
    if place.form == "html":
        return html(place, page(place, row["feature_id"], links, *_details(place, layer, row)))
    (text,) = _features(layer, [row], crs)
    return _geojson(place, crs, f'{text[:-1]},"links":{dumped(links)}}}')


def _geojson(place: Place, crs: Crs, text: str) -> Response:
    named = headers(place, Content_Crs=f"<{crs.uri}>")
    return Response(text, media_type=GEOJSON, headers=named)


def _links(place: Place, layer: Layer, found: Page) -> list[Link]:
    language = place.language
    back = place.to(f"/collections/{layer.name}")
    links = [
        *place.self_links(GEOJSON),
        link("collection", JSON, word(layer.name, language), back),
    ]
    if found.next is not None:
        href = place.here(after=found.next)
        kind = links[0]["type"] if place.form == "json" else links[1]["type"]
        links.append(link("next", kind, word("next", language), href))
    return links


def _collection(layer: Layer, found: Page, links: Sequence[Link], crs: Crs) -> str:
    told_of = {
        "links": links,
        "timeStamp": datetime.now(UTC),
        "numberReturned": len(found.rows),
        **({} if found.matched is None else {"numberMatched": found.matched}),
    }
    features = ",".join(_features(layer, found.rows, crs))
    return f'{{"type":"FeatureCollection","features":[{features}],{dumped(told_of)[1:]}'


def _features(layer: Layer, rows: Sequence[Row], crs: Crs) -> list[str]:
    places = written(crs, [row["geometry"] for row in rows])
    return [
        f'{{"type":"Feature","id":{dumped(row["feature_id"])},"geometry":{geometry}'
        f',"properties":{dumped(properties_of(row, layer.properties))}}}'
        for row, geometry in zip(rows, places, strict=True)
    ]


def _page(place: Place, layer: Layer, found: Page, links: Sequence[Link]) -> str:
    names = list(layer.properties)[1:_COLUMNS_SHOWN]
    head = [word("id", place.language), *names]
    base = f"/collections/{layer.name}/items/"
    rows: Iterator[list[Content]] = (
        [anchor(place.to(base + row["feature_id"]), row["feature_id"]), *_told(row, names)]
        for row in found.rows
    )
    return page(
        place,
        f"{word(layer.name, place.language)}: {word('items', place.language)}",
        links,
        element("p", _count(place, found)),
        table(head, rows),
    )


def _count(place: Place, found: Page) -> str:
    if found.matched is None:
        return word("shown", place.language, n=len(found.rows))
    return word("shown.of", place.language, n=len(found.rows), total=found.matched)


def _told(row: Row, names: Sequence[str]) -> list[str]:
    return [told(row[name]) for name in names]


def _details(place: Place, layer: Layer, row: Row) -> list[Content]:
    head: Any = [word("name", place.language), word("value", place.language)]
    values: list[list[Content]] = [[name, told(row[name])] for name in layer.properties]
    (geometry,) = written(crs_of(place.query.get("crs")), [row["geometry"]])
    values.append([word("geometry", place.language), element("code", geometry)])
    return [table(head, values)]
