"""Who calls, by the hash of a token, and the ways to sign in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB

from tracker.models import Department, Installation
from tracker.reads.session import Reader, Row, Scope, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Somebody with a valid token, and the departments that they may see."""

    label: str
    #: The platform office, which sees every department.
    platform: bool
    department_ids: frozenset[int]
    #: Refs of those departments by id.
    refs: Mapping[int, str]


async def caller_of(reader: Reader, token_hash: bytes) -> Caller | None:
    """The caller whose token has this SHA-256; None if it is unknown, expired or revoked."""
    found = func.caller_of(token_hash).table_valued("label", "platform", "department_ids")
    refs = select(func.jsonb_object_agg(Department.id, Department.ref, type_=JSONB)).where(
        Department.id == func.any(found.c.department_ids)
    )
    who = select(found, refs.scalar_subquery().label("refs"))
    async with reader.scope(()) as scope:
        row = (await scope.execute(who)).one_or_none()
    if row is None:
        return None
    return Caller(
        label=row.label,
        platform=row.platform,
        department_ids=frozenset(row.department_ids),
        refs={int(number): ref for number, ref in (row.refs or {}).items()},
    )


async def demo_sign_in(
    reader: Reader, *, token_hash: bytes, token_prefix: str, department_ref: str
) -> bool:
    """Let a new token stand for a department, or `*` for the platform office, for some hours.

    False where there is no such department or the installation is no demonstration.
    """
    async with reader.scope(()) as scope:
        done = await scope.scalar(
            select(func.demo_sign_in(token_hash, token_prefix, department_ref))
        )
    return bool(done)


async def end_session(reader: Reader, token_hash: bytes) -> None:
    """End a session of the demonstration; a token that was pasted in lives on."""
    async with reader.scope(()) as scope:
        await scope.execute(select(func.end_session(token_hash)))


async def installation(reader: Reader) -> Row:
    """`name` of the government (empty before `milepost init`) and whether it is a `demo`."""
    async with reader.scope(()) as scope:
        found = await rows_of(scope, select(Installation.name, Installation.demo))
    return found[0] if found else {"name": {}, "demo": False}


async def departments(reader: Reader, ids: frozenset[int] | None = None) -> list[Row]:
    """All departments, or those of some ids: `department` and `name`, by ref."""
    query = select(Department.ref.label("department"), Department.name).order_by(Department.ref)
    if ids is not None:
        query = query.where(Department.id.in_(ids))
    async with reader.scope(()) as scope:
        return await rows_of(scope, query)


async def department_names(scope: Scope) -> dict[str, dict[str, str]]:
    """The names of all departments by ref."""
    rows = await rows_of(scope, select(Department.ref, Department.name))
    return {row["ref"]: row["name"] for row in rows}
