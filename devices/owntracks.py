"""OwnTracks: the JSON that a phone posts, into fixes. Pure: bytes in, values out.

Members as in the OwnTracks booklet (JSON, `_type=location`): `tst` Unix seconds, `vel` km/h, `alt`
and `acc` metres, `cog` degrees, `batt` per cent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from devices.contract import Batch
from devices.json_values import number, read_json
from devices.payloads import Problem, read_fix
from geo.fix import Fix, from_unix_ms
from geo.units import kmh_to_mps

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
            one = _fix(member)
            if isinstance(one, Fix):
                fixes.append((one, raw))
            else:
                refused.append((raw, one))
    return Batch(fixes=fixes, refused=refused)


def _fix(member: Mapping[str, object]) -> Fix | Problem:
    speed_kmh = _known(member.get("vel"))
    return read_fix(
        {
            "t": _moment(number(member.get("tst"))),
            "lon": member.get("lon"),
            "lat": member.get("lat"),
            "alt": member.get("alt"),
            "spd": None if speed_kmh is None else kmh_to_mps(speed_kmh),
            "crs": _known(member.get("cog")),
            "acc": member.get("acc"),
            "in": {"battery_pct": number(member.get("batt"))},
        }
    )


def _known(value: object) -> float | None:
    """A phone says -1 for a speed or a course that it does not know."""
    said = number(value)
    return None if said is None or said < 0 else said


def _moment(unix_s: float | None) -> str | None:
    if unix_s is None or not 0 <= unix_s <= _LAST_UNIX_S:
        return None
    return from_unix_ms(int(unix_s * 1000)).isoformat()
