"""Local users at the door: their passwords, and how often somebody may guess."""

from __future__ import annotations

import asyncio
import ipaddress
from dataclasses import replace
from typing import Final

from api.auditor import Auditor
from api.errors import TooManyGuesses, WrongPassword
from tracker import password_hash, sessions
from tracker.audit import Entry, Who
from tracker.reads import Reader
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
        guess = sessions.Guess(login, house_of(by.address or ""))
        wait_s = await guess.count(self._reader)
        if wait_s > 0:
            raise TooManyGuesses(wait_s)
        user = await sessions.user_called(self._reader, login)
        async with self._judging:
            kept = user.password_hash if user else await asyncio.to_thread(password_hash.nobodys)
            right = await asyncio.to_thread(password_hash.matches, password, kept)
        if user is None or not right:
            await self._auditor.add(_refused(by, user))
            raise WrongPassword
        await guess.was_right(self._reader)
        return user


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
