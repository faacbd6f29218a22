"""Ids of events: the same facts give the same id, wherever and however often they are found."""

from __future__ import annotations

import json
import uuid
from typing import Final

from geo.event import Kind

#: Never to change: every id that was ever told depends on it.
NAMESPACE: Final = uuid.UUID("d02f4af5-453e-4128-857b-16ee4c27bbbd")
_written = json.JSONEncoder(separators=(",", ":")).encode


def event_id(
    vehicle_ref: str,
    fence_ref: str | None,
    fence_version: int | None,
    kind: Kind,
    moment: int | tuple[int | None, int],
    rule_ref: str | None = None,
) -> uuid.UUID:
    """The id (uuid5, RFC 9562) of an event of a vehicle at a fence, both by full ref ("FSD/A1").

    `moment` is `Event.moment`: the time in milliseconds, of a gap (not_before, not_after). The rule
    is given for the kinds that a rule makes: by full ref, and of a proximity with the other vehicle
    behind it ("FSD/meeting FSD/A2").
    """
    facts: list[object] = [vehicle_ref, fence_ref, fence_version, kind, moment]
    if rule_ref is not None:
        facts.append(rule_ref)
    return uuid.uuid5(NAMESPACE, _written(facts))
