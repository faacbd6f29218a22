"""Questions of what rules and fences would have raised, as the worker answers them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Json, Moment, Now
from tracker.models.registry import one_of

#: A backtest's ways: it waits, is worked on, and ends in one of three.
STATES = ("queued", "running", "done", "failed", "cancelled")


class Backtest(Base):
    """A question about stored history, and its answer once there is one."""

    __tablename__ = "backtest"
    __table_args__ = (
        one_of("state", STATES),
        Index("ix_backtest_department_id_asked_at", "department_id", "asked_at"),
        Index(
            "ix_backtest_waiting",
            "asked_at",
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    asked_by: Mapped[str]
    asked_at: Mapped[Now]
    #: As it was asked: see tracker/backtest/question.py.
    question: Mapped[Json]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    #: Of all vehicles in question, those that are gone through.
    vehicles_done: Mapped[int] = mapped_column(server_default=text("0"))
    vehicles: Mapped[int] = mapped_column(server_default=text("0"))
    started_at: Mapped[Moment | None]
    #: Until then it is a worker's; after it another takes it up again.
    leased_until: Mapped[Moment | None]
    ended_at: Mapped[Moment | None]
    #: Of one that is done.
    result: Mapped[Json | None]
    #: Of one that failed: what to do.
    error: Mapped[str | None]
