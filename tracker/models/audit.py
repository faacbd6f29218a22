"""Who looked at what and who changed it; how much each key asks."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, Identity, Integer, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Json, Moment, Now


class Audit(Base):
    """A write, or a read of positions. Rows are only ever added, by `audit_append`."""

    __tablename__ = "audit"
    #: The day in the installation's time zone: the row's chain.
    day: Mapped[date] = mapped_column(primary_key=True)
    #: Its place in the chain, from 1 without holes.
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[Moment]
    #: `key:mp_0123abcd`, `shell:NAME`, or the database's role where nobody said more.
    who: Mapped[str]
    label: Mapped[str]
    #: `track.read`, `live.view`, `vehicle.update`.
    what: Mapped[str]
    #: Whose data it is about.
    department_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: Which vehicles; empty where `scope` says it, or where it is about none.
    vehicle_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: All vehicles of a scope: its hash, see `audit_scope`.
    scope: Mapped[str | None]
    #: Of a read of history.
    since: Mapped[Moment | None]
    until: Mapped[Moment | None]
    purpose: Mapped[str | None]
    path: Mapped[str | None]
    trace_id: Mapped[str | None]
    address: Mapped[str | None]
    #: Of a write: what it wrote, by ref or id.
    detail: Mapped[str | None]
    #: The hash of the row before, also of the day before; empty for the first of all.
    previous: Mapped[bytes] = mapped_column(LargeBinary)
    #: sha256(previous || the other columns as canonical JSON, RFC 8785).
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditNote(Base):
    """Something written in this transaction, which becomes a row of `audit` when it commits."""

    __tablename__ = "audit_note"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    entry: Mapped[Json]


class AuditScope(Base):
    """What a scope's hash in `audit` stands for, written once."""

    __tablename__ = "audit_scope"

    #: SHA-256 of the definition as canonical JSON, in hexadecimal digits.
    hash: Mapped[str] = mapped_column(primary_key=True)
    definition: Mapped[Json]
    first_at: Mapped[Now]


class AuditHead(Base):
    """The signed end of a chain as it was at a time. Rows are only ever added."""

    __tablename__ = "audit_head"

    day: Mapped[date] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    #: Ed25519, of the text `milepost audit head` prints.
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    #: The first 16 digits of the public key's SHA-256.
    key: Mapped[str]
    signed_at: Mapped[Now]


class AuditVerdict(Base):
    """What the worker found when it last came to the chain's end: one row."""

    __tablename__ = "audit_verdict"
    __table_args__ = (CheckConstraint("one", name="one"),)

    one: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    #: When it set out from the chain's first row.
    began_at: Mapped[Moment]
    checked_at: Mapped[Now]
    #: The last row that it went over; None: there was none.
    day: Mapped[date | None]
    n: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    #: A sentence each, the first ones.
    faults: Mapped[list[str]]
    #: How many there are in all.
    found: Mapped[int]


class Quota(Base):
    """A bucket of requests, shared by all processes of the API."""

    __tablename__ = "quota"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    #: `key:…` or `departments:…`, and the class of requests.
    bucket: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float]
    at: Mapped[Now]


class UsageDay(Base):
    """How much a key asked on one day."""

    __tablename__ = "usage_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: As `audit.who`.
    who: Mapped[str] = mapped_column(primary_key=True)
    #: requests, history.
    kind: Mapped[str] = mapped_column(primary_key=True)
    label: Mapped[str]
    department_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    asked: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    #: Of those: answered with 429.
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
