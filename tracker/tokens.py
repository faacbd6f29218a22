"""Callers' tokens: `mp_<8 characters>_<32 random bytes in base64url>`; only the hash is kept."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

SECRET_BYTES = 32
NAME_BYTES = 4


@dataclass(frozen=True, slots=True)
class Token:
    """A new token. Its text is shown once and never stored."""

    text: str

    @property
    def digest(self) -> bytes:
        """What is stored."""
        return digest(self.text)

    @property
    def prefix(self) -> str:
        """What tells it apart in lists."""
        return prefix_of(self.text)


def make() -> Token:
    """A token that nobody can guess."""
    return Token(f"mp_{secrets.token_hex(NAME_BYTES)}_{secrets.token_urlsafe(SECRET_BYTES)}")


def prefix_of(text: str) -> str:
    """The part of a token that is no secret."""
    return text[: len("mp_") + 2 * NAME_BYTES]


def digest(text: str) -> bytes:
    """SHA-256 of a token: it is random enough to need no salt."""
    return hashlib.sha256(text.encode()).digest()
