"""Moving features: the collection, vehicles that moved in a window, and one of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from api.caller import InCaller
from api.ogc.answers import Document, answer, told
from api.ogc.asked import PURPOSE, area_of, limit_of
from api.ogc.extents import tracks_extent
from api.ogc.html import Content, anchor, element, table
from api.ogc.links import GEOJSON, JSON, Link, Place, landing_link, link
from api.ogc.looking import InOgcLooking
from api.ogc.moving.asked import SUB_TRAJECTORY, Asked, asked_of
from api.ogc.moving.collection import NAME, PATH, collection_document, items_links
from api.ogc.moving.curves import joined
from api.ogc.moving.encoding import SYSTEMS, moment, moving_geometry, projection, times_of
from api.ogc.moving.reading import MOST_FIXES, whole_window
from api.ogc.moving.routing import FEATURE, MovingFeature, tracking
from api.ogc.routing import InPlace, OgcScope
from api.ogc.words import word
from api.service import InService
from geo.fix import EPOCH, unix_ms
from tracker import reads
from tracker.formats.base import DEGREE_DIGITS
from tracker.reads import Moved, Row, Scope

#: Vehicles a page whose way is told too.
MOST_WITH_WAYS: Final = 100
_STATIC: Final = ("vehicle", "department", "plate", "class", "application", "granted")
FEATURES: Final = {GEOJSON: {"type": "object"}}


@tracking(PATH)
async def collection(
    place: InPlace, caller: InCaller, scope: OgcScope, service: InService
) -> Response:
    """Vehicles, each with where it was."""
    place.only()
    extent = await tracks_extent(service.extents, scope, caller)
    document = collection_document(place, extent)
    links = [*place.self_links(JSON), *items_links(place), landing_link(place)]

    def shown() -> list[Content]:
        return [element("p", document["description"])]

    return answer(place, document | {"links": links}, document["title"], shown)


@tracking(f"{PATH}/items", content=FEATURES)
async def items(place: InPlace, scope: OgcScope, looking: InOgcLooking) -> Response:
    """Vehicles that moved in the window, by pages; with `subTrajectory=true` how they moved."""
    place.only("bbox", "bbox-crs", "datetime", "limit", "after", SUB_TRAJECTORY, PURPOSE)
    asked = asked_of(place.query, SUB_TRAJECTORY)
    area, limit = area_of(place.query), limit_of(place.query)
    await looking.back(None, asked.window)
    if asked.part:
        limit = min(limit, MOST_WITH_WAYS)
    department, _, ref = place.query.get("after", "").partition("/")
    since, until = asked.window
    after = (department, ref) if "after" in place.query else None
    rows = await reads.moved(
        scope, Moved(since=since, until=until, area=area, after=after, limit=limit + 1)
    )
    more, rows = len(rows) > limit, rows[:limit]
    features = await _features(place, scope, rows, asked)
    links = [*place.self_links(GEOJSON), _back(place)]
    if more:
        links.append(_next(place, rows[-1]["vehicle"]))
    document = {
        "type": "FeatureCollection",
        "features": features,
        **SYSTEMS,
        "links": links,
        "timeStamp": datetime.now(UTC),
        "numberReturned": len(rows),
        **({} if more or after else {"numberMatched": len(rows)}),
    }
    title = f"{word(NAME, place.language)}: {word('items', place.language)}"
    return answer(place, document, title, lambda: [_table(place, rows)], GEOJSON)


@tracking(f"{PATH}{FEATURE}", content=FEATURES)
async def item(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking
) -> Response:
    """One vehicle and its life span; with `subTrajectory=true` how it moved in `datetime`."""
    place.only("datetime", SUB_TRAJECTORY, PURPOSE)
    asked = asked_of(place.query, SUB_TRAJECTORY)
    until = datetime.now(UTC)
    window = asked.window if asked.part else (EPOCH, until)
    await looking.back(vehicle, window)
    rows = await reads.moved(
        scope, Moved(since=window[0], until=window[1], vehicle_id=vehicle["id"])
    )
    here = f"{PATH}/items/{vehicle['vehicle']}"
    links = [
        *place.self_links(GEOJSON),
        link("collection", JSON, word(NAME, place.language), place.to(PATH)),
        *(
            link(name, JSON, word(name, place.language), place.to(f"{here}/{name}"))
            for name in ("tgsequence", "tproperties")
        ),
    ]
    if rows:
        (document,) = await _features(place, scope, rows, asked)
    else:
        # It is there, but where it was is not, or not to be seen.
        document = {"type": "Feature", "id": vehicle["vehicle"], "geometry": None,
                    "properties": _properties(vehicle)}  # fmt: skip
    document |= {**SYSTEMS, "links": links}

    def shown() -> list[Content]:
        head = [word("name", place.language), word("value", place.language)]
        return [table(head, ([name, told(v)] for name, v in document["properties"].items()))]

    return answer(place, document, vehicle["vehicle"], shown, GEOJSON)


async def _features(
    place: Place, scope: Scope, rows: Sequence[Row], asked: Asked
) -> list[Document]:
    found = []
    left = MOST_FIXES
    for row in rows:
        feature = _feature(place, row)
        if asked.part:
            left -= await _add_way(scope, row, asked, feature, left)
        found.append(feature)
    return found


async def _add_way(scope: Scope, row: Row, asked: Asked, feature: Document, most: int) -> int:
    """Tell how it moved too; returns how many fixes that took."""
    vehicle = {**row, "interval_s": [row["moving_interval_s"]]}
    found = await whole_window(scope, vehicle, asked, most)
    ways = joined([cut for cut in asked.of([each.path for each in found.pieces]) if len(cut.ms)])
    feature["temporalGeometry"] = moving_geometry(ways)
    feature["geometry"] = projection(ways)
    if len(ways) == 1 and len(ways[0].ms) > 1:
        # So it is an MF-JSON Trajectory as well, which simpler readers know.
        feature["properties"]["datetimes"] = times_of(ways[0])
    return found.fixes


def _feature(place: Place, row: Row) -> Document:
    span = [moment(unix_ms(row[name])) for name in ("first_at", "last_at")]
    lon, lat = (round(row[name], DEGREE_DIGITS) for name in ("lon", "lat"))
    href = place.to(f"{PATH}/items/{row['vehicle']}")
    return {
        "type": "Feature",
        "id": row["vehicle"],
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
        "properties": _properties(row),
        # A life span has two times.
        **({"time": span} if span[0] != span[1] else {}),
        "links": [link("item", GEOJSON, row["vehicle"], href)],
    }


def _properties(row: Row) -> Document:
    names = {"name_en": row["name"].get("en"), "name_zh_hant": row["name"].get("zh-Hant")}
    return {**{name: row[name] for name in _STATIC}, **names}


def _back(place: Place) -> Link:
    return link("collection", JSON, word(NAME, place.language), place.to(PATH))


def _next(place: Place, last: str) -> Link:
    kind = GEOJSON if place.form == "json" else "text/html"
    return link("next", kind, word("next", place.language), place.here(after=last))


def _table(place: Place, rows: Sequence[Row]) -> Content:
    head = [word("id", place.language), "class", "time"]
    return table(
        head,
        (
            [
                anchor(place.to(f"{PATH}/items/{row['vehicle']}"), row["vehicle"]),
                row["class"],
                f"{told(row['first_at'])}/{told(row['last_at'])}",
            ]
            for row in rows
        ),
    )
