"""How devices go: what each said of its own state, what its receiver was seen to be like, and what
of its history is to be imported."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, Identity, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Moment, Now


class DeviceState(Base):
    """What a device said last on its `state` topic, or its broker said in its place (last will)."""

    __tablename__ = "device_state"

    device_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    online: Mapped[bool]
    #: When it came online, or went; our time.
    since: Mapped[Moment]
    boot: Mapped[str]
    firmware: Mapped[str | None]
    protocol: Mapped[int | None]
    config_rev: Mapped[int | None]
    config_error: Mapped[str | None]
    #: When anything of this changed last; our time.
    state_at: Mapped[Moment]
    #: Boots before this one, the newest last and not all: what still comes of them is old.
    earlier_boots: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))


class DeviceNotice(Base):
    """In which minutes of a day a device's receiver was seen to be so.

    A set of minutes: it is the same whatever order they come in, and how often.
    """

    __tablename__ = "device_notice"

    device_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: UTC.
    day: Mapped[date] = mapped_column(primary_key=True)
    #: `no_fix`, `weak_signals`, `antenna`, `firmware`.
    kind: Mapped[str] = mapped_column(primary_key=True)
    #: Of an antenna `ok`, `open`, `short`, `internal`; of a firmware its text; else empty.
    detail: Mapped[str] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    #: Minutes since 1970.
    minutes: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE)


class ImportPart(Base):
    """A part of a file of history, until ingest has committed it like any message."""

    __tablename__ = "import_part"
    __table_args__ = (UniqueConstraint("device_id", "boot", "seq"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    department_id: Mapped[int]
    device_id: Mapped[int]
    #: Made of the file itself, so that a file is imported once.
    boot: Mapped[str]
    seq: Mapped[int] = mapped_column(BigInteger)
    #: `import:` and the file's name.
    source: Mapped[str]
    #: As `devices.recording.part` writes it.
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[Now]
