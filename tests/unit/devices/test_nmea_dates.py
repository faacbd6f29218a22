"""Which day a time of day belongs to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.nmea import Decoded, Decoder, Reason

Say = Callable[..., bytes]
SPAN_START = datetime(2010, 1, 1, tzinfo=UTC)
PLACE = "2217.5000,N,11409.5000,E"


def rmc(clock: str, day: str, status: str = "A") -> str:
    return f"GPRMC,{clock},{status},{PLACE},10.0,90.0,{day},,"


def gga(clock: str, quality: int = 1) -> str:
    return f"GPGGA,{clock},{PLACE},{quality},09,0.9,50.0,M,-3.1,M,,"


def gll(clock: str) -> str:
    return f"GPGLL,{PLACE},{clock},A,A"


def times(data: bytes, decoder: Decoder | None = None) -> list[str]:
    return stamps(whole(data, decoder or Decoder()))


def whole(data: bytes, decoder: Decoder, received_at: datetime | None = None) -> Decoded:
    total = decoder.feed(data, received_at)
    total.extend(decoder.finish())
    return total


def stamps(found: Decoded) -> list[str]:
    return [fix.fixed_at.isoformat(timespec="milliseconds")[:-6] for fix in found.fixes]


@pytest.mark.parametrize("rmc_first", [True, False])
def test_the_epochs_own_date_counts_whatever_the_order(say: Say, rmc_first: bool) -> None:
    """GGA of 00:00:00 ahead of the RMC that names the new day is of the new day."""
    bodies: list[str] = []
    for clock, day in [("235959", "311224"), ("000000", "010125"), ("000001", "010125")]:
        pair = [rmc(clock, day), gga(clock)]
        bodies += pair if rmc_first else reversed(pair)
    assert times(say(*bodies)) == [
        "2024-12-31T23:59:59.000",
        "2025-01-01T00:00:00.000",
        "2025-01-01T00:00:01.000",
    ]


def test_zda_dates_too_and_its_zone_is_not_applied(say: Say) -> None:
    zda = "GPZDA,235958.00,28,02,2024,-08,00"
    assert times(say(zda, gga("235958.00"), gga("235959.00"), gga("000000.00"))) == [
        "2024-02-28T23:59:58.000",
        "2024-02-28T23:59:59.000",
        "2024-02-29T00:00:00.000",
    ]


def test_a_clock_that_goes_back_over_midnight_takes_a_day_off(say: Say) -> None:
    bodies = [rmc("000000", "010125"), gll("235959"), gga("000001")]
    assert times(say(*bodies)) == [
        "2025-01-01T00:00:00.000",
        "2024-12-31T23:59:59.000",
        "2025-01-01T00:00:01.000",
    ]


def test_a_clock_that_goes_back_by_less_stays_on_its_day(say: Say) -> None:
    assert times(say(rmc("120000", "010125"), gga("010000"), gga("125900"))) == [
        "2025-01-01T12:00:00.000",
        "2025-01-01T01:00:00.000",
        "2025-01-01T12:59:00.000",
    ]


def test_the_day_rolls_through_an_outage(say: Say) -> None:
    bodies = [rmc("235958", "010125"), gga("235959", 0), gga("000000", 0), gga("000001")]
    assert times(say(*bodies))[-1] == "2025-01-02T00:00:01.000"


def test_after_a_gap_of_days_the_undated_sentence_takes_its_epochs_date(say: Say) -> None:
    bodies = [rmc("120000", "010125"), gga("120000"), gga("115959"), rmc("115959", "070125")]
    assert times(say(*bodies)) == ["2025-01-01T12:00:00.000", "2025-01-07T11:59:59.000"]


@settings(deadline=None)
@given(
    st.integers(0, 50 * 365 * 86_400).map(lambda second: SPAN_START + timedelta(seconds=second)),
    st.lists(st.integers(1, 43_199), min_size=1, max_size=20),
)
def test_a_dated_start_carries_any_walk_of_less_than_half_days(
    say: Say, start: datetime, steps: list[int]
) -> None:
    """One date, then times of day only: the dates are those of the true instants."""
    instants = [start]
    for step in steps:
        instants.append(instants[-1] + timedelta(seconds=step))
    bodies = [rmc(f"{start:%H%M%S}", f"{start:%d%m%y}")]
    bodies += [gga(f"{at:%H%M%S}") for at in instants[1:]]
    assert times(say(*bodies)) == [at.isoformat(timespec="milliseconds")[:-6] for at in instants]


@pytest.mark.parametrize("day", ["310425", "290225", "000000", "2208-1", "", "1301251", "320125"])
def test_what_is_no_date_leaves_the_last_one(say: Say, day: str) -> None:
    assert times(say(rmc("120000", "280225"), rmc("120001", day))) == [
        "2025-02-28T12:00:00.000",
        "2025-02-28T12:00:01.000",
    ]


def test_the_29_february_of_a_leap_year_is_a_date(say: Say) -> None:
    assert times(say(rmc("120000", "290224"))) == ["2024-02-29T12:00:00.000"]


@pytest.mark.parametrize(("day", "year"), [("010168", 2068), ("010169", 1969), ("010199", 1999)])
def test_two_digit_years_turn_at_69(say: Say, day: str, year: int) -> None:
    assert times(say(rmc("120000", day)))[0].startswith(f"{year}-01-01")


def test_live_the_century_is_the_one_nearest_to_the_receive_time(say: Say) -> None:
    received_at = datetime(2071, 5, 1, 12, 0, 1, tzinfo=UTC)
    found = whole(say(rmc("120000", "010571")), Decoder(), received_at)
    assert stamps(found) == ["2071-05-01T12:00:00.000"]


def test_the_leap_second_does_not_crash_and_does_not_roll_twice(say: Say) -> None:
    bodies = [rmc("235959", "311216"), gga("235960"), gga("000000"), gga("000001")]
    assert times(say(*bodies)) == [
        "2016-12-31T23:59:59.000",
        "2016-12-31T23:59:59.999",
        "2017-01-01T00:00:00.000",
        "2017-01-01T00:00:01.000",
    ]


def test_first_epochs_wait_for_their_date(say: Say) -> None:
    decoder = Decoder()
    assert decoder.feed(say(gga("235958"), gga("235959"), gga("000000"))).fixes == []
    found = decoder.feed(say(rmc("000001", "010125"), gga("000002")))
    assert stamps(found) == [
        "2024-12-31T23:59:58.000",
        "2024-12-31T23:59:59.000",
        "2025-01-01T00:00:00.000",
        "2025-01-01T00:00:01.000",
    ]


def test_an_undated_epoch_is_held_across_payloads(say: Say) -> None:
    decoder = Decoder()
    decoder.feed(say(gga("120000")))
    assert decoder.end_epoch().fixes == []
    decoder.feed(say(rmc("120005", "010125")))
    assert stamps(decoder.end_epoch()) == ["2025-01-01T12:00:00.000", "2025-01-01T12:00:05.000"]


def test_no_undated_epoch_is_held_for_more_than_30_s(say: Say) -> None:
    found = whole(say(gga("120000"), gga("120001"), rmc("120031", "010125")), Decoder())
    assert stamps(found) == ["2025-01-01T12:00:01.000", "2025-01-01T12:00:31.000"]
    assert [(one.reason, one.raw) for one in found.refused] == [
        (Reason.UNDATED, say(gga("120000"), end=""))
    ]


def test_no_more_than_100_undated_epochs_are_held(say: Say) -> None:
    clocks = [f"1200{i // 10:02d}.{i % 10}" for i in range(120)]
    found = whole(say(*map(gga, clocks), rmc("120012.0", "010125")), Decoder())
    assert (len(found.fixes), len(found.refused)) == (101, 20)


def test_a_recording_without_a_date_gives_no_fix_unless_the_day_is_given(say: Say) -> None:
    data = say(gga("235959"), gga("000000"))
    found = whole(data, Decoder())
    assert (found.fixes, [one.reason for one in found.refused]) == ([], [Reason.UNDATED] * 2)
    assert times(data, Decoder(day=date(2024, 2, 28))) == [
        "2024-02-28T23:59:59.000",
        "2024-02-29T00:00:00.000",
    ]


def test_the_dates_of_the_recording_beat_the_day_given(say: Say) -> None:
    data = say(gga("120000"), rmc("120001", "010125"))
    assert times(data, Decoder(day=date(1999, 1, 1)))[-1] == "2025-01-01T12:00:01.000"


@pytest.mark.parametrize("day", ["060180", "050180"])
def test_a_cold_receivers_date_is_not_believed(say: Say, day: str) -> None:
    cold = [rmc("000000", day, "V"), "GPZDA,000001,06,01,1980,00,00", gga("000002")]
    assert times(say(*cold)) == []


def test_in_a_recording_the_date_of_a_receiver_without_a_fix_is_better_than_none(say: Say) -> None:
    assert times(say(rmc("120000", "010125", "V"), gga("120001"))) == ["2025-01-01T12:00:01.000"]


def test_a_date_with_a_fix_is_better_than_one_without(say: Say) -> None:
    bodies = [rmc("120000", "010125"), rmc("120001", "010100", "V"), gga("120002")]
    assert times(say(*bodies))[-1] == "2025-01-01T12:00:02.000"


@pytest.mark.parametrize(("day", "believed"), [("010125", True), ("010100", False)])
def test_live_a_date_without_a_fix_must_be_near_the_receive_time(
    say: Say, day: str, believed: bool
) -> None:
    received_at = datetime(2025, 1, 1, 12, 0, 2, tzinfo=UTC)
    found = whole(say(rmc("120000", day, "V"), gga("120001")), Decoder(), received_at)
    assert len(found.fixes) == believed


RECEIVED_AT = datetime(2025, 6, 23, 12, 0, 5, tzinfo=UTC)
#: 1,024 and 2,048 weeks before 23 June 2025.
ONE_PERIOD_AGO, TWO_PERIODS_AGO = "071105", "240386"


@pytest.mark.parametrize(
    ("day", "weeks"), [("230625", 0), (ONE_PERIOD_AGO, 1024), (TWO_PERIODS_AGO, 2048)]
)
def test_live_auto_undoes_whole_rollovers_and_marks_the_fix(say: Say, day: str, weeks: int) -> None:
    found = whole(say(rmc("120000", day)), Decoder(rollover="auto"), RECEIVED_AT)
    assert [fix.rollover_weeks for fix in found.fixes] == [weeks]
    assert stamps(found) == ["2025-06-23T12:00:00.000"]


def test_auto_lets_a_date_stand_that_is_off_by_anything_else(say: Say) -> None:
    found = whole(say(rmc("120000", "041105")), Decoder(rollover="auto"), RECEIVED_AT)
    assert stamps(found) == ["2005-11-04T12:00:00.000"]


def test_auto_lets_a_backlog_of_hours_be_undone(say: Say) -> None:
    found = whole(say(rmc("130000", "061105")), Decoder(rollover="auto"), RECEIVED_AT)
    assert stamps(found) == ["2025-06-22T13:00:00.000"]


def test_recordings_are_not_corrected_unless_ordered(say: Say) -> None:
    data = say(rmc("120000", ONE_PERIOD_AGO))
    assert times(data, Decoder(rollover="auto")) == ["2005-11-07T12:00:00.000"]
    assert times(data, Decoder()) == ["2005-11-07T12:00:00.000"]
    assert times(data, Decoder(rollover="on")) == ["2025-06-23T12:00:00.000"]


def test_live_off_means_off(say: Say) -> None:
    found = whole(say(rmc("120000", ONE_PERIOD_AGO)), Decoder(rollover="off"), RECEIVED_AT)
    assert stamps(found) == ["2005-11-07T12:00:00.000"]
