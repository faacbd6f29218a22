"""Windows of the week in a time zone: 18:00 to 08:00 on working days, and the like (R21-R23)."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import inf
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from geo.distance import Floats
from geo.fences import Ints
from geo.fix import from_unix_ms, unix_ms

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Monday to Friday that are no public holidays.
WORKING: Final = "working"
SATURDAY: Final = 5
ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The zone that windows are meant in, and its public holidays by year."""

    zone: ZoneInfo
    #: A year that is not in it has no list.
    holidays: Mapping[int, Set[date]]

    def works(self, day: date) -> bool:
        """Whether it is a working day."""
        return day.weekday() < SATURDAY and day not in self.holidays.get(day.year, frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Times of day on certain days; past midnight it belongs to the day it begins on."""

    #: Of WEEKDAYS, or WORKING.
    days: frozenset[str]
    from_: time
    #: Not included; not later than `from_` means on the next day.
    to: time
    calendar: Calendar
    _spans: dict[date, tuple[int, int] | None] = field(
        default_factory=dict, compare=False, repr=False
    )
    #: The opening that was found last, and from when on it is the next one.
    _known: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False, repr=False)

    def holds(self, at_ms: int) -> bool:
        """Whether a time lies in it."""
        return self.end_ms(at_ms) is not None

    def end_ms(self, at_ms: int) -> int | None:
        """When the window that a time lies in closes; None where it lies in none."""
        day = self._day(at_ms)
        for begun in (day, day - ONE_DAY):
            span = self._span(begun)
            if span is not None and span[0] <= at_ms < span[1]:
                return span[1]
        return None

    def next_opening_ms(self, at_ms: int) -> int | None:
        """The first opening at or after a time; None where there is none within a year."""
        since_ms, known_ms = self._known.get("next", (0, -1))
        if since_ms <= at_ms <= known_ms:
            return known_ms
        found_ms = self._found_opening_ms(at_ms)
        if found_ms is not None:
            self._known["next"] = at_ms, found_ms
        return found_ms

    def next_openings_ms(self, at_ms: Ints) -> Floats:
        """The first openings at or after times, as a column; infinity where there is none."""
        first_ms = self.next_opening_ms(int(at_ms.min(initial=np.iinfo(np.int64).max)))
        if first_ms is not None and first_ms >= at_ms.max(initial=0):
            return np.full(len(at_ms), float(first_ms))
        each = (self.next_opening_ms(one_ms) for one_ms in at_ms.tolist())
        return np.array([inf if found_ms is None else found_ms for found_ms in each], dtype=float)

    def _found_opening_ms(self, at_ms: int) -> int | None:
        day = self._day(at_ms) - ONE_DAY
        for _ in range(370):
            span = self._span(day)
            if span is not None and span[0] >= at_ms:
                # What another day's window runs into does not open.
                before = self._span(day - ONE_DAY)
                if before is None or before[1] < span[0]:
                    return span[0]
            day += ONE_DAY
        return None

    def _day(self, at_ms: int) -> date:
        return from_unix_ms(at_ms).astimezone(self.calendar.zone).date()

    def _span(self, day: date) -> tuple[int, int] | None:
        if day not in self._spans:
            self._spans[day] = self._made(day)
        return self._spans[day]

    def _made(self, day: date) -> tuple[int, int] | None:
        named = WEEKDAYS[day.weekday()] in self.days
        if not named and not (WORKING in self.days and self.calendar.works(day)):
            return None
        zone = self.calendar.zone
        end = day if self.to > self.from_ else day + ONE_DAY
        begins = datetime.combine(day, self.from_, tzinfo=zone)
        return unix_ms(begins), unix_ms(datetime.combine(end, self.to, tzinfo=zone))
