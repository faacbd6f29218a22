"""Times and days are read as they are written, and numbers are neither."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from tracker.backtest.question import Asked
from tracker.fence_edits import NewFence
from tracker.grants import NewGrant
from tracker.moments import Day, Moment
from tracker.registry import NewDevice

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


@pytest.mark.parametrize(
    ("model", "field"),
    [
        (NewGrant, "valid_from"),
        (NewGrant, "valid_until"),
        (NewFence, "valid_from"),
        (NewFence, "valid_until"),
        (NewDevice, "accept_from"),
        (NewDevice, "since"),
        (Asked, "from"),
        (Asked, "to"),
    ],
)
def test_nothing_that_is_asked_or_made_takes_one(model: type[BaseModel], field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({field: 20261127})
    [said] = [each["msg"] for each in refused.value.errors() if each["loc"] == (field,)]
    assert "ISO 8601" in said
