"""Windows of time in requests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from api.errors import BadParameter
from tracker.moments import Moment

From = Annotated[Moment | None, Query(alias="from", description="an hour before `to`")]
To = Annotated[Moment | None, Query(alias="to", description="not included; now")]

#: How long a window is without `from`.
BY_DEFAULT: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


async def window(since: From = None, until: To = None) -> tuple[datetime, datetime]:
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
