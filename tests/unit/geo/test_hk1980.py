"""HK1980 Grid: the Lands Department's control point, and the traps on the way to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from geo import hk1980
from geo.distance import distance_m
from geo.errors import GeoError, MalformedShapeError, OffGridError, SwappedGridError
from geo.hk1980 import AREA, from_grid, to_grid
from geo.places import geometry_from_grid, geometry_to_grid

#: Published from the Lands Department's own tool.
EAST_M, NORTH_M = 832_591.320, 820_351.389
LON, LAT = 114.141187917, 22.322172084
WITHIN_M = 0.01
_TMERC = (
    "+proj=pipeline +step +inv +proj=tmerc +lat_0=22.3121333333333 +lon_0=114.178555555556 +k=1"
    " +x_0=836694.05 +y_0=819069.8 +ellps=intl"
)
_TO_DEGREES = " +step +proj=unitconvert +xy_in=rad +xy_out=deg"


def test_the_control_point_comes_out_both_ways() -> None:
    assert np.hypot(*np.subtract(to_grid(LON, LAT), (EAST_M, NORTH_M))) < WITHIN_M
    assert distance_m(*from_grid(EAST_M, NORTH_M), LON, LAT) < WITHIN_M


def test_trap_1_the_rotation_has_the_sign_of_a_coordinate_frame() -> None:
    """The same numbers as a position vector, as epsg.io prints them, are 56 m off."""
    wrong = Transformer.from_pipeline(
        _TMERC + " +step +proj=cart +ellps=intl +step +proj=helmert +convention=position_vector"
        " +x=-162.619 +y=-276.959 +z=-161.764 +rx=-0.067753 +ry=2.243648 +rz=1.158828 +s=-1.094246"
        " +step +inv +proj=cart +ellps=WGS84" + _TO_DEGREES
    )
    there = wrong.transform(EAST_M, NORTH_M, 0.0)[:2]
    assert distance_m(*there, *from_grid(EAST_M, NORTH_M)) == pytest.approx(55.8, abs=0.1)


def test_trap_2_the_datum_is_shifted() -> None:
    """The ellipsoid alone is 304 m off, and that is what PROJ may choose far from Hong Kong."""
    wrong = Transformer.from_pipeline(_TMERC + _TO_DEGREES)
    there = wrong.transform(EAST_M, NORTH_M)[:2]
    assert distance_m(*there, *from_grid(EAST_M, NORTH_M)) == pytest.approx(304.0, abs=1.0)


def test_trap_3_the_easting_comes_first() -> None:
    """EPSG says northing first; swapped, the control point is another place of Hong Kong."""
    epsg = Transformer.from_crs(2326, 4326)  # in the authority's order, in and out
    lat, lon = epsg.transform(NORTH_M, EAST_M)
    assert distance_m(lon, lat, *from_grid(EAST_M, NORTH_M)) < WITHIN_M
    swapped = from_grid(NORTH_M, EAST_M)
    assert np.round(swapped, 4).tolist() == [114.0223, 22.4326]


def test_trap_4_what_can_be_known_to_be_swapped_is_said() -> None:
    with pytest.raises(SwappedGridError, match="look swapped"):
        from_grid(NORTH_M, 862_591.0)
    with pytest.raises(OffGridError, match="easting 114") as found:
        from_grid([EAST_M, LON], [NORTH_M, LAT])
    assert not isinstance(found.value, SwappedGridError)
    with pytest.raises(OffGridError):
        from_grid(float("nan"), NORTH_M)


def test_all_of_the_grid_agrees_with_proj() -> None:
    east, north = np.meshgrid(np.linspace(793e3, 870e3, 40), np.linspace(800e3, 848e3, 40))
    proj = Transformer.from_crs(2326, 4326, always_xy=True).transform(east, north)
    assert distance_m(*from_grid(east, north), *proj).max() < WITHIN_M


@given(st.floats(AREA.west, AREA.east), st.floats(AREA.south, AREA.north))
def test_a_way_there_and_back_ends_where_it_began(east_m: float, north_m: float) -> None:
    back = to_grid(*from_grid(east_m, north_m))
    assert np.hypot(*np.subtract(back, (east_m, north_m))) < WITHIN_M


def test_far_away_the_grid_says_nothing() -> None:
    east, north = to_grid([LON, 0.0, 24.2, -66.0], [LAT, 0.0, 0.0, 22.0])
    assert np.isnan(east).tolist() == [False, True, True, True]
    assert np.isnan(north).tolist() == [False, True, True, True]


def test_columns_are_left_alone() -> None:
    lon = np.array([LON, LON])
    to_grid(lon, LAT)
    assert lon.tolist() == [LON, LON]


def test_a_long_edge_of_the_grid_stays_straight_in_it() -> None:
    corners = [(800e3, 801e3), (860e3, 801e3), (860e3, 845e3), (800e3, 845e3), (800e3, 801e3)]
    drawn = geometry_from_grid({"type": "Polygon", "coordinates": [corners]})
    ring = np.array(drawn["coordinates"][0])
    middles = (
        ring[1:] + ring[:-1]
    ) / 2  # of the edges in degrees, which is where fences are judged
    east, north = to_grid(middles[:, 0], middles[:, 1])
    off = np.minimum.reduce([abs(east - 800e3), abs(east - 860e3), abs(north - 801e3)])
    assert np.minimum(off, abs(north - 845e3)).max() < 0.02


def test_a_geometry_goes_there_and_back() -> None:
    point = {"type": "Point", "coordinates": (EAST_M, NORTH_M)}
    lon, lat = geometry_from_grid(point)["coordinates"]
    assert distance_m(lon, lat, LON, LAT) < WITHIN_M
    back = geometry_to_grid({"type": "Point", "coordinates": (lon, lat)})
    assert back["coordinates"] == pytest.approx((EAST_M, NORTH_M), abs=WITHIN_M)


@pytest.mark.parametrize("said", [{}, {"type": "Polygon"}, {"type": "Sphere", "coordinates": []}])
def test_what_is_no_geometry_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(MalformedShapeError):
        geometry_from_grid(said)


def test_a_geometry_in_degrees_is_not_of_the_grid() -> None:
    with pytest.raises(GeoError, match="outside HK1980 Grid"):
        geometry_from_grid({"type": "Point", "coordinates": (LON, LAT)})


def test_the_outline_of_a_box_follows_its_sides() -> None:
    """Every point of it, sent back, lies on the border; what is out of reach is cut off."""
    box = hk1980.GridBox(800_000, 800_000, 900_000, 850_000)
    easting, northing = hk1980.to_grid(*hk1980.outline(box))
    on_side = (np.abs(easting - box.west) < 0.01) | (np.abs(easting - box.east) < 0.01)
    on_top = (np.abs(northing - box.south) < 0.01) | (np.abs(northing - box.north) < 0.01)
    assert (on_side | on_top).all()
    assert (easting.min(), easting.max()) == pytest.approx((box.west, box.east), abs=0.01)
    assert (northing.min(), northing.max()) == pytest.approx((box.south, box.north), abs=0.01)
    lon, lat = hk1980.outline(hk1980.GridBox(-1e9, -1e9, 1e9, 1e9))
    assert 112 < lon.min() < lon.max() < 117
    assert 20 < lat.min() < lat.max() < 25
    assert hk1980.outline(hk1980.GridBox(2e6, 2e6, 3e6, 3e6))[0].size == 0


def test_degrees_of_places_outside_the_area_end_at_the_reach() -> None:
    lon, lat = hk1980.degrees_of([832_591.320, 700_000.0, 9e9], [820_351.389, 820_000.0, 9e9])
    assert (lon[0], lat[0]) == pytest.approx((114.141187917, 22.322172084), abs=1e-8)
    assert lon[1] == pytest.approx(112.85, abs=0.02)
    assert np.isnan([lon[2], lat[2]]).all()
