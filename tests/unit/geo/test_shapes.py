"""Fence shapes: what is refused and why (R42), where circles and corridors lie (R19, R20)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geo import errors
from geo.distance import destination, distance_m
from geo.shapes import Territory, build_shape

HONG_KONG = Territory(113.8, 22.1, 114.5, 22.6)
Ring = Sequence[Sequence[object]]


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """A closed ring, counter-clockwise."""
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings: Ring) -> dict[str, object]:
    return {"geometry": {"type": "Polygon", "coordinates": list(rings)}}


def parts(*rings: Ring) -> dict[str, object]:
    return {"geometry": {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}}


def circle(lon: float, lat: float, radius_m: float) -> dict[str, object]:
    return {"circle": {"center": [lon, lat], "radius_m": radius_m}}


def corridor(line: Ring, each_side_m: float) -> dict[str, object]:
    return {"corridor": {"line": line, "each_side_m": each_side_m}}


Z = box(114.10, 22.30, 114.11, 22.31)
BOW_TIE = [[114.1, 22.3], [114.11, 22.31], [114.11, 22.3], [114.1, 22.31], [114.1, 22.3]]
IN_LINE = [[114.1, 22.3], [114.2, 22.3], [114.3, 22.3], [114.1, 22.3]]
SWAPPED = [[lat, lon] for lon, lat in Z]
POLAR = [[-180, 80], [-60, 80], [60, 80], [180, 80], [-180, 80]]
MANY = [[114 + 0.1 * np.cos(a), 22 + 0.1 * np.sin(a)] for a in np.linspace(0, 6.28, 10_001)]

REFUSED = [
    (polygon(BOW_TIE), errors.SelfCrossingError),
    (polygon(Z[:2] + Z[:1]), errors.TooFewPointsError),
    (polygon([*MANY, MANY[0]]), errors.TooManyVerticesError),
    (polygon(SWAPPED), errors.CoordinateError),
    (polygon(IN_LINE), errors.ZeroAreaError),
    (polygon(Z[:4]), errors.UnclosedRingError),
    (polygon(Z, box(114.2, 22.3, 114.21, 22.31)), errors.HoleOutsideError),
    (polygon(Z, box(114.105, 22.305, 114.115, 22.306)), errors.HoleOutsideError),
    (polygon(), errors.MalformedShapeError),
    (polygon([[114.1, float("nan")], *Z[1:4], [114.1, float("nan")]]), errors.CoordinateError),
    (polygon([["114.1", "22.3"], *Z[1:]]), errors.MalformedShapeError),
    (polygon([[114.1], *Z[1:]]), errors.MalformedShapeError),
    (polygon(POLAR), errors.RoundAPoleError),
    (parts(Z, box(114.105, 22.305, 114.115, 22.315)), errors.OverlappingPartsError),
    (parts(Z, Z), errors.OverlappingPartsError),
    (circle(114.1, 22.3, 0), errors.WidthError),
    (circle(114.1, 22.3, float("nan")), errors.WidthError),
    (circle(114.1, 89.9, 20_000), errors.RoundAPoleError),
    (circle(22.3, 114.1, 500), errors.CoordinateError),
    (corridor([[114.1, 22.3]], 50), errors.TooFewPointsError),
    (corridor([[114.1, 22.3], [114.1, 22.3]], 50), errors.TooFewPointsError),
    (corridor([[114.1, 22.3], [114.2, 22.3]], 0), errors.WidthError),
    (corridor(MANY, 50), errors.TooManyVerticesError),
    ({}, errors.MalformedShapeError),
    ({**polygon(Z), **circle(114.1, 22.3, 9)}, errors.MalformedShapeError),
    ({"geometry": {"type": "Point", "coordinates": [114.1, 22.3]}}, errors.MalformedShapeError),
    ({"geometry": "POLYGON EMPTY"}, errors.MalformedShapeError),
]


@pytest.mark.parametrize(("shape", "error"), REFUSED)
def test_a_bad_shape_is_refused_with_its_reason(
    shape: dict[str, object], error: type[errors.ShapeError]
) -> None:
    with pytest.raises(errors.ShapeError) as refused:
        build_shape(shape)
    assert type(refused.value) is error
    assert ";" in str(refused.value), "a message says what is wrong; then the cure"


def test_a_shape_out_of_the_territory_is_refused() -> None:
    far = [[114.1, 24.0], [114.2, 24.0], [114.2, 24.1], [114.1, 24.0]]
    with pytest.raises(errors.OutOfTerritoryError):
        build_shape(polygon(far), HONG_KONG)
    assert build_shape(polygon(Z), HONG_KONG).area > 0.0


def test_a_territory_may_lie_across_the_antimeridian() -> None:
    fiji = Territory(176.0, -21.0, -178.0, -12.0)
    assert build_shape(polygon(box(-179.0, -17.0, -178.5, -16.0)), fiji).area > 0.0
    with pytest.raises(errors.OutOfTerritoryError):
        build_shape(polygon(box(-170.0, -17.0, -169.0, -16.0)), fiji)


def test_ten_thousand_vertices_without_the_closing_one_are_allowed() -> None:
    assert build_shape(polygon([*MANY[:-1], MANY[0]])).area > 0.0


@pytest.mark.parametrize("ring", [Z, Z[::-1]])
def test_orientation_is_put_right(ring: Ring) -> None:
    area = build_shape(polygon(ring))
    assert isinstance(area, shapely.Polygon)
    assert area.exterior.is_ccw
    assert area.equals(shapely.box(114.10, 22.30, 114.11, 22.31))


def test_an_altitude_is_left_out() -> None:
    assert not build_shape(polygon([[*point, 12.5] for point in Z])).has_z


def test_touching_parts_become_one() -> None:
    area = build_shape(parts(Z, box(114.11, 22.302, 114.12, 22.308)))
    assert area.geom_type == "Polygon"
    assert area.area == pytest.approx(0.0001 + 0.00006)


@pytest.mark.parametrize(
    "shape",
    [
        polygon(box(179.9, -17.0, -179.9, -16.8)),
        polygon(box(-179.9, -17.0, 179.9, -16.8)[::-1]),
        parts(box(179.9, -17.0, 180.0, -16.8), box(-180.0, -17.0, -179.9, -16.8)),
    ],
)
def test_across_the_antimeridian_an_area_runs_on(shape: dict[str, object]) -> None:
    area = build_shape(shape)
    assert area.geom_type == "Polygon"
    assert area.bounds == pytest.approx((179.9, -17.0, 180.1, -16.8))


def test_a_hole_across_the_antimeridian_stays_within_its_ring() -> None:
    area = build_shape(polygon(box(179, -18, -179, -16), box(-179.8, -17.1, -179.7, -17)))
    assert area.area == pytest.approx(4.0 - 0.01)


@pytest.mark.parametrize("lat", [22.3, -60.0])
@pytest.mark.parametrize("radius_m", [5.0, 500.0, 5_000.0, 50_000.0])
def test_a_circle_is_geodesic(lat: float, radius_m: float) -> None:
    area = build_shape(circle(114.1, lat, radius_m))
    bearings = np.arange(0.0, 360.0, 0.7)
    slack_m = max(0.06, radius_m * 1.1e-5)
    for metres, inside in ((radius_m - slack_m, True), (radius_m + 0.001, False)):
        lon, at_lat = destination(114.1, lat, bearings, metres)
        assert (shapely.contains_xy(area, lon, at_lat) == inside).all()


@pytest.mark.parametrize("lat", [22.3, 60.0])
@pytest.mark.parametrize("bearing", [0.0, 90.0])
def test_r19_a_corridor_has_its_width_in_metres_and_round_caps(lat: float, bearing: float) -> None:
    line = [[114.0, lat], [114.02, lat]]
    area = build_shape(corridor(line, 50))
    start = (114.01, lat) if bearing == 0.0 else (114.02, lat)
    for metres, inside in ((49.0, True), (51.0, False)):
        lon, at_lat = destination(*start, bearing, metres)
        assert shapely.contains_xy(area, float(lon), float(at_lat)) == inside
    corner = shapely.Point(*map(float, destination(*start, 45.0, 51.0)))
    assert area.contains(corner) == (bearing == 0.0)


@settings(deadline=None)
@given(
    start=st.tuples(st.floats(100.0, 120.0), st.floats(-65.0, 65.0)),
    heading=st.floats(0.0, 360.0),
    metres=st.floats(10.0, 60_000.0),
    along=st.floats(0.0, 1.0),
    aside=st.sampled_from([-1.0, 1.0]),
    each_side_m=st.sampled_from([10.0, 50.0, 1_000.0]),
)
def test_a_corridor_holds_what_is_near_its_line(
    *,
    start: tuple[float, float],
    heading: float,
    metres: float,
    along: float,
    aside: float,
    each_side_m: float,
) -> None:
    end = tuple(map(float, destination(*start, heading, metres)))
    area = build_shape(corridor([start, end], each_side_m))
    shift = np.subtract(end, start)
    foot = np.add(start, shift * along)
    line = np.add(start, shift * np.linspace(0.0, 1.0, 20_001)[:, None])
    for factor, inside in ((0.99, True), (1.01, False)):
        step = each_side_m * factor
        lon, lat = destination(foot[0], foot[1], heading + 90.0 * aside, step)
        if not inside and float(distance_m(lon, lat, line[:, 0], line[:, 1]).min()) <= each_side_m:
            continue
        assert shapely.contains_xy(area, float(lon), float(lat)) == inside


def test_a_corridor_crosses_the_antimeridian() -> None:
    area = build_shape(corridor([[179.99, -17.0], [-179.99, -17.0]], 100))
    assert area.bounds[0] == pytest.approx(179.989, abs=1e-3)
    assert area.bounds[2] == pytest.approx(180.011, abs=1e-3)
