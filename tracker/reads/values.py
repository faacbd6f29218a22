"""Values as a filter says them, made ours or refused; nothing here knows SQL."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tracker.reads.errors import BadFilter
from tracker.reads.layers import Kind

#: Characters of text in a filter: more than anything that is stored.
TEXT: Final = 500
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT: Final = re.compile(
    _DAY.pattern + r"[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


def must(holds: object, otherwise: str) -> None:
    """Raise BadFilter, with these words, where something does not hold."""
    if not holds:
        raise BadFilter(otherwise)


def day_end(day: datetime) -> datetime:
    """The last microsecond of a day that begins then."""
    return day + timedelta(days=1, microseconds=-1)


def read_number(text: str) -> float:
    """A number that is one."""
    try:
        return _finite(float(text))
    except ValueError:
        raise BadFilter(f"{text[:40]!r} is no number.") from None


def read_boolean(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise BadFilter(f"{text[:40]!r} is neither true nor false.")
    return text == "true"


def instant_of(text: str) -> datetime:
    """An instant of RFC 3339, in UTC; raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(text)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError(text) from None


def day_of(text: str) -> datetime:
    """The beginning, UTC, of a day such as 2026-11-27; raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return datetime.combine(date.fromisoformat(text), time(), UTC)


def read_time(text: object) -> datetime:
    """An instant, with its time zone."""
    try:
        return instant_of(str(text))
    except ValueError:
        said = str(text)[:40]
        raise BadFilter(f"{said!r} is no instant such as 2026-11-27T13:00:00Z.") from None


def read_date(text: object) -> datetime:
    """The beginning of a day, UTC."""
    try:
        return day_of(str(text))
    except ValueError:
        raise BadFilter(f"{str(text)[:40]!r} is no date such as 2026-11-27.") from None


def read_text(text: str) -> str:
    """Text that PostgreSQL takes."""
    if len(text) > TEXT or "\0" in text:
        raise BadFilter(f"text has at most {TEXT} characters, and no NUL.")
    return text


#: How the text of each kind is read.
READ: Final[Mapping[Kind, Callable[[str], Any]]] = {
    "text": read_text,
    "number": read_number,
    "boolean": read_boolean,
    "time": read_time,
}


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise BadFilter("a number is too large.")
    return number


def literal_of(node: object) -> tuple[object, Kind]:
    """What a node of CQL2 JSON holds that is neither property nor operation."""
    match node:
        case bool():
            return node, "boolean"
        case int() | float():
            return _finite(_as_float(node)), "number"
        case str():
            return read_text(node), "text"
        case {"timestamp": said}:
            return read_time(said), "time"
        case {"date": said}:
            return read_date(said), "time"
        case {"op": name}:
            raise BadFilter(f"the operator or function `{str(name)[:40]}` is not offered here.")
    raise BadFilter("here a value is needed.")


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf


def geometry_of(node: object) -> BaseGeometry:
    """GeoJSON or a bbox as a geometry that PostGIS can judge."""
    try:
        found = _box(node["bbox"]) if isinstance(node, dict) and "bbox" in node else _shape(node)
    except (ShapelyError, TypeError, ValueError, KeyError, AttributeError, IndexError):
        raise BadFilter("a geometry cannot be read.") from None
    must(not found.is_empty, "a geometry is empty.")
    must(all(map(math.isfinite, found.bounds)), "a geometry has no place.")
    must(found.is_valid, "a geometry crosses itself.")
    return found


def _box(said: Any) -> BaseGeometry:  # noqa: ANN401  any JSON
    numbers = [_finite(float(each)) for each in said]
    must(len(numbers) in (4, 6), "a BBOX has four or six numbers.")
    half = len(numbers) // 2
    (west, south), (east, north) = numbers[:2], numbers[half : half + 2]
    must(west <= east and south <= north, "the first corner of a BBOX has the smaller numbers.")
    return shapely.box(west, south, east, north)


def _shape(said: Any) -> BaseGeometry:  # noqa: ANN401  any JSON
    must(isinstance(said, dict) and "type" in said, "here a geometry is needed.")
    return shapely.force_2d(shape(said))
