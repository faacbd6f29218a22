"""AIS: whose position it is, when it was said, and what stands for "not available"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyais.encode import encode_msg
from pyais.messages import (
    MessageType1,
    MessageType3,
    MessageType5,
    MessageType9,
    MessageType18,
    MessageType19,
    MessageType27,
    Payload,
)

from devices.nmea import Decoded, Decoder, GatewayDecoder, Heard
from geo.units import knots_to_mps
from tests.unit.devices.conftest import Say

NOW = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)
MMSI = "477123456"
PLACE: dict[str, str | float] = {"mmsi": MMSI, "lon": 114.17, "lat": 22.29}


def parts(message: Payload, *, kind: str = "VDM") -> list[bytes]:
    """The sentences of a message, as a receiver of AIS says them."""
    said = encode_msg(message, talker_id="AI", sentence_type=kind, seq_id=3)
    return [sentence.encode() for sentence in said]


def tagged(sentence: bytes, tag: str) -> bytes:
    return f"\\{tag}*{reduce(xor, tag.encode(), 0):02X}\\".encode() + sentence


def decode(*lines: bytes, received_at: datetime | None = NOW) -> Decoded:
    decoder = Decoder()
    out = decoder.feed(b"".join(line + b"\r\n" for line in lines), received_at)
    out.extend(decoder.finish())
    return out


def heard(message: Payload, received_at: datetime | None = NOW) -> Heard:
    out = decode(*parts(message), received_at=received_at)
    assert not out.refused
    assert not out.found, "a position of others is no fix of the device that heard it"
    [one] = out.heard
    return one


@pytest.mark.parametrize("kind", [MessageType1, MessageType3, MessageType18, MessageType19])
def test_what_a_ship_says_is_its_fix(kind: type[Payload]) -> None:
    more: dict[str, float] = {
        "speed": 12.3,
        "course": 84.4,
        "heading": 82,
        "second": 17,
        "accuracy": 1,
    }
    one = heard(kind.create(**PLACE, **more))
    assert one.mmsi == MMSI
    assert one.fix.ais
    assert one.fix.lon == pytest.approx(114.17)
    assert one.fix.lat == pytest.approx(22.29)
    assert one.fix.speed_mps == pytest.approx(knots_to_mps(12.3))
    assert (one.fix.course_deg, one.fix.heading_deg) == (84.4, 82.0)
    assert one.fix.accuracy_m == 10.0
    assert one.fix.fixed_at == NOW.replace(second=17)


@pytest.mark.parametrize(
    "message",
    [
        MessageType1.create(**PLACE, speed=102.3, course=360, heading=511, second=60),
        MessageType18.create(**PLACE, speed=102.3, course=360, heading=511, second=62),
        MessageType9.create(**PLACE, speed=1023, course=360, alt=4095, second=63),
        MessageType27.create(**PLACE, speed=63, course=511),
    ],
    ids=["1", "18", "9", "27"],
)
def test_not_available_is_null(message: Payload) -> None:
    fix = heard(message).fix
    unknown = (fix.speed_mps, fix.course_deg, fix.heading_deg, fix.altitude_m, fix.accuracy_m)
    assert unknown == (None,) * 5
    assert fix.fixed_at == NOW, "and without a second the time is that of its arrival"


def test_an_aircraft_that_searches_tells_its_height() -> None:
    fix = heard(MessageType9.create(**PLACE, speed=120, course=10.5, alt=300, second=1)).fix
    assert fix.altitude_m == 300.0
    assert fix.speed_mps == pytest.approx(knots_to_mps(120))


def test_a_leading_zero_belongs_to_the_mmsi() -> None:
    assert heard(MessageType18.create(**PLACE | {"mmsi": "002477000"})).mmsi == "002477000"


@pytest.mark.parametrize("place", [{"lon": 181}, {"lat": 91}, {"lon": 181, "lat": 91}])
def test_without_a_position_there_is_no_fix(place: dict[str, float]) -> None:
    out = decode(*parts(MessageType1.create(**PLACE | place)))
    assert not out.heard
    assert not out.refused
    assert out.ais == {"no_position": 1}


def test_the_own_ship_is_counted() -> None:
    """Its receiver says the same in RMC and GGA."""
    out = decode(*parts(MessageType1.create(**PLACE), kind="VDO"))
    assert (out.heard, out.refused, out.ais) == ([], [], {"own": 1})


def test_other_messages_are_counted() -> None:
    out = decode(*parts(MessageType5.create(mmsi=MMSI, shipname="LAUNCH")))
    assert (out.heard, out.refused, out.ais) == ([], [], {"other": 1})
    assert out.counts["AIVDM"] == 2


def test_bits_cut_short_are_counted() -> None:
    body = b"AIVDM,1,1,,A,1771CP?P1s`,0"
    out = decode(b"!" + body + b"*%02X" % reduce(xor, body, 0))
    assert (out.heard, out.refused, out.ais) == ([], [], {"unreadable": 1})


@given(
    at=st.datetimes(
        min_value=datetime(2020, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
        max_value=datetime(2030, 1, 1),  # noqa: DTZ001  hypothesis adds the zone
        timezones=st.just(UTC),
    ),
    second=st.integers(0, 59),
)
def test_the_second_puts_the_time_right_within_a_minute(at: datetime, second: int) -> None:
    """It was said before it was heard; a clock may be five seconds behind."""
    fixed_at = heard(MessageType18.create(**PLACE, second=second), received_at=at).fix.fixed_at
    assert (fixed_at.second, fixed_at.microsecond) == (second, 0)
    assert at - timedelta(seconds=55) < fixed_at <= at + timedelta(seconds=5)


@pytest.mark.parametrize("written", ["c:1764000005", "s:station1,c:1764000005000,n:4"])
def test_the_tag_block_dates_it_before_we_do(written: str) -> None:
    [line] = parts(MessageType18.create(**PLACE, second=2))
    for received_at in (NOW, None):
        [one] = decode(tagged(line, written), received_at=received_at).heard
        assert one.fix.fixed_at == datetime(2025, 11, 24, 16, 0, 2, tzinfo=UTC)


def test_a_file_without_times_dates_nothing() -> None:
    """Never by the day on which it is read."""
    out = decode(*parts(MessageType18.create(**PLACE, second=2)), received_at=None)
    assert (out.heard, out.ais) == ([], {"undated": 1})


def two_parts(message: Payload) -> list[bytes]:
    """A message cut in two: real receivers do so where a sentence would be longer than 82."""
    [line] = parts(message)
    payload = line.split(b",")[5]
    middle = len(payload) // 2
    bodies = (
        b"AIVDM,2,%d,3,A,%b,0" % (number, piece)
        for number, piece in ((1, payload[:middle]), (2, payload[middle:]))
    )
    return [b"!" + body + b"*%02X" % reduce(xor, body, 0) for body in bodies]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_parts_come_together_in_either_order(order: Sequence[int]) -> None:
    lines = two_parts(MessageType19.create(**PLACE, shipname="LAUNCH"))
    out = decode(*(lines[each] for each in order))
    [one] = out.heard
    assert one.mmsi == MMSI
    assert one.raw == b"\r\n".join(lines)


def test_a_message_whose_second_part_is_lost_spoils_no_other() -> None:
    lost, whole = (
        two_parts(MessageType19.create(**PLACE | {"mmsi": mmsi})) for mmsi in ("477000001", MMSI)
    )
    out = decode(lost[0], *whole)
    assert [one.mmsi for one in out.heard] == [MMSI]


def test_a_receiver_and_what_it_hears_on_one_line(say: Say) -> None:
    """The station's name in a tag block is no device that mixes in."""
    rmc = say("GPRMC,120030,A,2218.0000,N,11410.0000,E,10.0,90.0,241126,,", end="")
    [ship] = parts(MessageType18.create(**PLACE, second=2))
    out = decode(rmc, tagged(ship, "s:station1"), tagged(ship, "s:station2"))
    assert [fix.ais for fix in out.fixes] == [False]
    assert [one.mmsi for one in out.heard] == [MMSI, MMSI]
    assert not out.refused


def test_a_gateway_hears_ships_beside_its_devices() -> None:
    [ship] = parts(MessageType18.create(**PLACE, second=2))
    decoder = GatewayDecoder()
    found = decoder.feed(b"\r\n".join([tagged(ship, "s:station,c:1764000005"), ship, b""]), NOW)
    assert [one.mmsi for one in found[""].heard] == [MMSI, MMSI]
    assert not found[""].refused


@given(
    kind=st.sampled_from("1239BCK5"),
    rest=st.text("0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVW`abcdefghijklmnopqrstuvw", max_size=60),
    fill=st.integers(0, 5),
)
def test_whatever_bits_come_are_heard_or_counted(kind: str, rest: str, fill: int) -> None:
    body = f"AIVDM,1,1,,A,{kind}{rest},{fill}".encode()
    out = decode(b"!" + body + b"*%02X" % reduce(xor, body, 0))
    assert len(out.heard) + sum(out.ais.values()) == 1
    for one in out.heard:
        assert -180 <= one.fix.lon <= 180
        assert -90 <= one.fix.lat <= 90
        assert one.fix.course_deg is None or 0 <= one.fix.course_deg < 360
