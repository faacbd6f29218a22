"""The borders of many areas: which are near, what is inside, and how large the areas are inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from geo.areas import Area
from geo.distance import Floats, degree_lengths_m
from geo.edges import Edges, Mask, Nearby
from geo.grid import Ints, Strips
from geo.inradius import Inradii

#: Within this distance of a border a place is on it, hence inside. Metres.
ON_BORDER_M: Final = 0.001
#: No band is wider (rule R5), metres.
WIDEST_BAND_M: Final = 50.0
#: Edges that come later are indexed apart until they are more than this part of those before: an
#: edit costs a little, a question hardly more, and all are indexed anew once in so many edits.
APART: Final = 1 / 16


class Borders:
    """Areas, each known by its place in the list they came in; never changed.

    An area may run on beyond 180 degrees; places are -180..180.
    """

    def __init__(self, areas: Sequence[Area] = ()) -> None:
        """Index areas and edges."""
        self._count = len(areas)
        self._lots = [Edges.of(areas, 0)] if areas else []
        self.inradii = Inradii(areas)

    def with_more(self, areas: Sequence[Area]) -> Borders:
        """These and more behind them; what is indexed already is shared."""
        if not areas:
            return self
        more = object.__new__(Borders)
        more._count = self._count + len(areas)
        more._lots = [*self._lots, Edges.of(areas, self._count)]
        while len(more._lots) > 1 and len(more._lots[-1]) > len(more._lots[-2]) * APART:
            *more._lots, a, b = more._lots
            more._lots.append(Edges.joined(a, b))
        more.inradii = self.inradii.with_more(areas)
        return more

    def near(self, strips: Strips) -> Nearby:
        """Pairs of a strip and an edge that may meet, by strip, then area."""
        found = [lot.near(strips) for lot in self._lots]
        if len(found) == 1:
            return found[0]
        columns = [np.concatenate(parts) for parts in zip(*found, strict=True)]
        order = np.argsort(columns[0], kind="stable")
        return Nearby(*(column[order] for column in columns))

    def covering(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, area): areas that hold the place; border points either way."""
        pairs = [lot.candidates(lon, lat) for lot in self._lots]
        row, area = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
        held = self.hold(area, lon[row], lat[row])
        return row[held], area[held]

    def on_border(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, area): areas whose border is within ON_BORDER_M of the place."""
        lon_m, lat_m = degree_lengths_m(lat)
        none = np.zeros(len(lon))
        reach_lon, reach_lat = ON_BORDER_M / np.maximum(lon_m, 1.0), ON_BORDER_M / lat_m
        here = {"lon": lon, "lat": lat, "east": none, "north": none}
        found = self.near(Strips(**here, reach_lon=reach_lon, reach_lat=reach_lat))
        lon_m, lat_m = lon_m[found.row], lat_m[found.row]
        near = ON_BORDER_M >= distance_to_edge(
            *(found.lon * lon_m, found.lat * lat_m, found.east * lon_m, found.north * lat_m)
        )
        return found.row[near], found.area[near]

    def hold(self, area: Ints, lon: Floats, lat: Floats) -> Mask:
        """For each place whether the area paired with it holds it; border points either way."""
        held = np.zeros(len(area), dtype=bool)
        for rows, lot in self._by_lot(area):
            held[rows] = lot.hold(area[rows], lon[rows], lat[rows])
        return held

    def _by_lot(self, area: Ints) -> Iterator[tuple[Ints | slice, Edges]]:
        if len(self._lots) == 1:
            yield slice(None), self._lots[0]
            return
        lot_of = np.searchsorted([lot.first for lot in self._lots], area, "right") - 1
        for nth, lot in enumerate(self._lots):
            yield np.flatnonzero(lot_of == nth), lot


def distance_to_edge(lon: Floats, lat: Floats, east: Floats, north: Floats) -> Floats:
    """Distance of the origin to segments from (lon, lat) so far east and north, one unit all."""
    length2 = np.maximum(east * east + north * north, np.finfo(np.float64).tiny)
    along = np.clip(-(lon * east + lat * north) / length2, 0.0, 1.0)
    return np.asarray(np.hypot(lon + east * along, lat + north * along))
