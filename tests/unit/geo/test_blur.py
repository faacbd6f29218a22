"""A blurred position tells its cell and nothing more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from geo.blur import LARGEST_M, SMALLEST_M, blurred, cells_of
from geo.distance import distance_m
from geo.errors import BlurSizeError

#: A ten-thousandth of a millimetre.
ROUNDING_DEG = 1e-12
longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)
sizes = st.floats(SMALLEST_M, LARGEST_M)


@given(lon=longitudes, lat=latitudes, size_m=sizes)
@example(lon=180.0, lat=90.0, size_m=1000.0)
@example(lon=-180.0, lat=-90.0, size_m=1000.0)
@example(lon=114.17, lat=22.3, size_m=500.0)
def test_the_true_place_cannot_be_narrowed_below_the_cell(
    lon: float, lat: float, size_m: float
) -> None:
    """Every place of the cell gives the very same answer, and no side of it is shorter."""
    told = blurred([lon], [lat], size_m)
    west, south, east, north = (float(side[0]) for side in cells_of([lon], [lat], size_m))
    assert south - ROUNDING_DEG <= lat <= north + ROUNDING_DEG
    assert west - ROUNDING_DEG <= lon <= east + ROUNDING_DEG or lon > 180 - 1e-9
    fractions = np.linspace(0.001, 0.999, 9)
    lons, lats = (
        side.ravel()
        for side in np.meshgrid(
            west + fractions * (east - west), south + fractions * (north - south)
        )
    )
    everywhere = blurred(lons, lats, size_m)
    assert set(everywhere[0].tolist()) == {told[0][0]}
    assert set(everywhere[1].tolist()) == {told[1][0]}

    assert distance_m(*(np.array([x]) for x in (west, south, west, north)))[0] >= size_m * 0.999
    if east - west < 180:
        edge = north if abs(north) > abs(south) else south
        across_m = distance_m(*(np.array([x]) for x in (west, edge, east, edge)))[0]
        # A geodesic cuts the parallel's corner, near the poles by a lot.
        assert across_m >= size_m * (0.95 if abs(edge) < 85 else 0.6)


@given(lon=longitudes, lat=latitudes, size_m=sizes)
def test_blurring_again_changes_nothing(lon: float, lat: float, size_m: float) -> None:
    once = blurred([lon], [lat], size_m)
    again = blurred(*once, size_m)
    assert (once[0][0], once[1][0]) == (again[0][0], again[1][0])


def test_a_thousand_answers_about_a_place_are_one() -> None:
    """With noise of the receiver too, as long as it stays in the cell: no average tells more."""
    west, south, east, north = (float(side[0]) for side in cells_of([114.17], [22.3], 500.0))
    rng = np.random.default_rng(7)
    lon = np.clip(
        rng.normal(west + (east - west) * 0.2, 2e-4, 1000), west, np.nextafter(east, west)
    )
    lat = np.clip(rng.normal(south + (north - south) * 0.8, 2e-4, 1000), south, north - 1e-9)
    lons, lats = blurred(lon, lat, 500.0)
    assert len(set(zip(lons.tolist(), lats.tolist(), strict=True))) == 1


def test_cells_of_hong_kong_are_about_as_large_as_asked() -> None:
    west, south, east, north = cells_of([114.17], [22.3], 500.0)
    assert distance_m(west, south, west, north)[0] == pytest.approx(500, rel=0.01)
    assert distance_m(west, south, east, south)[0] == pytest.approx(500, rel=0.01)


@pytest.mark.parametrize("size_m", [0, -5, 49, float("nan"), 200_000])
def test_a_size_that_hides_nothing_or_everything_is_refused(size_m: float) -> None:
    with pytest.raises(BlurSizeError):
        blurred([114.0], [22.0], size_m)
