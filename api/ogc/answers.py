"""Answers of one resource: the document, or the page that shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.responses import Response

from api.ogc.html import Content, page
from api.ogc.links import HTML, JSON, VARY, Link, Place

Document = dict[str, Any]


def answer(
    place: Place,
    document: Document,
    title: str,
    content: Callable[[], list[Content]],
    media_type: str = JSON,
) -> Response:
    """A document with its `links`, or the page of it."""
    if place.form == "html":
        links: list[Link] = document["links"]
        return html(place, page(place, title, links, *content()))
    return Response(dumped(document), media_type=media_type, headers=headers(place))


def html(place: Place, text: str) -> Response:
    """A page."""
    return Response(text, media_type=HTML, headers=headers(place))


def headers(place: Place, **more: str) -> dict[str, str]:
    """The headers that each answer has; nobody but the caller may keep it."""
    named = {name.replace("_", "-"): value for name, value in more.items()}
    return {"Vary": VARY, "Content-Language": place.language, **named}


def dumped(value: object) -> str:
    """JSON as it goes out."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def told(value: object) -> str:
    """A value as a page shows it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dumped(value).strip('"')


def instant(moment: datetime) -> str:
    """RFC 3339, in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)


def properties_of(row: Mapping[str, Any], names: Mapping[str, object]) -> Document:
    """The properties of a feature, in the order of its layer."""
    return {name: row[name] for name in names}
