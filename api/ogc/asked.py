"""The parameters of a query for features."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, cast

from shapely.geometry.base import BaseGeometry

from api.errors import BadQuery
from api.ogc.crs import area, crs_of, to_degrees
from api.ogc.filters import LANGUAGES, Language, tree_of
from tracker.reads import Layer, Wanted, day_of, instant_of

LIMIT: Final = 100
#: A larger one is not refused but brought down to this, as the standard has it.
MOST: Final = 10_000
#: Which features: of items and of tiles.
PURPOSE: Final = "purpose"
WHICH: Final = ("datetime", "filter", "filter-lang", "filter-crs", PURPOSE)
#: Beside those, of items.
ITEMS: Final = ("bbox", "bbox-crs", "crs", "limit", "after", *WHICH)


def wanted(layer: Layer, query: Mapping[str, str]) -> Wanted:
    """Which features a query asks for; raises BadQuery or BadFilter."""
    since, until = interval_of(query.get("datetime"))
    filter_crs = crs_of(query.get("filter-crs"))
    text = query.get("filter")
    language = _language(query)
    return Wanted(
        layer=layer,
        area=area_of(query),
        since=since,
        until=until,
        filter=None if text is None else tree_of(text, language),
        to_degrees=lambda place: to_degrees(filter_crs, place),
        values={name: text for name, text in query.items() if name in layer.properties},
    )


def limit_of(query: Mapping[str, str]) -> int:
    """How many features a page has; raises BadQuery."""
    text = query.get("limit", str(LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text) > 0):  # noqa: PLR2004  digits of a bigint
        raise BadQuery("`limit` is a whole number from 1 on.")
    return min(int(text), MOST)


def _language(query: Mapping[str, str]) -> Language:
    said = query.get("filter-lang", LANGUAGES[0])
    if said not in LANGUAGES:
        raise BadQuery(f"`filter-lang` is {' or '.join(LANGUAGES)}.")
    return cast(Language, said)


def area_of(query: Mapping[str, str]) -> BaseGeometry | None:
    """The area of `bbox` in degrees; raises BadQuery."""
    crs = crs_of(query.get("bbox-crs"))
    text = query.get("bbox")
    if text is None:
        return None
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise BadQuery("`bbox` is four numbers, or six with heights, with commas between them.")
    half = len(numbers) // 2
    return area(crs, [*numbers[:2], *numbers[half : half + 2]])


def interval_of(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Both ends of `datetime`, None where it is open; raises BadQuery."""
    if text is None:
        return None, None
    first, slash, last = text.partition("/")
    if not slash:
        return _instant(first), _instant(first, of_day=_END)
    since = None if first in ("", "..") else _instant(first)
    until = None if last in ("", "..") else _instant(last, of_day=_END)
    if since is not None and until is not None and since > until:
        raise BadQuery("`datetime` ends before it begins.")
    return since, until


_BEGINNING: Final = timedelta()
_END: Final = timedelta(days=1, microseconds=-1)


def _instant(text: str, *, of_day: timedelta = _BEGINNING) -> datetime:
    """An instant of RFC 3339, or the beginning or the end of a day, UTC."""
    try:
        return instant_of(text) if "t" in text.lower() else day_of(text) + of_day
    except ValueError:
        raise BadQuery(
            f"`datetime` is an instant such as 2026-11-27T13:00:00Z, or two with / between them"
            f" (.. is open), not {text[:40]!r}."
        ) from None
