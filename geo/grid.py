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

    def __getitem__(self, rows: Ints) -> Strips:
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

    A cell is known by its hash only. Cells that share a bucket, and boxes that share a cell with a
    strip, make an answer larger and never wrong: it says who may meet. Bounded by the number of
    boxes, wherever they lie and however large they are.
    """

    def __init__(self, west: Floats, south: Floats, east: Floats, north: Floats) -> None:
        """Index boxes; a longitude over 180 is that of the other side of the antimeridian."""
        extent = np.maximum(np.maximum(east - west, north - south), FULL_TURN_DEG / COLUMNS[-1])
        level = np.floor(np.log2(FULL_TURN_DEG / extent) / 2.0).astype(np.int64)
        self._levels = np.unique(level)
        cells = _cells(west, east, south, north, PER_DEG[level])
        box, column, line = _each(*cells)
        self._box_bits = max(1, len(level).bit_length())
        self._shift = np.uint64(64 - max(4, len(box).bit_length()))
        entries = (self._bucket(level[box], column, line) << self._box_bits) | box
        entries.sort()
        self._box = (entries & ((1 << self._box_bits) - 1)).astype(np.int32)
        bounds = np.arange((1 << (64 - int(self._shift))) + 1) << self._box_bits
        self._first = np.searchsorted(entries, bounds).astype(np.int32)

    def along(self, strips: Strips) -> tuple[Ints, Ints]:
        """Pairs (row, box), each once and in this order: boxes that may meet the strips."""
        row = np.repeat(np.arange(len(strips.lon)), len(self._levels))
        level = np.tile(self._levels, len(strips.lon))
        per_deg = PER_DEG[level]
        # In pieces of about a cell, or as long as is near: a long way meets few cells of its box.
        reach = strips.reach_lon, strips.reach_lat
        pieces = np.ones(len(row))
        for way, aside in zip((strips.east, strips.north), reach, strict=True):
            cells = np.abs(way)[row] * per_deg / (1.0 + 2.0 * aside[row] * per_deg)
            pieces = np.maximum(pieces, np.ceil(cells - PAD))
        if len(strips.lon) > 1 and pieces.sum() > MOST_AT_ONCE:
            return self._in_halves(strips)
        part, nth = ranges(np.zeros(len(row), dtype=np.int64), pieces.astype(np.int64))
        row, level, per_deg, pieces = row[part], level[part], per_deg[part], pieces[part]
        begin, end = nth / pieces, (nth + 1) / pieces
        cells = _cells(
            *_extent(strips.lon[row], strips.east[row], begin, end, strips.reach_lon[row]),
            *_extent(strips.lat[row], strips.north[row], begin, end, strips.reach_lat[row]),
            per_deg,
            pad=PAD,
        )
        piece, column, line = _each(*cells)
        bucket = self._bucket(level[piece], column, line)
        first = self._first[bucket]
        cell, at = ranges(first, self._first[bucket + 1] - first)
        pairs = (row[piece[cell]] << self._box_bits) | self._box[at]
        pairs.sort()
        new = np.ones(len(pairs), dtype=bool)
        np.not_equal(pairs[1:], pairs[:-1], out=new[1:])
        pairs = pairs[new]
        return pairs >> self._box_bits, pairs & ((1 << self._box_bits) - 1)

    def _in_halves(self, strips: Strips) -> tuple[Ints, Ints]:
        half = len(strips.lon) // 2
        row, box = self.along(strips[np.arange(half)])
        more_row, more_box = self.along(strips[np.arange(half, len(strips.lon))])
        return np.concatenate((row, more_row + half)), np.concatenate((box, more_box))

    def _bucket(self, level: Ints, column: Ints, line: Ints) -> Ints:
        column = column & (COLUMNS - 1)[level]
        salt = LEVEL_FACTOR * np.arange(FINEST + 1, dtype=np.uint64)
        mixed = column.view(np.uint64) * COLUMN_FACTOR + line.view(np.uint64) * LINE_FACTOR
        return np.asarray(((mixed + salt[level]) >> self._shift).view(np.int64))


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


def _cells(
    west: Floats, east: Floats, south: Floats, north: Floats, per_deg: Floats, *, pad: float = 0.0
) -> tuple[Ints, Ints, Ints, Ints]:
    """The first column and line of each box, and how many there are of both."""
    column = np.floor((west + HALF_TURN_DEG) * per_deg - pad).astype(np.int64)
    line = np.floor((south + HALF_TURN_DEG) * per_deg - pad).astype(np.int64)
    columns = np.floor((east + HALF_TURN_DEG) * per_deg + pad).astype(np.int64) - column + 1
    lines = np.floor((north + HALF_TURN_DEG) * per_deg + pad).astype(np.int64) - line + 1
    # Round the earth once is everywhere.
    return (
        column,
        np.minimum(columns, np.ceil(per_deg * FULL_TURN_DEG).astype(np.int64)),
        line,
        lines,
    )


def _each(column: Ints, columns: Ints, line: Ints, lines: Ints) -> tuple[Ints, Ints, Ints]:
    """The cells of each box one by one: box, column, line."""
    box, nth = ranges(np.zeros(len(column), dtype=np.int64), columns * lines)
    up = nth // columns[box]
    return box, column[box] + nth - up * columns[box], line[box] + up
