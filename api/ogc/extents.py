"""Where and when the features of a layer are, remembered a minute for each scope."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from api.ogc.answers import Document, instant
from api.ogc.crs import CRS84
from tracker import reads
from tracker.reads import LAYERS, Caller, Extent, Layer, Scope, Sight

REMEMBERED_S: Final = 60.0
#: Above this everything is forgotten, so that memory stays bounded.
REMEMBERED: Final = 10_000
#: Outward, so that a page reveals no vehicle's exact place, and a moving one stays inside longer.
STEPS_PER_DEGREE: Final = 100

GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"

_Key = tuple[str, Sight, tuple[str, ...]]


class Extents:
    """Extents by layer and scope."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[_Key, tuple[float, Extent]] = {}

    async def of(self, scope: Scope, layer: Layer, sight: Sight) -> Extent:
        """The extent that a scope sees, rounded outward to a hundredth of a degree and an hour."""
        # What is granted to a scope is a part of it: a revocation is another picture.
        key = (layer.name, sight, await reads.grants_in_force(scope))
        now = self._clock()
        asked_at, known = self._known.get(key, (-math.inf, None))
        if known is not None and now - asked_at < REMEMBERED_S:
            return known
        found = _outward(await reads.extent(scope, layer))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[key] = (now, found)
        return found


async def tracks_extent(extents: Extents, scope: Scope, caller: Caller) -> Extent:
    """That of all that was recorded."""
    return await extents.of(scope, LAYERS["tracks"], caller.sight)


def extent_document(extent: Extent) -> Document:
    """As a collection has it."""
    ends = [None if end is None else instant(end) for end in (extent.since, extent.until)]
    found: Document = {"temporal": {"interval": [ends], "trs": GREGORIAN}}
    if extent.box is not None:
        found["spatial"] = {"bbox": [list(extent.box)], "crs": CRS84.uri}
    return found


def _outward(extent: Extent) -> Extent:
    hour = timedelta(hours=1)
    return Extent(
        box=None if extent.box is None else _outward_box(*extent.box),
        since=None if extent.since is None else _hour(extent.since),
        until=None if extent.until is None else _hour(extent.until) + hour,
    )


def _outward_box(
    west: float, south: float, east: float, north: float
) -> tuple[float, float, float, float]:
    def down(degrees: float, least: float) -> float:
        return max(least, math.floor(degrees * STEPS_PER_DEGREE) / STEPS_PER_DEGREE)

    def up(degrees: float, most: float) -> float:
        return min(most, math.ceil(degrees * STEPS_PER_DEGREE) / STEPS_PER_DEGREE)

    return down(west, -180), down(south, -90), up(east, 180), up(north, 90)


def _hour(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
