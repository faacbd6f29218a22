"""The life of alerts, and who is told of what: changes, subscriptions, deliveries."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, IntKey, Json, Moment, Now
from tracker.models.registry import one_of, ref_check

#: How what leaves the house travels.
CHANNELS = ("webhook", "cap", "mqtt", "email")


class AlertChange(Base):
    """What was done to an alert, by whom. Rows are only ever added."""

    __tablename__ = "alert_change"
    __table_args__ = (
        one_of(
            "what",
            (
                *("acknowledged", "assigned", "noted", "snoozed", "closed", "reopened"),
                *("escalated", "joined", "moved", "withdrawn"),
            ),
        ),
        #: A request that comes twice with one key is done once.
        UniqueConstraint("alert_id", "key"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"))
    department_id: Mapped[int]
    at: Mapped[Now]
    #: The caller's label; None: the service itself.
    by: Mapped[str | None]
    what: Mapped[str]
    note: Mapped[str | None]
    #: What belongs to it: {"reason": …}, {"to": …}, {"until": …}, {"event": …}.
    detail: Mapped[Json]
    #: The alert's revision afterwards.
    revision: Mapped[int]
    key: Mapped[str | None]


class AlertEvent(Base):
    """An event that joined a standing alert, because of its rule's cool-down."""

    __tablename__ = "alert_event"
    __table_args__ = (Index("ix_alert_event_event_id", "event_id"),)

    alert_id: Mapped[UUID] = mapped_column(ForeignKey("alert.id"), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"), primary_key=True)
    department_id: Mapped[int]


class Subscription(Base):
    """Who is told of what, over which channel."""

    __tablename__ = "subscription"
    __table_args__ = (
        ref_check(),
        one_of("kind", CHANNELS),
        CheckConstraint("kind NOT IN ('webhook', 'cap') OR secret IS NOT NULL", name="signed"),
        UniqueConstraint("department_id", "ref"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    kind: Mapped[str]
    #: A URL, or mail addresses apart by commas; empty for MQTT, whose topic follows from the event.
    target: Mapped[str]
    #: Of what leaves the house; `milepost.fence.*` covers all that begin so. Empty: everything.
    types: Mapped[list[str]]
    #: Only what has an alert of these; empty: with or without.
    severities: Mapped[list[str]]
    #: Only what has an alert of these rules (full refs); empty: with or without.
    rules: Mapped[list[str]]
    #: Only of these vehicles (full refs); empty: of all.
    vehicles: Mapped[list[str]]
    #: Signs each request: `whsec_` and base64.
    secret: Mapped[str | None]
    #: While rotating: the secret of before signs too, until then.
    old_secret: Mapped[str | None]
    old_secret_until: Mapped[Moment | None]
    created_at: Mapped[Now]
    #: Nothing new is planned for it from then on.
    disabled_at: Mapped[Moment | None]
    #: Why, where the receiver itself caused it.
    disabled_reason: Mapped[str | None]
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class Delivery(Base):
    """One telling of one row of the outbox to one subscription."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("state", ("waiting", "sent", "dead")),
        #: The next of each vehicle, which goes before its later ones.
        Index(
            "ix_delivery_waiting",
            *("subscription_id", "vehicle_id", "outbox_id"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_delivery_dead",
            *("subscription_id", "outbox_id"),
            postgresql_where=text("state = 'dead'"),
        ),
        Index("ix_delivery_outbox_id", "outbox_id"),
    )

    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"), primary_key=True)
    outbox_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"), primary_key=True)
    department_id: Mapped[int]
    vehicle_id: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    #: Not before then; while one is on its way: when it counts as lost.
    next_at: Mapped[Now]
    #: Why it was not taken the last time.
    last_error: Mapped[str | None]
    #: Since it was planned, or replayed.
    waits_since: Mapped[Now]
    #: When it was taken, or given up.
    done_at: Mapped[Moment | None]
