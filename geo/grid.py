"""Boxes in hash buckets by the cells of a grid they lie in, asked with straight strips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG, Floats

Ints = npt.NDArray[np.int64]

#: Cells have 360 / 4 ** 0 up to 360 / 4 ** 9 degrees: 150 m is about the way between two fixes, and
#: the length of an edge.
FINEST: Final = 9
PER_DEG: Final = 4.0 ** np.arange(FINEST + 1) / FULL_TURN_DEG
COLUMNS: Final = 4 ** np.arange(FINEST + 1)
#: By so much of a cell more is asked for than was asked, against rounding.
PAD: Final = 1e-6
#: Long ways are asked for in lots of so many pieces, some 100 MB, however many there are.
MOST_AT_ONCE: Final = 1_000_000
#: Multiplied by odd numbers and cut to the highest bits, neighbouring cells come far apart
#: (Fibonacci hashing, Knuth, TAOCP vol. 3, 6.4).
COLUMN_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
LINE_FACTOR: Final = np.uint64(0xC2B2AE3D27D4EB4F)
LEVEL_FACTOR: Final = np.uint64(0x165667B19E3779F9)
#: Sides of boxes are known to so many parts of a cell: -1..2 cells in 15 bits.
STEPS: Final = 0x7FFF / 3.0
#: The highest bit of each of four lanes of 16 bits.
HIGHEST: Final = np.uint64(0x8000_8000_8000_8000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strips:
    """All that is near straight ways: columns of float64 degrees, of one length."""

    #: Where each way begins, -180 <= lon <= 180,
    lon: Floats
    lat: Floats
    #: how far it leads east and north,
    east: Floats
    north: Floats
    #: and how far from it is near.
    reach_lon: Floats
    reach_lat: Floats

    def __getitem__(self, rows: Ints | slice) -> Strips:
        """Some of the rows."""
        return Strips(
            lon=self.lon[rows],
            lat=self.lat[rows],
            east=self.east[rows],
            north=self.north[rows],
            reach_lon=self.reach_lon[rows],
            reach_lat=self.reach_lat[rows],
        )


class Grid:
    """Boxes, each at the level whose cells are just as large as it is: in four cells at the most.

    A cell is known by its hash only. Cells that share a bucket make an answer larger and never
    wrong: it says who may meet. Bounded by the number of boxes, wherever they lie and however large
    they are.
    """

    def __init__(self, west: Floats, south: Floats, east: Floats, north: Floats) -> None:
        """Index boxes; a longitude over 180 is that of the other side of the antimeridian."""
        extent = np.maximum(np.maximum(east - west, north - south), FULL_TURN_DEG / COLUMNS[-1])
        level = np.floor(np.log2(FULL_TURN_DEG / extent) / 2.0).astype(np.int64)
        self._levels = np.unique(level).tolist()
        cells = _Cells(west, south, east, north, level)
        self._box_bits = max(1, len(level).bit_length())
        self._shift = np.uint64(64 - max(4, len(cells.owner).bit_length()))
        entries = (cells.buckets(self._shift) << self._box_bits) | cells.owner
        order = np.argsort(entries)
        entries = entries[order]
        self._box = cells.owner[order].astype(np.int32)
        bounds = np.arange((1 << (64 - int(self._shift))) + 1) << self._box_bits
        self._first = np.searchsorted(entries, bounds).astype(np.int32)
        west, south, east, north = cells.sides()
        self._lanes = _lanes(west, south, 1.0 - east, 1.0 - north)[order]

    def along(self, strips: Strips) -> tuple[Ints, Ints]:
        """Pairs (row, box), each once and in this order: boxes that may meet the strips."""
        rows = np.arange(len(strips.lon))
        pairs = np.concatenate([self._met(strips, rows, level) for level in self._levels])
        pairs.sort()
        new = np.ones(len(pairs), dtype=bool)
        np.not_equal(pairs[1:], pairs[:-1], out=new[1:])
        pairs = pairs[new]
        return pairs >> self._box_bits, pairs & ((1 << self._box_bits) - 1)

    def _met(self, strips: Strips, rows: Ints, level: int) -> Ints:
        """Rows and boxes of one level as one number; some more than once, in any order."""
        number = _pieces(strips, PER_DEG[level])
        if len(rows) > 1 and number.sum() > MOST_AT_ONCE:
            half = len(rows) // 2
            parts = slice(half), slice(half, None)
            return np.concatenate([self._met(strips[part], rows[part], level) for part in parts])
        piece, nth = ranges(np.zeros(len(rows), dtype=np.int64), number)
        begin, end = nth / number[piece], (nth + 1) / number[piece]
        lon = strips.lon[piece], strips.east[piece], begin, end, strips.reach_lon[piece]
        lat = strips.lat[piece], strips.north[piece], begin, end, strips.reach_lat[piece]
        (west, east), (south, north) = _extent(*lon), _extent(*lat)
        cells = _Cells(west, south, east, north, level, pad=PAD)
        bucket = cells.buckets(self._shift)
        first = self._first[bucket]
        count = self._first[bucket + 1] - first
        cell, at = ranges(first, count)
        west, south, east, north = cells.sides()
        asked = _lanes(east, north, 1.0 - west, 1.0 - south) | HIGHEST
        # Where a lane is less than what is taken from it, its highest bit is lent.
        meets = (asked[cell] - self._lanes[at]) & HIGHEST == HIGHEST
        met = np.flatnonzero(meets)
        row = rows[piece[cells.owner[cell[met]]]]
        return np.asarray((row << self._box_bits) | self._box[at[met]])


class _Cells:
    """The cells that boxes lie in, one by one."""

    def __init__(
        self,
        west: Floats,
        south: Floats,
        east: Floats,
        north: Floats,
        level: Ints | int,
        *,
        pad: float = 0.0,
    ) -> None:
        """Of the boxes, each at its level."""
        per_deg = PER_DEG[level]
        self._west = (west + HALF_TURN_DEG) * per_deg - pad
        self._east = (east + HALF_TURN_DEG) * per_deg + pad
        self._south = (south + HALF_TURN_DEG) * per_deg - pad
        self._north = (north + HALF_TURN_DEG) * per_deg + pad
        column, line = _floor(self._west), _floor(self._south)
        columns, lines = _floor(self._east) - column + 1, _floor(self._north) - line + 1
        # Round the earth once is everywhere.
        around = columns > COLUMNS[level]
        if around.any():
            columns = np.minimum(columns, COLUMNS[level])
            self._west, self._east = (
                np.where(around, -np.inf, self._west),
                np.where(around, np.inf, self._east),
            )
        #: By cell: the box.
        self.owner, nth = ranges(np.zeros(len(column), dtype=np.int64), columns * lines)
        up = nth // columns[self.owner]
        self._column = column[self.owner] + nth - up * columns[self.owner]
        self._line = line[self.owner] + up
        self._level = level if isinstance(level, int) else level[self.owner]

    def buckets(self, shift: np.uint64) -> Ints:
        """In which bucket each is."""
        column = (self._column & (COLUMNS - 1)[self._level]).view(np.uint64)
        salt = LEVEL_FACTOR * np.arange(FINEST + 1, dtype=np.uint64)
        mixed = column * COLUMN_FACTOR + self._line.view(np.uint64) * LINE_FACTOR
        return np.asarray(((mixed + salt[self._level]) >> shift).view(np.int64))

    def sides(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The west, south, east and north of the box of each, in cells from the cell's corner."""
        return (
            self._west[self.owner] - self._column,
            self._south[self.owner] - self._line,
            self._east[self.owner] - self._column,
            self._north[self.owner] - self._line,
        )


def _lanes(*sides: Floats) -> npt.NDArray[np.uint64]:
    """Four columns of -1..2 as one: lanes of 16 bits, the highest of each free."""
    lanes = np.stack(sides, axis=1)
    np.clip(lanes, -1.0, 2.0, out=lanes)
    lanes += 1.0
    lanes *= STEPS
    return lanes.astype(np.uint16).view(np.uint64)[:, 0]


def _pieces(strips: Strips, per_deg: float) -> Ints:
    """In how many pieces strips are asked for: a long one meets few cells of its box.

    Of about a cell, or as long as is near.
    """
    number = np.ones(len(strips.lon))
    for way, aside in ((strips.east, strips.reach_lon), (strips.north, strips.reach_lat)):
        cells = np.abs(way) * per_deg / (1.0 + 2.0 * aside * per_deg)
        number = np.maximum(number, np.ceil(cells - PAD))
    return number.astype(np.int64)


def ranges(first: npt.NDArray[np.integer], count: npt.NDArray[np.integer]) -> tuple[Ints, Ints]:
    """Pairs (row, first of the row + 0, 1, ... up to its count), in order."""
    row = np.repeat(np.arange(len(count)), count)
    begins = np.cumsum(count) - count
    return row, np.arange(len(row)) + (first - begins)[row]


def _extent(
    start: Floats, way: Floats, begin: Floats, end: Floats, reach: Floats
) -> tuple[Floats, Floats]:
    """The lowest and the highest that parts of ways come near."""
    a, b = start + way * begin, start + way * end
    return np.minimum(a, b) - reach, np.maximum(a, b) + reach


def _floor(values: Floats) -> Ints:
    return np.asarray(np.floor(values).astype(np.int64))
