"""What a phone with OwnTracks posts, and what is made of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract import Batch
from devices.owntracks import read_owntracks

AT = datetime(2026, 11, 24, 4, 0, 5, tzinfo=UTC)
LOCATION = {
    "_type": "location",
    "tid": "JP",
    "tst": int(AT.timestamp()),
    "lat": 22.30063,
    "lon": 114.16833,
    "acc": 12,
    "alt": 30,
    "vel": 36,
    "cog": 270,
    "batt": 85,
    "conn": "m",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def read(said: Any) -> Batch:  # noqa: ANN401  any JSON
    return read_owntracks(json.dumps(said).encode())


def test_a_location_is_a_fix_in_our_units() -> None:
    payload = json.dumps(LOCATION).encode()
    batch = read_owntracks(payload)
    [(fix, raw)] = batch.fixes
    assert (fix.fixed_at, fix.lat, fix.lon) == (AT, 22.30063, 114.16833)
    assert fix.speed_mps == pytest.approx(10.0)
    assert (fix.altitude_m, fix.accuracy_m, fix.course_deg) == (30, 12, 270)
    assert fix.inputs == {"battery_pct": 85}
    assert raw == payload
    assert not batch.refused


def test_what_is_missing_is_unknown_and_so_is_less_than_nothing() -> None:
    least = {name: LOCATION[name] for name in ("_type", "tst", "lat", "lon")}
    for said in (least, least | {"vel": -1, "cog": -1}, least | {"batt": None, "alt": "high"}):
        [(fix, _)] = read(said).fixes
        assert (fix.speed_mps, fix.course_deg, fix.altitude_m, fix.accuracy_m) == (None,) * 4
        assert fix.inputs == {}


def test_an_array_is_read_one_by_one() -> None:
    later = LOCATION | {"tst": LOCATION["tst"] + 60}  # type: ignore[operator]  # it is a number
    batch = read([LOCATION, {"_type": "lwt", "tst": 1}, later, {"lat": 1}])
    assert [fix.fixed_at.minute for fix, _ in batch.fixes] == [0, 1]
    assert [json.loads(raw) for _, raw in batch.fixes] == [LOCATION, later]
    assert [(json.loads(raw), reason) for raw, reason in batch.refused] == [({"lat": 1}, "form")]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"_type": "encrypted", "data": "c2VjcmV0"}, "encrypted"),
        ({"lat": 22.3, "lon": 114.2, "tst": 1}, "form"),
        (LOCATION | {"tst": None}, "form"),
        (LOCATION | {"tst": True}, "form"),
        (LOCATION | {"tst": -5}, "form"),
        (LOCATION | {"tst": 1e300}, "form"),
        (LOCATION | {"lat": "22.3"}, "form"),
        (LOCATION | {"lat": 90.5}, "range"),
        (LOCATION | {"acc": -1}, "range"),
        (LOCATION | {"vel": 5000}, "range"),
        ("location", "form"),
        (7, "form"),
    ],
)
def test_what_is_no_fix_is_refused_with_its_bytes(said: object, reason: str) -> None:
    batch = read(said)
    assert batch.refused == [(json.dumps(said).encode(), reason)]
    assert not batch.fixes


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe", b'{"lat": NaN}', b"[" * 100_000])
def test_what_is_no_json_is_refused(payload: bytes) -> None:
    assert read_owntracks(payload).refused == [(payload, "json")]


@pytest.mark.parametrize("kind", ["lwt", "transition", "waypoint", "card", "status", "unheard-of"])
def test_other_messages_say_no_position(kind: str) -> None:
    batch = read(LOCATION | {"_type": kind})
    assert (batch.fixes, batch.refused) == ([], [])


@given(st.binary(max_size=64) | JSON.map(lambda said: json.dumps(said).encode()))
def test_nothing_crashes_it(payload: bytes) -> None:
    batch = read_owntracks(payload)
    assert all(reason in ("json", "form", "range", "encrypted") for _, reason in batch.refused)


@given(st.dictionaries(st.sampled_from([*LOCATION, "extra"]), JSON))
def test_whatever_a_member_holds_it_is_a_fix_or_refused(changed: dict[str, object]) -> None:
    said = LOCATION | changed | {"_type": "location"}
    batch = read(said)
    assert len(batch.fixes) + len(batch.refused) == 1
