"""CQL2 as conditions of SQL: a tree of its JSON form, over the columns of one layer.

Nothing of a filter becomes SQL text: operators and columns come from the tables here and in
`layers.py`, every value is a bound parameter of its column's kind. What is not in the tables raises
BadFilter, which says what it was.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import shapely
from geoalchemy2 import Geometry
from shapely.geometry.base import BaseGeometry
from sqlalchemy import (
    Boolean,
    ColumnElement,
    DateTime,
    Double,
    Text,
    and_,
    bindparam,
    case,
    collate,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)

from tracker.reads.errors import BadFilter
from tracker.reads.layers import Kind, Layer
from tracker.reads.values import READ, day_end, geometry_of, literal_of, must, read_date, read_time

DEPTH: Final = 64
#: Operators and values of one filter; each costs the planner some time.
NODES: Final = 200

GEOMETRY: Final = "geometry"
#: Case folding by Unicode, whatever the locale of the database is.
_UNICODE: Final = "und-x-icu"

Sql = ColumnElement[Any]
Condition = ColumnElement[bool]
#: Of places in the filter's CRS to degrees of WGS 84, (lon, lat); raises BadFilter.
ToDegrees = Callable[[BaseGeometry], BaseGeometry]
#: Start and end.
Span = tuple[Sql, Sql]

_TYPES: Final[Mapping[Kind, Any]] = {
    "text": Text(),
    "number": Double(),
    "boolean": Boolean(),
    "time": DateTime(timezone=True),
}
_COMPARISONS: Final[Mapping[str, Callable[[Sql, Sql], Condition]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: Each implies that the boxes overlap, so that the index is asked first (database law 13).
_NEAR: Final = {
    "s_intersects": "ST_Intersects",
    "s_equals": "ST_Equals",
    "s_touches": "ST_Touches",
    "s_crosses": "ST_Crosses",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_overlaps": "ST_Overlaps",
}
#: Allen's relations of two spans as CQL2 names them; an instant is a span without length.
_TEMPORAL: Final[Mapping[str, Callable[[Span, Span], Condition]]] = {
    "t_after": lambda a, b: a[0] > b[1],
    "t_before": lambda a, b: a[1] < b[0],
    "t_contains": lambda a, b: and_(a[0] < b[0], a[1] > b[1]),
    "t_disjoint": lambda a, b: or_(a[1] < b[0], a[0] > b[1]),
    "t_during": lambda a, b: and_(a[0] > b[0], a[1] < b[1]),
    "t_equals": lambda a, b: and_(a[0] == b[0], a[1] == b[1]),
    "t_finishedby": lambda a, b: and_(a[0] < b[0], a[1] == b[1]),
    "t_finishes": lambda a, b: and_(a[0] > b[0], a[1] == b[1]),
    "t_intersects": lambda a, b: and_(a[1] >= b[0], a[0] <= b[1]),
    "t_meets": lambda a, b: a[1] == b[0],
    "t_metby": lambda a, b: a[0] == b[1],
    "t_overlappedby": lambda a, b: and_(a[0] > b[0], a[0] < b[1], a[1] > b[1]),
    "t_overlaps": lambda a, b: and_(a[0] < b[0], a[1] > b[0], a[1] < b[1]),
    "t_startedby": lambda a, b: and_(a[0] == b[0], a[1] > b[1]),
    "t_starts": lambda a, b: and_(a[0] == b[0], a[1] < b[1]),
}
#: Which PostgreSQL has itself.
_EVER: Final = {-1: literal("-infinity", Text), 1: literal("infinity", Text)}


def filtering(layer: Layer, tree: object, to_degrees: ToDegrees) -> Condition:
    """The condition that a tree of CQL2 JSON means; raises BadFilter."""
    return _Walk(layer, to_degrees).condition(tree, 0)


def having(layer: Layer, values: Mapping[str, str]) -> Condition:
    """Properties with these values, told as text; raises BadFilter."""
    return and_(true(), *(_equal(layer, name, text) for name, text in values.items()))


def intersecting(layer: Layer, area: BaseGeometry) -> Condition:
    """Features that share a point with an area in degrees."""
    return _relation(layer, "s_intersects", layer.rows.c.geometry, _constant(area))


def near(layer: Layer, a: Sql, b: Sql) -> Condition:
    """Boxes overlap. Of a layer without an index it is told so that no plan is built on a guess.

    PostgreSQL takes `&&` of computed places to hold for one row, and then joins 10,000 vehicles
    with 700 of them by nested loops: 1,960 ms instead of 30.
    """
    overlap: Condition = a.op("&&", is_comparison=True)(b)
    return overlap if layer.indexed else case((overlap, true()), else_=false())


def lasting(layer: Layer, since: datetime | None, until: datetime | None) -> Condition:
    """Features that are, at some instant from `since` to `until`; None: open."""
    starts_at, ends_at = layer.rows.c.starts_at, layer.rows.c.ends_at
    wanted: list[Condition] = [true()]
    if until is not None:
        wanted.append(starts_at <= until)
    if since is not None:
        wanted.append(or_(ends_at.is_(None), ends_at >= since))
        # The index of a layer is on its beginnings.
        if layer.longest is not None and since > datetime.min.replace(tzinfo=UTC) + layer.longest:
            wanted.append(starts_at >= since - layer.longest)
    return and_(*wanted)


def _equal(layer: Layer, name: str, text: str) -> Condition:
    kind = layer.properties[name]
    return layer.rows.c[name] == _bound(kind, READ[kind](text))


def _bound(kind: Kind, value: object) -> Sql:
    return bindparam(None, value, type_=_TYPES[kind], unique=True)


def _ever(sign: int) -> Sql:
    return _EVER[sign].cast(_TYPES["time"])


def _constant(place: BaseGeometry) -> Sql:
    return func.ST_GeomFromWKB(shapely.to_wkb(place), 4326, type_=Geometry)


def _relation(layer: Layer, name: str, a: Sql, b: Sql) -> Condition:
    if name == "s_disjoint":
        return not_(_relation(layer, "s_intersects", a, b))
    judged: Condition = getattr(func, _NEAR[name])(a, b)
    if layer.indexed:
        return and_(near(layer, a, b), judged)
    return case((near(layer, a, b), judged), else_=false())


@dataclass
class _Walk:
    """One walk over one tree."""

    layer: Layer
    to_degrees: ToDegrees
    _nodes: int = field(default=0)

    def condition(self, node: object, depth: int) -> Condition:
        """What is true or false of a feature."""
        self._count(depth)
        if isinstance(node, bool):
            return true() if node else false()
        if isinstance(node, dict) and "property" in node:
            column, kind = self._property(node)
            must(kind == "boolean", f"{node['property']!r} is neither true nor false.")
            return column
        name, arguments = _operation(node)
        if name not in _OPERATIONS:
            raise BadFilter(f"the operator or function `{name[:40]}` is not offered.")
        return _OPERATIONS[name](self, name, arguments, depth + 1)

    def joined(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """AND, OR"""
        must(len(arguments) > 1, f"`{name}` joins two conditions or more.")
        parts = [self.condition(each, depth) for each in arguments]
        return and_(*parts) if name == "and" else or_(*parts)

    def negated(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """NOT"""
        (one,) = _exactly(1, arguments, name)
        return not_(self.condition(one, depth))

    def compared(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """=, <>, <, <=, >, >="""
        left, right = self._alike(depth, *_exactly(2, arguments, name))
        return _COMPARISONS[name](left, right)

    def missing(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """IS NULL"""
        (one,) = _exactly(1, arguments, name)
        if isinstance(one, dict) and one.get("property") == GEOMETRY:
            return self._place(one, depth).is_(None)
        return self._property(one)[0].is_(None)

    def like(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """LIKE"""
        first, pattern = _exactly(2, arguments, name)
        said = pattern["args"][0] if _is_casei(pattern) and pattern["args"] else pattern
        must(isinstance(said, str), "`LIKE` needs a pattern in quotes.")
        must(not str(said).replace("\\\\", "").endswith("\\"), "a pattern ends with a `\\`.")
        left, right = self._alike(depth, first, pattern)
        return left.like(right, escape="\\")

    def between(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """BETWEEN"""
        first, low, high = self._alike(depth, *_exactly(3, arguments, name))
        return and_(first >= low, first <= high)

    def listed(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """IN"""
        first, choices = _exactly(2, arguments, name)
        if not isinstance(choices, list) or not choices:
            raise BadFilter("`IN` needs a list of values.")
        left, *values = self._alike(depth, first, *choices)
        return or_(*(left == value for value in values))

    def spatial(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """S_INTERSECTS and the others"""
        first, second = (self._place(each, depth) for each in _exactly(2, arguments, name))
        return _relation(self.layer, name, first, second)

    def temporal(self, name: str, arguments: Sequence[object], depth: int) -> Condition:
        """T_AFTER and the others"""
        first, second = (self._span(each, depth) for each in _exactly(2, arguments, name))
        return _TEMPORAL[name](first, second)

    def _alike(self, depth: int, *nodes: object) -> list[Sql]:
        """Values of one kind."""
        found = [self._value(node, depth + 1) for node in nodes]
        kinds = {kind for _, kind in found}
        must(len(kinds) == 1, f"{' and '.join(sorted(kinds))} cannot be compared.")
        return [value for value, _ in found]

    def _value(self, node: object, depth: int) -> tuple[Sql, Kind]:
        self._count(depth)
        if isinstance(node, dict) and "property" in node:
            return self._property(node)
        if _is_casei(node):
            (one,) = _exactly(1, _operation(node)[1], "casei")
            value, kind = self._value(one, depth + 1)
            must(kind == "text", "CASEI is for text.")
            return func.lower(collate(value, _UNICODE)), kind
        said, kind = literal_of(node)
        return _bound(kind, said), kind

    def _property(self, node: object) -> tuple[Sql, Kind]:
        name = node.get("property") if isinstance(node, dict) else None
        if not isinstance(name, str):
            raise BadFilter("here a property is needed.")
        if name not in self.layer.properties:
            offered = ", ".join(self.layer.properties)
            raise BadFilter(f"there is no property {name[:40]!r}, but {offered}.")
        return self.layer.rows.c[name], self.layer.properties[name]

    def _place(self, node: object, depth: int) -> Sql:
        self._count(depth)
        if isinstance(node, dict) and node.get("property") == GEOMETRY:
            return self.layer.rows.c.geometry
        return _constant(self.to_degrees(geometry_of(node)))

    def _span(self, node: object, depth: int) -> Span:
        self._count(depth)
        if isinstance(node, dict) and "interval" in node:
            ends = node["interval"]
            must(isinstance(ends, list) and len(ends) == 2, "an INTERVAL has two ends.")  # noqa: PLR2004  as it says
            return self._end(ends[0], -1), self._end(ends[1], 1)
        if isinstance(node, dict) and "date" in node:
            day = read_date(node["date"])
            return _bound("time", day), _bound("time", day_end(day))
        instant, kind = self._value(node, depth)
        must(kind == "time", f"{kind} is no time.")
        return instant, instant

    def _end(self, node: object, sign: int) -> Sql:
        if node == "..":
            return _ever(sign)
        if isinstance(node, str):
            whole_day = len(node) == len("2026-11-27")
            instant = read_date(node) if whole_day else read_time(node)
            return _bound("time", day_end(instant) if whole_day and sign > 0 else instant)
        value, kind = self._value(node, 0)
        must(kind == "time", f"{kind} is no time.")
        return func.coalesce(value, _ever(sign))

    def _count(self, depth: int) -> None:
        self._nodes += 1
        must(self._nodes <= NODES, f"it has more than {NODES} parts.")
        must(depth <= DEPTH, f"it is nested more than {DEPTH} deep.")


def _operation(node: object) -> tuple[str, list[object]]:
    """The operator in small letters and its arguments."""
    name = node.get("op") if isinstance(node, dict) else None
    must(isinstance(name, str), "here a condition is needed.")
    arguments = node.get("args") if isinstance(node, dict) else None
    if not isinstance(arguments, list):
        raise BadFilter(f"`{str(name)[:40]}` needs a list of `args`.")
    return str(name).lower(), arguments


def _exactly(count: int, arguments: Sequence[object], name: str) -> Sequence[Any]:
    must(len(arguments) == count, f"`{name}` takes {count} arguments, not {len(arguments)}.")
    return arguments


def _is_casei(node: Any) -> bool:  # noqa: ANN401  any JSON
    return isinstance(node, dict) and str(node.get("op")).lower() == "casei"


_OPERATIONS: Final[Mapping[str, Callable[[_Walk, str, Sequence[object], int], Condition]]] = {
    **dict.fromkeys(("and", "or"), _Walk.joined),
    "not": _Walk.negated,
    **dict.fromkeys(_COMPARISONS, _Walk.compared),
    "isnull": _Walk.missing,
    "like": _Walk.like,
    "between": _Walk.between,
    "in": _Walk.listed,
    **dict.fromkeys((*_NEAR, "s_disjoint"), _Walk.spatial),
    **dict.fromkeys(_TEMPORAL, _Walk.temporal),
}
