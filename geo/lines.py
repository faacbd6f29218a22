"""Ways and the edges near them: where they cut, how near they come. Columns of one length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from geo.borders import distance_to_edge
from geo.distance import Floats
from geo.edges import Mask
from geo.grid import Ints

#: Edges and ways count as a little longer than they are, so that no cut at a vertex is lost. A cut
#: too many does no harm: what lies between two cuts is asked for its side.
SLACK: Final = 1e-9
#: And by this much, whatever their length: more than degrees near 180 are rounded by, metres.
ROUNDING_M: Final = 1e-7
#: A way whose length squared is less leads nowhere, square metres.
STILL_M2: Final = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Ways from the origin and edges paired with them, in metres on a plane round each way."""

    #: How far each way leads,
    east: Floats
    north: Floats
    #: where its edge begins,
    edge_lon: Floats
    edge_lat: Floats
    #: and how far that leads.
    edge_east: Floats
    edge_north: Floats

    def __getitem__(self, rows: Ints | Mask) -> Lines:
        """Some of the pairs."""
        return Lines(
            east=self.east[rows],
            north=self.north[rows],
            edge_lon=self.edge_lon[rows],
            edge_lat=self.edge_lat[rows],
            edge_east=self.edge_east[rows],
            edge_north=self.edge_north[rows],
        )

    def begin_m(self) -> Floats:
        """How far the beginning of each way is from the edge."""
        return distance_to_edge(self.edge_lon, self.edge_lat, self.edge_east, self.edge_north)

    def end_m(self) -> Floats:
        """How far its end is."""
        return distance_to_edge(
            self.edge_lon - self.east, self.edge_lat - self.north, self.edge_east, self.edge_north
        )

    def cuts(self) -> Floats:
        """Where each way cuts its edge, 0..1, or NaN."""
        turn = self.east * self.edge_north - self.north * self.edge_east
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            along_way = (self.edge_lon * self.edge_north - self.edge_lat * self.edge_east) / turn
            along_edge = (self.edge_lon * self.north - self.edge_lat * self.east) / turn
        way = 0.5 + _slack(self.east, self.north)
        edge = 0.5 + _slack(self.edge_east, self.edge_north)
        meets = (np.abs(along_way - 0.5) <= way) & (np.abs(along_edge - 0.5) <= edge)
        return np.where(meets, np.clip(along_way, 0.0, 1.0), np.nan)

    def within(self, band_m: Floats) -> tuple[Floats, Floats]:
        """From where to where each way is within the band of its edge; (1, 0) where nowhere.

        The places within a distance of a segment are two discs and the rectangle between; a way
        meets them, as any convex set, in one stretch.
        """
        end_lon, end_lat = self.edge_lon + self.edge_east, self.edge_lat + self.edge_north
        parts = (
            self._in_disc(self.edge_lon, self.edge_lat, band_m),
            self._in_disc(end_lon, end_lat, band_m),
            self._in_rectangle(band_m),
        )
        enters = np.minimum.reduce([np.where(a <= b, a, 1.0) for a, b in parts])
        leaves = np.maximum.reduce([np.where(a <= b, b, 0.0) for a, b in parts])
        nowhere = np.logical_and.reduce([a > b for a, b in parts])
        return np.where(nowhere, 1.0, enters), np.where(nowhere, 0.0, leaves)

    def _in_disc(self, lon: Floats, lat: Floats, radius_m: Floats) -> tuple[Floats, Floats]:
        """Where the ways are in discs, cut to 0..1; enters > leaves where nowhere."""
        length2 = self.east * self.east + self.north * self.north
        still = length2 < STILL_M2
        length2 = np.where(still, 1.0, length2)
        middle = (lon * self.east + lat * self.north) / length2
        aside2 = (self.east * lat - self.north * lon) ** 2 / length2
        aside2 = np.where(still, lon * lon + lat * lat, aside2)
        half = np.sqrt(np.maximum(radius_m**2 - aside2, 0.0) / length2)
        outside = aside2 > radius_m**2
        enters = np.where(still, 0.0, np.maximum(middle - half, 0.0))
        leaves = np.where(still, 1.0, np.minimum(middle + half, 1.0))
        return np.where(outside, 1.0, enters), np.where(outside, 0.0, leaves)

    def _in_rectangle(self, band_m: Floats) -> tuple[Floats, Floats]:
        """Where the ways are beside edges, within the band."""
        length_m = np.hypot(self.edge_east, self.edge_north)
        length_m = np.maximum(length_m, np.finfo(np.float64).tiny)
        along_x, along_y = self.edge_east / length_m, self.edge_north / length_m
        begin = -(self.edge_lon * along_x + self.edge_lat * along_y)
        aside = -(along_x * self.edge_lat - along_y * self.edge_lon)
        forth = self.east * along_x + self.north * along_y
        across = along_x * self.north - along_y * self.east
        a = _in_slab(begin, forth, np.zeros(len(length_m)), length_m)
        b = _in_slab(aside, across, -band_m, band_m)
        return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def _slack(east: Floats, north: Floats) -> Floats:
    """By how much of themselves lines count as longer at each end."""
    return SLACK + ROUNDING_M / np.maximum(np.maximum(np.abs(east), np.abs(north)), ROUNDING_M)


def _in_slab(begin: Floats, speed: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        first, second = (low - begin) / speed, (high - begin) / speed
    still = speed == 0.0
    holds = (low <= begin) & (begin <= high)
    enters = np.where(still, np.where(holds, 0.0, 1.0), np.minimum(first, second))
    leaves = np.where(still, np.where(holds, 1.0, 0.0), np.maximum(first, second))
    return np.maximum(enters, 0.0), np.minimum(leaves, 1.0)
