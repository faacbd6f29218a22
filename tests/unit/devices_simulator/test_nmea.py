"""What the simulator writes is NMEA: a strict parser takes it and our own reader finds the fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pynmea2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import devices
from devices.nmea import Decoder
from devices.simulator import VirtualVehicle
from devices.simulator.nmea import Dialect, sentences, with_checksum
from geo.fix import Fix

GOVERNMENT = Path(devices.__file__).parent / "demo" / "government.yaml"
DIALECTS = {
    name: Dialect(**spec)
    for name, spec in yaml.safe_load(GOVERNMENT.read_text(encoding="utf-8"))["dialects"].items()
}

fixes = st.builds(
    Fix,
    fixed_at=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the strategy adds the zone
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    altitude_m=st.floats(-400, 9000),
    speed_mps=st.floats(0, 100),
    course_deg=st.none() | st.floats(0, 360, exclude_max=True),
    heading_deg=st.floats(0, 360, exclude_max=True),
    hdop=st.floats(0.5, 20),
    satellites=st.integers(4, 24),
    mode=st.just(3),
)


def decoded(lines: list[str]) -> list[Fix]:
    decoder = Decoder()
    data = "".join(f"{line}\r\n" for line in lines).encode("ascii")
    found = decoder.feed(data).fixes + decoder.end_epoch().fixes + decoder.finish().fixes
    return list(found)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@settings(deadline=None)  # another process may have the processor
@given(fix=fixes)
def test_our_reader_finds_what_was_written(dialect: Dialect, fix: Fix) -> None:
    at = dialect.instant(fix.fixed_at)
    written = Fix(**{name: getattr(fix, name) for name in Fix.__slots__} | {"fixed_at": at})
    lines = sentences(written, dialect)

    (read,) = decoded(lines)

    rounding_deg = 0.51 * 10**-dialect.minute_decimals / 60
    assert abs(read.fixed_at - at) < timedelta(milliseconds=1)
    assert read.lon == pytest.approx(fix.lon, abs=rounding_deg)
    assert read.lat == pytest.approx(fix.lat, abs=rounding_deg)
    if {"RMC", "VTG"} & set(dialect.sentences):
        assert read.speed_mps == pytest.approx(fix.speed_mps, abs=0.001)
        assert (read.course_deg is None) == (fix.course_deg is None)
        if read.course_deg is not None and fix.course_deg is not None:
            assert abs((read.course_deg - fix.course_deg + 180) % 360 - 180) <= 0.0051
    if "HDT" in dialect.sentences:
        assert read.heading_deg is not None
    if {"GGA", "GNS"} & set(dialect.sentences):
        assert read.altitude_m == pytest.approx(fix.altitude_m, abs=0.051)
        assert read.hdop == pytest.approx(fix.hdop, abs=0.0051)
        assert read.satellites is not None


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@settings(deadline=None)  # another process may have the processor
@given(fix=fixes)
def test_a_strict_parser_takes_every_sentence(dialect: Dialect, fix: Fix) -> None:
    kinds = set()
    for line in sentences(fix, dialect):
        parsed = pynmea2.parse(line, check=True)
        assert parsed.talker == dialect.talker
        assert len(line) <= 82
        kinds.add(parsed.sentence_type)
    assert kinds == set(dialect.sentences)


def test_the_fleet_speaks_in_many_ways(fleet: list[VirtualVehicle]) -> None:
    spoken = {
        (line[1:3], line[3:6], len(line.split(",")))
        for drive in fleet
        for line in sentences(drive.fix_at(drive.started_at), drive.vehicle.dialect)
    }
    assert {talker for talker, _, _ in spoken} == {"GP", "GN", "GL", "BD", "II", "AI"}
    assert {kind for _, kind, _ in spoken} == {
        *("RMC", "VTG", "GGA", "GSA", "GNS", "GLL", "ZDA", "GST", "HDT")
    }
    # RMC before NMEA 2.3, since, and since 4.1.
    assert {fields for _, kind, fields in spoken if kind == "RMC"} == {12, 13, 14}


@pytest.mark.parametrize(
    ("lat", "lon", "written"),
    [
        (22.30063, 114.16833, "2218.0378,N,11410.0998,E"),
        (-0.5, -0.25, "0030.0000,S,00015.0000,W"),
        # Never sixty minutes.
        (21.99999999, 113.99999999, "2200.0000,N,11400.0000,E"),
    ],
)
def test_degrees_and_minutes(lat: float, lon: float, written: str) -> None:
    fix = Fix(fixed_at=datetime(2026, 11, 23, tzinfo=UTC), lon=lon, lat=lat)
    (line,) = sentences(fix, Dialect(talker="GP", sentences=["GLL"]))
    assert f",{written}," in line


def test_checksum_of_a_known_sentence() -> None:
    """The textbook RMC of a Garmin manual ends in *6A without its mode letter."""
    body = "GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W"
    assert with_checksum(body) == f"${body}*6A"
