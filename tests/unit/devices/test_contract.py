"""The MQTT contract: topics, headers, batches, acknowledgements, and whatever else may come."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.contract import (
    Topic,
    ack_payload,
    parse_batch,
    parse_state,
    parse_topic,
    split_header,
    state_payload,
)
from devices.payloads import State
from geo.fix import Fix

AT = datetime(2026, 11, 23, 16, 0, 4, 200_000, tzinfo=UTC)
FULL = {
    "t": "2026-11-23T16:00:04.200Z",
    "lat": 22.30063,
    "lon": 114.16833,
    "alt": 12,
    "spd": 6.2,
    "crs": 84.4,
    "hdg": 82.0,
    "acc": 4.5,
    "hdop": 0.9,
    "sat": 9,
    "q": 1,
    "ign": True,
    "in": {"bottom_door": False, "draught_m": 1.5, "mode": "tow"},
    "ev": ["ignition_on"],
}
SPARSE = {"t": "2026-11-23T16:00:04.2Z", "lat": 22.30063, "lon": 114.16833}


def batch_of(*members: object, **more: object) -> bytes:
    return json.dumps({"boot": "b7", "seq": 1201, "fixes": members, **more}).encode()


@pytest.mark.parametrize("kind", ["nmea", "fix", "state", "ack", "config", "cmd", "cmdack"])
def test_topics_both_ways(kind: str) -> None:
    text = f"gov/1/FSD/box-1/{kind}"
    topic = parse_topic(text)
    assert topic == Topic(department_ref="FSD", device_ref="box-1", kind=kind)
    assert str(topic) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gov/1/FSD/box/other",
        "gov/2/FSD/box/nmea",
        "gov/1//box/nmea",
        "gov/1/FSD//nmea",
        "gov/1/FSD/nmea",
        "gov/1/FSD/box/nmea/",
        "/gov/1/FSD/box/nmea",
    ],
)
def test_no_topic_of_the_contract(text: str) -> None:
    assert parse_topic(text) is None


def test_a_header_with_state() -> None:
    header, rest = split_header(
        b"#b7,12,ign=1,acc=4.5,in.door=0,in.draught=1.5,in.x=up,new=1\r\n$A"
    )
    assert header is not None
    assert (header.boot, header.seq, header.ignition, header.accuracy_m) == ("b7", 12, True, 4.5)
    assert header.inputs == {"door": False, "draught": 1.5, "x": "up"}
    assert rest == b"$A"


def test_the_state_goes_into_the_fix() -> None:
    header, _ = split_header(b"#b,1,ign=0,in.door=1")
    assert header is not None
    fix = header.applied_to(Fix(fixed_at=AT, lon=1.0, lat=2.0, accuracy_m=7.0))
    assert (fix.ignition, fix.inputs, fix.accuracy_m) == (False, {"door": True}, 7.0)
    better, _ = split_header(b"#b,1,acc=3")
    assert better is not None
    assert better.applied_to(fix).accuracy_m == 3.0


def test_a_header_without_state_says_nothing_of_it() -> None:
    header, _ = split_header(b"#b,1\n")
    assert header is not None
    fix = header.applied_to(Fix(fixed_at=AT, lon=1.0, lat=2.0))
    assert (fix.ignition, fix.inputs, fix.accuracy_m) == (None, {}, None)


@pytest.mark.parametrize(
    "line",
    [
        b"$GPRMC,1",
        b"#b",
        b"#b,0",
        b"#b,01",
        b"#b,-1",
        b"#b,1.5",
        b"#b,1000000000000000000",
        b"#,1",
        b"#" + b"b" * 65 + b",1",
        b"#b b,1",
        b"#b,1,ign",
        b"#b,1,in.a=\xff",
        b"#b,1,in.a=\x00",
        b"# a comment",
        b" #b,1",
    ],
)
def test_no_header(line: bytes) -> None:
    payload = line + b"\n$GPGGA"
    assert split_header(payload) == (None, payload)


@pytest.mark.parametrize("value", ["-1", "1e9", "9999999", "9" * 400, "wide", ""])
def test_an_accuracy_that_cannot_be_is_not_told(value: str) -> None:
    header, _ = split_header(f"#b,1,acc={value}".encode())
    assert header is not None
    assert header.accuracy_m is None


def test_a_number_too_long_for_one_stays_text() -> None:
    header, _ = split_header(b"#b,1,in.a=" + b"9" * 400)
    assert header is not None
    assert header.inputs == {"a": "9" * 400}


def test_a_batch() -> None:
    batch = parse_batch(batch_of(FULL, SPARSE, sent="2026-11-23T16:00:05Z"))
    assert (batch.boot, batch.seq, batch.refused) == ("b7", 1201, [])
    assert [fix for fix, _ in batch.fixes] == [
        Fix(
            fixed_at=AT,
            lon=114.16833,
            lat=22.30063,
            altitude_m=12.0,
            speed_mps=6.2,
            course_deg=84.4,
            heading_deg=82.0,
            accuracy_m=4.5,
            hdop=0.9,
            satellites=9,
            ignition=True,
            inputs={"bottom_door": False, "draught_m": 1.5, "mode": "tow"},
        ),
        Fix(fixed_at=AT, lon=114.16833, lat=22.30063),
    ]
    assert [json.loads(raw) for _, raw in batch.fixes] == [FULL, SPARSE]


@pytest.mark.parametrize("text", ["2026-11-24T00:00:04.2009+08:00", "2026-11-23T16:00:04.200Z"])
def test_times_are_utc_and_whole_milliseconds(text: str) -> None:
    [(fix, _)] = parse_batch(batch_of({**SPARSE, "t": text})).fixes
    assert (fix.fixed_at, fix.fixed_at.utcoffset()) == (AT, timedelta(0))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"t": None}, "form"),
        ({"t": "2026-11-23T16:00:04"}, "form"),
        ({"t": "yesterday"}, "form"),
        ({"t": 1_700_000_000}, "form"),
        ({"t": "0001-01-01T00:00:00+14:00"}, "form"),
        ({"lat": None}, "form"),
        ({"lat": "22.3"}, "form"),
        ({"lat": True}, "form"),
        ({"lon": 10**400}, "form"),
        ({"lat": 90.001}, "range"),
        ({"lon": -180.001}, "range"),
        ({"alt": 1e6}, "range"),
        ({"spd": -0.1}, "range"),
        ({"crs": 360.1}, "range"),
        ({"hdop": 1e300}, "range"),
        ({"sat": 40_000}, "range"),
    ],
)
def test_a_member_that_is_no_fix(change: dict[str, Any], reason: str) -> None:
    member = {**SPARSE, **change}
    batch = parse_batch(batch_of(member, SPARSE))
    assert (batch.boot, batch.seq, len(batch.fixes)) == ("b7", 1201, 1)
    [(raw, why)] = batch.refused
    assert (json.loads(raw), why) == (member, reason)


def test_inputs_that_cannot_be_stored_are_left_out() -> None:
    said = {"ok": 1, "list": [1], "none": None, "nul": "a\x00", "half": "\ud800", "big": 10**400}
    [(fix, _)] = parse_batch(batch_of({**SPARSE, "in": said})).fixes
    assert fix.inputs == {"ok": 1}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b"\xff\xfe\x00", "json"),
        (b'{"fixes":[{"lat":NaN}]}', "json"),
        (b"[" * 100_000, "json"),
        (b"[]", "form"),
        (b"null", "form"),
        (b'{"fixes":{}}', "form"),
    ],
)
def test_no_batch(payload: bytes, reason: str) -> None:
    batch = parse_batch(payload)
    assert (batch.boot, batch.seq, batch.fixes) == (None, None, ())
    assert batch.refused == [(payload, reason)]


def test_a_batch_without_fixes_is_refused_under_its_number() -> None:
    batch = parse_batch(b'{"boot":"b7","seq":3}')
    assert (batch.boot, batch.seq, batch.refused) == (
        "b7",
        3,
        [(b'{"boot":"b7","seq":3}', "form")],
    )


@pytest.mark.parametrize(
    "stamp",
    [
        {"boot": None},
        {"seq": None},
        {"boot": "two words"},
        {"boot": 7},
        {"seq": 0},
        {"seq": True},
        {"seq": 1.0},
        {"seq": "1"},
        {"seq": 10**18},
    ],
)
def test_half_a_number_is_none(stamp: dict[str, object]) -> None:
    batch = parse_batch(batch_of(SPARSE, **stamp))
    assert (batch.boot, batch.seq, len(batch.fixes)) == (None, None, 1)


def test_an_acknowledgement() -> None:
    said = ack_payload("b7", 1234, [(1240, 1250)], [(3, 3), (1206, 1207)])
    assert json.loads(said) == {
        "boot": "b7",
        "upto": 1234,
        "also": [[1240, 1250]],
        "bad": [3, 1206, 1207],
    }


def test_an_acknowledgement_names_the_newest_refused() -> None:
    said = json.loads(ack_payload("b", 10**9, [], [(1, 5), (1000, 10**9)]))
    assert said["bad"] == list(range(10**9 - 99, 10**9 + 1))


#: With half characters and NUL, which JSON can say and no database takes.
texts = st.text("a1 /中\x00\ud800\udfff", max_size=6)
jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
#: Members that look like fixes, with anything in their places.
members = st.fixed_dictionaries(
    {}, optional={name: jsons | st.just(value) for name, value in FULL.items()}
)
batches = st.fixed_dictionaries(
    {}, optional={"boot": jsons, "seq": jsons, "fixes": st.lists(members | jsons) | jsons}
)


@given(st.binary() | batches.map(lambda batch: json.dumps(batch).encode()))
def test_whatever_comes_is_fixes_and_refusals(payload: bytes) -> None:
    batch = parse_batch(payload)
    assert batch.fixes or batch.refused or json.loads(payload)["fixes"] == []
    assert (batch.boot is None) == (batch.seq is None)
    for fix, _ in batch.fixes:
        assert fix.fixed_at.utcoffset() == timedelta(0)
        assert -180 <= fix.lon <= 180
        assert -90 <= fix.lat <= 90
        json.dumps(fix.inputs, allow_nan=False)


@given(st.binary() | st.binary().map(lambda more: b"#b,1,in.a=" + more))
def test_whatever_comes_has_a_header_or_none(payload: bytes) -> None:
    header, rest = split_header(payload)
    assert payload.endswith(rest)
    if header is None:
        assert rest == payload
    else:
        json.dumps(header.inputs, allow_nan=False)
        assert "\x00" not in json.dumps(header.inputs)


@given(st.text() | st.text().map(lambda more: f"gov/1/{more}/nmea"))
def test_whatever_comes_is_a_topic_or_none(text: str) -> None:
    topic = parse_topic(text)
    assert topic is None or str(topic) == text


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        (
            b'{"online":true,"boot":"b7","fw":"1.4","proto":1,"config_rev":17}',
            State(online=True, boot="b7", firmware="1.4", protocol=1, config_rev=17),
        ),
        (b'{"online":false,"boot":"b7"}', State(online=False, boot="b7")),
        (
            b'{"online":true,"boot":"b7","fw":7,"proto":true,"config_rev":-1,"new":{}}',
            State(online=True, boot="b7"),
        ),
        (
            b'{"online":true,"boot":"b7","config_rev":3,"config_err":"interval_s"}',
            State(online=True, boot="b7", config_rev=3, config_error="interval_s"),
        ),
    ],
)
def test_a_state_is_read(payload: bytes, state: State) -> None:
    assert parse_state(payload) == state
    assert parse_state(state_payload(state)) == state


def test_a_state_both_ways() -> None:
    state = State(
        online=True, boot="b7", firmware="1.4", protocol=1, config_rev=17, config_error="interval"
    )
    assert parse_state(state_payload(state)) == state
    assert json.loads(state_payload(State(online=False, boot="b7"))) == {
        "online": False,
        "boot": "b7",
    }


def test_what_is_wrong_beside_a_state_counts_as_not_said() -> None:
    said = {"online": True, "boot": "b7", "fw": 14, "proto": -1, "config_rev": 2**31, "new": 1}
    assert parse_state(json.dumps(said).encode()) == State(online=True, boot="b7")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"online", "json"),
        (b"[" * 100_000, "json"),
        (b"[]", "form"),
        (b'{"online":1,"boot":"b7"}', "form"),
        (b'{"online":true}', "form"),
        (b'{"online":true,"boot":"b/7"}', "form"),
        (b'{"online":true,"boot":""}', "form"),
    ],
)
def test_what_is_no_state_is_refused(payload: bytes, reason: str) -> None:
    assert parse_state(payload) == reason


@pytest.mark.parametrize(
    ("events", "inputs"),
    [
        (["duress"], {"door": False, "duress": True}),
        (["ignition_on", "duress"], {"door": False, "duress": True}),
        (["ignition_on"], {"door": False}),
        ("duress", {"door": False}),
    ],
)
def test_a_call_for_help_is_an_input(events: object, inputs: dict[str, bool]) -> None:
    [(fix, _)] = parse_batch(batch_of({**SPARSE, "ev": events, "in": {"door": False}})).fixes
    assert fix.inputs == inputs
