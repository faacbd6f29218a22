"""What is kept of people's passwords: Argon2id (RFC 9106). Devices' are in passwords.py."""

from __future__ import annotations

from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: The library's parameters are the RFC's second choice: 64 MiB, 3 passes.
_HASHER: Final = PasswordHasher()


def hashed(password: str) -> str:
    """What is kept; another text each time, for the salt is random."""
    return _HASHER.hash(password)


def matches(password: str, kept: str) -> bool:
    """Whether `kept` is a hash of this password. Takes 30 ms or more: not on an event loop."""
    try:
        return _HASHER.verify(kept, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def nobodys() -> str:
    """What an unknown name is judged by, so that it takes as long as a known one."""
    return _HASHER.hash("nobody has this one")
