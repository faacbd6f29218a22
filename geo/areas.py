"""What shapes and fences both do with an area: join, move round the earth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias, cast

import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from geo.distance import FULL_TURN_DEG

#: One or several polygons in WGS 84 degrees (lon, lat).
Area: TypeAlias = Polygon | MultiPolygon


def joined(areas: Sequence[Area]) -> Area:
    """The union, outer rings counter-clockwise; where areas touch no border is left."""
    union = shapely.union_all(np.array(areas, dtype=object))
    return cast(Area, shapely.orient_polygons(union, exterior_cw=False))


def turned(area: Area, turns: int) -> Area:
    """The same area with longitudes written so many whole turns further east."""
    if not turns:
        return area
    east = np.array((turns * FULL_TURN_DEG, 0.0))
    return shapely.transform(area, lambda points: points + east)
