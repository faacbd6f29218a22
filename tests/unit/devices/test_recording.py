"""History in files: what each piece is, whatever the file tries."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.errors import (
    BrokenRecordingError,
    DocumentTypeError,
    HeaderError,
    UnknownRecordingError,
)
from devices.recording import FormatName, Item, Options, read_recording, sniffed
from devices.recording.part import PART_ITEMS, part_payload, parts_of, read_part
from geo.distance import distance_m
from geo.fix import Fix
from tests.unit.tracker.tracks_to_write import BEGAN, LAT, LON, chunked, columns, document, head


def sealed(body: bytes) -> bytes:
    """A sentence with its checksum."""
    total = 0
    for byte in body:
        total ^= byte
    return b"$%b*%02X\r\n" % (body, total)


def items(format_: FormatName, data: bytes, options: Options | None = None) -> list[Item]:
    return list(read_recording(io.BytesIO(data), format_, options or Options()))


def fixes(format_: FormatName, data: bytes) -> list[Fix]:
    return [each.fix for each in items(format_, data) if each.fix is not None]


@pytest.mark.parametrize("format_", ["gpx", "csv"])
def test_what_we_write_we_read(format_: FormatName) -> None:
    found = fixes(format_, document(format_, head(), *chunked(7, 3)))
    assert len(found) == 7
    first = found[0]
    assert first.fixed_at == BEGAN
    assert distance_m(first.lon, first.lat, LON, LAT) < 0.01
    said = (first.altitude_m, first.speed_mps, first.course_deg, first.accuracy_m, first.hdop)
    assert said == (12.5, 3.25, 0.0, 4.5, 0.9)
    assert (first.satellites, first.mode, first.ignition) == (11, 3, True)
    assert found[1].speed_mps is None


def test_other_programs_gpx_is_read() -> None:
    made = b"""<?xml version="1.0"?><gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"
      xmlns:g="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">
      <wpt lat="1" lon="2"><time>2026-11-23T12:00:00Z</time></wpt>
      <trk><trkseg>
      <trkpt lat="22.3" lon="114.1"><time>2026-11-23T20:00:00+08:00</time><fix>2d</fix>
      <extensions><g:TrackPointExtension><g:speed>5.5</g:speed><g:course>90</g:course>
      </g:TrackPointExtension></extensions></trkpt>
      <trkpt lat="22.3" lon="114.1"/>
      <trkpt lat="north" lon="114.1"><time>2026-11-23T12:00:01Z</time></trkpt>
      <trkpt lat="92.3" lon="114.1"><time>2026-11-23T12:00:02Z</time></trkpt>
      <trkpt lat="22.3" lon="114.1"><time>2026-11-23T12:00:03</time></trkpt>
      </trkseg></trk></gpx>"""
    first, *others = items("gpx", made)
    assert first.fix == Fix(
        fixed_at=datetime(2026, 11, 23, 12, tzinfo=UTC),
        lon=114.1,
        lat=22.3,
        speed_mps=5.5,
        course_deg=90.0,
        mode=2,
    )
    assert [each.reason for each in others] == ["undated", "form", "range", "form"]
    assert b"north" in others[1].raw


def test_a_gpx_that_breaks_off_gives_what_stands_before() -> None:
    whole = document("gpx", head(), columns(6))
    found: list[Item] = []
    with pytest.raises(BrokenRecordingError):
        found.extend(read_recording(io.BytesIO(whole[:-20]), "gpx", Options()))
    assert len(found) == 6


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE gpx SYSTEM "http://127.0.0.1:1/gpx.dtd">',
        '<!DOCTYPE gpx [<!ENTITY a "aaaaaaaa"><!ENTITY x "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    ],
)
def test_a_document_type_is_refused(doctype: str) -> None:
    made = f'{doctype}<gpx><trk><trkseg><trkpt lat="1" lon="2"><time>&x;</time></trkpt></trkseg>'
    with pytest.raises((DocumentTypeError, BrokenRecordingError)):
        items("gpx", f"{made}</trk></gpx>".encode())


def test_a_table_needs_a_time_and_a_place_alone() -> None:
    (only,) = fixes(
        "csv", b"\xef\xbb\xbfTime,Latitude,Longitude\n2026-11-23T12:00:00Z,22.3,114.1\n"
    )
    assert only == Fix(fixed_at=datetime(2026, 11, 23, 12, tzinfo=UTC), lon=114.1, lat=22.3)
    (grid,) = fixes("csv", b"time,N,E\r\n2026-11-23T12:00:00Z,820351.389,832591.320\r\n")
    assert distance_m(grid.lon, grid.lat, LON, LAT) < 0.01


def test_what_a_table_says_wrongly_is_refused_row_by_row() -> None:
    made = (
        b"time,lat,lon,easting_m,northing_m\n"
        b"2026-11-23T12:00:00Z,22.3\n"  # cut short
        b"2026-11-23T12:00:01Z,x,114.1,,\n"
        b"2026-11-23T12:00:02Z,22.3,214.1,,\n"
        b"2026-11-23 12:00:03,22.3,114.1,,\n"  # no zone
        b",22.3,114.1,,\n"
        b"2026-11-23T12:00:04Z,,,820351.389,832591.320000\n"  # may be swapped: cannot be known
        b"2026-11-23T12:00:05Z,,,114.1,22.3\n"
        b"2026-11-23T12:00:06Z,,,,\n"
        b"\n"
        b"2026-11-23T12:00:07Z,22.3,114.1,,\n"
    )
    found = items("csv", made)
    reasons = [each.reason for each in found]
    assert reasons == ["form", "form", "range", "form", "undated", "", "range", "form", ""]
    assert found[0].raw == b"2026-11-23T12:00:00Z,22.3"


def test_a_table_without_its_columns_is_refused_whole() -> None:
    with pytest.raises(HeaderError, match="speed"):
        items("csv", b"speed,height\n1,2\n")


def test_nmea_is_read_with_what_is_refused() -> None:
    good = sealed(b"GPRMC,120000.00,A,2218.0000,N,11406.0000,E,10.0,90.0,231126,,,A")
    found = items("nmea", good + b"$GPRMC,120001.00,A,broken*00\r\n" + good[:30])
    assert [each.reason for each in found if each.reason]
    (fix,) = [each.fix for each in found if each.fix]
    assert (fix.fixed_at, fix.lon) == (datetime(2026, 11, 23, 12, tzinfo=UTC), 114.1)
    undated = sealed(b"GPGGA,120000.00,2218.0000,N,11406.0000,E,1,08,1.0,5.0,M,,M,,")
    assert [each.reason for each in items("nmea", undated)] == ["undated"]
    (dated,) = items("nmea", undated, Options(day=date(2026, 11, 23)))
    assert dated.fix is not None
    assert dated.fix.fixed_at == datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("beginning", "format_"),
    [
        (b"<?xml version='1.0'?>", "gpx"),
        (b"\xef\xbb\xbf  <gpx>", "gpx"),
        (b"$GPRMC,", "nmea"),
        (b"\\s:box*00\\$GPRMC", "nmea"),
        (b"fixed_at,lat,lon\r\n", "csv"),
    ],
)
def test_a_file_is_known_by_its_beginning(beginning: bytes, format_: str) -> None:
    assert sniffed(beginning) == format_


@pytest.mark.parametrize("beginning", [b"", b"PK\x03\x04", b"a,b\n"])
def test_another_file_is_not_guessed(beginning: bytes) -> None:
    with pytest.raises(UnknownRecordingError):
        sniffed(beginning)


@given(
    st.lists(
        st.one_of(
            st.builds(
                lambda ms, lon, lat, speed, mode: Item(
                    Fix(
                        fixed_at=datetime.fromtimestamp(ms / 1000, UTC),
                        lon=lon,
                        lat=lat,
                        speed_mps=speed,
                        mode=mode,
                        rollover_weeks=0 if mode is None else 1024,
                    ),
                    b"",
                ),
                st.integers(0, 2**31 * 1000).map(lambda n: n // 1000 * 1000),
                st.floats(-180, 180),
                st.floats(-90, 90),
                st.none() | st.floats(0, 100),
                st.sampled_from([None, 2, 3]),
            ),
            st.binary(min_size=1, max_size=40).map(lambda raw: Item(None, raw, "form")),
        ),
        max_size=20,
    )
)
def test_a_part_says_what_was_put_into_it(given_items: list[Item]) -> None:
    batch = read_part(part_payload("import-1", 7, given_items))
    assert (batch.boot, batch.seq) == ("import-1", 7)
    assert [fix for fix, _ in batch.fixes] == [each.fix for each in given_items if each.fix]
    assert list(batch.refused) == [(e.raw, e.reason) for e in given_items if e.fix is None]


def test_parts_are_of_a_size() -> None:
    many = [Item(None, b"x", "form")] * (2 * PART_ITEMS + 1)
    assert [len(part) for part in parts_of(many)] == [PART_ITEMS, PART_ITEMS, 1]
    large = [Item(None, b"x" * 100_000, "form")] * 4
    assert [len(part) for part in parts_of(large)] == [3, 1]


def test_bytes_that_are_no_part_are_refused() -> None:
    assert [reason for _, reason in read_part(b"{").refused] == ["json"]
    assert [reason for _, reason in read_part(b"[1]").refused] == ["form"]


SCRIPT = """
import sys
from devices.recording import Options, read_recording
from devices.recording.part import part_payload, parts_of
from tests.memory import peak_kb

before = None
with open(sys.argv[2], "rb") as file:
    for seq, part in enumerate(parts_of(read_recording(file, sys.argv[1], Options())), 1):
        part_payload("b", seq, part)
        if seq == 40:
            before = peak_kb()
print(seq, peak_kb() - before)
"""


@pytest.mark.parametrize("format_", ["gpx", "csv", "nmea"])
def test_a_long_file_fills_no_memory(tmp_path: Path, format_: FormatName) -> None:
    file = tmp_path / "long"
    count = 60_000
    if format_ == "nmea":
        lines = (
            sealed(b"GPRMC,%02d%02d%02d.00,A,2218.0,N,11406.0,E,1,9,231126,,,A" % hms)
            for hms in ((n // 3600, n // 60 % 60, n % 60) for n in range(count))
        )
        file.write_bytes(b"".join(lines))
    else:
        file.write_bytes(document(format_, head(), *chunked(count, 10_000)))
    done = subprocess.run(  # noqa: S603  the test's own command line
        [sys.executable, "-c", SCRIPT, format_, str(file)],
        capture_output=True,
        text=True,
        check=True,
    )
    parts, more_kb = (int(each) for each in done.stdout.split())
    assert parts == count / PART_ITEMS
    assert more_kb < 4_000
