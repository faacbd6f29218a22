"""What is watched for: fences, rules, events, alerts, and what leaves the house."""

from __future__ import annotations

from uuid import UUID

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, During, IntKey, Json, Live, Moment, Names, Now
from tracker.models.registry import one_of, ref_check

SEVERITIES = ("info", "warning", "critical")
#: Kinds of events, and what rules may ask for: an `inside` rule asks for enter and present too.
SIGNAL_KINDS = ("silent", "duress", "sensor", "proximity")
RULE_KINDS = ("present", "enter", "exit", "dwell", "speed", "inside", *SIGNAL_KINDS)
EVENT_KINDS = (*RULE_KINDS, "stale")


class Fence(Base):
    """A named area whose boundary is watched for the vehicles of its department."""

    __tablename__ = "fence"
    __table_args__ = (
        ref_check(),
        one_of("kind", ("polygon", "circle", "corridor")),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
        UniqueConstraint("department_id", "shared_from"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    name: Mapped[Names]
    kind: Mapped[str]
    created_at: Mapped[Now]
    description: Mapped[Names] = mapped_column(server_default=text("'{}'"))
    #: Grows with each change of it and of its versions.
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    #: What keeps it as some other source says: "sync"; None: people do.
    managed_by: Mapped[str | None]
    #: The full ref of the fence of another department that it follows, as long as that is shared.
    shared_from: Mapped[str | None]


class FenceVersion(Base):
    """The shape of a fence, and from when until when it is in force."""

    __tablename__ = "fence_version"
    __table_args__ = (
        ForeignKeyConstraint(["department_id", "fence_id"], ["fence.department_id", "fence.id"]),
        ForeignKeyConstraint(["share_id"], ["fence_share.id"]),
        UniqueConstraint("share_id", "source_version"),
        Index("ix_fence_version_geom", "geom", postgresql_using="gist"),
    )

    fence_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    geom: Mapped[WKBElement] = mapped_column(Geometry("GEOMETRY", srid=4326, spatial_index=False))
    #: The shape as it was given: {"circle": {...}}, {"corridor": {...}} or {"geometry": {...}}.
    definition: Mapped[Json]
    #: Empty: a plan that was taken back before it began.
    in_force: Mapped[During]
    made_at: Mapped[Now]
    #: The label of the caller, or the name of whoever typed.
    made_by: Mapped[str] = mapped_column(server_default=text("''"))
    why: Mapped[str | None]
    #: Who ended it, where nothing followed, and why.
    ended_by: Mapped[str | None]
    ended_why: Mapped[str | None]
    #: Of a fence that follows another department's: by which share, and which version of it.
    share_id: Mapped[int | None]
    source_version: Mapped[int | None]


class FenceShare(Base):
    """A department lets another's vehicles be watched by one of its fences, for a time."""

    __tablename__ = "fence_share"
    __table_args__ = (
        ForeignKeyConstraint(["department_id", "fence_id"], ["fence.department_id", "fence.id"]),
        ForeignKeyConstraint(
            ["to_department_id", "follower_id"], ["fence.department_id", "fence.id"]
        ),
        CheckConstraint("to_department_id <> department_id", name="to_another"),
        Index("ix_fence_share_fence_id", "fence_id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    fence_id: Mapped[int]
    to_department_id: Mapped[int]
    #: The fence of the other department that follows this one.
    follower_id: Mapped[int]
    during: Mapped[During]
    made_at: Mapped[Now]
    made_by: Mapped[str]
    why: Mapped[str | None]
    ended_by: Mapped[str | None]
    ended_why: Mapped[str | None]


class Rule(Base):
    """Which events want a person, and how urgently."""

    __tablename__ = "rule"
    __table_args__ = (
        ref_check(),
        one_of("severity", SEVERITIES),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
        ForeignKeyConstraint(["department_id", "fence_id"], ["fence.department_id", "fence.id"]),
        CheckConstraint(
            f"on_kinds <@ ARRAY{list(RULE_KINDS)} AND on_kinds <> '{{}}'", name="on_kinds"
        ),
        CheckConstraint("cooldown_s > 0", name="cooldown_s"),
        CheckConstraint("escalate_after_s > 0", name="escalate_after_s"),
        CheckConstraint("dwell_s > 0 OR NOT 'dwell' = ANY(on_kinds)", name="dwell"),
        CheckConstraint("limit_kmh > 0 OR NOT 'speed' = ANY(on_kinds)", name="limit"),
        CheckConstraint(
            "sensor IS NOT NULL OR NOT on_kinds && ARRAY['duress', 'sensor']", name="sensor"
        ),
        CheckConstraint("radius_m > 0 OR NOT 'proximity' = ANY(on_kinds)", name="radius"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    name: Mapped[Names]
    on_kinds: Mapped[list[str]]
    #: None: every fence of the department.
    fence_id: Mapped[int | None]
    severity: Mapped[str]
    #: So long after an event that alerted, further ones of the vehicle and fence join its alert.
    cooldown_s: Mapped[float | None]
    #: An alert that nobody acknowledges within this is escalated.
    escalate_after_s: Mapped[int | None]
    created_at: Mapped[Now]
    disabled_at: Mapped[Moment | None]
    #: The fences of a group, as it is at the time of an event; None: not limited to one.
    fence_group_id: Mapped[int | None]
    #: These vehicles, and those of these groups; both empty: every vehicle.
    vehicle_ids: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default=text("'{}'"))
    vehicle_group_ids: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), server_default=text("'{}'")
    )
    #: Only then: {"days": [...], "from": "18:00", "to": "08:00"}.
    window: Mapped[Json | None]
    dwell_s: Mapped[float | None]
    limit_kmh: Mapped[float | None]
    #: Grows with each change of it.
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    #: Of silent, duress, sensor and proximity: outside of the fences, not inside one.
    outside: Mapped[bool] = mapped_column(server_default=text("false"))
    #: None: what is usual for the vehicle.
    silent_s: Mapped[float | None]
    #: Of duress and sensor: {"input": "temp_c", "op": ">", "value": 8}.
    sensor: Mapped[Json | None]
    for_s: Mapped[float | None]
    #: Of a proximity: how near.
    radius_m: Mapped[float | None]
    #: To these vehicles and groups; both empty: the vehicles of the rule among each other.
    other_vehicle_ids: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), server_default=text("'{}'")
    )
    other_vehicle_group_ids: Mapped[list[int]] = mapped_column(
        ARRAY(Integer), server_default=text("'{}'")
    )
    #: On trial: it is judged like any other, and nobody is told.
    shadow: Mapped[bool] = mapped_column(server_default=text("false"))
    #: The number of what it says now.
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RuleVersion(Base):
    """What a rule said from a time on, until the next version."""

    __tablename__ = "rule_version"
    __table_args__ = (
        ForeignKeyConstraint(["department_id", "rule_id"], ["rule.department_id", "rule.id"]),
    )

    rule_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    #: As it is given, by refs, with `off`: see keep_rule_version.sql.
    terms: Mapped[Json]
    made_at: Mapped[Now]
    #: The label of the caller, or the name of whoever typed.
    made_by: Mapped[str] = mapped_column(server_default=text("''"))
    why: Mapped[str | None]


class FenceState(Base):
    """Inside which fences each vehicle was at its latest fix."""

    __tablename__ = "fence_state"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    inside: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    #: Up to when the versions of fences have been taken into account.
    judged_at: Mapped[Moment]
    #: What the latest fix does not tell: see geo/memory.py.
    memory: Mapped[Json | None]


class Checkpoint(Base):
    """A vehicle's whole state after a fix: from here late fixes are judged."""

    __tablename__ = "checkpoint"

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fixed_at: Mapped[Moment] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    state: Mapped[Json]


class PastWork(Base):
    """A stretch of a vehicle's past that is still to be gone over, behind what is live."""

    __tablename__ = "past_work"

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    #: Before this everything is as the fixes say.
    first_at: Mapped[Moment]
    #: What made the work lies no later.
    last_at: Mapped[Moment]
    #: Whether late fixes made it, rather than a fence that was changed for the past.
    late: Mapped[bool]
    queued_at: Mapped[Now]


class Event(Base):
    """A fact at a time: a crossing, a press of a button. Its facts never change; its status may."""

    __tablename__ = "event"
    __table_args__ = (
        one_of("kind", EVENT_KINDS),
        one_of("status", ("valid", "withdrawn")),
        Index("ix_event_vehicle_id_at", "vehicle_id", "at"),
        Index("ix_event_department_id_at", "department_id", "at"),
        Index(
            "ix_event_near",
            "department_id",
            postgresql_where=text("kind = 'proximity' AND ended_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    vehicle_id: Mapped[int]
    #: None: it has to do with no one fence.
    fence_id: Mapped[int | None]
    fence_version: Mapped[int | None]
    kind: Mapped[str]
    #: Where it stands in order: its time, or the end of its gap.
    at: Mapped[Moment]
    #: None for a change during a gap: somewhere between the two bounds.
    time: Mapped[Moment | None]
    not_before: Mapped[Moment | None]
    not_after: Mapped[Moment]
    interpolated: Mapped[bool]
    gap: Mapped[bool]
    late: Mapped[bool]
    cause: Mapped[str | None]
    status: Mapped[str] = mapped_column(server_default=text("'valid'"))
    #: The withdrawn event that this one replaces.
    amends: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[Now]
    #: The rule that made it: of a dwell, a speed, an inside, and of what goes on for a time.
    rule_id: Mapped[int | None]
    max_kmh: Mapped[float | None]
    length_s: Mapped[float | None]
    #: Of silent, duress, sensor and proximity: until when it went on; None: it does.
    ended_at: Mapped[Moment | None]
    #: Of a sensor: the extremes of its input.
    lowest: Mapped[float | None]
    highest: Mapped[float | None]
    #: Of a proximity: the other vehicle, and how near they came.
    other_vehicle_id: Mapped[int | None]
    distance_m: Mapped[float | None]
    #: A rule on trial made it: it is told to nobody.
    shadow: Mapped[bool] = mapped_column(server_default=text("false"))


class Alert(Live, Base):
    """An event that matched a rule and wants a person."""

    __tablename__ = "alert"
    __table_args__ = (
        one_of("state", ("open", "acknowledged", "closed")),
        one_of("severity", SEVERITIES),
        UniqueConstraint("rule_id", "event_id"),
        Index("ix_alert_department_id_opened_at", "department_id", "opened_at"),
        Index("ix_alert_event_id", "event_id"),
        Index("ix_alert_feed_n", "feed", "n"),
        Index(
            "ix_alert_standing",
            *("vehicle_id", "fence_id"),
            postgresql_where=text("state <> 'closed'"),
        ),
        Index(
            "ix_alert_ends_at",
            "ends_at",
            postgresql_where=text("state <> 'closed' AND ends_at IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    rule_id: Mapped[int] = mapped_column(ForeignKey("rule.id"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"))
    vehicle_id: Mapped[int]
    fence_id: Mapped[int | None]
    severity: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    opened_at: Mapped[Now]
    acknowledged_at: Mapped[Moment | None]
    acknowledged_by: Mapped[str | None]
    note: Mapped[str | None]
    closed_at: Mapped[Moment | None]
    closed_by: Mapped[str | None]
    #: Of a person: handled, false, duplicate; of the service: over, withdrawn, window,
    #: fence_deleted.
    close_reason: Mapped[str | None]
    #: Since when it is open: its opening, or its last reopening.
    waits_since: Mapped[Now]
    assigned_to: Mapped[str | None]
    #: Until then it asks for nobody.
    snoozed_until: Mapped[Moment | None]
    escalated_at: Mapped[Moment | None]
    #: How many valid events joined it because of its rule's cool-down.
    suppressed: Mapped[int] = mapped_column(server_default=text("0"))
    #: When the last of them was.
    last_event_at: Mapped[Moment | None]
    #: Grows with each change.
    revision: Mapped[int] = mapped_column(server_default=text("0"))
    #: When the window of its rule closes, which closes it.
    ends_at: Mapped[Moment | None]
    #: What the rule said that raised it; None: no version was kept then.
    rule_version: Mapped[int | None]
    #: What its rule would have raised, had it not been on trial.
    shadow: Mapped[bool] = mapped_column(server_default=text("false"))


class Outbox(Base):
    """What will leave the house, written in the transaction that made it true."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_unplanned", "id", postgresql_where=text("planned_at IS NULL")),
        Index("ix_outbox_event_id", "event_id"),
        Index("ix_outbox_feed_n", "feed", "n", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    department_id: Mapped[int]
    #: Order is kept a vehicle.
    vehicle_id: Mapped[int]
    #: `milepost.fence.enter.v1`.
    type: Mapped[str]
    event_id: Mapped[UUID]
    revision: Mapped[int]
    body: Mapped[Json]
    created_at: Mapped[Now]
    #: Since when its deliveries stand.
    planned_at: Mapped[Moment | None]
    #: The number of its commit in a feed (database law 3), by which the event stream reads.
    #: None: of no feed, and told to its subscription alone.
    feed: Mapped[int | None]
    n: Mapped[int | None] = mapped_column(BigInteger)
