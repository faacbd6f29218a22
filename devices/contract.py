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

from devices.json_values import RANGES, in_range, is_text, make_fix, moment, number, read_json
from geo.fix import Fix

#: A payload over this is refused whole.
PAYLOAD_LIMIT_BYTES = 64 * 1024
#: How many of the newest refused numbers an acknowledgement names.
BAD_LIMIT = 100

NO_INPUTS: Mapping[str, bool | float | str] = MappingProxyType({})

Kind = Literal["nmea", "fix", "state", "ack", "config", "cmd", "cmdack"]

_TOPIC = re.compile(r"gov/1/([^/]+)/([^/]+)/(nmea|fix|state|ack|config|cmd|cmdack)")
_HEADER = re.compile(
    rb"#([A-Za-z0-9._-]{1,64}),([1-9][0-9]{0,17})((?:,[A-Za-z0-9._]+=[!-+\--~]*)*)\r?"
)
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_BOOT = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BIGGEST_SEQ = 10**18
_BIGGEST_WHOLE = 2**31


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
            inputs=self.inputs,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A `state` payload: the birth of a device, a change of its configuration, or its last will."""

    online: bool
    #: The start of the device that it is about.
    boot: str
    #: Its firmware; None where it does not say.
    firmware: str | None = None
    #: The version of this contract that it speaks.
    protocol: int | None = None
    #: The newest configuration that it runs, and what it did not like about a newer one.
    config_rev: int | None = None
    config_error: str | None = None


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
        elif key == "acc" and _NUMBER.fullmatch(value) and in_range("acc", float(value)):
            accuracy_m = float(value)
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
        fix, reason = _fix(member)
        raw = json.dumps(member).encode()
        if fix is not None:
            fixes.append((fix, raw))
        else:
            refused.append((raw, reason))
    return Batch(boot=boot, seq=seq, fixes=fixes, refused=refused)


def parse_state(payload: bytes) -> State | str:
    """Read a `state` payload; else the reason why it is none: `json` or `form`.

    A member other than `online` and `boot` that is not of its form counts as not said.
    """
    try:
        said = read_json(payload)
    except ValueError:
        return "json"
    if not isinstance(said, dict) or not isinstance(said.get("online"), bool):
        return "form"
    boot = said.get("boot")
    if not isinstance(boot, str) or _BOOT.fullmatch(boot) is None:
        return "form"
    return State(
        online=said["online"],
        boot=boot,
        firmware=_text(said.get("fw")),
        protocol=_whole(said.get("proto")),
        config_rev=_whole(said.get("config_rev")),
        config_error=_text(said.get("config_err")),
    )


def state_payload(state: State) -> bytes:
    """The `state` message of a device; retained. What is None is left out."""
    said = {
        "online": state.online,
        "boot": state.boot,
        "fw": state.firmware,
        "proto": state.protocol,
        "config_rev": state.config_rev,
        "config_err": state.config_error,
    }
    present = {name: value for name, value in said.items() if value is not None}
    return json.dumps(present, separators=(",", ":"), ensure_ascii=False).encode()


def ack_payload(
    boot: str, upto: int, also: Sequence[tuple[int, int]], bad: Sequence[tuple[int, int]]
) -> bytes:
    """The `ack` message: what is dealt with, durably. `bad` ranges become numbers, newest last."""
    numbers = [n for first, last in bad for n in range(max(first, last - BAD_LIMIT), last + 1)]
    return json.dumps(
        {"boot": boot, "upto": upto, "also": also, "bad": numbers[-BAD_LIMIT:]},
        separators=(",", ":"),
    ).encode()


def _stamp(said: Mapping[str, object]) -> tuple[str, int] | tuple[None, None]:
    """The start of the device and the number of the message in it; both or neither."""
    boot, seq = said.get("boot"), said.get("seq")
    if not isinstance(boot, str) or _BOOT.fullmatch(boot) is None:
        return None, None
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 < seq < _BIGGEST_SEQ:
        return None, None
    return boot, seq


def _input(value: str) -> bool | float | str:
    if value in ("0", "1"):
        return value == "1"
    return float(value) if _NUMBER.fullmatch(value) else value


def _fix(member: object) -> tuple[Fix | None, str]:
    """One member of `fixes` as a Fix, or the reason why it is none."""
    if not isinstance(member, dict):
        return None, "form"
    return make_fix(
        moment(member.get("t")),
        {name: number(member.get(name)) for name in RANGES},
        ignition=member.get("ign"),
        inputs=_inputs(member.get("in")),
    )


def _inputs(said: object) -> dict[str, bool | float | str]:
    """The inputs that are a truth, a number or a text that can be stored; others are ignored."""
    if not isinstance(said, dict):
        return {}
    return {
        name: value
        for name, value in said.items()
        if is_text(name)
        and (isinstance(value, bool) or number(value) is not None or is_text(value))
    }


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and is_text(value) else None


def _whole(value: object) -> int | None:
    """A whole number that a database column takes."""
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 <= value < _BIGGEST_WHOLE else None
