"""The MQTT contract, version 1: topics, payloads and acknowledgements. Pure: bytes in, values out.

A message carries `boot` (new at each start of the device) and `seq` (from 1 in each boot), either
in a first line `#boot,seq[,key=value…]` before NMEA lines or as members of a JSON batch of fixes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal, NamedTuple

from devices.json_values import read_json
from devices.payloads import (
    ACCURACY_LIMIT_M,
    HEADER_PATTERN,
    Ack,
    Stamp,
    State,
    read,
    read_fix,
)
from geo.fix import Fix

#: A payload over this is refused whole.
PAYLOAD_LIMIT_BYTES = 64 * 1024
#: How many of the newest refused numbers an acknowledgement names.
BAD_LIMIT = 100

NO_INPUTS: Mapping[str, bool | float | str] = MappingProxyType({})

Kind = Literal["nmea", "fix", "state", "ack", "config", "cmd", "cmdack"]

_TOPIC = re.compile(r"gov/1/([^/]+)/([^/]+)/(nmea|fix|state|ack|config|cmd|cmdack)")
_HEADER = re.compile(HEADER_PATTERN.encode())
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """Who a message says it is from, and of what kind it is."""

    department_ref: str
    device_ref: str
    kind: str

    def __str__(self) -> str:
        """The topic as MQTT has it."""
        return f"gov/1/{self.department_ref}/{self.device_ref}/{self.kind}"


class Header(NamedTuple):
    """The first line of an `nmea` payload."""

    boot: str
    seq: int
    ignition: bool | None = None
    accuracy_m: float | None = None
    inputs: Mapping[str, bool | float | str] = NO_INPUTS

    def applied_to(self, fix: Fix) -> Fix:
        """The fix with the state that the header tells."""
        if self.ignition is None and self.accuracy_m is None and not self.inputs:
            return fix
        return replace(
            fix,
            ignition=self.ignition,
            inputs={**fix.inputs, **self.inputs},
            accuracy_m=self.accuracy_m if self.accuracy_m is not None else fix.accuracy_m,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A `fix` payload, read."""

    boot: str | None = None
    seq: int | None = None
    #: Each with its JSON text.
    fixes: Sequence[tuple[Fix, bytes]] = ()
    #: Members that are no fix: their JSON text, and why.
    refused: Sequence[tuple[bytes, str]] = ()


def parse_topic(topic: str) -> Topic | None:
    """The parts of a topic of this contract, None for any other."""
    if (match := _TOPIC.fullmatch(topic)) is None:
        return None
    return Topic(department_ref=match[1], device_ref=match[2], kind=match[3])


def split_header(payload: bytes) -> tuple[Header | None, bytes]:
    """The header of an `nmea` payload and what follows; (None, payload) without a readable one."""
    line, _, rest = payload.partition(b"\n")
    if (match := _HEADER.fullmatch(line)) is None:
        return None, payload
    if not match[3]:
        return Header(boot=match[1].decode(), seq=int(match[2])), rest
    ignition: bool | None = None
    accuracy_m: float | None = None
    inputs: dict[str, bool | float | str] = {}
    for pair in match[3].decode().split(",")[1:]:
        key, _, value = pair.partition("=")
        if key == "ign" and value in ("0", "1"):
            ignition = value == "1"
        elif key == "acc" and _NUMBER.fullmatch(value):
            accuracy_m = float(value) if 0 <= float(value) <= ACCURACY_LIMIT_M else None
        elif key.startswith("in."):
            inputs[key.removeprefix("in.")] = _input(value)
    header = Header(
        boot=match[1].decode(),
        seq=int(match[2]),
        ignition=ignition,
        accuracy_m=accuracy_m,
        inputs=inputs,
    )
    return header, rest


def parse_batch(payload: bytes) -> Batch:
    """Read a `fix` payload. What is no fix is refused by itself: `json`, `form` or `range`."""
    try:
        said = read_json(payload)
    except ValueError:
        return Batch(refused=[(payload, "json")])
    if not isinstance(said, dict):
        return Batch(refused=[(payload, "form")])
    boot, seq = _stamp(said)
    if not isinstance(said.get("fixes"), list):
        return Batch(boot=boot, seq=seq, refused=[(payload, "form")])
    fixes: list[tuple[Fix, bytes]] = []
    refused: list[tuple[bytes, str]] = []
    for member in said["fixes"]:
        one = read_fix(member)
        raw = json.dumps(member).encode()
        if isinstance(one, Fix):
            fixes.append((one, raw))
        else:
            refused.append((raw, one))
    return Batch(boot=boot, seq=seq, fixes=fixes, refused=refused)


def ack_payload(
    boot: str, upto: int, also: Sequence[tuple[int, int]], bad: Sequence[tuple[int, int]]
) -> bytes:
    """The `ack` message: what is dealt with, durably. `bad` ranges become numbers, newest last."""
    numbers = [n for first, last in bad for n in range(max(first, last - BAD_LIMIT), last + 1)]
    ack = Ack(boot=boot, upto=upto, also=list(also), bad=numbers[-BAD_LIMIT:])
    return ack.model_dump_json().encode()


def parse_state(payload: bytes) -> State | str:
    """Read a `state` payload; else the reason why it is none: `json` or `form`.

    A member other than `online` and `boot` that is not of its form counts as not said.
    """
    try:
        said = read_json(payload)
    except ValueError:
        return "json"
    return read(State, said)


def state_payload(state: State) -> bytes:
    """The `state` message of a device; retained. What is None is left out."""
    return state.model_dump_json(by_alias=True, exclude_none=True).encode()


def _stamp(said: object) -> tuple[str, int] | tuple[None, None]:
    """The start of the device and the number of the message in it; both or neither."""
    stamp = read(Stamp, said)
    return (stamp.boot, stamp.seq) if isinstance(stamp, Stamp) else (None, None)


def _input(value: str) -> bool | float | str:
    if value in ("0", "1"):
        return value == "1"
    return float(value) if _NUMBER.fullmatch(value) else value
