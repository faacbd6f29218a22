"""The built-in basemap is Hong Kong, and its names stand on its land."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import shape

import maps

BASEMAP = Path(maps.__file__).parent / "basemap"


@pytest.fixture(scope="module")
def land() -> shapely.MultiPolygon:
    feature = json.loads((BASEMAP / "land.geojson").read_text(encoding="utf-8"))
    area = shape(feature["geometry"])
    assert isinstance(area, shapely.MultiPolygon)
    return area


def districts() -> list[dict[str, Any]]:
    read: list[dict[str, Any]] = json.loads((BASEMAP / "districts.json").read_text("utf-8"))
    return read


def test_land_is_valid_and_small_enough_to_ship(land: shapely.MultiPolygon) -> None:
    assert land.is_valid
    assert (BASEMAP / "land.geojson").stat().st_size < 200_000


@pytest.mark.parametrize(
    ("lon", "lat", "is_land"),
    [
        (114.1495, 22.2712, True),  # Victoria Peak
        (114.1700, 22.2880, False),  # Victoria Harbour
        (114.1240, 22.4110, True),  # Tai Mo Shan
        (113.9185, 22.3080, True),  # the airport, younger than the shore around it
        (114.0490, 22.3120, True),  # Penny's Bay, too
        (114.3800, 22.3000, False),  # the open sea
    ],
)
def test_known_places(land: shapely.MultiPolygon, lon: float, lat: float, is_land: bool) -> None:
    assert land.contains(shapely.Point(lon, lat)) is is_land


def test_eighteen_districts_named_in_both_languages_on_land(land: shapely.MultiPolygon) -> None:
    found = districts()

    assert len({district["name"]["en"] for district in found}) == 18
    assert all(district["name"]["zh-Hant"].endswith("區") for district in found)
    at_sea = [
        d["name"]["en"] for d in found if not land.contains(shapely.Point(d["lon"], d["lat"]))
    ]
    assert at_sea == []


def test_attribution_of_both_sources_travels_with_the_land() -> None:
    feature = json.loads((BASEMAP / "land.geojson").read_text(encoding="utf-8"))
    assert "GSHHG" in feature["properties"]["attribution"]
    assert "OpenStreetMap" in feature["properties"]["attribution"]
