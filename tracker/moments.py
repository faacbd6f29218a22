"""Times and days as people and programs write them."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Final

from pydantic import AwareDatetime, BeforeValidator

_NUMBER: Final = re.compile(r"\s*[+-]?[0-9_.]+(e[+-]?[0-9]+)?\s*", re.IGNORECASE)


def _written(said: object) -> object:
    """Digits alone would be read as seconds since 1970: 20261127 as a day of 1970."""
    if isinstance(said, int | float) or (isinstance(said, str) and _NUMBER.fullmatch(said)):
        raise ValueError("write it as ISO 8601: 2026-11-27, or 2026-11-27T08:00:00+08:00")
    return said


#: A time with its offset, and a day, as ISO 8601 has them.
Moment = Annotated[AwareDatetime, BeforeValidator(_written)]
Day = Annotated[date, BeforeValidator(_written)]
