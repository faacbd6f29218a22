"""Laws of the index of fences: it says what shapely says of each area, however it was made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry

from geo.areas import Area, turned
from geo.contact import Contact, Ways, contacts
from geo.distance import degree_lengths_m, unwrap_lon, wrap_lon
from geo.errors import OverlappingVersionsError
from geo.fences import FenceIndex, FenceVersion, Places
from geo.grid import Grid, Strips

DIRECTIONS = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
ERROR_M = 5.0
Spot = tuple[float, float]


class Corner(NamedTuple):
    """Where a lattice lies on the earth, and how wide its meshes are, in degrees."""

    lon: float
    lat: float
    mesh: float


#: In Hong Kong, across the antimeridian and beside it, in the far north; from a metre to 220 km.
CORNERS = st.builds(
    Corner,
    st.sampled_from([114.1, 179.98, 180.0, -179.9999, 0.0]),
    st.sampled_from([22.3, -17.0, 78.0, 0.0]),
    st.sampled_from([1e-5, 5e-4, 0.05, 2.0]),
)
STARS = st.lists(st.integers(1, 4), min_size=8, max_size=8)
#: Whole and half meshes: corners of areas, and places on their edges, are among them.
SPOTS = st.tuples(st.integers(-20, 34), st.integers(-12, 12)).map(lambda s: (s[0] / 2, s[1] / 2))
SPOTS |= st.tuples(st.floats(-10, 17), st.floats(-6, 6))


def star(radii: Sequence[int], at: Spot = (0.0, 0.0), scale: float = 1.0) -> list[Spot]:
    """A ring round a place, its corners in eight directions."""
    return [
        (at[0] + radius * x * scale, at[1] + radius * y * scale)
        for radius, (x, y) in zip(radii, DIRECTIONS, strict=True)
    ]


@st.composite
def areas(draw: st.DrawFn) -> Polygon | MultiPolygon:
    """On a lattice: a star, perhaps with a hole, perhaps with a second one that touches it."""
    radii = draw(STARS)
    hole = [star(draw(STARS), scale=1 / 8)] if draw(st.booleans()) else []
    part = Polygon(star(radii), hole)
    other = draw(STARS)
    both = MultiPolygon([part, Polygon(star(other, (radii[0] + other[4], 0)))])
    # Of some the parts overlap.
    return both if both.is_valid and draw(st.booleans()) else part


def placed(area: Area, corner: Corner) -> Area:
    return shapely.transform(area, lambda p: p * corner.mesh + (corner.lon, corner.lat))


def versions_of(shapes: Sequence[Area]) -> list[FenceVersion]:
    return [
        FenceVersion(
            fence_id=number,
            ref=f"D/{number}",
            department_id=1,
            version=1,
            geometry=shape,
            from_ms=0,
            until_ms=None,
        )
        for number, shape in enumerate(shapes)
    ]


def places(spots: Sequence[Spot], corner: Corner, at_ms: int = 1) -> Places:
    table = np.array(spots, dtype=np.float64).reshape(-1, 2) * corner.mesh
    return Places(
        lon=wrap_lon(table[:, 0] + corner.lon),
        lat=table[:, 1] + corner.lat,
        judged_ms=np.full(len(table), at_ms, dtype=np.int64),
        department_id=np.ones(len(table), dtype=np.int32),
        vehicle_id=np.arange(len(table)),
    )


def ways(spots: Sequence[tuple[Spot, Spot]], corner: Corner, at_ms: int = 1) -> Ways:
    begin = places([a for a, _ in spots], corner)
    error_m = np.full(len(spots), ERROR_M)
    return Ways(
        lon=begin.lon,
        lat=begin.lat,
        to=places([b for _, b in spots], corner, at_ms),
        error_m=error_m,
        to_error_m=error_m,
        least_m=np.zeros(len(spots)),
        too_much_m=np.full(len(spots), math.inf),
    )


def on_plane(area: Area, lon: float, lat: float, at_lat: float) -> BaseGeometry:
    """An area in metres from a place, on the plane of a latitude, whole turns round that too."""
    scale = np.array([float(length) for length in degree_lengths_m(at_lat)])
    every = [turned(area, turns) for turns in (-1, 0, 1)]
    return shapely.union_all(
        [shapely.transform(each, lambda p: (p - (lon, lat)) * scale) for each in every]
    )


def met(index: FenceIndex, way: Ways) -> dict[int, dict[int, Contact]]:
    """By way, then fence."""
    told = contacts(index, way)
    found: dict[int, dict[int, Contact]] = {}
    every = told.of(index, np.arange(len(told)))
    for number, contact in zip(told.way.tolist(), every, strict=True):
        found.setdefault(number, {})[contact.fence_id] = contact
    return found


@given(shapes=st.lists(areas(), min_size=1, max_size=3), corner=CORNERS, spots=st.lists(SPOTS))
@settings(deadline=None)
def test_inside_is_what_shapely_says_or_within_a_millimetre(
    shapes: list[Area], corner: Corner, spots: list[Spot]
) -> None:
    index = FenceIndex(versions_of([placed(shape, corner) for shape in shapes]))
    asked = places(spots, corner)
    for row, found in enumerate(index.inside(asked)):
        lon, lat = float(asked.lon[row]), float(asked.lat[row])
        for number, version in enumerate(index.versions):
            plane = on_plane(version.geometry, lon, lat, lat)
            off_m = plane.boundary.distance(Point(0, 0))
            if abs(off_m - 0.001) > 1e-4:
                assert (number in found) == (plane.intersects(Point(0, 0)) or off_m < 0.001)


@given(
    shape=areas(),
    corner=CORNERS,
    spots=st.lists(st.tuples(SPOTS, SPOTS), min_size=1, max_size=6),
)
@example(  # Along an edge, and through two corners.
    Polygon(star([2] * 8)), Corner(180.0, 0.0, 5e-4), [((2, -4), (2, 4)), ((-4, -4), (4, 4))]
)
@example(  # From a place on an edge, as far as rounding lets it be.
    Polygon([(1, 1), (-1, 1), (-4, 0), (-2, -2), (0, -1), (1, -1)]),
    Corner(114.1, 22.3, 0.05),
    [((-2.5, -1.5), (0, 0))],
)
@example(  # Through a corner of a hole, in metres where degrees are rounded most.
    Polygon(star([1] * 8), [star([1, 2, 1, 1, 1, 1, 1, 1], scale=1 / 8)]),
    Corner(180.0, 22.3, 1e-5),
    [((3.0390625, 3.0390625), (0.0, 0.0))],
)
@example(  # A way that leads nowhere, but for a number that is barely one.
    Polygon(star([1] * 8)), Corner(114.1, 0.0, 1e-5), [((0.0, 0.0), (0.0, 2.3e-309))]
)
@settings(deadline=None)
def test_contacts_are_what_shapely_says_of_the_way(
    shape: Area, corner: Corner, spots: list[tuple[Spot, Spot]]
) -> None:
    index = FenceIndex(versions_of([placed(shape, corner)]))
    way = ways(spots, corner)
    half_m = float(index.borders.inradii.half_m(np.zeros(1, dtype=np.int64), np.full(1, np.inf))[0])
    found = met(index, way)
    for row in range(len(spots)):
        lon, lat = float(way.lon[row]), float(way.lat[row])
        middle = (lat + float(way.to.lat[row])) / 2
        plane = on_plane(index.versions[0].geometry, lon, lat, middle)
        scale = [float(length) for length in degree_lengths_m(middle)]
        east = float(unwrap_lon(way.to.lon[row], lon)) - lon
        end = (east * scale[0], (float(way.to.lat[row]) - lat) * scale[1])
        check(found.get(row, {}).get(0), plane, end, min(ERROR_M, half_m))


def check(contact: Contact | None, plane: BaseGeometry, end: Spot, band_m: float) -> None:
    """Hold a contact against the area round the beginning of the way."""
    line, border = LineString([(0, 0), end]), plane.boundary
    # What rounding may do to places so far off.
    slack_m = 1e-6 + 1e-8 * line.length
    begin_m = border.distance(Point(0, 0))
    if contact is None:
        assert begin_m >= band_m - slack_m
        assert not line.intersects(border)
        return
    if begin_m > ERROR_M + slack_m:
        assert line.distance(border) <= slack_m
    bounds = [each.at for each in contact.stretches] + [1.0]
    assert bounds[0] == 0.0 or line.length < slack_m
    for (a, b), stretch in zip(pairwise(bounds), contact.stretches, strict=True):
        spots = [Point(end[0] * t, end[1] * t) for t in np.linspace(a, b, 7)[1:-1]]
        off_m = [border.distance(spot) for spot in spots]
        for spot, metres in zip(spots, off_m, strict=True):
            if metres > slack_m:
                assert plane.intersects(spot) == stretch.inside
        assert stretch.deep or max(off_m) <= band_m + slack_m
        part = LineString([(end[0] * t, end[1] * t) for t in (a, b)])
        if border.buffer(band_m * 0.99 - slack_m).covers(part):
            assert not stretch.deep
    end_m = border.distance(Point(end))
    if abs(end_m - 0.001) > slack_m:
        assert contact.ends_inside == (plane.intersects(Point(end)) or end_m < 0.001)
    if abs(end_m - band_m) > slack_m:
        assert contact.ends_deep == (end_m > band_m)


@given(
    shapes=st.lists(areas(), min_size=1, max_size=4),
    later=st.lists(st.tuples(st.integers(0, 5), areas()), min_size=1, max_size=6),
    corner=CORNERS,
    spots=st.lists(st.tuples(SPOTS, SPOTS), min_size=1, max_size=6),
)
@settings(deadline=None, max_examples=30)
def test_an_index_edited_is_an_index_built(
    shapes: list[Area],
    later: list[tuple[int, Area]],
    corner: Corner,
    spots: list[tuple[Spot, Spot]],
) -> None:
    index = FenceIndex(versions_of([placed(shape, corner) for shape in shapes]))
    for at_ms, (fence_id, shape) in enumerate(later, 10):
        [new] = versions_of([placed(shape, corner)])
        new = replace(new, fence_id=fence_id, version=at_ms, from_ms=at_ms)
        index = index.edited([*ended(index, fence_id, at_ms), new])
    current = [index.versions[place] for its in index._places.values() for place in its]
    built = FenceIndex(current)
    assert index.moments_ms.tolist() == built.moments_ms.tolist()
    for at_ms in range(8, 20):
        asked = ways(spots, corner, at_ms)
        assert met(index, asked) == met(built, asked)
        assert index.inside(asked.to) == built.inside(asked.to)
        for fence_id in built.ids:
            assert index.at(fence_id, at_ms) is built.at(fence_id, at_ms)


def ended(index: FenceIndex, fence_id: int, at_ms: int) -> list[FenceVersion]:
    """The version of a fence in force, if there is one, as it is once it has ended."""
    known = index.at(fence_id, at_ms) if fence_id in index.ids else None
    return [] if known is None else [replace(known, until_ms=at_ms)]


def test_an_edit_changes_no_index_that_others_use_and_refuses_overlaps() -> None:
    [old] = versions_of([Polygon(star([1] * 8))])
    index = FenceIndex([old])
    moved = replace(old, geometry=Polygon(star([1] * 8, (50, 0))))
    edited = index.edited([moved])
    here = places([(0, 0), (50, 0)], Corner(0, 0, 1))
    assert index.inside(here) == [[0], []]
    assert edited.inside(here) == [[], [0]]
    assert edited.at(0, 5) is moved
    with pytest.raises(OverlappingVersionsError):
        edited.edited([replace(old, version=2, from_ms=7)])
    assert edited.edited([]).inside(here) == edited.inside(here)
    twice = [replace(old, fence_id=5, until_ms=9), replace(moved, fence_id=5, version=2, from_ms=9)]
    assert edited.edited(twice).inside(here) == [[5], [0]]


def test_an_edit_costs_what_it_adds_and_not_what_is_there() -> None:
    """Edges that are indexed already stay as they are, until the later ones are many."""
    shapes = [Polygon(star([1] * 8, (number % 40, number // 40), 0.3)) for number in range(1600)]
    index = FenceIndex(versions_of(shapes))
    lots = index.borders._lots
    for number in range(60):
        old = index.at(number, 100 + number)
        assert old is not None
        ends = replace(old, until_ms=100 + number)
        new = replace(old, version=2, from_ms=100 + number, geometry=turned(old.geometry, 1))
        index = index.edited([ends, new])
        assert index.borders._lots[0] is lots[0]
        assert len(index.borders._lots) <= 3


@given(
    boxes=st.lists(st.tuples(SPOTS, SPOTS), min_size=1, max_size=20),
    strips=st.lists(st.tuples(SPOTS, SPOTS), min_size=1, max_size=5),
    corner=CORNERS,
)
@settings(deadline=None)
def test_a_grid_forgets_no_box_that_meets_a_strip(
    boxes: list[tuple[Spot, Spot]], strips: list[tuple[Spot, Spot]], corner: Corner
) -> None:
    table = np.array(boxes) * corner.mesh + (corner.lon, corner.lat)
    low, high = table.min(axis=1), table.max(axis=1)
    grid = Grid(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
    lines = np.array(strips) * corner.mesh
    near = min(corner.mesh / 4, 0.01)
    reach = np.full(len(lines), near)
    found = grid.along(
        Strips(
            lon=wrap_lon(lines[:, 0, 0] + corner.lon),
            lat=lines[:, 0, 1] + corner.lat,
            east=lines[:, 1, 0] - lines[:, 0, 0],
            north=lines[:, 1, 1] - lines[:, 0, 1],
            reach_lon=reach,
            reach_lat=reach,
        )
    )
    pairs = set(zip(*(column.tolist() for column in found), strict=True))
    assert len(pairs) == len(found[0])
    for row, (a, b) in enumerate(lines + np.array(corner[:2])):
        for box, (west, south), (east, north) in zip(range(len(boxes)), low, high, strict=True):
            off = LineString([a, b]).distance(shapely.box(west, south, east, north))
            if off < near:
                assert (row, box) in pairs


def test_edges_in_thousands_and_areas_of_any_size() -> None:
    """10,000 corners, teeth as long as the area is high, 5 metres, and a hemisphere."""
    angle = np.linspace(0, 2 * np.pi, 10_000, endpoint=False)
    radius = 0.01 * (1 + 0.3 * np.sin(angle * 40))
    dense = Polygon(
        np.column_stack((114.1 + radius * np.cos(angle), 22.3 + radius * np.sin(angle)))
    )
    teeth = [(114.2 + n * 1e-5, 22.3 + 0.01 * (n % 2)) for n in range(3000)]
    comb = Polygon([*teeth, (114.23, 22.29), (114.2, 22.29)])
    tiny = shapely.box(114.15, 22.3, 114.15005, 22.30005)
    vast = shapely.box(90.0, -80.0, 269.0, 80.0)
    index = FenceIndex(versions_of([dense, comb, tiny, vast]))
    chance = np.random.default_rng(5)
    lon, lat = chance.uniform(114.08, 114.24, 4000), chance.uniform(22.28, 22.32, 4000)
    lon[:400], lat[:400] = chance.uniform(-180, 180, 400), chance.uniform(-90, 90, 400)
    lon[400:500], lat[400:500] = 114.150025, 22.300025
    asked = places(np.column_stack((lon, lat)).tolist(), Corner(0.0, 0.0, 1.0))
    turns = [lon, lon + 360.0]
    expected = [
        {
            n
            for n, v in enumerate(index.versions)
            for x in turns
            if held(v.geometry, x[row], lat[row])
        }
        for row in range(len(lon))
    ]
    assert [set(found) for found in index.inside(asked)] == expected
    assert expected[400] == {2, 3}


def held(area: Area, lon: float, lat: float) -> bool:
    return bool(shapely.intersects_xy(area, lon, lat))
