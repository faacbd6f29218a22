"""A piece of a recording, and how readers make one of what they find."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from devices.payloads import read_fix
from geo.fix import Fix


class Item(NamedTuple):
    """A fix, or bytes that are none and why: a word as decoding has them."""

    fix: Fix | None
    raw: bytes
    reason: str = ""


def item_of(member: Mapping[str, object], raw: bytes, mode: object = None) -> Item:
    """A fix of members as a device's JSON has them; without a time it is `undated`."""
    if not member.get("t"):
        return Item(None, raw, "undated")
    one = read_fix(dict(member))
    if not isinstance(one, Fix):
        return Item(None, raw, one)
    if isinstance(mode, int | float) and mode in (2, 3):
        one.mode = int(mode)
    return Item(one, raw)


def number_of(said: str | None) -> float | str | None:
    """A number, or the text as it stands, which is then no number to any reader."""
    if said is None or not said.strip():
        return None
    try:
        return float(said)
    except ValueError:
        return said
