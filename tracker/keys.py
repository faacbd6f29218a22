"""Programs' keys, as administrators make and end them through the API: within what they administer.

`everywhere` is for the platform office, which lets anybody in anywhere; callers.sql looks at the
rest.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import ARRAY, Text, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from tracker import secrets
from tracker.errors import BadInput, Beyond, Unknown
from tracker.people import refuse_strange, roles_held
from tracker.reads import Caller, Row, Scope
from tracker.users import may_give

_COLUMNS = ("name", "label", "roles", "scopes", "created_at", "expires_at", "last_used_at",
            "revoked_at")  # fmt: skip
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
RoleAtPlace = Annotated[str, StringConstraints(pattern=r"^[a-z]+@\S+$", max_length=150)]


class NewKey(BaseModel):
    """A key for a program: what it is for, its roles, and what of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Who or what it is for; it stands in the audit and in what is counted.
    label: Label
    #: `dispatcher@FSD`.
    roles: Annotated[list[RoleAtPlace], Field(min_length=1, max_length=20)]
    #: Only these permissions of its roles; none named: all of them.
    scopes: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=60)] = []
    #: How long it is valid.
    days: Annotated[int, Field(ge=1, le=3_650)] = 90


async def make(scope: Scope, caller: Caller, new: NewKey) -> secrets.Secret:
    """A key with roles of the scope's departments; its text is shown once and not stored.

    Raises BadInput, Unknown for a department that is not the caller's, and Beyond for a role that
    may do there what the caller may not.
    """
    refuse_strange(new.scopes)
    # What there is not, and what is another's, are told alike.
    unknown = Unknown(f"(a department or contractor of {', '.join(new.roles)})")
    try:
        roles = await roles_held(scope, new.roles)
    except Unknown:
        raise unknown from None
    if len({each["role"] == "contractor" for each in roles}) > 1:
        raise BadInput("A contractor holds no other role: give the other one to another key.")
    for role, said in zip(roles, new.roles, strict=True):
        place = role["department_id"]
        theirs = caller.platform or place in caller.refs
        if theirs and not may_give(caller, role["role"], place):
            raise Beyond(f"(role {said})")
    made = secrets.new()
    scopes = cast(sorted(set(new.scopes)) or None, ARRAY(Text))
    call = func.make_key(
        *(made.digest, made.name, new.label, scopes),
        *(cast(roles, JSONB), new.days, caller.platform),
    )
    if not await scope.scalar(select(call)):
        raise unknown
    return made


async def keys(scope: Scope, *, everywhere: bool, name: str | None = None) -> list[Row]:
    """Keys of which the scope administers all that they may do, the newest first."""
    found = func.keys_within(everywhere).table_valued(*_COLUMNS)
    query = select(found)
    if name is not None:
        query = query.where(found.c.name == name)
    return [dict(row._mapping) for row in await scope.execute(query)]


async def revoke(scope: Scope, name: str, *, everywhere: bool) -> None:
    """End a key, by its eight characters. Raises Unknown, also for one that ended before."""
    if not await scope.scalar(select(func.revoke_key(name, everywhere))):
        raise Unknown(f"(key {name})")
