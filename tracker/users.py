"""Local users as administrators keep them through the API, within what they themselves hold.

Nobody gives or takes what they may not do themselves at that place, or changes the password of
somebody who may do more. The database holds the places (sql/callers.sql), this page the roles. As
the schema's owner, without these bounds, people.py does the same.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.edits import must_be_at
from tracker.errors import BadInput, Beyond, NotNow, Taken, Unknown
from tracker.models.callers import LOGIN_PATTERN
from tracker.password_hash import hashed
from tracker.permissions import PERMISSIONS, Permission, Role
from tracker.reads import Caller, Row

#: Random bytes of a password that is made here: 24 characters.
PASSWORD_BYTES: Final = 18
_SEEN: Final = (
    *("id", "login", "name", "created_at", "password_set_at", "disabled_at", "revision"),
    *("held", "elsewhere"),
)
_ROLE_FORM: Final = r"^[a-z]+@(\*|[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)?)$"

PersonName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
#: `dispatcher@FSD`, `auditor@*`, `contractor@FEHD/WASTE-1`.
RoleAtPlace = Annotated[str, StringConstraints(pattern=_ROLE_FORM, max_length=150)]


class NewUser(BaseModel):
    """A person who is to sign in here, and as what."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    login: Annotated[str, StringConstraints(pattern=LOGIN_PATTERN)]
    name: PersonName
    roles: Annotated[list[RoleAtPlace], Field(min_length=1, max_length=50)]


def may_give(caller: Caller, role: Role, department_id: int | None) -> bool:
    """Whether the caller keeps users there and may do there whatever the role allows."""
    here = [each for each in caller.held if each.department_id in (None, department_id)]
    allowed = frozenset[Permission]().union(*(PERMISSIONS[each.role] for each in here))
    if caller.scopes is not None:
        allowed &= caller.scopes
    return "users:admin" in allowed and PERMISSIONS[role] <= allowed


async def users(
    connection: AsyncConnection, caller: Caller, *, login: str | None = None
) -> list[Row]:
    """Who holds or held a role in the scope, by login; or the one called so, if they did.

    login, name, roles (as RoleAtPlace; those in the scope), elsewhere (whether they have others),
    within (whether the caller may change their password and state), created_at, password_set_at,
    disabled_at, revision; id and held of use here alone.
    """
    found = func.users_seen(login).table_valued(*_SEEN)
    rows = (await connection.execute(select(found))).mappings()
    return [
        {
            **row,
            "roles": [each["said"] for each in row["held"]],
            "within": not row["elsewhere"] and all(_may_give(caller, e) for e in row["held"]),
        }
        for row in rows
    ]


async def add(connection: AsyncConnection, caller: Caller, new: NewUser) -> str:
    """A user with roles; the password, which is made here, returned once and stored as a hash.

    Raises Taken, Unknown, BadInput or Beyond.
    """
    password = _new_password()
    kept = await asyncio.to_thread(hashed, password)
    made = await connection.scalar(select(func.add_user(new.login, new.name, kept)))
    if made is None:
        raise Taken(f"({new.login})")
    await _give(connection, caller, made, new.roles)
    return password


async def give(
    connection: AsyncConnection,
    caller: Caller,
    login: str,
    roles: Sequence[str],
    expected: int | None,
) -> None:
    """More roles from now on. Raises Unknown, Stale, BadInput or Beyond."""
    user = await _locked(connection, caller, login, expected)
    await _give(connection, caller, user["id"], roles)


async def take(
    connection: AsyncConnection,
    caller: Caller,
    login: str,
    roles: Sequence[str],
    expected: int | None,
) -> None:
    """End roles now; that they were held stays known. Raises Unknown, Stale, NotNow or Beyond."""
    user = await _locked(connection, caller, login, expected)
    for said in roles:
        role = await _role(connection, caller, said)
        if caller.id == f"user:{login}" and role["role"] in _KEEPERS:
            raise NotNow(
                "(your own role by which you keep users: another administrator may end it)"
            )
        if not await connection.scalar(select(func.take_role(user["id"], *_place(role)))):
            raise NotNow(f"({login} is not {said})")


async def rename(
    connection: AsyncConnection, caller: Caller, login: str, name: str, expected: int | None
) -> None:
    """Another name for others to read. Raises Unknown, Stale or Beyond."""
    await _edit(connection, await _within(connection, caller, login, expected), name=name)


async def set_password(
    connection: AsyncConnection, caller: Caller, login: str, expected: int | None
) -> str:
    """Another password, made here and returned once; every session of the user ends.

    Raises Unknown, Stale or Beyond.
    """
    user = await _within(connection, caller, login, expected)
    password = _new_password()
    await _edit(connection, user, password_hash=await asyncio.to_thread(hashed, password))
    return password


async def set_disabled(
    connection: AsyncConnection,
    caller: Caller,
    login: str,
    *,
    disabled: bool,
    expected: int | None,
) -> None:
    """Let nobody in as that user and end their sessions, or let them in again with the password
    and roles that they had. Raises Unknown, Stale, NotNow or Beyond."""
    user = await _within(connection, caller, login, expected)
    if caller.id == f"user:{login}":
        raise NotNow("(that is you: another administrator may do it)")
    if (user["disabled_at"] is not None) is disabled:
        raise NotNow(f"({login} is {'disabled already' if disabled else 'not disabled'})")
    await _edit(connection, user, disabled=disabled)


_KEEPERS: Final = frozenset(role for role, may in PERMISSIONS.items() if "users:admin" in may)


async def _locked(
    connection: AsyncConnection, caller: Caller, login: str, expected: int | None
) -> Row:
    """The user, for this transaction alone."""
    await connection.execute(select(func.lock_user(login)))
    rows = await users(connection, caller, login=login)
    if not rows:
        raise Unknown(f"(user {login})")
    must_be_at(rows[0]["revision"], expected)
    return rows[0]


async def _within(
    connection: AsyncConnection, caller: Caller, login: str, expected: int | None
) -> Row:
    """The user, if nothing that they may do is more than the caller may."""
    user = await _locked(connection, caller, login, expected)
    if not user["within"]:
        raise Beyond(f"(user {login} has roles that are not yours to give)")
    return user


async def _edit(
    connection: AsyncConnection,
    user: Row,
    *,
    name: str | None = None,
    password_hash: str | None = None,
    disabled: bool | None = None,
) -> None:
    edited = func.edit_user(user["id"], name, password_hash, disabled)
    if await connection.scalar(select(edited)) is None:
        raise Beyond(f"(user {user['login']} has roles elsewhere)")


async def _give(
    connection: AsyncConnection, caller: Caller, user_id: int, roles: Sequence[str]
) -> None:
    for said in roles:
        role = await _role(connection, caller, said)
        given = await connection.scalar(select(func.give_role(user_id, *_place(role))))
        if given == "mixture":
            raise BadInput("A contractor holds no other role: give the other one to another name.")
        if given == "beyond":
            raise Beyond(f"(role {said})")


async def _role(connection: AsyncConnection, caller: Caller, said: str) -> Mapping[str, Any]:
    """A role as the database has it; raises BadInput, Unknown or Beyond.

    What lies in no department of the caller's is unknown, whether it is there or not.
    """
    name, _, place = said.partition("@")
    if name not in PERMISSIONS:
        raise BadInput(f"({name} is no role: {', '.join(PERMISSIONS)})")
    if place != "*" and place.partition("/")[0] not in caller.refs.values():
        raise Unknown(f"(department {place.partition('/')[0]})")
    found = await connection.scalar(select(func.held_of([said])))
    if not found:
        raise Unknown(f"(role {said})")
    if not _may_give(caller, found[0]):
        raise Beyond(f"(role {said})")
    return dict(found[0])


def _may_give(caller: Caller, held: Mapping[str, Any]) -> bool:
    return may_give(caller, held["role"], held["department_id"])


def _place(role: Mapping[str, Any]) -> tuple[str, int | None, int | None]:
    return role["role"], role["department_id"], role["contractor_id"]


def _new_password() -> str:
    return secrets.token_urlsafe(PASSWORD_BYTES)
