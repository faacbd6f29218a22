"""Signing in: sessions of browsers, and the guesses that come before them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from tracker import secrets
from tracker.audit import Who, named
from tracker.reads import Reader
from tracker.secrets import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Lasts:
    """How long a session lasts, in seconds."""

    #: Without any request.
    idle_s: int
    #: At the most.
    whole_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUser:
    """A local user who may sign in."""

    id: int
    login: str
    name: str
    #: Argon2id: see tracker/people.py.
    password_hash: str


async def user_called(reader: Reader, login: str) -> KnownUser | None:
    """The local user of that name, unless they are disabled."""
    found = func.user_to_sign_in(login).table_valued("id", "login", "name", "password_hash")
    async with reader.scope(()) as scope:
        row = (await scope.execute(select(found))).one_or_none()
    return None if row is None else KnownUser(**row._asdict())


async def begin_user(reader: Reader, user: KnownUser, by: Who, lasts: Lasts) -> Secret:
    """A session of a local user, whose roles are looked up each time."""
    return await _begin(reader, by, (user.id, None, []), lasts)


async def begin_guest(reader: Reader, by: Who, roles: list[str], lasts: Lasts) -> Secret:
    """A session of somebody with the roles that they came with: `dispatcher@FSD`, as `held_of` in
    callers.sql reads them."""
    return await _begin(reader, by, (None, by.who, roles), lasts)


async def _begin(
    reader: Reader, by: Who, whose: tuple[int | None, str | None, list[str]], lasts: Lasts
) -> Secret:
    made = secrets.new("ms")
    user_id, subject, roles = whose
    call = func.begin_session(
        made.digest, made.name, user_id, subject, by.label, roles, lasts.idle_s, lasts.whole_s
    )
    async with reader.scope(()) as scope:
        await named(scope, by)
        await scope.execute(select(call))
    return made


async def end(reader: Reader, secret: Secret, by: Who, *, everywhere: bool = False) -> None:
    """End that session, or all of whoever it is of."""
    async with reader.scope(()) as scope:
        await named(scope, by)
        await scope.execute(select(func.end_session(secret.digest, everywhere)))


async def change_password(
    reader: Reader, secret: Secret, user: KnownUser, password_hash: str, by: Who
) -> bool:
    """Let that user have another password, and end all of their sessions but that one; False, and
    nothing is changed, where the session is not theirs or the password is another by now."""
    call = func.change_own_password(secret.digest, user.id, user.password_hash, password_hash)
    async with reader.scope(()) as scope:
        await named(scope, by)
        return bool(await scope.scalar(select(call)))


async def ends_at(reader: Reader, secret: Secret) -> datetime | None:
    """When the session or key ends at the latest, however much it is used."""
    async with reader.scope(()) as scope:
        found: datetime | None = await scope.scalar(select(func.ends_at(secret.digest)))
    return found


async def roles_said(reader: Reader, roles: list[str]) -> list[dict[str, Any]]:
    """{role, department_id, contractor_id} of each role that there is; the others give nothing."""
    async with reader.scope(()) as scope:
        found: list[dict[str, Any]] | None = await scope.scalar(select(func.held_of(roles)))
    return found or []


@dataclass(frozen=True, slots=True)
class Guess:
    """Somebody who tries to sign in: by which name, from which address."""

    login: str
    address: str

    async def count(self, reader: Reader) -> float:
        """Count it before it is judged; seconds to wait before anything is tried, or 0."""
        async with reader.scope(()) as scope:
            return float(await scope.scalar(select(func.count_guess(*self._keys()))) or 0.0)

    async def was_right(self, reader: Reader) -> None:
        """The account is at home here from now on."""
        async with reader.scope(()) as scope:
            await scope.execute(select(func.guessed_right(*self._keys())))

    def _keys(self) -> tuple[bytes, bytes, bytes]:
        """The account here, the account from anywhere, the address."""
        named = (f"{self.login}\0{self.address}", f"{self.login}\0\0", f"\0{self.address}")
        account, stranger, address = (hashlib.sha256(each.encode()).digest() for each in named)
        return account, stranger, address
