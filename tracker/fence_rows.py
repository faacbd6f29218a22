"""One fence for one transaction, and who does something to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import edits
from tracker.edits import Name
from tracker.errors import NotNow
from tracker.models import Fence


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
    columns = ("department_id", "shared_from", "name", "description", "kind", "managed_by")
    return await edits.locked(connection, Fence, name, *columns, what="fence", expected=expected)


def must_be_own(fence: Any) -> None:  # noqa: ANN401  a row of the driver
    """Raise NotNow for one that follows another department's."""
    if fence.shared_from is not None:
        raise NotNow(f"(it follows {fence.shared_from}: only its own department may change it)")


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
