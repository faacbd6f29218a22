"""Local users at the door: their passwords, and how often somebody may guess."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace
from typing import Final

from api.auditor import Auditor
from api.errors import TooManyGuesses, WrongOldPassword, WrongPassword
from api.session_models import PasswordChange
from tracker import password_hash, sessions
from tracker.audit import Entry, Who
from tracker.errors import BadInput
from tracker.people import refuse_weak
from tracker.reads import Reader
from tracker.secrets import Secret
from tracker.sessions import KnownUser

#: Passwords judged at a time: each takes 64 MiB and a core.
AT_A_TIME: Final = 2
#: Of an IPv6 address: the network that one house has.
_HOUSE_BITS: Final = 64


class Doorkeeper:
    """Judges passwords: a wrong name gets the answer of a wrong password, after the same time."""

    def __init__(self, reader: Reader, auditor: Auditor) -> None:
        self._reader = reader
        self._auditor = auditor
        self._judging = asyncio.Semaphore(AT_A_TIME)

    async def admit(self, login: str, password: str, by: Who) -> KnownUser:
        """The user. Raises WrongPassword, noted as that of a nameless `by` or of the user's, and
        TooManyGuesses before anything is judged."""
        user, right = await self._judge(login, password, by)
        if user is None or not right:
            await self._auditor.add(_refused(by, user))
            raise WrongPassword
        return user

    async def change(self, login: str, change: PasswordChange, secret: Secret, by: Who) -> None:
        """Another password of whoever is signed in by `secret`; their other sessions end.

        Raises BadInput for a weak one, WrongOldPassword, which is noted, and TooManyGuesses.
        """
        refuse_weak(change.new, login)
        if change.new == change.old:
            raise BadInput("That is the password that you have: take another one.")
        user, right = await self._judge(login, change.old, by)
        if user is None or not right:
            await self._auditor.add(Entry(by=by, what="password.refused", departments=()))
            raise WrongOldPassword
        async with self._judging:
            kept = await asyncio.to_thread(password_hash.hashed, change.new)
        if not await sessions.change_password(self._reader, secret, user, kept, by):
            raise WrongOldPassword

    async def _judge(self, login: str, password: str, by: Who) -> tuple[KnownUser | None, bool]:
        """Whom the name means, and whether the password is theirs."""
        guess = sessions.Guess(login, house_of(by.address or ""))
        wait_s = await guess.count(self._reader)
        if wait_s > 0:
            raise TooManyGuesses(wait_s)
        user = await sessions.user_called(self._reader, login)
        async with self._judging:
            kept = user.password_hash if user else await asyncio.to_thread(password_hash.nobodys)
            right = await asyncio.to_thread(password_hash.matches, password, kept)
        if user is not None and right:
            await guess.was_right(self._reader)
        return user, right


def _refused(by: Who, user: KnownUser | None) -> Entry:
    """Without what was typed where nobody is called so: it may be a password."""
    if user is not None:
        by = replace(by, who=f"user:{user.login}", label=user.name)
    return Entry(by=by, what="sign_in.refused", departments=())


def house_of(address: str) -> str:
    """Whose address it is: itself, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    return str(ipaddress.ip_network((parsed, _HOUSE_BITS), strict=False))
