"""Who may see what is not theirs: grants between departments, and links to one vehicle."""

from __future__ import annotations

from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import ARRAY, INT4MULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from tracker.models.base import Base, Moment, Now
from tracker.models.registry import one_of

#: What is told of a place, the most first.
GRANT_LEVELS = ("position", "blurred", "presence")
Refs = list[str]


def _refs() -> Mapped[Refs]:
    return mapped_column(ARRAY(Text), server_default=text("'{}'"))


class LocationGrant(Base):
    """One department lets another see some of its vehicles, for a purpose, until a time.

    In force from its approval, within its times, until it is revoked. What it tells is decided in
    sql/sharing.sql and nowhere else.
    """

    __tablename__ = "location_grant"
    __table_args__ = (
        one_of("level", GRANT_LEVELS),
        CheckConstraint("from_department_id <> to_department_id", name="two_departments"),
        CheckConstraint("vehicles <> '{}' OR vehicle_groups <> '{}'", name="of_something"),
        CheckConstraint("level <> 'presence' OR fences <> '{}'", name="presence_in_something"),
        # The moment of a crossing tells the place to a metre.
        CheckConstraint("level <> 'blurred' OR fences = '{}'", name="blurred_crosses_nothing"),
        CheckConstraint("valid_from < valid_until", name="some_time"),
        CheckConstraint("purpose <> ''", name="purpose"),
        CheckConstraint("(hours IS NULL) = (minutes IS NULL)", name="hours"),
        CheckConstraint("(approved_at IS NULL) = (approved_by IS NULL)", name="approval"),
        CheckConstraint("approved_by <> asked_by", name="four_eyes"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revocation"),
        Index("ix_location_grant_to_department_id", "to_department_id", "valid_until"),
        Index("ix_location_grant_from_department_id", "from_department_id", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    #: Whose vehicles they are.
    from_department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    #: Who sees them.
    to_department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    level: Mapped[str]
    #: Refs of the owner's vehicles, and of its groups: whoever is in one at the time of a fix.
    vehicles: Mapped[Refs] = _refs()
    vehicle_groups: Mapped[Refs] = _refs()
    #: Refs of the owner's fences of which it is told who enters and leaves.
    fences: Mapped[Refs] = _refs()
    #: Only what happens in it; None: anywhere.
    area: Mapped[WKBElement | None] = mapped_column(
        Geometry("GEOMETRY", srid=4326, spatial_index=False)
    )
    #: Only what happens then, as it was written; None: always.
    hours: Mapped[str | None]
    #: The same as minutes since Monday's midnight, in the installation's time zone.
    minutes: Mapped[MultiRange[int] | None] = mapped_column(INT4MULTIRANGE)
    #: Of fixes from then on, and before that.
    valid_from: Mapped[Moment]
    valid_until: Mapped[Moment]
    purpose: Mapped[str]
    legal_basis: Mapped[str | None]
    asked_by: Mapped[str]
    asked_at: Mapped[Now]
    approved_by: Mapped[str | None]
    approved_at: Mapped[Moment | None]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[Moment | None]
    revoked_why: Mapped[str | None]
    #: Grows with each change.
    revision: Mapped[int] = mapped_column(server_default=text("0"))


class ShareLink(Base):
    """Whoever has the link sees where one vehicle is, for some hours."""

    __tablename__ = "share_link"
    __table_args__ = (
        CheckConstraint("created_at < expires_at", name="some_time"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revocation"),
        Index("ix_share_link_department_id", "department_id", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    #: SHA-256 of its token.
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    vehicle_id: Mapped[int] = mapped_column(ForeignKey("vehicle.id"))
    #: Why, and for whom.
    purpose: Mapped[str]
    created_by: Mapped[str]
    created_at: Mapped[Now]
    expires_at: Mapped[Moment]
    revoked_by: Mapped[str | None]
    revoked_at: Mapped[Moment | None]
    #: How often it was looked at, and when last.
    uses: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    used_at: Mapped[Moment | None]
