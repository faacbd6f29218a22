"""The calendar of windows: the installation's zone, and public holidays by year (rule R22)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from holidays import country_holidays

from geo.windows import Calendar

#: The first year of the general holidays as the ordinance of 1997 has them.
FIRST_YEAR: Final = 1998
#: The last for which the package knows the moon's calendar.
LAST_YEAR: Final = 2100
#: So long before the last list ends it is time to say so.
WARN_DAYS: Final = 60


class BuiltIn(Mapping[int, Set[date]]):
    """The general holidays of Hong Kong, each year's found when it is asked for."""

    def __getitem__(self, year: int) -> Set[date]:
        """The holidays of a year, with the days that stand in for those on Sundays."""
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise KeyError(year)
        return _hong_kong(year)

    def __iter__(self) -> Iterator[int]:
        """The years that have a list."""
        return iter(range(FIRST_YEAR, LAST_YEAR + 1))

    def __len__(self) -> int:
        """How many years have a list."""
        return LAST_YEAR + 1 - FIRST_YEAR


@lru_cache(maxsize=8)
def _hong_kong(year: int) -> frozenset[date]:
    return frozenset(country_holidays("HK", years=year))


def calendar_of(timezone: str, own: Mapping[str, Sequence[str]] | None) -> Calendar:
    """The calendar of an installation; lists of its own replace the built-in ones, all of them."""
    if own is None:
        return Calendar(ZoneInfo(timezone), BuiltIn())
    lists = {int(year): frozenset(map(date.fromisoformat, days)) for year, days in own.items()}
    return Calendar(ZoneInfo(timezone), lists)


def warning(calendar: Calendar, today: date) -> dict[str, str] | None:
    """What to say, in both languages, when the lists of holidays end within WARN_DAYS."""
    last = max(calendar.holidays, default=today.year - 1)
    left = (date(last, 12, 31) - today).days
    if left > WARN_DAYS:
        return None
    return {
        "en": f"The list of public holidays ends with {last}: add the next year's before it does"
        " (installation.holidays), or rules on working days are refused.",
        "zh-Hant": f"公眾假期表至 {last} 年底為止：請及早加入下一年的假期"
        "（installation.holidays），否則不能儲存涉及工作日的規則。",
    }


def warning_of(
    timezone: str, own: Mapping[str, Sequence[str]] | None, now: datetime
) -> dict[str, str] | None:
    """The same for an installation as its table has it."""
    calendar = calendar_of(timezone, own)
    return warning(calendar, now.astimezone(calendar.zone).date())
