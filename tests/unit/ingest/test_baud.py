"""Finding the speed of a serial port, without a port."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ingest.sources.baud import RATES, Baud
from tests.integration.boxes import say

GOOD = say(
    "GPRMC,120000,A,2218.0000,N,11410.0000,E,10.0,90.0,231126,,",
    "GPGGA,120000,2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,",
)
NOISE = b"\x00\xfe\x80\xf0" * 8


def hear(baud: Baud, rate: int, until_s: float, *, from_s: float = 0.0) -> tuple[bytes, float]:
    """A receiver of that rate speaks each fifth of a second; what may be used, and the time."""
    usable, now_s = b"", from_s
    while now_s < until_s:
        now_s += 0.2
        usable += baud.heard(GOOD if baud.rate == rate else NOISE, now_s)
        baud.moves_on(now_s)
    return usable, now_s


@given(st.sampled_from(RATES))
def test_each_usual_rate_is_found_and_no_noise_is_handed_on(rate: int) -> None:
    baud = Baud(None)
    usable, now_s = hear(baud, rate, 14.0)
    assert (baud.rate, baud.is_sure) == (rate, True)
    assert usable.startswith(GOOD)
    assert usable.replace(GOOD, b"") == b""
    heard_wrong = RATES.index(rate)
    assert bool(baud.dropped) == bool(heard_wrong), "what was read at wrong rates is counted"
    assert baud.dropped % len(NOISE) == 0
    baud.opened(now_s)
    assert baud.heard(b"$GPRMC", now_s) == b"$GPRMC", "remembered"


@given(st.lists(st.integers(1, 40), min_size=1, max_size=40))
def test_nothing_said_at_the_right_rate_is_lost_however_it_is_cut(cuts: list[int]) -> None:
    baud, said, at = Baud(None), GOOD * 3, 0
    usable = b""
    for cut in cuts:
        usable += baud.heard(said[at : at + cut], 0.1)
        at += cut
    heard = said[:at]
    assert usable == (heard if baud.is_sure else b"")
    assert baud.is_sure == (heard.count(b"*") >= 2 and len(heard) > len(GOOD) - 3)


def test_one_good_checksum_may_be_chance() -> None:
    baud = Baud(None)
    assert baud.heard(GOOD[: GOOD.index(b"\n") + 1], 0.1) == b""
    assert not baud.is_sure


def test_a_rate_that_was_right_is_doubted_after_five_seconds_of_noise() -> None:
    baud = Baud(None)
    _, now_s = hear(baud, 9600, 2.0)
    assert baud.is_sure
    _, now_s = hear(baud, 38400, now_s + 4.0, from_s=now_s)
    assert baud.is_sure
    hear(baud, 38400, now_s + 16.0, from_s=now_s)
    assert (baud.rate, baud.is_sure) == (38400, True)


def test_silence_is_no_reason_to_doubt() -> None:
    baud = Baud(None)
    _, now_s = hear(baud, 9600, 2.0)
    baud.heard(NOISE, now_s)
    baud.heard(GOOD, now_s + 600.0)
    baud.heard(NOISE, now_s + 601.0)
    assert baud.is_sure


def test_a_given_rate_is_never_doubted() -> None:
    baud = Baud(4800)
    usable, _ = hear(baud, 9600, 20.0)
    assert (baud.rate, baud.dropped) == (4800, 0)
    assert usable == NOISE * (len(usable) // len(NOISE)), "it is the device's noise then"


def test_who_speaks_seldom_is_waited_for() -> None:
    baud = Baud(None)
    assert not baud.moves_on(9.0), "no byte yet"
    assert baud.moves_on(10.5), "but not for ever"
    assert baud.rate == RATES[1]
