"""The ways that the vehicles take, and where on them one is after so many metres."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import shapely

from geo.distance import Floats, bearing_deg, distance_m

Mode = Literal["road", "sea", "track"]

#: Nodes of a way lie this close together, degrees (about 30 m).
STEP_DEG = 0.0003
#: How often the corners of a drawn line are cut off: twice makes a bend of them.
ROUNDINGS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A line that was drawn on the map."""

    code: str
    mode: Mode
    name: dict[str, str]
    #: (lon, lat), degrees; shape (n, 2). The first point again at the end closes it.
    line: Floats

    @property
    def closed(self) -> bool:
        """It ends where it begins."""
        return bool(np.array_equal(self.line[0], self.line[-1]))


class Place(NamedTuple):
    """Where on the map, and which way the road runs there."""

    lon: float
    lat: float
    course_deg: float


class Way:
    """A route there and back again (or once round, if it is closed), as a chain of near nodes."""

    def __init__(self, route: Route) -> None:
        line = shapely.segmentize(shapely.LineString(_rounded(route.line)), STEP_DEG)
        nodes = shapely.get_coordinates(line)
        #: Number of the node where it turns back; None if it never does.
        self.far_end = None if route.closed else len(nodes) - 1
        if self.far_end is not None:
            nodes = np.vstack([nodes, nodes[-2::-1]])
        self.nodes: Floats = nodes
        lon, lat = nodes.T
        steps_m = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
        #: Metres from the start to each node.
        self.metres: Floats = np.concatenate([[0.0], np.cumsum(steps_m)])
        #: Direction of each step, one fewer than nodes.
        self.course_deg: Floats = bearing_deg(lon[:-1], lat[:-1], lon[1:], lat[1:])
        # Lists, for numpy is slow to hand out single numbers, and each fix asks for some.
        self._metres = self.metres.tolist()
        self._nodes = nodes.tolist()
        self._courses_deg = self.course_deg.tolist()

    def place(self, metres: float) -> Place:
        """The place so many metres from the start, 0 <= metres <= the whole length."""
        node = min(bisect_right(self._metres, metres), len(self._metres) - 1) - 1
        start_m, end_m = self._metres[node], self._metres[node + 1]
        share = (metres - start_m) / (end_m - start_m)
        (lon, lat), (end_lon, end_lat) = self._nodes[node : node + 2]
        return Place(
            lon + share * (end_lon - lon),
            lat + share * (end_lat - lat),
            self._courses_deg[node],
        )


def load_routes(path: Path) -> dict[str, Route]:
    """The routes of a GeoJSON FeatureCollection of LineStrings, by code."""
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    routes = [
        Route(**feature["properties"], line=np.asarray(feature["geometry"]["coordinates"], float))
        for feature in features
    ]
    return {route.code: route for route in routes}


def _rounded(line: Floats) -> Floats:
    """The line with its corners cut (Chaikin 1974, doi:10.1016/0146-664X(74)90028-8)."""
    closed = np.array_equal(line[0], line[-1])
    for _ in range(ROUNDINGS):
        near = 0.75 * line[:-1] + 0.25 * line[1:]
        far = 0.25 * line[:-1] + 0.75 * line[1:]
        cut = np.stack([near, far], axis=1).reshape(-1, 2)
        ends = (cut[:0], cut[:1]) if closed else (line[:1], line[-1:])
        line = np.vstack([ends[0], cut, ends[1]])
    return line
