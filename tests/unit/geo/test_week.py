"""Hours of the week from text."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import WeekHoursError
from geo.week import DAY_MIN, WEEK_MIN, week_minutes
from geo.windows import WEEKDAYS


def test_days_of_a_week() -> None:
    assert week_minutes("mon-tue 08:00-18:00, sat 09:30-13:00") == [
        (480, 1080),
        (DAY_MIN + 480, DAY_MIN + 1080),
        (5 * DAY_MIN + 570, 5 * DAY_MIN + 780),
    ]


def test_past_midnight_and_past_the_end_of_the_week() -> None:
    assert week_minutes("sun 22:00-04:00") == [(0, 240), (6 * DAY_MIN + 1320, WEEK_MIN)]
    assert week_minutes("fri-mon 00:00-24:00") == [(0, DAY_MIN), (4 * DAY_MIN, WEEK_MIN)]


@given(
    st.sampled_from(WEEKDAYS),
    st.sampled_from(WEEKDAYS),
    st.integers(0, DAY_MIN - 1),
    st.integers(0, DAY_MIN - 1),
)
def test_every_minute_is_in_it_that_a_person_would_count(
    first: str, last: str, from_min: int, to_min: int
) -> None:
    clock = "-".join(f"{each // 60:02}:{each % 60:02}" for each in (from_min, to_min))
    found = week_minutes(f"{first}-{last} {clock}")
    day, counted = WEEKDAYS.index(first), set()
    lasts_min = (to_min - from_min) % DAY_MIN or DAY_MIN
    while True:
        begins = day * DAY_MIN + from_min
        counted |= {each % WEEK_MIN for each in range(begins, begins + lasts_min)}
        if WEEKDAYS[day] == last:
            break
        day = (day + 1) % 7
    assert {each for a, b in found for each in range(a, b)} == counted
    assert found == sorted(found)
    assert all(a[1] < b[0] for a, b in itertools.pairwise(found))


@pytest.mark.parametrize(
    "text", ["", "sometimes", "mon", "mon 8:00-18:00", "mon 08:00-25:00", "xyz 08:00-09:00"]
)
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(WeekHoursError):
        week_minutes(text)
