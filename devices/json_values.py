"""What JSON from a device may hold, value by value."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime

_TEXT = re.compile("[^\\x00\\ud800-\\udfff]{1,256}")


def read_json(payload: bytes) -> object:
    """The value that the text says; raises ValueError for what is no JSON."""
    try:
        return json.loads(payload, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def is_text(value: object) -> bool:
    """A text without NUL and without half a character: what a database takes."""
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def number(value: object) -> float | None:
    """A number that is finite as a float; JSON has others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> datetime | None:
    """The time of an RFC 3339 text, aware UTC in whole milliseconds; None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
