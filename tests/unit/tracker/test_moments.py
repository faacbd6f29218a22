"""Times and days are read as they are written, and numbers are neither."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from tracker.moments import Day, Moment

MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)
DAY: TypeAdapter[date] = TypeAdapter(Day)


def test_iso_8601_is_read() -> None:
    at = datetime(2026, 11, 27, tzinfo=UTC)
    assert MOMENT.validate_python("2026-11-27T08:00:00+08:00") == at
    assert MOMENT.validate_python(at) == at
    assert DAY.validate_python("2026-11-27") == date(2026, 11, 27)


@pytest.mark.parametrize("number", [20261127, 1795737600.0, "1795737600", " 1.7e9 "])
def test_a_number_is_no_time_and_no_day(number: object) -> None:
    for adapter in (MOMENT, DAY):
        with pytest.raises(ValidationError, match="ISO 8601"):
            adapter.validate_python(number)


def test_a_time_says_its_offset() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        MOMENT.validate_python("2026-11-27T08:00:00")
