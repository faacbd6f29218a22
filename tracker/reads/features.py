"""Features of a layer by pages, one of them, and their extent, in one scope."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    and_,
    case,
    func,
    literal,
    select,
    text,
    true,
    tuple_,
)

from tracker.reads.conditions import (
    Condition,
    ToDegrees,
    filtering,
    having,
    intersecting,
    lasting,
)
from tracker.reads.errors import BadCursor
from tracker.reads.layers import Layer
from tracker.reads.session import Row, Scope, rows_of

#: More are not counted: `matched` is None then.
COUNTED: Final = 10_000


def as_it_is(place: BaseGeometry) -> BaseGeometry:
    """For places that are in degrees already, (lon, lat)."""
    return place


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which features of a layer are asked for."""

    layer: Layer
    #: They share a point with it; degrees.
    area: BaseGeometry | None = None
    #: Their time meets this interval; None: open.
    since: datetime | None = None
    until: datetime | None = None
    #: A tree of CQL2 JSON, and from which CRS its places come.
    filter: object = None
    to_degrees: ToDegrees = as_it_is
    #: Properties with these values, as text.
    values: Mapping[str, str] = field(default_factory=dict)

    def condition(self) -> Condition:
        """What holds of these features; raises BadFilter."""
        found = [true(), having(self.layer, self.values)]
        if self.area is not None:
            found.append(intersecting(self.layer, self.area))
        if self.since is not None or self.until is not None:
            found.append(lasting(self.layer, self.since, self.until))
        if self.filter is not None:
            found.append(filtering(self.layer, self.filter, self.to_degrees))
        return and_(*found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of feature_id, geometry (WKB, None: unknown), and the properties."""

    rows: list[Row]
    #: Where the next page begins; None at the end.
    next: str | None
    #: How many there are on all pages; None: more than COUNTED.
    matched: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """Where and when the features of a layer are; None: nowhere, or not known, or open."""

    #: west, south, east, north
    box: tuple[float, float, float, float] | None
    since: datetime | None
    until: datetime | None


_GIVE_UP: Final = "SET LOCAL statement_timeout = {}"


async def give_up_after(scope: Scope, milliseconds: int) -> None:
    """Let no statement of this transaction take longer; it raises TooSlow then."""
    # SET takes no parameters, and this role has no set_config: so an integer, and only that.
    await scope.execute(text(_GIVE_UP.format(int(milliseconds))))


async def features(scope: Scope, wanted: Wanted, *, limit: int, after: str | None = None) -> Page:
    """A page of features, in an order that does not change while they do.

    Raises BadFilter or BadCursor.
    """
    layer, condition = wanted.layer, wanted.condition()
    key = [layer.rows.c[name] for name in layer.key]
    marks = [column.label(f"key_{number}") for number, column in enumerate(key)]
    query = select(*_shown(layer), *marks).where(condition).order_by(*ordered(layer))
    query = query.limit(limit + 1)
    if after is not None:
        last = tuple_(*_cursor(layer, after))
        query = query.where(tuple_(*key) < last if layer.descending else tuple_(*key) > last)
    rows = await rows_of(scope, query)
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        rows=rows,
        next=_cursor_of(layer, rows[-1]) if more else None,
        matched=len(rows)
        if after is None and not more
        else await _matched(scope, layer, condition),
    )


async def feature(scope: Scope, layer: Layer, feature_id: str) -> Row | None:
    """One feature, as `features` has them; None where this scope has none of that id."""
    parts = feature_id.split("/")
    try:
        values = [read(part) for read, part in zip(layer.id_parts.values(), parts, strict=True)]
    except ValueError:
        return None
    named = zip(layer.id_parts, values, strict=True)
    query = select(*_shown(layer)).where(*(layer.rows.c[name] == value for name, value in named))
    return next(iter(await rows_of(scope, query)), None)


async def extent(scope: Scope, layer: Layer) -> Extent:
    """Where and when all the features are, as far as `layer.extent` says."""
    rows = layer.rows.c
    if layer.extent == "beginning":
        first = select(rows.starts_at).order_by(rows.starts_at).limit(1)
        return Extent(box=None, since=await scope.scalar(first), until=None)
    around = func.ST_Extent(rows.geometry, type_=Geometry)
    sides = (func.ST_XMin, func.ST_YMin, func.ST_XMax, func.ST_YMax)
    last = case((func.bool_or(rows.ends_at.is_(None)), None), else_=func.max(rows.ends_at))
    box = [side(around) for side in sides] if layer.extent == "whole" else []
    since, until, *found = (await scope.execute(select(func.min(rows.starts_at), last, *box))).one()
    if not found or found[0] is None:
        return Extent(box=None, since=since, until=until)
    west, south, east, north = found
    return Extent(box=(west, south, east, north), since=since, until=until)


def _shown(layer: Layer) -> list[ColumnElement[Any]]:
    rows = layer.rows.c
    # A track's times are no part of its place: they stand in its properties.
    place = func.ST_AsBinary(func.ST_Force2D(rows.geometry), type_=LargeBinary).label("geometry")
    return [rows.feature_id, place, *(rows[name] for name in layer.properties)]


def ordered(layer: Layer) -> list[ColumnElement[Any]]:
    """What orders features: the same while they change."""
    key = (layer.rows.c[name] for name in layer.key)
    return [column.desc() if layer.descending else column for column in key]


async def _matched(scope: Scope, layer: Layer, condition: Condition) -> int | None:
    some = select(literal(1)).select_from(layer.rows).where(condition).limit(COUNTED + 1)
    count = await scope.scalar(select(func.count()).select_from(some.subquery()))
    return None if count is None or count > COUNTED else count


def _cursor_of(layer: Layer, row: Row) -> str:
    said = json.dumps([str(row[f"key_{number}"]) for number in range(len(layer.key))])
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def _cursor(layer: Layer, text: str) -> list[object]:
    """The key that a cursor holds; raises BadCursor."""
    try:
        said = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        parts = zip(layer.key.values(), said, strict=True)
        return [read(part) for read, part in parts]
    except (ValueError, TypeError, AttributeError, RecursionError):
        raise BadCursor from None
