"""gpsd's JSON: which reports make a fix, and what of them belongs to it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract import Batch
from devices.gpsd import Instant, read_report, read_reports
from geo.fix import Fix

AT = "2026-11-24T08:00:05.250Z"
TPV = {
    "class": "TPV",
    "device": "/dev/ttyUSB0",
    "mode": 3,
    "time": AT,
    "lat": 22.3,
    "lon": 114.17,
    "altHAE": 9.0,
    "altMSL": 12.0,
    "track": 360.0,
    "speed": 5.0,
    "eph": 1899.8,
}
SKY = {"class": "SKY", "device": "/dev/ttyUSB0", "hdop": 0.9, "nSat": 12, "uSat": 9}
GST = {"class": "GST", "device": "/dev/ttyUSB0", "time": AT, "lat": 3.0, "lon": 4.0}
ATT = {"class": "ATT", "device": "/dev/ttyUSB0", "time": AT, "heading": 90.0}


def line(report: dict[str, Any], **changes: object) -> bytes:
    return json.dumps(report | changes).encode()


def told(*lines: bytes) -> list[bytes]:
    """What an Instant gives out for these lines, and at the end."""
    instant = Instant()
    out = []
    for each in lines:
        report = read_report(each)
        assert report is not None
        out.append(instant.take(report, each))
    return [each for each in [*out, instant.end()] if each is not None]


def fix_of(payload: bytes) -> Fix:
    [(fix, _)] = read_reports(payload).fixes
    return fix


def test_an_instant_is_one_fix_with_all_that_was_said_of_it() -> None:
    [payload] = told(line(SKY), line(GST), line(TPV, altMSL=1.0), line(TPV), line(ATT))
    assert fix_of(payload) == Fix(
        fixed_at=datetime(2026, 11, 24, 8, 0, 5, 250_000, tzinfo=UTC),
        lon=114.17,
        lat=22.3,
        altitude_m=12.0,
        speed_mps=5.0,
        course_deg=0.0,
        heading_deg=90.0,
        accuracy_m=5.0,
        hdop=0.9,
        satellites=9,
        mode=3,
    )


def test_what_was_said_of_another_instant_is_not_taken() -> None:
    later = AT.replace("05.250", "06.250")
    first, second = told(
        line(SKY), line(GST), line(TPV), line(GST, time=later), line(TPV, time=later)
    )
    assert (fix_of(first).hdop, fix_of(first).accuracy_m) == (0.9, 5.0)
    assert (fix_of(second).hdop, fix_of(second).accuracy_m) == (None, 5.0)
    [alone] = told(line(GST, time=later), line(TPV))
    assert fix_of(alone).accuracy_m is None


@pytest.mark.parametrize(
    "changes",
    [{"mode": 1}, {"mode": 0}, {"time": None}, {"status": 5}, {"status": 8}, {"mode": "3"}],
)
def test_what_was_not_measured_is_no_position(changes: dict[str, Any]) -> None:
    assert told(line(SKY), line(TPV, **changes)) == []
    assert read_reports(line(TPV, **changes)) == Batch(refused=[])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"lat": 91}, "range"),
        ({"lon": -180.5}, "range"),
        ({"speed": -1}, "range"),
        ({"lat": None}, "form"),
        ({"lat": "22"}, "form"),
        ({"time": "yesterday"}, "form"),
        ({"time": "2026-11-24T08:00:05"}, "form"),
    ],
)
def test_what_cannot_be_is_refused_with_its_bytes(changes: dict[str, Any], reason: str) -> None:
    payload = line(TPV, **changes)
    assert read_reports(payload) == Batch(refused=[(payload, reason)])


def test_what_gpsd_does_not_know_is_unknown() -> None:
    bare = {name: TPV[name] for name in ("class", "device", "time", "lat", "lon")}
    fix = fix_of(line(bare, mode=2) + b"\n" + line(SKY, hdop=99.99, uSat=None))
    assert fix == Fix(
        fixed_at=datetime(2026, 11, 24, 8, 0, 5, 250_000, tzinfo=UTC), lon=114.17, lat=22.3, mode=2
    )


@given(
    st.dictionaries(
        st.sampled_from([*TPV, *SKY, "heading", "status"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(["", "x", "1"])
        ),
    )
)
def test_no_report_breaks_it(changes: dict[str, Any]) -> None:
    payload = line(TPV, **changes)
    batch = read_reports(payload)
    assert len(batch.fixes) + len(batch.refused) <= 1
    for kind in (TPV, SKY):
        report = read_report(line(kind, **changes))
        if report is not None and report["class"] in ("TPV", "SKY"):
            Instant().take(report, payload)


@given(st.binary(max_size=200))
def test_no_bytes_break_it(payload: bytes) -> None:
    assert not read_reports(payload).fixes
