"""The lines that `milepost device tail` shows, for messages as a broker gives them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from devices.nmea import Reason
from geo.limits import DEFAULT_LIMITS
from ingest.tail import MEANINGS, Heard, Teller
from tracker.directory import ALWAYS_MS, NEVER_MS, Device, Directory, Vehicle
from tracker.ranges import Ranges
from tracker.sorting import Refused

NOON = datetime(2026, 11, 23, 12, 0, 2, tzinfo=UTC)
RMC = b"$GPRMC,120001,A,2218.0000,N,11410.2000,E,012.0,084.4,231126,,,A"


def directory(*, assigned: bool = True) -> Directory:
    device = Device(
        id=1,
        ref="box",
        department_id=1,
        department_ref="D",
        accept_from_ms=0,
        rollover="auto",
        starts_ms=[ALWAYS_MS] if assigned else [],
        ends_ms=[NEVER_MS] if assigned else [],
        vehicle_ids=[7] if assigned else [],
    )
    vehicle = Vehicle(id=7, department_id=1, full_ref="D/V", limits=DEFAULT_LIMITS)
    return Directory(version=1, devices=[device], vehicles=[vehicle], rules=[])


def with_checksum(body: bytes) -> bytes:
    total = 0
    for byte in body[1:]:
        total ^= byte
    return b"%s*%02X\r\n" % (body, total)


def told(payload: bytes, kind: str = "nmea", *, device: str = "box", teller: Teller) -> list[str]:
    heard = Heard(topic=f"gov/1/D/{device}/{kind}", payload=payload, at=NOON)
    return list(teller.tell(heard, directory()))


def test_a_message_is_told_with_its_number_its_sentences_and_its_fix() -> None:
    assert told(b"#b,3\n" + with_checksum(RMC), teller=Teller({})) == [
        "12:00:02.000Z  nmea  boot b number 3, 73 bytes, not durable yet",
        f"    {with_checksum(RMC).decode().rstrip()}",
        "      RMC   12:00:01.000, 2026-11-23, 22.30000 N 114.17000 E, 6.2 m/s, 84.4° course",
        "    taken    2026-11-23 12:00:01.000Z 22.30000, 114.17000 for D/V",
    ]


def test_an_ack_says_what_is_durable_and_a_repetition_is_known_by_it() -> None:
    teller = Teller({"a": Ranges([1, 2])})
    assert "sent again" in told(b"#a,2\n", teller=teller)[0]
    [ack] = told(b'{"boot":"b","upto":3,"also":[[5,6]],"bad":[2]}', "ack", teller=teller)
    assert ack == "12:00:02.000Z  ack   boot b: durable 1-3, 5-6; refused in 2"
    assert "not durable yet" in told(b"#b,4\n", teller=teller)[0]
    assert "sent again" in told(b"#b,6\n", teller=teller)[0]


@pytest.mark.parametrize("payload", [b"\x1b[2J", b"[]", b'{"boot":1}', b'{"boot":"b","upto":"x"}'])
def test_an_ack_that_is_none_is_shown_without_harm(payload: bytes) -> None:
    [line] = told(payload, "ack", teller=Teller({}))
    assert "cannot be read" in line
    assert line.isprintable()


def test_a_stranger_is_told_what_to_do() -> None:
    lines = told(with_checksum(RMC), device="other", teller=Teller({}))
    assert "without a number: stored, but never acknowledged" in lines[0]
    assert lines[-1] == f"    refused  unknown_device: {MEANINGS['unknown_device']}"


def test_a_fix_of_no_vehicle_and_one_of_a_wrong_clock_are_told() -> None:
    heard = Heard(topic="gov/1/D/box/nmea", payload=with_checksum(RMC), at=NOON)
    [*_, unassigned] = Teller({}).tell(heard, directory(assigned=False))
    early = Heard(topic=heard.topic, payload=heard.payload, at=NOON - timedelta(hours=1))
    [*_, clock] = Teller({}).tell(early, directory())
    assert unassigned.startswith("    refused  unassigned: ")
    assert clock.startswith("    refused  clock: ")


def test_a_position_without_a_date_waits_and_is_given_up() -> None:
    gga = with_checksum(b"$GPGGA,120001,2218.0000,N,11410.2000,E,1,05,1.0,1.0,M,,M,,")
    teller = Teller({})
    assert "waits for a date" in told(b"#b,1\n" + gga, teller=teller)[-1]
    assert list(teller.expire(NOON + timedelta(seconds=29), directory())) == []
    lines = list(teller.expire(NOON + timedelta(seconds=31), directory()))
    assert lines[-1] == f"    refused  undated: {MEANINGS['undated']}"


def test_a_batch_of_fixes_is_told_without_sentences() -> None:
    payload = (
        b'{"boot":"b","seq":9,"fixes":[{"t":"2026-11-23T12:00:01Z","lat":22.3,"lon":114.17},{}]}'
    )
    [first, *rest] = told(payload, "fix", teller=Teller({}))
    assert "boot b number 9" in first
    assert [line.split()[:2] for line in rest] == [["taken", "2026-11-23"], ["refused", "form:"]]


def test_every_reason_has_a_meaning() -> None:
    assert {*Reason, *Refused} <= MEANINGS.keys()
