"""The shapes of subscriptions, and of what could not be delivered."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field

from api.models import Model

Kind = Literal["webhook", "cap", "mqtt", "email"]


class Subscription(Model):
    """Who is told of what, and how that goes."""

    subscription: str
    department: str
    kind: Kind
    #: A URL, or mail addresses apart by commas; empty for MQTT.
    target: str
    #: Types of what is told; `milepost.fence.*` covers all that begin so. Empty: everything.
    types: list[str]
    #: Only what has an alert of these; empty: with or without.
    severities: list[str]
    rules: list[str]
    vehicles: list[str]
    created_at: datetime
    disabled_at: datetime | None
    disabled_reason: str | None
    #: Until then the secret of before signs too.
    old_secret_until: datetime | None
    revision: int
    waiting: int
    #: Of these, those that were tried and not taken.
    failing: int
    dead: int
    #: When it last took something.
    sent_at: datetime | None
    #: Why it did not take the newest of what it has not taken.
    last_error: str | None


class Subscriptions(Model):
    """The subscriptions of the caller's departments."""

    subscriptions: list[Subscription]


class AddedSubscription(Subscription):
    """A new one; its secret is told this once."""

    secret: str | None


class Secret(Model):
    """The new secret, told this once."""

    secret: str


class DeadLetter(Model):
    """What was given up; `id` is that by which the receiver would have known it."""

    #: For `replay`.
    number: int
    id: UUID
    type: str
    vehicle: str | None
    created_at: datetime
    attempts: int
    last_error: str | None
    given_up_at: datetime


class DeadLetters(Model):
    """The newest dead letters, oldest first."""

    dead: list[DeadLetter]


class Replay(Model):
    """Which dead letters are to be tried again; null: all."""

    model_config = ConfigDict(extra="forbid")

    numbers: Annotated[list[int], Field(max_length=1_000)] | None = None


class Replayed(Model):
    """How many wait again."""

    replayed: int


class Telling(Model):
    """How one telling went so far."""

    number: int
    state: Literal["waiting", "sent", "dead"]
    attempts: int
    last_error: str | None
