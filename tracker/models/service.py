"""The service itself: the installation, and the feeds that number live rows."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Double, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Json, Moment, Names, Now


class Installation(Base):
    """The one row that says what this installation is."""

    __tablename__ = "installation"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("retention_days > 0", name="retention_days"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[Names]
    #: Whether anyone on this machine may sign in as any department: the demonstration only.
    demo: Mapped[bool] = mapped_column(server_default=text("false"))
    #: From this day partitions of `fix` are daily; before it monthly. The first of a month.
    daily_from: Mapped[date]
    #: Another one after a restore: live viewers then start anew.
    feed_epoch: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    #: Grows with each change of devices, vehicles, fences or rules.
    registry_version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[Now]
    #: Whose midnights divide the days of `vehicle_day` and of reports, and in which the windows of
    #: rules are meant: an IANA name.
    time_zone: Mapped[str] = mapped_column(server_default=text("'Asia/Hong_Kong'"))
    #: How long it is kept where vehicles were, for departments that say nothing else.
    retention_days: Mapped[int] = mapped_column(server_default=text("400"))
    #: Up to when vehicles that went private, or came back, have been told to viewers.
    private_told_at: Mapped[Now]
    #: Public holidays by year in place of the built-in list: {"2026": ["2026-12-25", …]}.
    holidays: Mapped[Json | None]
    #: The box in which fences lie, degrees west, south, east, north; None: the world.
    territory: Mapped[list[float] | None] = mapped_column(ARRAY(Double))


class Feed(Base):
    """One row a shard, and row 0 for edits: numbers live rows in commit order (database law 3)."""

    __tablename__ = "feed"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: Grows with each new holder of the shard; a writer with an older one cannot commit.
    token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    n: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    #: The `ingest_worker` that serves the shard, as long as it speaks; None: nobody.
    holder: Mapped[str | None]
    #: When the holder took the shard, or the last one gave it back.
    since: Mapped[Now]


class IngestWorker(Base):
    """An ingest process that lives, or did: it writes `seen_at` each half second."""

    __tablename__ = "ingest_worker"

    #: Machine, process and its start: see tracker/leases.py.
    id: Mapped[str] = mapped_column(primary_key=True)
    #: For people: host and pid.
    name: Mapped[str]
    joined_at: Mapped[Now]
    seen_at: Mapped[Now]


class IngestHealth(Base):
    """What the ingest process of a shard says of itself, about once a second."""

    __tablename__ = "ingest_health"

    shard: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[Moment]
    at: Mapped[Now]
    #: Counters since the start, and what it waits for: see docs/operations.md.
    counters: Mapped[Json]


class WorkerJob(Base):
    """How a job of the worker went the last time (tracker/worker.py)."""

    __tablename__ = "worker_job"

    name: Mapped[str] = mapped_column(primary_key=True)
    #: When it ended.
    at: Mapped[Moment]
    took_s: Mapped[float]
    #: What it did since the worker's start, by name.
    counters: Mapped[Json]
    #: Why it could not do its work; None: it could.
    error: Mapped[str | None]


class Once(Base):
    """What was answered to a request that a caller may send twice: the second gets the same."""

    __tablename__ = "once"

    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(primary_key=True)
    #: SHA-256 of what was asked: method, path and body.
    asked: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[Now]
    #: {"status": …, "headers": {…}, "body": …}; None while the first one is at work.
    answer: Mapped[Json | None]
