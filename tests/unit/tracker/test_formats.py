"""Each format is read back by a program that is not ours, whatever the names are."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas
import gpxpy
import numpy as np
import pyarrow.parquet as pq
import pytest
from fastkml.validator import get_schema_parser
from geojson_pydantic import FeatureCollection
from gpxpy.gpx import GPXXMLSyntaxException
from lxml import etree

from tests.unit.tracker.tracks_to_write import (
    BEGAN,
    HKSCS,
    HOSTILE,
    LAT,
    LON,
    chunked,
    columns,
    document,
    head,
)
from tracker.formats import FORMATS, file_name
from tracker.formats.gpx import OURS

with warnings.catch_warnings():
    # It says so when it is imported without what its Kalman filter needs, which nobody uses here.
    warnings.filterwarnings("ignore", "Missing optional dependencies", UserWarning)
    import movingpandas

KML = "{http://www.opengis.net/kml/2.2}"
GX = "{http://www.google.com/kml/ext/2.2}"


def printable(text: str) -> str:
    """What XML can hold of it."""
    return "".join(c if c in "\t\n\r" or c >= " " else "\ufffd" for c in text)


def gpx_name(made: bytes) -> str:
    return str(gpxpy.parse(made.decode()).tracks[0].name)


def kml_name(made: bytes) -> str:
    return str(etree.fromstring(made).findtext(f".//{KML}Placemark/{KML}name"))


def csv_name(made: bytes) -> str:
    row = next(csv.DictReader(io.StringIO(made.decode(), newline="")))
    return f"{row['vehicle']} · {row['name_en']} · {row['name_zh_hant']}"


def geojson_name(made: bytes) -> str:
    told = json.loads(made)
    return f"{told['vehicle']} · {told['name']['en']} · {told['name']['zh-Hant']}"


def mfjson_name(made: bytes) -> str:
    return geojson_name(json.dumps(json.loads(made)["features"][0]["properties"]).encode())


def parquet_name(made: bytes) -> str:
    row = pq.read_table(io.BytesIO(made)).to_pylist()[0]
    return f"{row['vehicle']} · {row['name_en']} · {row['name_zh_hant']}"


READERS: dict[str, Callable[[bytes], str]] = {
    "gpx": gpx_name,
    "kml": kml_name,
    "csv": csv_name,
    "geojson": geojson_name,
    "geoparquet": parquet_name,
    "mfjson": mfjson_name,
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("said", HOSTILE)
def test_a_name_survives_every_format(name: str, said: str) -> None:
    found = READERS[name](document(name, head(said, f"{HKSCS}{said}"), columns(2)))
    expected = f"FSD/AMB-1 · {said} · {HKSCS}{said}"
    if name == "csv":  # a spreadsheet must not run it
        expected = expected.replace("· =", "· '=")
    # gpxpy strips a name that ends in white space; none here does.
    assert found == (printable(expected) if name in ("gpx", "kml") else expected)


@pytest.mark.parametrize("name", FORMATS)
def test_chunks_make_the_same_document_as_one(name: str) -> None:
    """But where a stretch has to be written whole; that its points are the same stands below."""
    if name in ("gpx", "csv", "geojson"):
        assert document(name, head(), *chunked(20, 4)) == document(name, head(), columns(20))
    assert document(name, head()).strip()


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_cut_short_by_a_fault_cannot_be_taken_for_whole(name: str) -> None:
    broken = document(name, head(), *chunked(20, 5), fault=True)
    whole = document(name, head(), *chunked(20, 5))
    assert len(broken) < len(whole)
    assert whole.startswith(broken)
    if name == "csv":
        *_, last = csv.reader(io.StringIO(broken.decode(), newline=""))
        assert len(last) == 1
        return
    with pytest.raises((GPXXMLSyntaxException, etree.XMLSyntaxError, ValueError, OSError)):
        READERS[name](broken)


def opened(made: bytes) -> Any:  # noqa: ANN401  a frame of geopandas
    return geopandas.read_parquet(io.BytesIO(made))


def test_gpx_goes_through_gpxpy(tmp_path: Path) -> None:
    track = gpxpy.parse(document("gpx", head(), *chunked(6, 4)).decode()).tracks[0]
    assert [len(segment.points) for segment in track.segments] == [3, 3]
    point = track.segments[0].points[0]
    assert (point.latitude, point.longitude) == (round(LAT, 7), round(LON, 7))
    assert point.time == BEGAN
    assert (point.elevation, point.satellites, point.horizontal_dilution) == (12.5, 11, 0.9)
    assert point.type_of_gpx_fix == "3d"
    said = {each.tag.removeprefix(f"{{{OURS}}}"): each.text for each in point.extensions}
    assert said == {
        "speed_mps": "3.25",
        "course_deg": "0.0",
        "accuracy_m": "4.5",
        "ignition": "true",
    }
    ais, implausible = track.segments[0].points[1:]
    assert ais.source == "ais"
    assert [e.text for e in implausible.extensions if e.tag.endswith("implausible")] == ["true"]


def test_gpx_goes_through_gpsbabel(tmp_path: Path) -> None:
    file = tmp_path / "track.gpx"
    file.write_bytes(document("gpx", head(HOSTILE[1], HOSTILE[2]), *chunked(7, 2)))
    gpsbabel = shutil.which("gpsbabel")
    assert gpsbabel, "apt-get install gpsbabel"
    read = ("-t", "-i", "gpx", "-f", str(file), "-o", "unicsv,utc=0", "-F", "-")
    done = subprocess.run(  # noqa: S603  the test's own command line
        [gpsbabel, *read], capture_output=True, text=True, check=True
    )
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(found) == 7
    assert float(found[0]["Latitude"]) == pytest.approx(LAT, abs=1e-6)
    assert float(found[0]["Longitude"]) == pytest.approx(LON, abs=1e-6)
    assert found[0]["Time"].startswith("01:02:03")


def test_gpx_says_its_elements_in_the_order_of_its_schema() -> None:
    made = etree.fromstring(document("gpx", head(), columns(1)))
    tags = [etree.QName(each).localname for each in made.iterfind(".//{*}trkpt/*")]
    assert tags == ["ele", "time", "fix", "sat", "hdop", "extensions"]
    assert [etree.QName(each).localname for each in made] == ["metadata", "trk"]


@pytest.mark.parametrize("course_deg", [90.0, None])
@pytest.mark.parametrize("altitude_m", [5.0, None])
def test_kml_is_valid(course_deg: float | None, altitude_m: float | None) -> None:
    fixes = columns(7, course_deg=course_deg, altitude_m=altitude_m)
    made = etree.fromstring(document("kml", head(*HOSTILE[1:3]), fixes))
    get_schema_parser().assertValid(made)


def test_kml_tracks_end_at_gaps_and_begin_where_the_last_one_ended() -> None:
    made = etree.fromstring(document("kml", head(), *chunked(6, 2)))
    tracks = made.findall(f".//{GX}MultiTrack/{GX}Track")
    times = [[each.text for each in track.findall(f"{KML}when")] for track in tracks]
    assert [len(each) for each in times] == [2, 2, 3]
    assert times[0][-1] == times[1][0]
    lonely = etree.fromstring(document("kml", head(), *chunked(7, 2)))
    assert len(lonely.findall(f".//{GX}Track")) == 4
    for track in tracks:
        count = len(track.findall(f"{KML}when"))
        assert len(track.findall(f"{GX}coord")) == count
        assert {len(each) for each in track.iter(f"{GX}SimpleArrayData")} == {count}


def test_csv_says_degrees_and_the_grid_side_by_side() -> None:
    made = document("csv", head(), columns(2))
    assert made.count(b"\r\n") == 3
    first, _ = csv.DictReader(io.StringIO(made.decode(), newline=""))
    assert first["fixed_at"] == "2026-11-27T01:02:03.250Z"
    metres = (float(first["easting_m"]), float(first["northing_m"]))
    assert np.hypot(*np.subtract(metres, (832_591.320, 820_351.389))) < 0.01
    assert (first["lat"], first["lon"]) == ("22.3221721", "114.1411879")
    assert (first["heading_deg"], first["ignition"], first["ais"]) == ("", "true", "false")
    far = document("csv", head(), columns(1, lon=0.5, lat=-1.5)).decode()
    assert far.splitlines()[1].startswith("2026-11-27T01:02:03.250Z,-1.5,0.5,,,")


def test_geojson_is_that_of_rfc_7946() -> None:
    made = document("geojson", head(), *chunked(7, 3))
    found: FeatureCollection[Any] = FeatureCollection.model_validate_json(made)
    assert len(found.features) == 7
    told = json.loads(made)
    assert "crs" not in told
    assert told["features"][0]["geometry"]["coordinates"] == [114.1411879, 22.3221721, 12.5]
    assert told["features"][1]["properties"]["ais"] is True
    assert json.loads(document("geojson", head()))["features"] == []


def test_geoparquet_opens_in_geopandas() -> None:
    frame = opened(document("geoparquet", head(), *chunked(200_000, 10_000)))
    assert len(frame) == 200_000
    assert frame.crs == "OGC:CRS84"
    assert (frame.geometry.x[0], frame.geometry.y[0]) == (LON, LAT)
    assert frame.fixed_at[0] == BEGAN
    assert frame.speed_mps.isna().sum() == 100_000
    assert set(frame.name_zh_hant) == {HKSCS}


def test_geoparquet_has_row_groups_of_a_size() -> None:
    made = pq.ParquetFile(io.BytesIO(document("geoparquet", head(), *chunked(150_000, 10_000))))
    groups = [made.metadata.row_group(n).num_rows for n in range(made.num_row_groups)]
    assert groups == [70_000, 70_000, 10_000]
    geo = json.loads(made.schema_arrow.metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert "crs" not in geo["columns"]["geometry"]
    assert len(opened(document("geoparquet", head()))) == 0


def test_mfjson_opens_in_movingpandas() -> None:
    told = json.loads(document("mfjson", head(), *chunked(12, 5)))
    with warnings.catch_warnings():
        # Of its own calls of pandas, and that it takes all times for what we say, UTC.
        warnings.filterwarnings("ignore", "The inplace keyword|Time zone information dropped")
        collection = movingpandas.read_mf_dict(told, traj_id_property="part")
    points = [len(each["temporalGeometry"]["datetimes"]) for each in told["features"]]
    assert points == [3, 2, 2, 3, 3]
    assert len(collection.trajectories) == len(points)
    first = collection.trajectories[0].df
    assert (first.geometry.iloc[0].x, first.geometry.iloc[0].y) == (round(LON, 7), round(LAT, 7))
    assert first.speed_mps.tolist()[::2] == [3.25, 3.25]


def test_mfjson_says_how_a_course_may_not_be_read() -> None:
    (feature,) = json.loads(document("mfjson", head(), columns(3)))["features"]
    assert feature["temporalGeometry"]["interpolation"] == "Linear"
    told = {
        name: each[name]
        for each in feature["temporalProperties"]
        for name in each
        if name != "datetimes"
    }
    assert told["course_deg"]["interpolation"] == "Discrete"
    assert told["speed_mps"] == {
        "type": "Measure",
        "form": "m/s",
        "values": [3.25, 3.25],
        "interpolation": "Linear",
    }
    assert "heading_deg" not in told


def test_a_file_name_is_safe() -> None:
    of = head()
    assert file_name(of, FORMATS["gpx"]) == "FSD_AMB-1_20261127T010203Z_20261128T010203Z.gpx"
    for format_ in FORMATS.values():
        assert file_name(of, format_).isascii()
