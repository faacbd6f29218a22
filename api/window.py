"""Windows of time in requests."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import AwareDatetime, BeforeValidator

from api.errors import BadParameter

_NUMBER: Final = re.compile(r"\s*[+-]?[0-9_.]+(e[+-]?[0-9]+)?\s*", re.IGNORECASE)


def _written(said: object) -> object:
    """Digits alone would be read as seconds since 1970: 20261127 as a day of 1970."""
    if isinstance(said, int | float) or (isinstance(said, str) and _NUMBER.fullmatch(said)):
        raise ValueError("write it as ISO 8601: 2026-11-27, or 2026-11-27T08:00:00+08:00")
    return said


#: A time with its offset, and a day, as ISO 8601 has them.
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
Day = Annotated[date, BeforeValidator(_written)]

From = Annotated[Moment | None, Query(alias="from", description="an hour before `to`")]
To = Annotated[Moment | None, Query(alias="to", description="not included; now")]

#: How long a window is without `from`.
BY_DEFAULT: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


def window(since: From = None, until: To = None) -> tuple[datetime, datetime]:
    """Times out of PostgreSQL's or Python's reach cannot be asked for."""
    try:
        until = (until or datetime.now(UTC)).astimezone(UTC)
        since = since.astimezone(UTC) if since is not None else until - BY_DEFAULT
    except OverflowError:
        raise BadParameter("`from` or `to` is no time of this world.") from None
    if since >= until:
        raise BadParameter("`from` must be before `to`.")
    return since, until


#: Since when and until when; raises BadParameter.
Window = Annotated[tuple[datetime, datetime], Depends(window)]


def instant(given: datetime) -> datetime:
    """The same in UTC, with a day to spare on both sides; raises BadParameter."""
    try:
        moment = given.astimezone(UTC)
        return moment + DAY - DAY - DAY + DAY
    except OverflowError:
        raise BadParameter("That is no time of this world.") from None
