"""What ingest hands to a commit: messages as decoded, each from one device.

Tuples where ten thousand are made a second: a frozen dataclass costs three times as much to make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from geo.fix import Fix, unix_ms


class Reading(NamedTuple):
    """A fix, and the bytes that it was read from."""

    fix: Fix
    raw: bytes


class Refusal(NamedTuple):
    """Bytes that are no fix, and why: one word of a closed set."""

    raw: bytes
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Which kept reject a message is read from again, and why it was refused then."""

    reject_id: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A fix that a ship or an aircraft told of itself by AIS; the registry says whose it is."""

    mmsi: str
    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """How a device's receiver was at a time: its antenna, its firmware, without a fix."""

    kind: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSaid:
    """What a `state` message says: that a device is there, or by its last will that it is not."""

    online: bool
    boot: str
    firmware: str | None = None
    protocol: int | None = None
    config_rev: int | None = None
    config_error: str | None = None


@dataclass(slots=True, kw_only=True)
class Beside:
    """What a message says beside fixes of its device; most say nothing."""

    heard: list[Heard] = field(default_factory=list)
    #: AIS messages that made no fix, by what they were.
    ais: dict[str, int] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    said: DeviceSaid | None = None


class Message(NamedTuple):
    """One message of an MQTT device, or what one read of another source made whole."""

    #: `mqtt`, `serial:/dev/...`, `file:...`.
    source: str
    #: Who it says it is from; the registry decides.
    department_ref: str
    device_ref: str
    received_at: datetime
    readings: Sequence[Reading] = ()
    refusals: Sequence[Refusal] = ()
    #: Its bytes, where they came whole: kept when the registry or the clock refuses any of it.
    payload: bytes = b""
    topic: str | None = None
    #: The device's start, and the number of the message in it; without them no acknowledgement.
    boot: str | None = None
    seq: int | None = None
    #: Of a reject that is read again: nothing is refused a second time, and nothing is skipped.
    replay: Replay | None = None
    beside: Beside | None = None
    #: What its source knows it by; comes back with what is refused of it.
    handle: object = None


def read_up_to(messages: Sequence[Message], now_ms: int) -> int:
    """Up to when what came is in a commit: no timer runs out before its input is read."""
    last = max((unix_ms(each.received_at) for each in messages), default=now_ms)
    return min(last, now_ms)
