"""Parts of a recording, as ingest gets them: JSON with the members of a device's fixes, and with
the bytes of what a reader refused, so that they are kept like any other's."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from devices.contract import Batch, parse_batch
from devices.json_values import read_json
from devices.recording.item import Item
from geo.fix import Fix

#: Of one part; what a commit has room for however much comes live.
PART_ITEMS: Final = 250
PART_BYTES: Final = 256 * 1024

_MEMBERS: Final = (
    *(("lat", "lat"), ("lon", "lon"), ("alt", "altitude_m"), ("spd", "speed_mps")),
    *(("crs", "course_deg"), ("hdg", "heading_deg"), ("acc", "accuracy_m"), ("hdop", "hdop")),
    *(("sat", "satellites"), ("ign", "ignition"), ("mode", "mode")),
)


def parts_of(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Items in parts of a bounded size, the same for the same items."""
    part: list[Item] = []
    size = 0
    for item in items:
        part.append(item)
        size += len(item.raw)
        if len(part) >= PART_ITEMS or size >= PART_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


def part_payload(boot: str, seq: int, items: Sequence[Item]) -> bytes:
    """A part under its number, in a device's JSON."""
    said = {
        "boot": boot,
        "seq": seq,
        "fixes": [_member(item.fix) for item in items if item.fix is not None],
        "refused": [
            {"raw": base64.b64encode(item.raw).decode(), "reason": item.reason}
            for item in items
            if item.fix is None
        ],
    }
    return json.dumps(said, separators=(",", ":")).encode()


def read_part(payload: bytes) -> Batch:
    """The fixes of a part, and what was refused when it was read."""
    batch = parse_batch(payload)
    try:
        said = read_json(payload)
    except ValueError:
        return batch
    if not isinstance(said, dict):
        return batch
    refused = [*batch.refused, *_refused(said.get("refused"))]
    for fix, raw in batch.fixes:
        member = json.loads(raw)
        fix.mode, fix.rollover_weeks = member.get("mode"), member.get("weeks", 0)
    return Batch(boot=batch.boot, seq=batch.seq, fixes=batch.fixes, refused=refused)


def _member(fix: Fix) -> dict[str, Any]:
    said: dict[str, Any] = {"t": fix.fixed_at.isoformat(timespec="milliseconds")}
    said |= {
        name: value
        for name, attribute in _MEMBERS
        if (value := getattr(fix, attribute)) is not None
    }
    if fix.inputs:
        said["in"] = dict(fix.inputs)
    if fix.rollover_weeks:
        said["weeks"] = fix.rollover_weeks
    return said


def _refused(said: object) -> Iterator[tuple[bytes, str]]:
    for each in said if isinstance(said, list) else ():
        try:
            yield base64.b64decode(each["raw"], validate=True), str(each["reason"])
        except (KeyError, TypeError, binascii.Error):
            continue
