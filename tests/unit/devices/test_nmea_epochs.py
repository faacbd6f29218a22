"""Sentences into epochs by their time of day: one fix an instant, nothing carried over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.nmea import Decoded, Decoder

Say = Callable[..., bytes]

START = datetime(2025, 6, 23, 10, 15, tzinfo=UTC)


def rmc(second: float, *, status: str = "A", knots: str = "10.0") -> str:
    at = START + timedelta(seconds=second)
    clock = f"{at:%H%M%S}.{at.microsecond // 10_000:02d}"
    return f"GPRMC,{clock},{status},2217.5000,N,11409.5000,E,{knots},90.0,{at:%d%m%y},,,A"


def gga(second: float, *, quality: int = 1, altitude: str = "50.0") -> str:
    clock = f"{START + timedelta(seconds=second):%H%M%S.%f}"[:9]
    return f"GPGGA,{clock},2217.5000,N,11409.5000,E,{quality},09,0.9,{altitude},M,-3.1,M,,"


def decoded(data: bytes) -> Decoded:
    decoder = Decoder()
    total = decoder.feed(data)
    total.extend(decoder.finish())
    return total


def seconds(found: Decoded) -> list[float]:
    return [(fix.fixed_at - START).total_seconds() for fix in found.fixes]


@settings(deadline=None)
@given(
    st.lists(
        st.permutations(["rmc", "gga", "gll", "vtg"]).filter(lambda order: order[0] != "vtg"),
        min_size=1,
        max_size=6,
    )
)
def test_the_order_within_an_epoch_does_not_matter(say: Say, orders: list[list[str]]) -> None:
    bodies = []
    for second, order in enumerate(orders):
        clock = f"{START + timedelta(seconds=second):%H%M%S}.00"
        epoch = {
            "rmc": rmc(second, knots=""),
            "gga": gga(second),
            "gll": f"GPGLL,2217.5000,N,11409.5000,E,{clock},A,A",
            "vtg": "GPVTG,90.0,T,,M,10.0,N,,K,A",
        }
        bodies += [epoch[kind] for kind in order]
    found = decoded(say(*bodies))
    assert seconds(found) == list(range(len(orders)))
    assert {fix.altitude_m for fix in found.fixes} == {50.0}
    assert [fix.speed_mps for fix in found.fixes] == pytest.approx([5.1444] * len(orders), abs=1e-4)


def test_a_new_time_closes_the_epoch_at_once(say: Say) -> None:
    decoder = Decoder()
    assert decoder.feed(say(rmc(0), gga(0))).fixes == []
    assert seconds(decoder.feed(say(rmc(1)))) == [0.0]


def test_ten_epochs_a_second_are_ten_fixes(say: Say) -> None:
    found = decoded(say(*(body for i in range(20) for body in (gga(i / 10), rmc(i / 10)))))
    assert seconds(found) == [i / 10 for i in range(20)]


def test_sentences_of_different_seconds_are_fixes_of_their_own(say: Say) -> None:
    """Old receivers send RMC of one second and GGA of the next."""
    found = decoded(say(rmc(0), gga(1), rmc(2), gga(3)))
    assert seconds(found) == [0.0, 1.0, 2.0, 3.0]
    assert [fix.altitude_m for fix in found.fixes] == [None, 50.0, None, 50.0]


def test_nothing_is_carried_over_from_the_epoch_before(say: Say) -> None:
    found = decoded(say(rmc(0), gga(0), "GPGSA,A,3,05,,,,,,,,,,,,1,1,1", rmc(1, knots="")))
    last = found.fixes[-1]
    assert (last.altitude_m, last.hdop, last.satellites, last.speed_mps) == (None, None, None, None)
    assert last.mode == 2


def test_sentences_before_any_time_wait_for_none(say: Say) -> None:
    found = decoded(say("GPVTG,90.0,T,,M,10.0,N,,K,A", "GPGSA,A,3,,,,,,,,,,,,,,,", gga(0), rmc(0)))
    assert [fix.course_deg for fix in found.fixes] == [90.0]
    assert decoded(say("GPGSA,A,1,,,,,,,,,,,,,,,", gga(0), rmc(0))).void_epochs == 0


def test_a_stuck_clock_is_one_fix(say: Say) -> None:
    found = decoded(say(*[rmc(0), gga(0)] * 4, rmc(1)))
    assert seconds(found) == [0.0, 1.0]


def test_a_pair_of_gga_is_one_fix_and_the_first_counts(say: Say) -> None:
    second = gga(0, altitude="70.0").replace("GPGGA", "GLGGA")
    assert [fix.altitude_m for fix in decoded(say(rmc(0), gga(0), second)).fixes] == [50.0]


def test_a_resent_instant_makes_no_second_fix_and_hurts_no_other(say: Say) -> None:
    late_vtg = "GPVTG,45.0,T,,M,99.0,N,,K,A"
    found = decoded(say(rmc(0), gga(0), rmc(1, knots=""), rmc(0), late_vtg, gga(0), gga(1)))
    assert seconds(found) == [0.0, 1.0]
    assert (found.fixes[1].altitude_m, found.fixes[1].speed_mps) == (50.0, None)
    assert found.repeats == 2


def test_a_resent_payload_makes_no_second_fix(say: Say) -> None:
    decoder, total = Decoder(), Decoded()
    for _ in range(2):
        for second in range(3):
            total.extend(decoder.feed(say(gga(second), rmc(second))))
            total.extend(decoder.end_epoch())
    assert (seconds(total), total.repeats) == ([0.0, 1.0, 2.0], 3)


def test_only_the_last_64_instants_are_remembered(say: Say) -> None:
    found = decoded(say(*(rmc(second) for second in range(66)), rmc(2), rmc(0), rmc(67)))
    assert seconds(found)[-3:] == [65.0, 0.0, 67.0]


def test_the_same_time_of_day_on_the_next_day_is_no_repeat(say: Say) -> None:
    day = 86_400
    found = decoded(say(rmc(0), rmc(3600), rmc(day), gga(day), rmc(day + 3600)))
    assert seconds(found) == [0.0, 3600.0, 86_400.0, 90_000.0]
    assert found.fixes[2].altitude_m == 50.0


def test_a_zda_ahead_of_its_time_does_not_use_the_instant_up(say: Say) -> None:
    zda = "GPZDA,101502.00,23,06,2025,00,00"
    assert seconds(decoded(say(rmc(0), zda, rmc(1), rmc(2)))) == [0.0, 1.0, 2.0]


def test_a_void_sentence_without_a_time_leaves_the_last_fix_alone(say: Say) -> None:
    lost = ["GPRMC,,V,,,,,,,,,,N", "GPVTG,,,,,,,,,N", "GPGSA,A,1,,,,,,,,,,,,,,,"]
    found = decoded(say(rmc(0), gga(0), *lost))
    assert (seconds(found), found.void_epochs) == ([0.0], 0)


def test_a_lost_fix_gives_nothing_until_it_is_back(say: Say) -> None:
    found = decoded(
        say(
            *(rmc(0), gga(0)),
            *(rmc(1, status="V"), gga(1, quality=0)),
            *(rmc(2, status="V"), gga(2)),
            *(rmc(3), gga(3)),
        )
    )
    assert (seconds(found), found.void_epochs) == ([0.0, 3.0], 2)


@pytest.mark.parametrize(
    ("interval_s", "patience_s"), [(0.1, 0.2), (0.5, 0.6), (1.0, 1.2), (10.0, 2.0)]
)
def test_silence_is_judged_by_the_learnt_interval(
    say: Say, interval_s: float, patience_s: float
) -> None:
    decoder = Decoder()
    decoder.feed(say(*(rmc(i * interval_s) for i in range(4))))
    assert decoder.patience_s == pytest.approx(patience_s)


def test_a_fix_knows_where_its_first_sentence_came_from(say: Say) -> None:
    decoder = Decoder()
    decoder.feed(say(gga(0)), origin="first")
    decoder.feed(say(gga(1)), origin="second")
    assert (decoder.waits_for("first"), decoder.waits_for("third")) == (True, False)
    found = decoder.feed(say(rmc(1), rmc(2)), origin="third").found
    assert [(each.origin, each.raw) for each in found] == [
        ("first", say(gga(0), end="")),
        ("second", say(gga(1), rmc(1)).rstrip(b"\r\n")),
    ]
    assert (decoder.waits_for("first"), decoder.waits_for("third")) == (False, True)


def test_an_undated_refusal_knows_where_it_came_from(say: Say) -> None:
    decoder = Decoder()
    decoder.feed(say(gga(0)), origin="first")
    assert [each.origin for each in decoder.finish().refused] == ["first"]
