"""Places as people type them."""

from __future__ import annotations

import pytest

from geo.distance import distance_m
from geo.errors import OffGridError, PlaceTextError, SwappedGridError
from geo.places import read_place, readings


@pytest.mark.parametrize(
    ("text", "lon_lat"),
    [
        ("22.3,114.17", (114.17, 22.3)),
        (" 22.3, 114.17 ", (114.17, 22.3)),
        ("22.3 114.17", (114.17, 22.3)),
        ("-33.9;18.4", (18.4, -33.9)),
        ("22.3N 114.17E", (114.17, 22.3)),
        ("114.17°E 22.3°N", (114.17, 22.3)),
        ("33.9s, 18.4e", (18.4, -33.9)),
        ("0.5N 77.1W", (-77.1, 0.5)),
    ],
)
def test_degrees_are_read_latitude_first_or_by_their_letters(
    text: str, lon_lat: tuple[float, float]
) -> None:
    assert read_place(text) == lon_lat


@pytest.mark.parametrize(
    "text", ["832591.320E 820351.389N", "820351.389N, 832591.320E", "832591.320 e,820351.389 n"]
)
def test_metres_of_the_grid_are_read_by_their_letters(text: str) -> None:
    assert distance_m(*read_place(text), 114.141187917, 22.322172084) < 0.01


@pytest.mark.parametrize(
    "text",
    [
        "",
        "here",
        "22.3",
        "1 2 3",
        "22.3N 114.17",
        "22.3N 114.17N",
        "832591.3, 820351.4",
        "114.17, 22.3",
        "91, 0",
        "nan, 0",
        "22.3N 200E",
    ],
)
def test_what_may_mean_something_else_is_not_guessed(text: str) -> None:
    with pytest.raises((PlaceTextError, OffGridError)):
        read_place(text)


def test_swapped_letters_are_noticed_where_they_can_be() -> None:
    with pytest.raises(SwappedGridError):
        read_place("862591.3N 820351.4E")


def test_metres_without_letters_may_mean_two_places() -> None:
    easting_first, northing_first = readings("832591.320, 820351.389")
    assert distance_m(*easting_first, 114.141187917, 22.322172084) < 0.01
    assert distance_m(*northing_first, *read_place("832591.320N 820351.389E")) < 0.01
    assert readings("832591.320E 820351.389N") == [easting_first]
    assert readings("22.3, 114.17") == [(114.17, 22.3)]
    [only] = readings("812000, 860000")
    assert only == read_place("860000E 812000N")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Sha Tin", PlaceTextError),
        ("1000000 2000000", OffGridError),
        ("114.17, 22.3", PlaceTextError),
    ],
)
def test_what_is_no_place_has_no_reading(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        readings(text)
