"""The shapes of programs' keys."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from api.models import Model


class Key(Model):
    """A program's key, of which nobody sees the text again."""

    key: str = Field(description="its name, of which `mp_1a2b3c4d_…` begins")
    label: str
    #: As they are now: `dispatcher@FSD`.
    roles: list[str]
    scopes: list[str] | None = Field(description="only these permissions of its roles; null: all")
    created_at: datetime
    expires_at: datetime
    #: To the minute.
    last_used_at: datetime | None
    revoked_at: datetime | None


class Keys(Model):
    """Those of which the caller administers all that they may do, the newest first."""

    keys: list[Key]


class MadeKey(Key):
    """A new key: this answer alone has its text."""

    secret: str = Field(description="what the program sends behind `Authorization: Bearer`")
