"""What callers show: keys `mp_<8 characters>_<32 random bytes in base64url>`, and sessions `ms_…`.

The 8 characters are its name, by which it is found and listed; of the whole only the hash is kept.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final, Literal

SECRET_BYTES: Final = 32
NAME_BYTES: Final = 4
_FORM: Final = re.compile(r"m[ps]_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Secret:
    """A key or a session's secret. Its text is shown once and never stored."""

    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What is stored: SHA-256, without salt, for it is random enough."""
        return hashlib.sha256(self.text.encode()).digest()

    @property
    def name(self) -> str:
        """What tells it apart in lists; no secret."""
        return self.text[3 : 3 + 2 * NAME_BYTES]


def new(kind: Literal["mp", "ms"] = "mp") -> Secret:
    """A key (`mp`) or a session's secret (`ms`) that nobody can guess."""
    name, rest = secrets.token_hex(NAME_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return Secret(f"{kind}_{name}_{rest}")


def read(text: str) -> Secret | None:
    """What somebody shows; None for what cannot be one."""
    return Secret(text) if _FORM.fullmatch(text) else None
