"""Ways near borders: where each way is inside, and where it is too deep for doubt (rule R5)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from geo.borders import ON_BORDER_M, WIDEST_BAND_M
from geo.distance import Floats, degree_lengths_m, unwrap_lon, wrap_lon
from geo.edges import Nearby
from geo.fences import FenceIndex, Ints, Mask, Places
from geo.grid import Strips, ranges
from geo.lines import Lines

#: No band is narrower, metres.
NARROWEST_BAND_M: Final = 5.0
#: Stretches and gaps shorter than this part of a way are none.
LEAST: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Straight ways between two fixes of a vehicle, as columns of one length."""

    #: float64 WGS 84 degrees: where they begin,
    lon: Floats
    lat: Floats
    #: and where they end, and by which versions they are judged.
    to: Places
    #: float64 metres: the errors of the fixes at both ends.
    error_m: Floats
    to_error_m: Floats
    #: float64 metres: the way is one of fences only for which an error of `least_m` is not too
    #: much, and one of `too_much_m` is (rule R7).
    least_m: Floats
    too_much_m: Floats

    def __len__(self) -> int:
        """How many ways there are."""
        return len(self.lon)


class Stretch(NamedTuple):
    """A part of a way on one side of a border."""

    #: Where it begins, 0..1 of the way.
    at: float
    inside: bool
    #: Somewhere on it the border is farther off than the band.
    deep: bool


class Contact(NamedTuple):
    """How one way goes with one fence."""

    fence_id: int
    version: int
    #: When that version began.
    from_ms: int
    stretches: list[Stretch]
    #: The fix at its end.
    ends_inside: bool
    ends_deep: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """How ways go with fences: a table of pairs, and one of the stretches of each."""

    #: Of pairs, by way, then version: the way, and the place of the version in `versions`.
    way: Ints
    version: Ints
    #: The fix at its end.
    ends_inside: Mask
    ends_deep: Mask
    #: The first stretch of each pair, and behind the last pair where they end.
    first: Ints
    #: Of stretches, as in `Stretch`.
    at: Floats
    inside: Mask
    deep: Mask

    def __len__(self) -> int:
        """How many pairs there are."""
        return len(self.way)

    def of(self, index: FenceIndex, pairs: Ints) -> Iterator[Contact]:
        """Some of the pairs one by one."""
        row, stretch = ranges(self.first[pairs], self.first[pairs + 1] - self.first[pairs])
        stretches = map(
            Stretch,
            self.at[stretch].tolist(),
            self.inside[stretch].tolist(),
            self.deep[stretch].tolist(),
        )
        counts = np.bincount(row, minlength=len(pairs)).tolist()
        columns = (self.version[pairs], self.ends_inside[pairs], self.ends_deep[pairs])
        rows = zip(*(column.tolist() for column in columns), counts, strict=True)
        for place, inside, deep, count in rows:
            version = index.versions[place]
            its = [*islice(stretches, count)]
            yield Contact(version.fence_id, version.version, version.from_ms, its, inside, deep)


NO_CONTACTS: Final = Contacts(
    way=np.empty(0, dtype=np.int64),
    version=np.empty(0, dtype=np.int64),
    ends_inside=np.empty(0, dtype=bool),
    ends_deep=np.empty(0, dtype=bool),
    first=np.zeros(1, dtype=np.int64),
    at=np.empty(0),
    inside=np.empty(0, dtype=bool),
    deep=np.empty(0, dtype=bool),
)


def band_m(error_m: Floats) -> Floats:
    """Within so many metres of a border a fix does not tell the side, before `half_inradius_m`."""
    return np.clip(error_m, NARROWEST_BAND_M, WIDEST_BAND_M)


def contacts(index: FenceIndex, ways: Ways) -> Contacts:
    """The fences whose border a way meets, and those about which its beginning left doubt.

    Of every other fence the way, and the fix at its end, is on the side of its beginning.
    """
    if not len(ways) or not len(index.versions):
        return NO_CONTACTS
    near = _near(index, ways)
    return _told(index, ways, near) if len(near.way) else NO_CONTACTS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """Pairs of way and version, and the edges near each, as two tables."""

    #: Of pairs, in order: the way, the version, the band at its end.
    way: Ints
    version: Ints
    end_band_m: Floats
    #: How far its end is from the nearest edge.
    end_m: Floats
    #: Of edges, in the order of their pairs: the pair.
    pair: Ints
    #: Where the way comes within the band of the edge, 0..1; none where `enters` > `leaves`.
    enters: Floats
    leaves: Floats
    #: Where it cuts it, NaN if it does not.
    cut: Floats


def _near(index: FenceIndex, ways: Ways) -> _Near:
    strips, lon_m, lat_m = _strips(ways)
    found = index.borders.near(strips)
    lines = _lines(found, strips, lon_m, lat_m)
    cut = lines.cuts()
    # By the widest band that there may be: a pair too many costs time, and changes nothing.
    matters = ~np.isnan(cut) | (lines.begin_m() <= band_m(ways.error_m)[found.row])
    first, pair = _runs(found.row, found.area)
    kept = first[np.bincount(pair[matters], minlength=len(first)) > 0]
    way, version = found.row[kept], found.area[kept]
    watching = index.watching(ways.to, way, version)
    kept, way, version = kept[watching], way[watching], version[watching]
    half_m = _half_inradius_m(index, ways, way, version)
    limit_m = np.maximum(half_m, WIDEST_BAND_M)
    good = (ways.least_m[way] <= limit_m) & (limit_m < ways.too_much_m[way])
    kept, way, version, half_m = kept[good], way[good], version[good], half_m[good]
    edges = np.diff(np.append(first, len(pair)))[pair[kept]]
    pair, edge = ranges(kept, edges)
    end_band_m = np.minimum(band_m(ways.to_error_m[way]), half_m)
    band = np.maximum(np.minimum(band_m(ways.error_m[way]), half_m), end_band_m)
    lines = lines[edge]
    enters, leaves = lines.within(band[pair])
    return _Near(
        way=way,
        version=version,
        end_band_m=end_band_m,
        end_m=_least(lines.end_m(), np.cumsum(edges) - edges),
        pair=pair,
        enters=enters,
        leaves=leaves,
        cut=cut[edge],
    )


def _strips(ways: Ways) -> tuple[Strips, Floats, Floats]:
    """What is near ways, and the metres of a degree at the middle of each."""
    lon, lat = wrap_lon(ways.lon), ways.lat
    east = unwrap_lon(ways.to.lon, lon) - lon
    # A degree of longitude is shortest, and one of latitude longest, nearest to a pole.
    lon_m, lat_m = degree_lengths_m(np.maximum(np.abs(lat), np.abs(ways.to.lat)))
    reach_m = np.maximum(band_m(ways.error_m), band_m(ways.to_error_m))
    strips = Strips(
        lon=lon,
        lat=lat,
        east=east,
        north=ways.to.lat - lat,
        reach_lon=reach_m / np.maximum(lon_m, 1.0),
        reach_lat=reach_m / lat_m * 1.02,
    )
    return strips, *degree_lengths_m((lat + ways.to.lat) / 2.0)


def _lines(found: Nearby, strips: Strips, lon_m: Floats, lat_m: Floats) -> Lines:
    lon_m, lat_m = lon_m[found.row], lat_m[found.row]
    return Lines(
        east=strips.east[found.row] * lon_m,
        north=strips.north[found.row] * lat_m,
        edge_lon=found.lon * lon_m,
        edge_lat=found.lat * lat_m,
        edge_east=found.east * lon_m,
        edge_north=found.north * lat_m,
    )


def _runs(way: Ints, version: Ints) -> tuple[Ints, Ints]:
    """Where each run of one way and version begins, and for each row in which run it is."""
    new = np.ones(len(way), dtype=bool)
    new[1:] = (way[1:] != way[:-1]) | (version[1:] != version[:-1])
    return np.flatnonzero(new), np.cumsum(new) - 1


def _least(values: Floats, first: Ints) -> Floats:
    """The least value of each run; there is no empty one."""
    return np.minimum.reduceat(values, first) if len(first) else values


def _half_inradius_m(index: FenceIndex, ways: Ways, way: Ints, version: Ints) -> Floats:
    """As exact as the bands of the fixes, and doubt about them, ask for."""
    doubt_m = np.where(np.isfinite(ways.too_much_m), ways.too_much_m, ways.least_m)
    band = band_m(np.maximum(ways.error_m, ways.to_error_m))
    return index.borders.inradii.half_m(version, np.maximum(band, np.minimum(doubt_m, 1e9))[way])


def _told(index: FenceIndex, ways: Ways, near: _Near) -> Contacts:
    pair, begins, ends = _stretches(near)
    first = np.searchsorted(pair, np.arange(len(near.way) + 1))
    inside = _sides(index, ways, near, pair, (begins + ends) / 2.0)
    return Contacts(
        way=near.way,
        version=near.version,
        # An end is on the side of the stretch that leads to it, or so near a cut that it is on it.
        ends_inside=inside[first[1:] - 1] | (near.end_m <= ON_BORDER_M),
        ends_deep=near.end_m > near.end_band_m,
        first=first,
        at=begins,
        inside=inside,
        deep=_deep(near, pair, begins, ends),
    )


def _in_order(pair: Ints, at: Floats) -> Ints:
    """The order by pair, then part of the way: by ranks, which stay exact."""
    return np.argsort(pair * len(at) + _ranks(np.argsort(at)))


def _ranks(order: Ints) -> Ints:
    """In which place each row is of an order."""
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks


def _stretches(near: _Near) -> tuple[Ints, Floats, Floats]:
    """Each pair's way between its cuts: pair, begin and end of each stretch, in order."""
    every, cut = np.arange(len(near.way)), np.flatnonzero(~np.isnan(near.cut))
    pair = np.concatenate((every, near.pair[cut], every))
    at = np.concatenate((np.zeros(len(every)), near.cut[cut], np.ones(len(every))))
    order = _in_order(pair, at)
    pair, at = pair[order], at[order]
    kept = np.flatnonzero((pair[1:] == pair[:-1]) & (at[1:] - at[:-1] > LEAST))
    pair, begins, ends = pair[kept], at[kept], at[kept + 1]
    # A cut so near the beginning is at the beginning.
    begins[np.flatnonzero(np.diff(pair, prepend=-1))] = 0.0
    return pair, begins, ends


def _deep(near: _Near, pair: Ints, begins: Floats, ends: Floats) -> Mask:
    """Whether each stretch has a place that is within the band of no edge."""
    gap_pair, gap_begins, gap_ends = _uncovered(near)
    first = np.searchsorted(gap_pair, pair)
    count = np.searchsorted(gap_pair, pair, "right") - first
    row, gap = ranges(first, count)
    meets = np.minimum(ends[row], gap_ends[gap]) - np.maximum(begins[row], gap_begins[gap]) > LEAST
    deep = np.zeros(len(pair), dtype=bool)
    deep[row[meets]] = True
    return deep


def _uncovered(near: _Near) -> tuple[Ints, Floats, Floats]:
    """The parts of each pair's way that are within the band of no edge: pair, begin, end."""
    every = np.arange(len(near.way))
    close = np.flatnonzero(near.enters <= near.leaves)
    pair = np.concatenate((near.pair[close], every))
    enters = np.concatenate((near.enters[close], np.ones(len(every))))
    leaves = np.concatenate((near.leaves[close], np.ones(len(every))))
    order = _in_order(pair, enters)
    pair, enters, leaves = pair[order], enters[order], leaves[order]
    # Up to where the edges before each one reach, within its pair: by ranks, which stay exact.
    by_leaves = np.argsort(leaves)
    ranks = pair * len(leaves) + _ranks(by_leaves)
    covered = np.maximum.accumulate(ranks) - pair * len(leaves)
    begins = np.concatenate(([0.0], leaves[by_leaves[covered[:-1]]]))
    begins[np.flatnonzero(np.diff(pair, prepend=-1))] = 0.0
    kept = np.flatnonzero(enters - begins > LEAST)
    return pair[kept], begins[kept], enters[kept]


def _sides(index: FenceIndex, ways: Ways, near: _Near, pair: Ints, at: Floats) -> Mask:
    """Whether places of ways are inside of the fences paired with them, the border included."""
    way = near.way[pair]
    begin_lon = wrap_lon(ways.lon[way])
    step_lon = unwrap_lon(ways.to.lon[way], begin_lon) - begin_lon
    lon = wrap_lon(begin_lon + step_lon * at)
    lat = ways.lat[way] + (ways.to.lat[way] - ways.lat[way]) * at
    return index.borders.hold(near.version[pair], lon, lat)
