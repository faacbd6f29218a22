"""Dates for times of day: never the system's, always the device's own.

A sentence with a date sets it; between two of them the day rolls by the clock alone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal

Rollover = Literal["auto", "on", "off"]

_HALF_DAY_MS = 12 * 3_600_000
_DAY = timedelta(days=1)
#: The GPS week is sent in ten bits.
ROLLOVER_WEEKS = 1024
_ROLLOVER = timedelta(weeks=ROLLOVER_WEEKS)
#: No device can speak before this program was written, whatever our own clock says.
_BUILT_AT = datetime(2026, 1, 1, tzinfo=UTC)
_HUNDRED_YEARS = 100


def neighbour_day(day: date, tod_ms: int, other_tod_ms: int) -> date:
    """The date of another time of day less than 12 h away from one whose date is known."""
    gap_ms = other_tod_ms - tod_ms
    if gap_ms < -_HALF_DAY_MS:
        return day + _DAY
    return day - _DAY if gap_ms > _HALF_DAY_MS else day


# A fleet reports at the same instants.
@lru_cache(maxsize=1024)
def instant(day: date, tod_ms: int) -> datetime:
    """The aware UTC time of a date and milliseconds since midnight."""
    return datetime.combine(day, time(tzinfo=UTC)) + timedelta(milliseconds=tod_ms)


class Calendar:
    """The last known date of one device, and how it goes on."""

    __slots__ = ("_day", "_tod_ms")

    def __init__(self, day: date | None = None) -> None:
        """Start on `day` where the user gives one; else every epoch waits for a date."""
        self._day = day
        self._tod_ms: int | None = None

    @property
    def has_day(self) -> bool:
        """Whether a date is known."""
        return self._day is not None

    def rolled_to(self, tod_ms: int) -> date | None:
        """The date of a time of day by the last one: None when no date is known yet.

        A clock that falls by over 12 h passed midnight; one that rises by over 12 h went back.
        """
        if self._day is None or self._tod_ms is None:
            return self._day
        return neighbour_day(self._day, self._tod_ms, tod_ms)

    def day_of(self, tod_ms: int, own_day: date | None) -> date | None:
        """The date of the next epoch, its own or the last one rolled on; it is the last one now."""
        self._day, self._tod_ms = own_day or self.rolled_to(tod_ms), tod_ms
        return self._day


def nearest_century(day: date, reference: datetime) -> date:
    """The date, a two-digit year behind it, moved by centuries to be nearest to the reference."""
    years = reference.year - day.year
    if abs(years) <= _HUNDRED_YEARS // 2:
        return day
    centuries = round(years / _HUNDRED_YEARS)
    try:
        return day.replace(year=day.year + centuries * _HUNDRED_YEARS)
    except ValueError:  # 29 February of a year that is not leap there: the sent date stands
        return day


def missing_weeks(fixed_at: datetime, received_at: datetime | None, rollover: Rollover) -> int:
    """Weeks that a receiver with a rolled-over week counter is behind: 0, 1024, 2048, ...

    "auto" needs the receive time, and adds only when the two differ by whole rollovers, a day more
    or less. "on" takes the period nearest to the receive time, which is never taken to lie before
    this program was written.
    """
    if rollover == "off" or (rollover == "auto" and received_at is None):
        return 0
    reference = received_at or _BUILT_AT
    if rollover == "on":
        reference = max(reference, _BUILT_AT)
    behind = reference - fixed_at
    if behind < _DAY:
        return 0
    periods = max(0, round(behind / _ROLLOVER))
    if rollover == "auto" and abs(behind - periods * _ROLLOVER) > _DAY:
        return 0
    return periods * ROLLOVER_WEEKS
