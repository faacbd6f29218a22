"""Local users, their passwords and roles, and programs' keys, as the schema's owner keeps them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as insert_or
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models, secrets
from tracker.errors import BadInput, Taken, Unknown
from tracker.models.callers import LOGIN_PATTERN
from tracker.password_hash import hashed
from tracker.permissions import ALL_PERMISSIONS, EVERYWHERE, PERMISSIONS

#: Characters. NIST SP 800-63B-4 asks for 8 beside a second factor, and for 15 without one.
SHORTEST_PASSWORD: Final = 15
LONGEST_PASSWORD: Final = 1_000
FEWEST_DIFFERENT: Final = 5


def refuse_weak(password: str, login: str) -> None:
    """Raises BadInput for a password that is guessed soon."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(
            f"A password has at least {SHORTEST_PASSWORD} characters: take several words."
        )
    if len(set(password)) < FEWEST_DIFFERENT or login in password.lower():
        raise BadInput("That password is guessed soon: take several words without the name.")


async def add_user(
    connection: AsyncConnection, *, login: str, name: str, password: str, roles: Sequence[str]
) -> None:
    """A local user with roles (`dispatcher@FSD`). Raises Taken, BadInput, Unknown."""
    if not re.fullmatch(LOGIN_PATTERN, login):
        raise BadInput(f"{login!r} is no name to sign in with: small letters, digits and . _ @ -")
    refuse_weak(password, login)
    row = {"login": login, "name": name or login, "password_hash": hashed(password)}
    added = await connection.scalar(
        insert_or(models.LocalUser)
        .values(row)
        .on_conflict_do_nothing()
        .returning(models.LocalUser.id)
    )
    if added is None:
        raise Taken(f"({login})")
    await _assign(connection, {"user_id": added}, roles)


async def set_password(connection: AsyncConnection, login: str, password: str) -> None:
    """Another password; every session of the user ends. Raises Unknown, BadInput."""
    user_id = await _user_id(connection, login)
    refuse_weak(password, login)
    await connection.execute(
        update(models.LocalUser)
        .where(models.LocalUser.id == user_id)
        .values(password_hash=hashed(password), password_set_at=func.milepost_now())
    )
    await _end_sessions(connection, user_id)


async def disable(connection: AsyncConnection, login: str) -> None:
    """Nobody signs in as that user any more, and who is signed in is out. Raises Unknown."""
    user_id = await _user_id(connection, login)
    await connection.execute(
        update(models.LocalUser)
        .where(models.LocalUser.id == user_id, models.LocalUser.disabled_at.is_(None))
        .values(disabled_at=func.milepost_now())
    )
    await _end_sessions(connection, user_id)


async def give(connection: AsyncConnection, login: str, roles: Sequence[str]) -> None:
    """More roles from now on. Raises Unknown, BadInput."""
    await _assign(connection, {"user_id": await _user_id(connection, login)}, roles)


async def take(connection: AsyncConnection, login: str, roles: Sequence[str]) -> None:
    """End roles now; that they were held stays known. Raises Unknown."""
    user_id = await _user_id(connection, login)
    for each, held in zip(roles, await roles_held(connection, roles), strict=True):
        ended = await connection.execute(
            text(
                "UPDATE role_assignment SET during = tstzrange(lower(during), milepost_now()) "
                "WHERE user_id = :user AND role = :role AND during @> milepost_now()"
                " AND department_id IS NOT DISTINCT FROM :department"
                " AND contractor_id IS NOT DISTINCT FROM :contractor"
            ),
            {
                "user": user_id,
                "role": held["role"],
                "department": held["department_id"],
                "contractor": held["contractor_id"],
            },
        )
        if not ended.rowcount:
            raise Unknown(f"({login} is not {each})")


async def add_key(
    connection: AsyncConnection,
    *,
    label: str,
    roles: Sequence[str],
    days: int,
    scopes: Sequence[str] | None = None,
) -> str:
    """A program's key with roles; its text, which is returned once and not stored.

    `scopes` narrows it to some permissions. Raises Unknown, BadInput.
    """
    refuse_strange(scopes)
    made = secrets.new()
    key_id = await connection.execute(
        insert(models.ApiKey)
        .values(
            hash=made.digest,
            name=made.name,
            label=label,
            scopes=sorted(scopes) if scopes else None,
            expires_at=func.milepost_now() + timedelta(days=days),
        )
        .returning(models.ApiKey.id)
    )
    await _assign(connection, {"key_id": int(key_id.scalar_one())}, roles)
    return made.text


def refuse_strange(scopes: Sequence[str] | None) -> None:
    """Raises BadInput for what is no permission."""
    if strange := sorted(set(scopes or ()) - ALL_PERMISSIONS):
        raise BadInput(
            f"No permission is called {', '.join(strange)}: {', '.join(sorted(ALL_PERMISSIONS))}"
        )


async def revoke(connection: AsyncConnection, name: str) -> None:
    """End a key by its eight characters, with `mp_` before it or not. Raises Unknown."""
    ended = await connection.execute(
        update(models.ApiKey)
        .where(models.ApiKey.name == name.removeprefix("mp_"), models.ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.milepost_now())
    )
    if not ended.rowcount:
        raise Unknown(f"(key {name})")


async def has_keys(connection: AsyncConnection) -> bool:
    """Whether any key was ever made."""
    found = await connection.scalar(select(func.count()).select_from(models.ApiKey))
    return bool(found)


async def _user_id(connection: AsyncConnection, login: str) -> int:
    found = await connection.scalar(
        select(models.LocalUser.id).where(models.LocalUser.login == login)
    )
    if found is None:
        raise Unknown(f"(user {login})")
    return int(found)


async def _end_sessions(connection: AsyncConnection, user_id: int) -> None:
    await connection.execute(
        update(models.Session)
        .where(models.Session.user_id == user_id, models.Session.ended_at.is_(None))
        .values(ended_at=func.milepost_now())
    )


async def _assign(
    connection: AsyncConnection, holder: dict[str, int], roles: Sequence[str]
) -> None:
    for held in await roles_held(connection, roles):
        await connection.execute(
            insert(models.RoleAssignment).values(
                **holder, **held, during=func.tstzrange(func.milepost_now(), None)
            )
        )
    await _refuse_mixture(connection, holder)


async def _refuse_mixture(connection: AsyncConnection, holder: dict[str, int]) -> None:
    [(column, number)] = holder.items()
    assignment = models.RoleAssignment
    found = await connection.execute(
        select(assignment.role).where(
            getattr(assignment, column) == number,
            assignment.during.contains(func.milepost_now()),
        )
    )
    now = set(found.scalars())
    if "contractor" in now and len(now) > 1:
        raise BadInput("A contractor holds no other role: give the other one to another name.")


async def roles_held(connection: AsyncConnection, roles: Sequence[str]) -> list[dict[str, Any]]:
    """Roles as the table has them, one by one: {role, department_id, contractor_id}.

    Raises Unknown and BadInput for what there is not.
    """
    return [await _one_held(connection, each) for each in roles]


async def _one_held(connection: AsyncConnection, said: str) -> dict[str, Any]:
    role, _, where = said.partition("@")
    if role not in PERMISSIONS or not where:
        raise BadInput(f"{said!r} is no role at a place: dispatcher@FSD, platform@*, {_KINDS}")
    if role in EVERYWHERE and where != "*":
        raise BadInput(f"{role} is a role of the whole government: {role}@*")
    found: list[dict[str, Any]] | None = await connection.scalar(select(func.held_of([said])))
    if not found:
        raise Unknown(f"(department or contractor {where})")
    return found[0]


_KINDS: Final = f"contractor@FEHD/WASTE-1; roles are {', '.join(PERMISSIONS)}"
