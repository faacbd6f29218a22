"""Hours of the week that repeat: text for people, minutes since Monday's midnight for machines."""

from __future__ import annotations

import re
from typing import Final

from geo.errors import WeekHoursError
from geo.windows import WEEKDAYS

DAY_MIN: Final = 24 * 60
WEEK_MIN: Final = 7 * DAY_MIN
#: From (included) and to (not included), minutes since Monday 00:00.
Minutes = tuple[int, int]

_PART = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?\s+(\d\d):(\d\d)-(\d\d):(\d\d)")


def week_minutes(text: str) -> list[Minutes]:
    """The hours of `mon-fri 08:00-18:00, sat 22:00-04:00`, ascending and apart.

    Hours past midnight belong to the day they begin on; 00:00-24:00 is a whole day. Raises
    WeekHoursError.
    """
    pieces = [piece for part in text.lower().split(",") for piece in _pieces(part.strip())]
    joined: list[Minutes] = []
    for begins, ends in sorted(pieces):
        if joined and begins <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ends)
        else:
            joined.append((begins, ends))
    return joined


def _pieces(part: str) -> list[Minutes]:
    found = _PART.fullmatch(part)
    if found is None:
        raise WeekHoursError(f"({part!r})")
    first, last, *clock = found.groups()
    from_min, to_min = _of_day(*clock[:2]), _of_day(*clock[2:])
    lasts_min = (to_min - from_min) % DAY_MIN or DAY_MIN
    pieces = []
    for day in _days(first, last or first):
        begins = day * DAY_MIN + from_min % DAY_MIN
        ends = begins + lasts_min
        pieces.append((begins, min(ends, WEEK_MIN)))
        if ends > WEEK_MIN:
            pieces.append((0, ends - WEEK_MIN))
    return pieces


def _days(first: str, last: str) -> list[int]:
    if first not in WEEKDAYS or last not in WEEKDAYS:
        raise WeekHoursError(f"({first}-{last})")
    begins, ends = WEEKDAYS.index(first), WEEKDAYS.index(last)
    return [(begins + n) % 7 for n in range((ends - begins) % 7 + 1)]


def _of_day(hours: str, minutes: str) -> int:
    of_day = int(hours) * 60 + int(minutes)
    if of_day > DAY_MIN or int(minutes) > 59:  # noqa: PLR2004  minutes of an hour
        raise WeekHoursError(f"({hours}:{minutes})")
    return of_day
