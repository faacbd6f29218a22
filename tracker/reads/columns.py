"""Expressions that several reads share."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Double, Numeric, cast, func
from sqlalchemy.orm import InstrumentedAttribute


def rounded(column: InstrumentedAttribute[float | None], digits: int) -> ColumnElement[float]:
    """Four-byte floats would show their noise as doubles: 3.0999999."""
    return cast(func.round(cast(column, Numeric), digits), Double).label(column.key)
