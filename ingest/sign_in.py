"""Whether a name and a password belong to a device; who guesses is not listened to for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Literal

from tracker.accounts import Accounts
from tracker.passwords import hashed, matches, new_password

#: Wrong passwords of one name from one address, and seconds in which they are counted.
WRONG_MOST: Final = 10
WITHIN_S: Final = 60.0
REMEMBERED: Final = 10_000

Verdict = Literal["in", "wrong", "throttled", "unknown"]

#: An unknown name costs the same time as a wrong password: nobody learns which names there are.
_NOBODY: Final = hashed(new_password())


class SignIn:
    """Checks passwords against the registry as ingest knows it.

    A check takes a seventh of a millisecond, so it runs where it is called. Guesses are counted
    by name and address: whoever guesses elsewhere locks no device out.
    """

    def __init__(
        self,
        accounts: Callable[[], Accounts | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`accounts` returns None while the registry is being read: then the last ones hold."""
        self._accounts = accounts
        self._clock = clock
        self._known: Accounts | None = None
        #: Since when, how often, and the hash that the password did not fit.
        self._wrong: OrderedDict[tuple[str, str], tuple[float, int, str | None]] = OrderedDict()

    def check(self, name: str, password: str, address: str) -> Verdict:
        """`throttled`: not even looked at. `unknown`: the registry was never read yet."""
        self._known = self._accounts() or self._known
        if self._known is None:
            return "unknown"
        now_s, kept = self._clock(), self._known.hashes.get(name)
        since_s, count, of = self._wrong.get((name, address), (now_s, 0, kept))
        # A new password is tried before we know it, and begins a new count.
        if now_s - since_s > WITHIN_S or of != kept:
            since_s, count = now_s, 0
        if count >= WRONG_MOST:
            return "throttled"
        if matches(password, kept or _NOBODY) and kept is not None:
            self._wrong.pop((name, address), None)
            return "in"
        self._wrong[name, address] = (since_s, count + 1, kept)
        self._wrong.move_to_end((name, address))
        if len(self._wrong) > REMEMBERED:
            self._wrong.popitem(last=False)
        return "wrong"
