"""Fences in files: what is written is read again as it was, and others' files are understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyogrio import raw

from geo.errors import SwappedGridError, UnknownReferenceError
from geo.shapes import WORLD, build_shape
from tracker.errors import BadInput
from tracker.fence_files import geojson
from tracker.fence_files.drawn import Drawn, Fields, fence_of
from tracker.fence_files.formats import Reading, read, write
from tracker.fence_files.gpx import Widths
from tracker.fence_plan import wanted

SQUARE = [[114.1, 22.3], [114.11, 22.3], [114.11, 22.31], [114.1, 22.31], [114.1, 22.3]]
HOLE = [
    [114.104, 22.304],
    [114.104, 22.306],
    [114.106, 22.306],
    [114.106, 22.304],
    [114.104, 22.304],
]
SHAPES: dict[str, dict[str, Any]] = {
    "square": {"geometry": {"type": "Polygon", "coordinates": [SQUARE, HOLE]}},
    "round": {"circle": {"center": [114.2, 22.35], "radius_m": 250}},
    "way": {"corridor": {"line": [[114.1, 22.3], [114.15, 22.33]], "each_side_m": 30}},
}
NAMES = {"en": 'Yard <1> & "2"', "zh-Hant": "涌邨車廠"}


def rows() -> list[dict[str, Any]]:
    """As `tracker.reads.fences` gives them."""
    made = []
    for ref, definition in SHAPES.items():
        geometry = json.loads(shapely.to_geojson(build_shape(definition)))
        kind = next(iter(definition)) if "geometry" not in definition else "polygon"
        made.append(
            {
                **{"ref": ref, "name": NAMES, "kind": kind, "definition": definition},
                **{"geometry": geometry, "description": {"en": "About", "zh-Hant": "說明"}},
                "valid_from": datetime(2026, 11, 1, tzinfo=UTC),
                "valid_until": datetime(2036, 1, 1, tzinfo=UTC),
            }
        )
    return made


@pytest.mark.parametrize("suffix", [".geojson", ".kml", ".gpx", ".zip", ".shp"])
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"fences{suffix}"
    path.write_bytes(b"old")
    write(path, rows())
    found = wanted(read(path, Reading()), "D", WORLD)
    assert found.refused == []
    assert found.fences.keys() == SHAPES.keys()
    for row in rows():
        new, area, where = found.fences[row["ref"]]
        assert where.startswith(f"fences{'.shp' if suffix == '.shp' else suffix}, feature ")
        assert new.name == NAMES
        assert new.description == row["description"]
        assert new.valid_until == row["valid_until"]
        assert new.kind == row["kind"]
        if row["kind"] != "polygon":
            assert new.definition == row["definition"]
        drawn = build_shape(row["definition"])
        assert area.symmetric_difference(drawn).area < 1e-12


def shapefile(path: Path, crs: str | None, *areas: shapely.Polygon, **columns: list[Any]) -> None:
    raw.write(
        str(path),
        geometry=shapely.to_wkb(list(areas)),
        field_data=[np.array(values, dtype=object) for values in columns.values()],
        fields=np.array(list(columns), dtype=object),
        geometry_type="Polygon",
        crs=crs,
        driver="ESRI Shapefile",
        encoding="UTF-8",
    )


def test_a_shapefile_in_hk1980_grid_is_turned_with_its_shift_of_datum(tmp_path: Path) -> None:
    """The control point is the south-west corner; taken without the shift it is 304 m off."""
    east, north = 832591.320, 820351.389
    shapefile(
        tmp_path / "hk.shp",
        "EPSG:2326",
        shapely.box(east, north, east + 500, north + 500),
        shapely.box(east, north + 1000, east + 500, north + 1500),
        CODE=["Y1", "Y2"],
        NAME_EN=["Yard one", "Yard two"],
        NAME_TC=["一號車廠", "二號車廠"],
    )
    assert "TOWGS84" not in (tmp_path / "hk.prj").read_text()
    found = wanted(read(tmp_path, Reading()), "D", WORLD)
    assert [*found.fences] == ["Y1", "Y2"]
    new, area, _ = found.fences["Y1"]
    assert new.name == {"en": "Yard one", "zh-Hant": "一號車廠"}
    corner = shapely.Point(114.141187917, 22.322172084)
    assert min(corner.distance(shapely.Point(p)) for p in area.exterior.coords) < 1e-7  # type: ignore[union-attr]  # one polygon
    (tmp_path / "hk.prj").unlink()
    with pytest.raises(UnknownReferenceError):
        wanted(read(tmp_path / "hk.shp", Reading()), "D", WORLD)
    told = wanted(read(tmp_path / "hk.shp", Reading(crs="EPSG:2326")), "D", WORLD)
    assert told.fences["Y1"][1].equals_exact(area, 1e-12)


def test_a_shapefile_in_any_other_system_is_turned(tmp_path: Path) -> None:
    """UTM 50 N, and Web Mercator: metres, x before y."""
    for crs, east, north in (
        ("EPSG:32650", 200_000, 2_470_000),
        ("EPSG:3857", 12_706_000, 2_548_000),
    ):
        path = tmp_path / f"{crs[5:]}.shp"
        shapefile(path, crs, shapely.box(east, north, east + 900, north + 900), ref=["x"])
        area = wanted(read(path, Reading()), "D", WORLD).fences["x"][1]
        assert 113 < area.centroid.x < 115
        assert 22 < area.centroid.y < 23


GPX = """<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">
<wpt lat="22.3" lon="114.1"><name>Pier 9</name><desc>Landing</desc></wpt>
<rte><name>Patrol</name><rtept lat="22.3" lon="114.1"/><rtept lat="22.31" lon="114.12"/></rte>
<trk><name>Round</name>
<trkseg><trkpt lat="22.3" lon="114.1"/><trkpt lat="22.4" lon="114.1"/></trkseg>
<trkseg><trkpt lat="22.3" lon="114.2"/><trkpt lat="x" lon="114.2"/></trkseg></trk></gpx>"""


def test_gpx_tracks_and_routes_are_corridors_and_waypoints_circles(tmp_path: Path) -> None:
    path = tmp_path / "a.gpx"
    path.write_text(GPX)
    widths = Widths(radius_m=75, each_side_m=20)
    found = wanted(read(path, Reading(widths=widths)), "D", WORLD)
    assert {ref: new.definition for ref, (new, _, _) in found.fences.items()} == {
        "Pier-9": {"circle": {"center": [114.1, 22.3], "radius_m": 75}},
        "Patrol": {"corridor": {"line": [[114.1, 22.3], [114.12, 22.31]], "each_side_m": 20}},
        "Round-1": {"corridor": {"line": [[114.1, 22.3], [114.1, 22.4]], "each_side_m": 20}},
    }
    assert [each.where for each in found.refused] == ["a.gpx, feature 4"]
    path.write_text('<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]><gpx>&a;<wpt/></gpx>')
    with pytest.raises(BadInput):
        wanted(read(path, Reading()), "D", WORLD)


def test_kml_of_others_is_read_folder_by_folder(tmp_path: Path) -> None:
    ring = " ".join(f"{x},{y},5" for x, y in SQUARE)
    polygon = (
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
    )
    away = polygon.replace("114.", "115.")
    (tmp_path / "a.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<Folder><name>one</name><Placemark><name>倉 A</name>{polygon}</Placemark></Folder>"
        "<Folder><name>two</name><Placemark><name>Gate B</name><description>Gate</description>"
        f"<MultiGeometry>{polygon}{away}</MultiGeometry></Placemark>"
        "<Placemark><name>Spot</name><Point><coordinates>114.1,22.3</coordinates></Point>"
        "</Placemark></Folder></Document></kml>",
        encoding="utf-8",
    )
    found = wanted(read(tmp_path / "a.kml", Reading()), "D", WORLD)
    assert [new.name["en"] for new, _, _ in found.fences.values()] == ["倉 A", "Gate B"]
    assert found.fences["Gate-B"][0].description["en"] == "Gate"
    assert len(found.fences["Gate-B"][1].geoms) == 2  # type: ignore[union-attr]  # two polygons
    assert [each.where for each in found.refused] == ["a.kml, feature 3"]


def test_what_cannot_be_a_fence_is_named_with_its_place(tmp_path: Path) -> None:
    crossing = [[114.1, 22.3], [114.2, 22.4], [114.2, 22.3], [114.1, 22.4], [114.1, 22.3]]
    features = [
        {"type": "Feature", "properties": {"ref": "a"}, "geometry": SHAPES["square"]["geometry"]},
        {"type": "Feature", "properties": {"ref": "b"},
         "geometry": {"type": "Polygon", "coordinates": [crossing]}},
        {"type": "Feature", "properties": {"ref": "a"}, "geometry": SHAPES["square"]["geometry"]},
        {"type": "Feature", "properties": {"ref": "no ref!"}, "geometry": None},
        7,
    ]  # fmt: skip
    path = tmp_path / "f.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    found = wanted(read(path, Reading()), "D", WORLD)
    assert [*found.fences] == ["a"]
    told = [(each.where, each.ref, each.place) for each in found.refused]
    assert told == [
        ("f.geojson, feature 2", "b", pytest.approx((114.15, 22.35))),
        ("f.geojson, feature 3", "a", None),
        ("f.geojson, feature 4", None, None),
        ("f.geojson, feature 5", None, None),
    ]
    assert "feature 1" in found.refused[1].reason


def test_geojson_in_the_grid_and_names_of_other_columns(tmp_path: Path) -> None:
    path = tmp_path / "g.geojson"
    ring = [
        [832000, 820000],
        [833000, 820000],
        [833000, 821000],
        [832000, 821000],
        [832000, 820000],
    ]
    polygon = {"type": "Polygon", "coordinates": [ring]}
    feature = {
        "type": "Feature",
        "geometry": polygon,
        "properties": {"OBJ": 12, "Facility": "Depot"},
    }
    path.write_text(json.dumps(feature))
    fields = Fields(ref=("obj",), name_en=("facility",))
    found = wanted(read(path, Reading(crs="EPSG:2326")), "D", WORLD, fields)
    new, area, _ = found.fences["12"]
    assert new.name["en"] == "Depot"
    assert 114.1 < area.centroid.x < 114.2
    swapped = [
        [836_000 + north, 860_000 + east] for east, north in ((0, 0), (9, 0), (9, 9), (0, 0))
    ]
    path.write_text(json.dumps({**polygon, "coordinates": [swapped]}))
    (drawn,) = read(path, Reading(crs="EPSG:2326"))
    assert isinstance(drawn.shape, SwappedGridError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.lists(JSON, max_size=4),
    st.dictionaries(st.text().filter(lambda key: key != "features"), JSON, max_size=3),
    st.sampled_from([None, 1]),
)
def test_features_one_by_one_are_those_of_the_whole_document(
    features: list[Any], more: dict[str, Any], indent: int | None
) -> None:
    text = json.dumps({**more, "features": features}, indent=indent)
    assert list(geojson._of_document(text)) == features
    if not features:
        text = json.dumps(more, indent=indent)
        assert list(geojson._of_document(text)) == [more]


@pytest.mark.parametrize(
    "broken", ["", "[", "{", '{"features":[{}', '{"features":[1 2]}', "{]", "nul"]
)
def test_a_broken_document_is_refused(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "b.geojson"
    path.write_text(broken)
    with pytest.raises(BadInput):
        list(read(path, Reading()))
    (tmp_path / "b.shp").write_text(broken)
    with pytest.raises(BadInput):
        list(read(tmp_path / "b.shp", Reading()))


def test_pyogrio_knows_what_we_need() -> None:
    """The wheel brings its own GDAL, and these drivers in it."""
    drivers = pyogrio.list_drivers()
    assert {"LIBKML", "ESRI Shapefile"} <= drivers.keys()
    assert (
        fence_of(
            Drawn(where="x", number="f-1", attributes={}, shape=SHAPES["round"]), "D", Fields()
        ).ref
        == "f-1"
    )
