"""Backtests and trials of rules, as they are asked for and told."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from api.models import Model
from tracker.backtest.answer import Side
from tracker.backtest.difference import Difference


class Result(Model):
    """What would have been raised. Long lists are cut at 2,000 rows; the figures count all."""

    since: datetime
    until: datetime
    #: Of days and hours.
    time_zone: str
    #: The subject, then what it was compared with.
    sides: list[Side]
    difference: Difference | None


class Backtest(Model):
    """A question about stored history, how far it has come, and its answer."""

    id: UUID
    department: str
    asked_by: str
    asked_at: datetime
    question: dict[str, Any]
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    vehicles_done: int
    #: In question; 0 before it is begun.
    vehicles: int
    ended_at: datetime | None
    #: Of one that failed: what to change.
    error: str | None
    #: Of one that is done, where it alone is asked for.
    result: Result | None


class Backtests(Model):
    """The newest first, without results."""

    backtests: list[Backtest]


class RuleFigures(Model):
    """How a rule goes, and what it would have raised while it was on trial."""

    rule: str
    state: Literal["live", "shadow", "off"]
    shadow: bool
    alerts: int
    #: That joined them, because of its cool-down.
    suppressed: int
    #: Of the alerts: closed as handled, as false, and the rest.
    useful: int
    false: int
    unsaid: int
    would_raise: int = Field(description="alerts, had it not been on trial")
    would_suppress: int
    #: Dwells and the like that only its trial made.
    shadow_events: int
