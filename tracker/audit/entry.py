"""What is written down, and the two ways into the chain.

`append` is for reads: a short transaction of its own, over before the read's answer begins. `note`
is for a transaction that does more: its row joins the chain at the commit, and only then is the
chain locked. Writes of registered things need neither: triggers note them (tracker/sql/audit.sql).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import rfc8785
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.models import AuditNote

#: A chain's texts are bounded: callers give some of them.
MOST_CHARACTERS: Final = 500

_SET_WHO: Final = "SET LOCAL app.who = '{}'"
_APPEND: Final = text("SELECT audit_append(CAST(:entries AS jsonb))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Who does something, and by which request."""

    #: `key:mp_0123abcd`, `user:anna`, `shell:NAME`.
    who: str
    label: str
    path: str | None = None
    trace_id: str | None = None
    address: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """As an entry has it."""
        return {
            "who": _bounded(self.who),
            "label": _bounded(self.label),
            "path": _bounded(self.path),
            "trace_id": self.trace_id,
            "address": _bounded(self.address),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A read of positions."""

    by: Who
    #: `track.read`, `live.view`.
    what: str
    #: Ids of the departments whose vehicles may be among what is shown.
    departments: Collection[int]
    #: Ids of the vehicles; empty: all vehicles of `scope`.
    vehicles: Collection[int] = ()
    #: What the scope is, in refs; None where `vehicles` are named.
    scope: Mapping[str, Any] | None = None
    #: Aware times.
    since: datetime | None = None
    until: datetime | None = None
    purpose: str | None = None
    detail: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `audit_append` takes it."""
        return {
            **self.by.as_json(),
            "what": self.what,
            "department_ids": sorted(self.departments),
            "vehicle_ids": sorted(self.vehicles),
            "scope": None if self.scope is None else definition_hash(self.scope),
            "definition": self.scope,
            "since": None if self.since is None else self.since.astimezone(UTC).isoformat(),
            "until": None if self.until is None else self.until.astimezone(UTC).isoformat(),
            "purpose": _bounded(self.purpose),
            "detail": _bounded(self.detail),
        }


def definition_hash(definition: Mapping[str, Any]) -> str:
    """SHA-256 of a scope's definition as canonical JSON (RFC 8785), hexadecimal."""
    return hashlib.sha256(rfc8785.dumps(dict(definition))).hexdigest()


async def append(connection: AsyncConnection, entries: Sequence[Entry]) -> float:
    """Put entries at the chain's end; for how many seconds its day goes on.

    The connection's transaction does nothing else, and is committed at once.
    """
    texts = json.dumps([entry.as_json() for entry in entries], ensure_ascii=False)
    goes_on_s: float = (await connection.execute(_APPEND, {"entries": texts})).scalar_one()
    return goes_on_s


async def note(connection: AsyncConnection, entry: Entry) -> None:
    """Let an entry join the chain when the connection's transaction commits."""
    await connection.execute(insert(AuditNote).values(entry=entry.as_json()))


async def named(connection: AsyncConnection, by: Who) -> None:
    """Let the writes of the connection's transaction be noted as that person's."""
    # SET takes no parameters, so digits and nothing else.
    said = json.dumps(by.as_json(), ensure_ascii=False).encode().hex()
    await connection.exec_driver_sql(_SET_WHO.format(said))


def _bounded(said: str | None) -> str | None:
    """Without NUL, which no text of PostgreSQL holds, and lone surrogates."""
    if said is None:
        return None
    return said[:MOST_CHARACTERS].replace("\0", "").encode("utf-8", "replace").decode()
