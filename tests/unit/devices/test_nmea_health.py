"""What a receiver says of itself: facts about the device, dated by the epoch they stand in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.nmea import Decoded, Decoder, GatewayDecoder
from tests.unit.devices.conftest import Say

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RMC = "GPRMC,120000,A,2218.0000,N,11410.0000,E,10.0,90.0,241126,,"
NEXT = RMC.replace("120000", "120001")


def noticed(data: bytes, *, received_at: datetime | None = AT) -> list[tuple[str, str, object]]:
    decoder = Decoder()
    out = decoder.feed(data, received_at)
    out.extend(decoder.finish())
    return told(out)


def told(out: Decoded) -> list[tuple[str, str, object]]:
    return [(each.kind, each.detail, each.at) for each in out.notices]


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ("GPTXT,01,01,02,ANTSTATUS=OPEN", "open"),
        ("GPTXT,01,01,02,ANTSTATUS=SHORT", "short"),
        ("GNTXT,01,01,01,ANTENNA OK", "ok"),
        ("PGTOP,11,2", "internal"),
        ("PCD,11,1", "short"),
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_the_antenna(say: Say, body: str, state: str, *, first: bool) -> None:
    """Before or behind the sentences with the time."""
    lines = [body, RMC] if first else [RMC, body]
    assert noticed(say(*lines)) == [("antenna", state, AT)]


def test_the_firmware_names_itself(say: Say) -> None:
    said = noticed(
        say(
            "GPTXT,01,01,02,ROM BASE 4.00",
            "GPTXT,01,01,02,HW  UBX-G5xxx  00040005 ",
            "GPTXT,01,01,02,u-blox ag - www.u-blox.com",
            RMC,
        )
    )
    assert said == [
        ("firmware", "ROM BASE 4.00", AT),
        ("firmware", "HW UBX-G5xxx 00040005", AT),
    ]


def test_the_same_again_in_one_epoch_is_one(say: Say) -> None:
    open_ = "GPTXT,01,01,02,ANTSTATUS=OPEN"
    assert noticed(say(RMC, *[open_] * 50)) == [("antenna", "open", AT)]


@pytest.mark.parametrize(
    ("bodies", "at"),
    [
        (["GPRMC,120000,V,,,,,,,241126,,"], AT),
        (["GPGGA,120000,,,,,0,00,,,M,,M,,", "GPZDA,120000,24,11,2026,00,00"], AT),
        (["GPGGA,120000,,,,,0,00,,,M,,M,,"], None),
        (["GPGGA,,,,,,0,00,,,M,,M,,"], None),
        (["GPRMC,,V,,,,,,,,,,N"], None),
    ],
)
def test_an_epoch_without_a_fix_is_noticed(say: Say, bodies: list[str], at: object) -> None:
    """Even of a cold receiver that knows neither the day nor the time."""
    assert noticed(say(*bodies)) == [("no_fix", "", at)]


def test_a_fix_is_no_notice(say: Say) -> None:
    assert noticed(say(RMC, NEXT)) == []


def sky(snrs: list[str]) -> list[str]:
    """Two pages of four satellites and what is heard of each."""
    satellites = [f"{n:02},45,100,{snr}" for n, snr in enumerate(snrs, start=1)]
    pages = (satellites[:4], satellites[4:])
    return [f"GPGSV,2,{n},08,{','.join(page)}" for n, page in enumerate(pages, start=1)]


@pytest.mark.parametrize(
    ("snrs", "kinds"),
    [
        (["40", "41", "39", "12", "", "10", "44", "11"], []),
        (["20", "24", "22", "12", "", "10", "21", "11"], ["weak_signals"]),
        ([""] * 8, []),
    ],
)
def test_weak_signals(say: Say, snrs: list[str], kinds: list[str]) -> None:
    """The best four count; a receiver that does not tell is not weak."""
    said = noticed(say(RMC, *sky(snrs), NEXT, *sky(snrs)))
    assert [kind for kind, _, _ in said] == kinds


@given(st.lists(st.integers(1, 60), max_size=5))
def test_however_the_bytes_are_cut_the_same_is_noticed(cuts: list[int]) -> None:
    data = (
        b"$GPTXT,01,01,02,ANTSTATUS=OPEN*2B\r\n"
        b"$GPRMC,120000,V,,,,,,,241126,,*20\r\n$GPTXT,01,01,02,ROM BASE 4.00*12\r\n"
    )
    decoder, out, start = Decoder(), Decoded(), 0
    for cut in [*cuts, len(data)]:
        out.extend(decoder.feed(data[start : start + cut], AT))
        start += cut
    out.extend(decoder.finish())
    assert told(out) == noticed(data)


def test_of_several_devices_each_has_its_own(say: Say) -> None:
    decoder = GatewayDecoder()
    found = decoder.feed(say(RMC, "GPTXT,01,01,02,ANTSTATUS=OPEN", tag="s:A"), AT)
    found |= decoder.feed(say("GPRMC,120000,V,,,,,,,241126,,", tag="s:B"), AT)
    found = decoder.finish()
    assert told(found["A"]) == [("antenna", "open", AT)]
    assert told(found["B"]) == [("no_fix", "", AT)]
