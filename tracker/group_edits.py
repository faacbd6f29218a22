"""Groups of vehicles and of fences, and scopes, as managed things (rule R31).

Each works in the caller's transaction: the owner's, or the API's in its scope; what that does not
hold is Unknown. Members and scopes are dated: what was so stays so for the time it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import edits, models
from tracker.edits import Name, clock, not_past
from tracker.errors import NotNow, Taken, Unknown
from tracker.rows import id_of, table_of
from tracker.rule_edits import MEMBERS, NewScope, join, watch

Kind = Literal["vehicle", "fence"]
SCOPE = models.FenceScope
#: By kind, the column of a scope that names its group.
SCOPED_BY = {"vehicle": SCOPE.vehicle_group_id, "fence": SCOPE.fence_group_id}


async def rename(
    connection: AsyncConnection,
    kind: Kind,
    group: Name,
    names: dict[str, str],
    *,
    expected: int | None = None,
) -> None:
    """Give a group other names; raises Unknown, or Stale at another revision than expected."""
    found = await _locked(connection, kind, group, expected)
    await _changed(connection, kind, found.id, name=names)


async def end_group(
    connection: AsyncConnection, kind: Kind, group: Name, *, expected: int | None = None
) -> None:
    """End a group, with who is in it and what it is watched by. Raises Unknown, Stale or NotNow."""
    found = await _locked(connection, kind, group, expected)
    now = await clock(connection)
    members = table_of(MEMBERS[kind][0])
    of_it = (members.c.group_id == found.id, _lasts(members.c.during, now))
    await connection.execute(
        update(members).where(*of_it).values(during=_until(members.c.during, now))
    )
    watching = (SCOPED_BY[kind] == found.id, _lasts(SCOPE.during, now))
    await connection.execute(
        update(SCOPE).where(*watching).values(during=_until(SCOPE.during, now))
    )
    await _changed(connection, kind, found.id, ended_at=now)


async def add_members(
    connection: AsyncConnection,
    kind: Kind,
    group: Name,
    refs: Sequence[str],
    *,
    since: datetime | None = None,
) -> None:
    """Put vehicles or fences of its department into a group, from now or a later time on.

    Raises Unknown, NotNow where it has ended, or Taken where one is in it then.
    """
    found = await _locked(connection, kind, group, None)
    since = await not_past(connection, since)
    for ref in refs:
        if await _membership(connection, kind, group, ref, since) is not None:
            raise Taken(f"({group[0]}/{ref} is in {group[0]}/{group[1]} then)")
        await join(connection, kind, (group[0], ref), group[1], since=since)
    await _changed(connection, kind, found.id)


async def remove_member(
    connection: AsyncConnection,
    kind: Kind,
    group: Name,
    ref: str,
    *,
    at: datetime | None = None,
) -> None:
    """Take one out of a group, now or at a later time; raises Unknown where it is not in it."""
    found = await _locked(connection, kind, group, None)
    at = await not_past(connection, at)
    members = table_of(MEMBERS[kind][0])
    membership = await _membership(connection, kind, group, ref, at)
    if membership is None:
        raise Unknown(f"({group[0]}/{ref} is not in {group[0]}/{group[1]})")
    await connection.execute(
        update(members)
        .where(members.c.id == membership)
        .values(during=_until(members.c.during, at))
    )
    await _changed(connection, kind, found.id)


async def begin_scope(
    connection: AsyncConnection, new: NewScope, *, since: datetime | None = None
) -> None:
    """Let the fences of a group watch the vehicles of another, from now or a later time on.

    In a department that has any scope nothing else is watched. Raises Unknown, NotNow or Taken.
    """
    for kind, ref in (("vehicle", new.vehicles), ("fence", new.fences)):
        await _locked(connection, kind, (new.department, ref), None)  # type: ignore[arg-type]  # the two kinds
    since = await not_past(connection, since)
    if await _scope(connection, new, since) is not None:
        raise Taken(f"({new.fences} watches {new.vehicles} then)")
    await watch(new, connection, since=since)


async def end_scope(
    connection: AsyncConnection, scope: NewScope, *, at: datetime | None = None
) -> None:
    """End it, now or at a later time; raises Unknown."""
    at = await not_past(connection, at)
    found = await _scope(connection, scope, at)
    if found is None:
        raise Unknown(f"({scope.fences} does not watch {scope.vehicles} in {scope.department})")
    await connection.execute(
        update(SCOPE).where(SCOPE.id == found).values(during=_until(SCOPE.during, at))
    )


async def _locked(
    connection: AsyncConnection, kind: Kind, group: Name, expected: int | None
) -> Any:  # noqa: ANN401  a row of the driver
    model, what = MEMBERS[kind][1], f"{kind} group"
    found = await edits.locked(connection, model, group, "ended_at", what=what, expected=expected)
    if found.ended_at is not None:
        raise NotNow(f"({what} {group[0]}/{group[1]} has ended)")
    return found


async def _membership(
    connection: AsyncConnection, kind: Kind, group: Name, ref: str, at: datetime
) -> int | None:
    of_group, groups, members, column = MEMBERS[kind]
    department_id = await id_of(connection, models.Department, group[0])
    table = table_of(of_group)
    query = select(table.c.id).where(
        table.c.group_id == await id_of(connection, groups, group[1], department_id),
        table.c[column] == await id_of(connection, members, ref, department_id),
        _lasts(table.c.during, at),
    )
    return await connection.scalar(query.limit(1))


async def _scope(connection: AsyncConnection, scope: NewScope, at: datetime) -> int | None:
    department_id = await id_of(connection, models.Department, scope.department)
    groups = {
        "vehicle": await id_of(connection, models.VehicleGroup, scope.vehicles, department_id),
        "fence": await id_of(connection, models.FenceGroup, scope.fences, department_id),
    }
    query = select(SCOPE.id).where(
        *(SCOPED_BY[kind] == number for kind, number in groups.items()), _lasts(SCOPE.during, at)
    )
    return await connection.scalar(query.limit(1))


async def _changed(
    connection: AsyncConnection, kind: Kind, group_id: int, **values: object
) -> None:
    table = table_of(MEMBERS[kind][1])
    more = {**values, "revision": table.c.revision + 1}
    await connection.execute(update(table).where(table.c.id == group_id).values(more))


def _lasts(during: Any, at: datetime) -> Any:  # noqa: ANN401  columns of SQLAlchemy
    """Whether a span goes on beyond a time, or begins after it."""
    return ~func.isempty(during) & func.coalesce(func.upper(during) > at, True)


def _until(during: Any, at: datetime) -> Any:  # noqa: ANN401  columns of SQLAlchemy
    return during.op("*")(func.tstzrange(None, at))
