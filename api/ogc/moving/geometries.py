"""How a moving feature moved: its temporal geometries, and what is computed of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Literal

from starlette.responses import Response

from api.errors import BadQuery
from api.ogc.answers import Document, answer
from api.ogc.asked import PURPOSE, area_of, limit_of
from api.ogc.html import Content, table
from api.ogc.links import GEOJSON, JSON, Link, Place, link
from api.ogc.looking import InOgcLooking
from api.ogc.moving import curves
from api.ogc.moving.asked import SUB_TEMPORAL_VALUE, SUB_TRAJECTORY, asked_of
from api.ogc.moving.collection import PATH
from api.ogc.moving.curves import Curve, Piece
from api.ogc.moving.encoding import described, moving_point, sequence, times_of
from api.ogc.moving.reading import found_pieces, name_of, piece_named
from api.ogc.moving.routing import FEATURE, MovingFeature, tracking
from api.ogc.routing import InPlace, OgcScope
from api.ogc.words import word
from geo.fix import from_unix_ms, unix_ms
from tracker.reads import Row, instant_of

Measure = Literal["distance", "velocity", "acceleration"]
#: What is computed, and its unit: metres, metres a second, and those a second (UN/CEFACT).
_MEASURES: Final[Mapping[str, tuple[Callable[[Curve], Curve], str]]] = {
    "distance": (curves.distance, "MTR"),
    "velocity": (curves.velocity, "MTS"),
    "acceleration": (curves.acceleration, "MSK"),
}
SEQUENCE: Final = f"{PATH}{FEATURE}/tgsequence"


@tracking(SEQUENCE)
async def tgsequence(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking
) -> Response:
    """Its ways that meet the window, by pages: whole, cut at it, or as places at instants."""
    place.only("bbox", "bbox-crs", "datetime", "leaf", "limit", "after", SUB_TRAJECTORY, PURPOSE)
    asked = asked_of(place.query, SUB_TRAJECTORY)
    area, limit = area_of(place.query), limit_of(place.query)
    after_ms = _after(place.query.get("after"))
    await looking.back(vehicle, asked.window)
    found = await found_pieces(scope, vehicle, asked.since_ms, asked.until_ms, after_ms=after_ms)
    wanted = [each for each in found.pieces if area is None or each.crosses(area)]
    paths = asked.of([each.path for each in wanted])
    told = [(each, path) for each, path in zip(wanted, paths, strict=True) if len(path.ms)]
    shown, rest = told[:limit], told[limit:]
    goes_on = bool(rest) or found.goes_on_ms is not None
    links = [*place.self_links(JSON), _feature_link(place, vehicle)]
    if goes_on:
        links.append(_next(place, shown[-1][0] if rest else found.pieces[-1]))
    document = {
        "type": "TemporalGeometrySequence",
        "geometrySequence": [moving_point(path, id=name_of(each.began_ms)) for each, path in shown],
        "links": links,
        "timeStamp": datetime.now(UTC),
        "numberReturned": len(shown),
    }
    if after_ms < 0 and not goes_on:
        document["numberMatched"] = len(shown)
    return _answer(place, document, f"{vehicle['vehicle']}: tgsequence", [p for _, p in shown])


@tracking(f"{SEQUENCE}/{{geometry}}/distance")
async def distance(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking, geometry: str
) -> Response:
    """How far it had come since the beginning of that way."""
    return await _measure(place, vehicle, scope, looking, (geometry, "distance"))


@tracking(f"{SEQUENCE}/{{geometry}}/velocity")
async def velocity(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking, geometry: str
) -> Response:
    """How fast it went from fix to fix."""
    return await _measure(place, vehicle, scope, looking, (geometry, "velocity"))


@tracking(f"{SEQUENCE}/{{geometry}}/acceleration")
async def acceleration(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking, geometry: str
) -> Response:
    """How its velocity changed."""
    return await _measure(place, vehicle, scope, looking, (geometry, "acceleration"))


async def _measure(
    place: Place, vehicle: Row, scope: OgcScope, looking: InOgcLooking, of: tuple[str, Measure]
) -> Response:
    place.only("datetime", "leaf", SUB_TEMPORAL_VALUE, PURPOSE)
    geometry, name = of
    asked = asked_of(place.query, SUB_TEMPORAL_VALUE)
    piece = await piece_named(scope, vehicle, geometry)
    first_ms, last_ms = piece.began_ms, int(piece.path.ms[-1])
    await looking.back(vehicle, (from_unix_ms(first_ms), from_unix_ms(last_ms)))
    make, form = _MEASURES[name]
    meets = "datetime" not in place.query or piece.meets(asked.since_ms, asked.until_ms)
    told = asked.of([make(piece.path)]) if meets else []
    document = {
        **described(name, form),
        "valueSequence": sequence(told),
        "links": [*place.self_links(JSON), _feature_link(place, vehicle)],
    }
    return _answer(place, document, f"{vehicle['vehicle']}: {name}", told)


def _answer(place: Place, document: Document, title: str, told: list[Curve]) -> Response:
    head = [word("path", place.language), "n"]

    def shown() -> list[Content]:
        rows = (
            [f"{times[0]}/{times[-1]}", str(len(times))] for times in map(times_of, told) if times
        )
        return [table(head, rows)]

    return answer(place, document, title, shown)


def _after(text: str | None) -> int:
    if text is None:
        return -1
    try:
        return unix_ms(instant_of(text))
    except ValueError:
        raise BadQuery("`after` is as a link `next` has it.") from None


def _feature_link(place: Place, vehicle: Row) -> Link:
    href = place.to(f"{PATH}/items/{vehicle['vehicle']}")
    return link("item", GEOJSON, vehicle["vehicle"], href)


def _next(place: Place, last: Piece) -> Link:
    kind = JSON if place.form == "json" else "text/html"
    href = place.here(after=name_of(last.began_ms))
    return link("next", kind, word("next", place.language), href)
