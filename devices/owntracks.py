"""OwnTracks: the JSON that a phone posts, into fixes. Pure: bytes in, values out.

Members as in the OwnTracks booklet (JSON, `_type=location`): `tst` Unix seconds, `vel` km/h, `alt`
and `acc` metres, `cog` degrees, `batt` per cent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from devices.contract import Batch
from devices.json_values import make_fix, number, read_json
from geo.fix import Fix, from_unix_ms

KMH_MPS: Final = 1000.0 / 3600.0
_LAST_UNIX_S: Final = 253_402_300_799  # of the year 9999


def read_owntracks(payload: bytes) -> Batch:
    """The fixes of one message, or of an array of them; messages of other types say no position.

    What is refused is so by itself: `json`, `form`, `range`, or `encrypted`, which we cannot read.
    """
    try:
        said = read_json(payload)
    except ValueError:
        return Batch(refused=[(payload, "json")])
    fixes: list[tuple[Fix, bytes]] = []
    refused: list[tuple[bytes, str]] = []
    for member in said if isinstance(said, list) else [said]:
        raw = json.dumps(member).encode() if isinstance(said, list) else payload
        if not isinstance(member, dict) or not isinstance(member.get("_type"), str):
            refused.append((raw, "form"))
        elif member["_type"] == "encrypted":
            refused.append((raw, "encrypted"))
        elif member["_type"] == "location":
            fix, reason = _fix(member)
            if fix is not None:
                fixes.append((fix, raw))
            else:
                refused.append((raw, reason))
    return Batch(fixes=fixes, refused=refused)


def _fix(member: Mapping[str, object]) -> tuple[Fix | None, str]:
    speed_kmh = _known(number(member.get("vel")))
    numbers = {
        "lon": number(member.get("lon")),
        "lat": number(member.get("lat")),
        "alt": number(member.get("alt")),
        "spd": None if speed_kmh is None else speed_kmh * KMH_MPS,
        "crs": _known(number(member.get("cog"))),
        "acc": number(member.get("acc")),
    }
    battery_pct = number(member.get("batt"))
    inputs = {} if battery_pct is None else {"battery_pct": battery_pct}
    return make_fix(_moment(number(member.get("tst"))), numbers, inputs=inputs)


def _known(value: float | None) -> float | None:
    """A phone says -1 for a speed or a course that it does not know."""
    return None if value is None or value < 0 else value


def _moment(unix_s: float | None) -> datetime | None:
    if unix_s is None or not 0 <= unix_s <= _LAST_UNIX_S:
        return None
    return from_unix_ms(int(unix_s * 1000))
