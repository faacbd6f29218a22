"""One fence for one transaction, and who does something to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import NotNow, Stale, Unknown
from tracker.models import Department, Fence, FenceVersion
from tracker.rows import id_of

#: Department and ref.
Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a version, and why."""

    by: str = ""
    why: str | None = None
    #: What keeps the fence from now on, where that is no person: "sync".
    managed_by: str | None = None


NOBODY: Final = Author()


async def locked(connection: AsyncConnection, name: Name, expected: int | None = None) -> Any:  # noqa: ANN401  a row of the driver
    """The fence, for this transaction alone: id, department_id, revision, shared_from, name,
    description, kind, managed_by. Raises Unknown, or Stale at another revision than expected."""
    department_id = await id_of(connection, Department, name[0])
    columns = (Fence.id, Fence.department_id, Fence.revision, Fence.shared_from)
    query = (
        select(*columns, Fence.name, Fence.description, Fence.kind, Fence.managed_by)
        .where(Fence.department_id == department_id, Fence.ref == name[1])
        .with_for_update()
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Unknown(f"(fence {name[0]}/{name[1]})")
    if expected is not None and found.revision != expected:
        raise Stale(f"(revision {found.revision}, not {expected})")
    return found


def must_be_own(fence: Any) -> None:  # noqa: ANN401  a row of the driver
    """Raise NotNow for one that follows another department's."""
    if fence.shared_from is not None:
        raise NotNow(f"(it follows {fence.shared_from}: only its own department may change it)")


async def clock(connection: AsyncConnection) -> datetime:
    """The service's time."""
    asked = select(func.milepost_now(type_=FenceVersion.made_at.type))
    found: datetime = (await connection.execute(asked)).scalar_one()
    return found


def changes(
    fence: Any,  # noqa: ANN401  a row of the driver
    newest: Any,  # noqa: ANN401  likewise, or None
    new: Any,  # noqa: ANN401  a NewFence, which the module that has it keeps
    now: datetime,
    managed_by: str | None,
) -> list[str]:
    """What differs between a fence, its newest version, and what it is to be, in words of ours:
    `shape`, `beginning`, `again` (it had ended), `end`, and its own columns."""
    found = [
        *(["name"] if fence.name != new.name else []),
        *(["description"] if fence.description != new.description else []),
        *(["kind"] if fence.kind != new.kind else []),
        *(["managed_by"] if managed_by not in (None, fence.managed_by) else []),
    ]
    if newest is None or dict(newest.definition) != dict(new.definition):
        return ["shape", *found]
    since = max(new.valid_from or now, now)
    if newest.in_force.upper is not None and newest.in_force.upper <= since:
        return ["again", *found]
    if since > now and newest.in_force.lower != since:
        return ["beginning", *found]
    return found if newest.in_force.upper == new.valid_until else ["end", *found]


#: Changes that only another version can hold.
NEEDS_VERSION: Final = frozenset(("shape", "again", "beginning"))
