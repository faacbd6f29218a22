"""Passwords of devices: made here, shown once, kept as a hash that Mosquitto reads.

The format is Mosquitto's own, `$7$iterations$salt$hash`: PBKDF2 with HMAC-SHA-512 (RFC 8018),
salt and hash in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets

PASSWORD_BYTES = 32
SALT_BYTES = 12
# Many rounds slow down the guessing of what people choose. Nobody guesses 32 random bytes, and
# Mosquitto hashes the password of every client that is connected whenever it reads the file anew.
ITERATIONS = 101
HASH = re.compile(r"\$7\$([1-9][0-9]{0,6})\$([A-Za-z0-9+/]{4,}={0,2})\$([A-Za-z0-9+/]{86}==)")


def new_password() -> str:
    """32 random bytes as base64url, 43 characters."""
    return secrets.token_urlsafe(PASSWORD_BYTES)


def hashed(password: str) -> str:
    """What is kept of a password; another text each time, for the salt is random."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _digest(password, salt, ITERATIONS)
    return f"$7${ITERATIONS}${_base64(salt)}${_base64(digest)}"


def matches(password: str, kept: str) -> bool:
    """Whether `kept` is a hash of this password."""
    found = HASH.fullmatch(kept)
    if found is None:
        return False
    iterations, salt, digest = found.groups()
    computed = _digest(password, base64.b64decode(salt), int(iterations))
    return hmac.compare_digest(computed, base64.b64decode(digest))


def is_hash(kept: str) -> bool:
    """Whether Mosquitto can read it; one line that it cannot read would spoil its file."""
    return HASH.fullmatch(kept) is not None


def _digest(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
