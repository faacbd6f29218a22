"""What a moving feature said on its way: its temporal properties."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from starlette.responses import Response

from api.errors import NotFound
from api.ogc.answers import Document, answer
from api.ogc.asked import PURPOSE, limit_of
from api.ogc.html import Content, anchor, table
from api.ogc.links import GEOJSON, JSON, link
from api.ogc.looking import InOgcLooking
from api.ogc.moving.asked import SUB_TEMPORAL_VALUE, Asked, asked_of
from api.ogc.moving.collection import PATH
from api.ogc.moving.curves import Curve, Piece
from api.ogc.moving.encoding import PROPERTIES, described, parametric, sequence
from api.ogc.moving.reading import whole_window
from api.ogc.moving.routing import FEATURE, MovingFeature, tracking
from api.ogc.routing import InPlace, OgcScope
from api.ogc.words import word

_PROPERTIES = f"{PATH}{FEATURE}/tproperties"


@tracking(_PROPERTIES)
async def tproperties(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking
) -> Response:
    """Those of which there are values in the window; with `subTemporalValue=true` with these."""
    place.only("datetime", "limit", "after", SUB_TEMPORAL_VALUE, PURPOSE)
    asked, limit = asked_of(place.query, SUB_TEMPORAL_VALUE), limit_of(place.query)
    await looking.back(vehicle, asked.window)
    found = await whole_window(scope, vehicle, asked)
    known = {name: each for name in PROPERTIES if (each := _curves(found.pieces, name, asked))}
    names = [name for name in known if name > place.query.get("after", "")]
    here = f"{PATH}/items/{vehicle['vehicle']}"
    links = [*place.self_links(JSON), link("item", GEOJSON, vehicle["vehicle"], place.to(here))]
    if len(names) > limit:
        kind = JSON if place.form == "json" else "text/html"
        next_ = place.here(after=names[limit - 1])
        links.append(link("next", kind, word("next", place.language), next_))
    names = names[:limit]
    document: Document = {
        "temporalProperties": [part for name in names for part in _told(name, known[name], asked)],
        "links": links,
        "timeStamp": datetime.now(UTC),
        "numberMatched": len(known),
        "numberReturned": len(names),
    }

    def shown() -> list[Content]:
        head = [word("name", place.language), "form"]
        rows: Iterator[list[Content]] = (
            [anchor(place.to(f"{here}/tproperties/{name}"), name), PROPERTIES[name].form]
            for name in names
        )
        return [table(head, rows)]

    return answer(place, document, f"{vehicle['vehicle']}: tproperties", shown)


@tracking(f"{_PROPERTIES}/{{property}}")
async def tproperty(
    place: InPlace, vehicle: MovingFeature, scope: OgcScope, looking: InOgcLooking, property: str
) -> Response:
    """One of them: its values on each way that meets the window."""
    place.only("datetime", "leaf", SUB_TEMPORAL_VALUE, PURPOSE)
    if property not in PROPERTIES:
        raise NotFound(f"(property {property[:40]})")
    asked = asked_of(place.query, SUB_TEMPORAL_VALUE)
    await looking.back(vehicle, asked.window)
    found = await whole_window(scope, vehicle, asked)
    values = sequence(_curves(found.pieces, property, asked))
    here = f"{PATH}/items/{vehicle['vehicle']}"
    document = {
        **described(property, PROPERTIES[property].form),
        "valueSequence": values,
        "links": [
            *place.self_links(JSON),
            link("item", GEOJSON, vehicle["vehicle"], place.to(here)),
        ],
    }

    def shown() -> list[Content]:
        head = [word("path", place.language), "n"]
        rows = (
            [f"{each['datetimes'][0]}/{each['datetimes'][-1]}", str(len(each["datetimes"]))]
            for each in values
        )
        return [table(head, rows)]

    return answer(place, document, f"{vehicle['vehicle']}: {property}", shown)


def _curves(pieces: Sequence[Piece], name: str, asked: Asked) -> list[Curve]:
    column = PROPERTIES[name].column
    known = [each.known[column] for each in pieces if column in each.known]
    return [curve for curve in asked.of(known) if len(curve.ms)]


def _told(name: str, found: Sequence[Curve], asked: Asked) -> list[Document]:
    form = PROPERTIES[name].form
    if not asked.part:
        return [described(name, form)]
    return [parametric(name, form, curve) for curve in found]
