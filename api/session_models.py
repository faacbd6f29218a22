"""The shapes of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from api.models import Department, Model, Name
from tracker.permissions import Permission, Role


class SignInChoices(Model):
    """How to sign in here; departments only where anyone may choose one."""

    mode: Literal["demo", "password"]
    government: Name
    departments: list[Department]
    #: What the other way in is called, if there is one: it begins at `/v1/oidc/start`.
    provider: Name | None


class SignInAsDepartment(Model):
    """In a demonstration: a department's ref, or `*` for all of them, and what one is there."""

    model_config = ConfigDict(extra="forbid")

    department: str = Field(max_length=64)
    #: Without: the department's administrator, or the platform office.
    role: Role | None = None


class SignInWithKey(Model):
    """A key that an administrator gave."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(max_length=200)


class SignInWithPassword(Model):
    """A name of `milepost user list`, and its password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    password: str = Field(max_length=1_000)


class PasswordChange(Model):
    """The password that somebody has, and the one that they want."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(max_length=1_000)
    new: str = Field(max_length=1_000, description="15 characters or more: take several words")


class Me(Model):
    """Who the caller is, what they may do somewhere, and where they have a role."""

    id: str
    label: str
    platform: bool
    roles: list[Role]
    permissions: list[Permission]
    departments: list[Department]
    #: How many the government has.
    departments_in_all: int
    #: When the session or key ends at the latest; null: not known here (a JWT says it itself).
    ends_at: datetime | None
    #: For `X-CSRF-Token` of whatever is changed with the session's cookie; null for a bearer.
    csrf: str | None
