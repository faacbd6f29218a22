"""What a Traccar server forwards, and what is made of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract import Batch
from devices.traccar import forwarded_device, read_traccar
from tests.unit.devices.test_owntracks import JSON

AT = datetime(2026, 11, 24, 4, 0, 5, 250_000, tzinfo=UTC)
POSITION = {
    "id": 17,
    "deviceId": 3,
    "protocol": "teltonika",
    "serverTime": "2026-11-24T04:00:07.000+00:00",
    "deviceTime": "2026-11-24T04:00:06.000+00:00",
    "fixTime": "2026-11-24T04:00:05.250+00:00",
    "outdated": False,
    "valid": True,
    "latitude": 22.30063,
    "longitude": 114.16833,
    "altitude": 30.0,
    "speed": 10.0,
    "course": 360.0,
    "accuracy": 4.5,
    "address": None,
    "network": None,
    "attributes": {
        "ignition": True,
        "motion": True,
        "batteryLevel": 90,
        "sat": 11,
        "hdop": 0.8,
        "alarm": "sos",
        "distance": 12.5,
    },
}
DEVICE = {"id": 3, "uniqueId": "352093081234567", "name": "Truck 3", "attributes": {}}


def forwarded(**changes: object) -> bytes:
    return json.dumps({"position": POSITION | changes, "device": DEVICE}).encode()


def read(**changes: object) -> Batch:
    return read_traccar(forwarded(**changes))


def test_a_position_is_a_fix_in_our_units() -> None:
    payload = forwarded()
    [(fix, raw)] = read_traccar(payload).fixes
    assert (fix.fixed_at, fix.lat, fix.lon) == (AT, 22.30063, 114.16833)
    assert fix.speed_mps == pytest.approx(5.14444, abs=1e-5), "Traccar's speed is in knots"
    assert (fix.altitude_m, fix.accuracy_m, fix.course_deg) == (30, 4.5, 0)
    assert (fix.satellites, fix.hdop, fix.ignition) == (11, 0.8, True)
    assert fix.inputs == {"battery_pct": 90, "motion": True, "alarm": "sos"}
    assert raw == payload


def test_an_accuracy_of_nothing_is_unknown() -> None:
    [(fix, _)] = read(accuracy=0.0, attributes=None).fixes
    assert (fix.accuracy_m, fix.ignition, fix.inputs) == (None, None, {})


@pytest.mark.parametrize("said", [{"valid": False}, {"outdated": True}])
def test_what_traccar_calls_no_fix_is_none(said: dict[str, bool]) -> None:
    batch = read(**said)
    assert (list(batch.fixes), list(batch.refused)) == ([], [])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"fixTime": None}, "form"),
        ({"fixTime": "yesterday"}, "form"),
        ({"fixTime": "2026-11-24T04:00:05"}, "form"),
        ({"latitude": None}, "form"),
        ({"longitude": 181}, "range"),
        ({"speed": -1}, "range"),
    ],
)
def test_what_is_no_fix_is_refused_with_its_bytes(said: dict[str, object], reason: str) -> None:
    assert read(**said).refused == [(forwarded(**said), reason)]


def test_the_device_is_named_by_its_unique_id() -> None:
    assert forwarded_device(forwarded()) == "352093081234567"
    assert forwarded_device(b'{"position": {}, "device": null}') == ""
    assert forwarded_device(b'{"position": {}, "device": {"uniqueId": 7}}') == ""
    assert forwarded_device(b'{"_type": "location"}') is None
    assert forwarded_device(b"[]") is None
    assert forwarded_device(b"{") is None


@given(st.binary(max_size=64) | JSON.map(lambda said: json.dumps(said).encode()))
def test_nothing_crashes_it(payload: bytes) -> None:
    batch = read_traccar(payload)
    assert all(reason in ("json", "form", "range") for _, reason in batch.refused)
    name = forwarded_device(payload)
    assert name is None or isinstance(name, str)


@given(st.dictionaries(st.sampled_from([*POSITION, "extra"]), JSON))
def test_whatever_a_member_holds_it_is_a_fix_or_refused_or_said_to_be_none(
    changed: dict[str, object],
) -> None:
    batch = read(**changed)
    none = changed.get("valid") is False or changed.get("outdated") is True
    assert len(batch.fixes) + len(batch.refused) == (0 if none else 1)
