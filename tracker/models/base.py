"""What all models share: naming of constraints, and the columns that many tables have."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, Identity, MetaData, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, Range
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

#: A public name in one department, never reused: `AMB-012`.
REF_PATTERN = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
#: A station of the maritime mobile service: ships, their boats, aircraft that search.
MMSI_PATTERN = "^[0-9]{9}$"

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

IntKey = Annotated[int, mapped_column(Identity(always=True), primary_key=True)]
#: A name in two languages: {"en": ..., "zh-Hant": ...}.
Names = dict[str, str]
Json = dict[str, Any]
JsonList = list[dict[str, Any]]
Moment = Annotated[datetime, mapped_column(DateTime(timezone=True))]
#: The database's clock at the time of the insert.
Now = Annotated[
    datetime, mapped_column(DateTime(timezone=True), server_default=text("milepost_now()"))
]
During = Annotated[Range[datetime], mapped_column(TSTZRANGE)]


class Base(DeclarativeBase):
    """Root of the models, which are the truth about the schema."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy reads it from the class
        str: Text,
        Names: JSONB,
        Json: JSONB,
        JsonList: JSONB,
        list[str]: ARRAY(Text),
        Range[datetime]: TSTZRANGE,
    }


class Live:
    """A row that live viewers follow: numbered by the feed of its last writer (database law 3)."""

    #: The feed that wrote the row last.
    feed: Mapped[int]
    #: The feed's number of that writing.
    n: Mapped[int] = mapped_column(BigInteger)
