"""Sentences with their checksum, written out field by field."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import xor

import pytest

Say = Callable[..., bytes]


def _say(*bodies: str, end: str = "\r\n", tag: str = "") -> bytes:
    lines = (f"${body}*{reduce(xor, body.encode(), 0):02X}{end}" for body in bodies)
    block = f"\\{tag}*{reduce(xor, tag.encode(), 0):02X}\\" if tag else ""
    return "".join(block + line for line in lines).encode("latin-1")


@pytest.fixture(scope="session")
def say() -> Say:
    """`say("GPRMC,...", end="", tag="s:V1")`: the sentences as a receiver sends them."""
    return _say
