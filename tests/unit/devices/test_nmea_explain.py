"""A sentence told to a person: what it says, or why it is refused."""

from __future__ import annotations

import pytest

from devices.nmea.decoded import Reason
from devices.nmea.explain import explain
from tests.unit.devices.conftest import Say

RMC = "GPRMC,120001.5,A,2218.0000,S,11410.2000,W,012.0,084.4,231126,,,A"


@pytest.mark.parametrize(
    ("body", "kind", "told"),
    [
        (RMC, "RMC", "12:00:01.500, 2026-11-23, 22.30000 S 114.17000 W, 6.2 m/s, 84.4° course"),
        ("GPRMC,120001,V,,,,,,,231126,,,N", "RMC", "12:00:01.000, 2026-11-23, no fix"),
        ("GPGSA,A,3,,,,,,,,,,,,,1.0,1.0,1.0", "GSA", "3D"),
        ("GPGSV,1,1,00", "GSV", "about the receiver"),
        ("GPMSS,1,2,3,4,5", "MSS", "not used"),
        ("GPZDA,,,,,,", "ZDA", "says nothing"),
    ],
)
def test_a_good_sentence_is_told(say: Say, body: str, kind: str, told: str) -> None:
    [line] = explain(say(body))
    assert (line.raw, line.kind, line.said) == (say(body, end=""), kind, told)
    assert line.refused is None


def test_each_bad_line_has_its_reason_and_its_bytes(say: Say) -> None:
    bad_field = say("GPRMC,120001,A,2299.0000,N,11410.2,E,,,231126,,,A", end="")
    lines = list(explain(b"hello\r\n$GPRMC,1\r\n$GPRMC,1*00\r\n" + bad_field))
    assert [(line.raw, line.refused) for line in lines] == [
        (b"hello", Reason.NOISE),
        (b"$GPRMC,1", Reason.CUT),
        (b"$GPRMC,1*00", Reason.CHECKSUM),
        (bad_field, Reason.RANGE),
    ]
