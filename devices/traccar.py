"""Traccar's forwarded positions (`forward.type` json) into fixes. Pure: bytes in, values out.

`{"position": {…}, "device": {"uniqueId": …}}`, with Traccar's own units: `speed` in knots,
`altitude` and `accuracy` in metres, `course` in degrees, times in ISO 8601. Traccar writes 0 for a
number that it does not know; only of `accuracy` can that be told from a real 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from devices.contract import Batch
from devices.json_values import number, read_json
from devices.payloads import Problem, read_fix
from geo.fix import Fix
from geo.units import knots_to_mps

#: Attributes that go along, and what they are called here.
INPUTS: Final = {"batteryLevel": "battery_pct", "motion": "motion", "alarm": "alarm"}


def forwarded_device(payload: bytes) -> str | None:
    """The `uniqueId` of a forwarded position; empty where it names none; None for other JSON."""
    try:
        said = read_json(payload)
    except ValueError:
        return None
    if not isinstance(said, dict) or "position" not in said:
        return None
    unique_id = _member(said, "device").get("uniqueId")
    return unique_id if isinstance(unique_id, str) else ""


def read_traccar(payload: bytes) -> Batch:
    """The fix of a forwarded position; none where Traccar itself says that it is none.

    That is one that is not `valid` (the receiver had no fix), or `outdated` (an earlier place told
    again). What is refused: `json`, `form`, `range`.
    """
    try:
        said = read_json(payload)
    except ValueError:
        return Batch(refused=[(payload, "json")])
    position = _member(said, "position")
    if position.get("valid") is False or position.get("outdated") is True:
        return Batch()
    one = _fix(position)
    return (
        Batch(fixes=[(one, payload)]) if isinstance(one, Fix) else Batch(refused=[(payload, one)])
    )


def _fix(position: Mapping[str, object]) -> Fix | Problem:
    attributes = _member(position, "attributes")
    speed_knots = number(position.get("speed"))
    return read_fix(
        {
            "t": position.get("fixTime"),
            "lon": position.get("longitude"),
            "lat": position.get("latitude"),
            "alt": position.get("altitude"),
            "spd": None if speed_knots is None else knots_to_mps(speed_knots),
            "crs": position.get("course"),
            "acc": number(position.get("accuracy")) or None,
            "hdop": attributes.get("hdop"),
            "sat": attributes.get("sat"),
            "ign": attributes.get("ignition"),
            "in": {ours: _input(attributes.get(name)) for name, ours in INPUTS.items()},
        }
    )


def _input(value: object) -> object:
    return value if isinstance(value, bool | str) else number(value)


def _member(said: object, name: str) -> Mapping[str, object]:
    """The object of that name in an object; an empty one where there is none."""
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
