"""Ways near borders: where each way is inside, and where it is too deep for doubt (rule R5)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from geo.borders import ON_BORDER_M, WIDEST_BAND_M, distance_to_edge
from geo.distance import (
    FULL_TURN_DEG,
    HALF_TURN_DEG,
    Floats,
    degree_lengths_m,
    unwrap_lon,
    wrap_lon,
)
from geo.fences import FenceIndex, Ints, Mask, Places

#: No band is narrower, metres.
NARROWEST_BAND_M: Final = 5.0
#: Edges and ways count as a little longer than they are, so that no cut at a vertex is lost. A cut
#: too many does no harm: what lies between two cuts is asked for its side.
SLACK: Final = 1e-9
#: A way whose length squared is less leads nowhere, square metres.
STILL_M2: Final = 1e-12
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


def band_m(error_m: Floats) -> Floats:
    """Within so many metres of a border a fix does not tell the side, before `half_inradius_m`."""
    return np.clip(error_m, NARROWEST_BAND_M, WIDEST_BAND_M)


def contacts(index: FenceIndex, ways: Ways) -> dict[int, list[Contact]]:
    """By way: the fences whose border it meets, and those about which its beginning left doubt.

    Of every other fence the way, and the fix at its end, is on the side of its beginning.
    """
    if not len(ways) or not len(index.versions):
        return {}
    near = _near(index, ways)
    if not len(near.way):
        return {}
    return _told(index, ways, near)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Near:
    """Pairs of way and version, and the edges near each, as two tables."""

    #: Of pairs, in order: the way, the version, the band at its end.
    way: Ints
    version: Ints
    end_band_m: Floats
    #: Of edges, in the order of their pairs: the pair.
    pair: Ints
    #: Where the way comes within the band of the edge, 0..1; none where `enters` > `leaves`.
    enters: Floats
    leaves: Floats
    #: Where it cuts it, NaN if it does not.
    cut: Floats
    #: How far its end is from it.
    end_m: Floats


def _near(index: FenceIndex, ways: Ways) -> _Near:
    way, edge, shift_deg = _candidates(index, ways)
    version = index.borders.edge_owner[edge]
    watching = np.flatnonzero(index.watching(ways.to, way, version))
    way, edge, version = way[watching], edge[watching], version[watching]
    lines = _Lines(index, ways, way, edge, shift_deg[watching])
    cut = lines.cuts()
    # By the widest band that there may be: a pair too many costs time, and changes nothing.
    matters = ~np.isnan(cut) | (lines.begin_m() <= band_m(ways.error_m[way]))
    key = way * len(index.versions) + version
    keys = np.unique(key[matters])
    kept = np.flatnonzero(np.isin(key, keys))
    half_m = _half_inradius_m(index, ways, way[kept], version[kept])
    limit_m = np.maximum(half_m, WIDEST_BAND_M)
    good = (ways.least_m[way[kept]] <= limit_m) & (limit_m < ways.too_much_m[way[kept]])
    kept, half_m = kept[good], half_m[good]
    order = np.argsort(key[kept], kind="stable")
    kept, half_m = kept[order], half_m[order]
    keys = np.unique(key[kept])
    end_band = np.minimum(band_m(ways.to_error_m[way[kept]]), half_m)
    band = np.maximum(np.minimum(band_m(ways.error_m[way[kept]]), half_m), end_band)
    near = lines.take(kept)
    enters, leaves = near.within(band)
    pair = np.searchsorted(keys, key[kept])
    first = np.searchsorted(pair, np.arange(len(keys)))
    return _Near(
        way=keys // len(index.versions),
        version=keys % len(index.versions),
        end_band_m=end_band[first],
        pair=pair,
        enters=enters,
        leaves=leaves,
        cut=cut[kept],
        end_m=near.end_m(),
    )


def _candidates(index: FenceIndex, ways: Ways) -> tuple[Ints, Ints, Floats]:
    """Pairs (way, edge) that may be near, and the degrees to move each by onto the map."""
    begin = np.column_stack((wrap_lon(ways.lon), ways.lat))
    end = np.column_stack((unwrap_lon(ways.to.lon, begin[:, 0]), ways.to.lat))
    low, high = np.minimum(begin, end), np.maximum(begin, end)
    lon_m, lat_m = degree_lengths_m(np.abs(np.column_stack((low[:, 1], high[:, 1]))).max(axis=1))
    reach_m = np.maximum(band_m(ways.error_m), band_m(ways.to_error_m))
    reach = np.column_stack((reach_m / np.maximum(lon_m, 1.0), reach_m / lat_m * 1.02))
    low, high = low - reach, high + reach
    every = np.arange(len(ways))
    east = np.flatnonzero(high[:, 0] > HALF_TURN_DEG)
    west = np.flatnonzero(low[:, 0] < -HALF_TURN_DEG)
    row = np.concatenate((every, east, west))
    shift = np.repeat((0.0, -FULL_TURN_DEG, FULL_TURN_DEG), (len(every), len(east), len(west)))
    aside = np.column_stack((shift, np.zeros(len(shift))))
    found, edge = index.borders.edges_in(low[row] + aside, high[row] + aside)
    return row[found], edge, shift[found]


def _half_inradius_m(index: FenceIndex, ways: Ways, way: Ints, version: Ints) -> Floats:
    doubt_m = np.where(np.isfinite(ways.too_much_m), ways.too_much_m, ways.least_m)
    beyond_m = np.maximum(WIDEST_BAND_M, np.minimum(doubt_m[way], 1e9))
    return index.borders.half_inradius_m(version, beyond_m)


class _Lines:
    """Ways and the edges paired with them, in metres on planes of their own round each way."""

    def __init__(
        self, index: FenceIndex, ways: Ways, way: Ints, edge: Ints, shift_deg: Floats
    ) -> None:
        begin = np.column_stack((wrap_lon(ways.lon[way]), ways.lat[way]))
        end = np.column_stack((unwrap_lon(ways.to.lon[way], begin[:, 0]), ways.to.lat[way]))
        self._scale = np.column_stack(degree_lengths_m((begin[:, 1] + end[:, 1]) / 2.0))
        begin[:, 0] += shift_deg
        end[:, 0] += shift_deg
        self._begin, self._way = begin, end - begin
        self._start, self._step = index.borders.edge_start[edge], index.borders.edge_step[edge]

    def take(self, rows: Ints) -> _Lines:
        """Some of the pairs."""
        taken = object.__new__(_Lines)
        taken._scale, taken._begin = self._scale[rows], self._begin[rows]
        taken._way, taken._start, taken._step = self._way[rows], self._start[rows], self._step[rows]
        return taken

    def begin_m(self) -> Floats:
        """How far the beginning of each way is from the edge."""
        return self._from(0.0)

    def end_m(self) -> Floats:
        """How far its end is."""
        return self._from(1.0)

    def _from(self, at: float) -> Floats:
        place = self._begin + self._way * at
        return distance_to_edge((self._start - place) * self._scale, self._step * self._scale)

    def cuts(self) -> Floats:
        """Where each way cuts its edge, 0..1, or NaN."""
        turn = _cross(self._way, self._step)
        to_edge = self._start - self._begin
        with np.errstate(divide="ignore", invalid="ignore"):
            along_way = _cross(to_edge, self._step) / turn
            along_edge = _cross(to_edge, self._way) / turn
        meets = (np.abs(along_way - 0.5) <= 0.5 + SLACK) & (np.abs(along_edge - 0.5) <= 0.5 + SLACK)
        return np.where(meets, np.clip(along_way, 0.0, 1.0), np.nan)

    def within(self, band_m: Floats) -> tuple[Floats, Floats]:
        """From where to where each way is within the band of its edge; (1, 0) where nowhere.

        The places within a distance of a segment are two discs and the rectangle between; a way
        meets them, as any convex set, in one stretch.
        """
        way, step = self._way * self._scale, self._step * self._scale
        to_start = (self._start - self._begin) * self._scale
        parts = (
            _in_disc(to_start, way, band_m),
            _in_disc(to_start + step, way, band_m),
            _in_rectangle(to_start, step, way, band_m),
        )
        enters = np.minimum.reduce([np.where(a <= b, a, 1.0) for a, b in parts])
        leaves = np.maximum.reduce([np.where(a <= b, b, 0.0) for a, b in parts])
        nowhere = np.logical_and.reduce([a > b for a, b in parts])
        return np.where(nowhere, 1.0, enters), np.where(nowhere, 0.0, leaves)


def _in_disc(centre: Floats, way: Floats, radius_m: Floats) -> tuple[Floats, Floats]:
    """Where ways from the origin are in discs, cut to 0..1; enters > leaves where nowhere."""
    length2 = (way * way).sum(axis=1)
    still = length2 < STILL_M2
    length2 = np.where(still, 1.0, length2)
    middle = (centre * way).sum(axis=1) / length2
    aside2 = (_cross(way, centre) ** 2) / length2
    aside2 = np.where(still, (centre * centre).sum(axis=1), aside2)
    half = np.sqrt(np.maximum(radius_m**2 - aside2, 0.0) / length2)
    outside = aside2 > radius_m**2
    enters = np.where(still, 0.0, np.maximum(middle - half, 0.0))
    leaves = np.where(still, 1.0, np.minimum(middle + half, 1.0))
    return np.where(outside, 1.0, enters), np.where(outside, 0.0, leaves)


def _in_rectangle(
    to_start: Floats, step: Floats, way: Floats, band_m: Floats
) -> tuple[Floats, Floats]:
    """Where ways from the origin are beside edges, within the band."""
    length_m = np.maximum(np.hypot(step[:, 0], step[:, 1]), np.finfo(np.float64).tiny)
    along = step / length_m[:, None]
    begin = -(to_start * along).sum(axis=1)
    aside = -_cross(along, to_start)
    a = _in_slab(begin, (way * along).sum(axis=1), np.zeros(len(length_m)), length_m)
    b = _in_slab(aside, _cross(along, way), -band_m, band_m)
    return np.maximum(a[0], b[0]), np.minimum(a[1], b[1])


def _in_slab(begin: Floats, speed: Floats, low: Floats, high: Floats) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (low - begin) / speed, (high - begin) / speed
    still = speed == 0.0
    holds = (low <= begin) & (begin <= high)
    enters = np.where(still, np.where(holds, 0.0, 1.0), np.minimum(first, second))
    leaves = np.where(still, np.where(holds, 1.0, 0.0), np.maximum(first, second))
    return np.maximum(enters, 0.0), np.minimum(leaves, 1.0)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _told(index: FenceIndex, ways: Ways, near: _Near) -> dict[int, list[Contact]]:
    pair, begins, ends = _stretches(near)
    deep = _deep(near, pair, begins, ends)
    inside = _sides(index, ways, near, pair, (begins + ends) / 2.0)
    every = np.arange(len(near.way))
    ends_inside = _sides(index, ways, near, every, np.ones(len(every)))
    end_m = np.full(len(every), np.inf)
    np.minimum.at(end_m, near.pair, near.end_m)
    ends_inside |= end_m <= ON_BORDER_M
    of_pair: list[list[Stretch]] = [[] for _ in every]
    columns = (pair.tolist(), begins.tolist(), inside.tolist(), deep.tolist())
    for owner, at, side, is_deep in zip(*columns, strict=True):
        of_pair[owner].append(Stretch(at, side, is_deep))
    told: dict[int, list[Contact]] = defaultdict(list)
    rows = (near.way.tolist(), near.version.tolist(), of_pair, ends_inside.tolist())
    is_deep_at_end = (end_m > near.end_band_m).tolist()
    for way, place, stretches, side, is_deep in zip(*rows, is_deep_at_end, strict=True):
        version = index.versions[place]
        told[way].append(
            Contact(version.fence_id, version.version, version.from_ms, stretches, side, is_deep)
        )
    return told


def _stretches(near: _Near) -> tuple[Ints, Floats, Floats]:
    """Each pair's way between its cuts: pair, begin and end of each stretch, in order."""
    every, cut = np.arange(len(near.way)), np.flatnonzero(~np.isnan(near.cut))
    pair = np.concatenate((every, near.pair[cut], every))
    at = np.concatenate((np.zeros(len(every)), near.cut[cut], np.ones(len(every))))
    order = np.lexsort((at, pair))
    pair, at = pair[order], at[order]
    kept = np.flatnonzero((pair[1:] == pair[:-1]) & (at[1:] - at[:-1] > LEAST))
    return pair[kept], at[kept], at[kept + 1]


def _deep(near: _Near, pair: Ints, begins: Floats, ends: Floats) -> Mask:
    """Whether each stretch has a place that is within the band of no edge."""
    gap_pair, gap_begins, gap_ends = _uncovered(near)
    first = np.searchsorted(gap_pair, pair)
    count = np.searchsorted(gap_pair, pair, "right") - first
    row = np.repeat(np.arange(len(pair)), count)
    gap = np.repeat(first, count) + np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
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
    order = np.lexsort((enters, pair))
    pair, enters, leaves = pair[order], enters[order], leaves[order]
    # Up to where the edges before each one reach: pairs are laid one behind another, 2 apart.
    covered = np.maximum.accumulate(leaves + pair * 2.0) - pair * 2.0
    before = np.concatenate(([0.0], covered[:-1]))
    follows = np.concatenate(([False], pair[1:] == pair[:-1]))
    begins = np.where(follows, np.maximum(before, 0.0), 0.0)
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
