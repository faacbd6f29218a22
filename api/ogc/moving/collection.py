"""The collection of moving features: vehicles, each with where it was."""

from __future__ import annotations

from typing import Final

from api.ogc.answers import Document
from api.ogc.extents import extent_document
from api.ogc.links import GEOJSON, HTML, JSON, Link, Place, link
from api.ogc.words import word
from tracker.reads import Extent

NAME: Final = "movingfeatures"
PATH: Final = f"/collections/{NAME}"


def collection_document(place: Place, extent: Extent) -> Document:
    """It, as `/collections` has it."""
    title = word(NAME, place.language)
    return {
        "id": NAME,
        "title": title,
        "description": word(f"{NAME}.what", place.language),
        "links": [link("self", JSON, title, place.to(PATH)), *items_links(place)],
        "extent": extent_document(extent),
        "itemType": "movingfeature",
    }


def items_links(place: Place) -> list[Link]:
    """The ways to its features."""
    items = word("items", place.language)
    return [
        link("items", GEOJSON, f"{items} (MF-JSON)", place.to(f"{PATH}/items", f="json")),
        link("items", HTML, f"{items} (HTML)", place.to(f"{PATH}/items", f="html")),
    ]
