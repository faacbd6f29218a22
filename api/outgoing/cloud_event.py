"""What is told, as a CloudEvent 1.0 in JSON's structured mode."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from tracker.outbox import Subscription, Telling

CONTENT_TYPE: Final = "application/cloudevents+json"


def cloud_event(telling: Telling, department: str) -> dict[str, Any]:
    """The event: its `time` is that of what happened, or of what was done to its alert."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": str(telling.id),
        "source": f"/departments/{department}",
        "type": telling.type,
        "time": happened_at(telling),
        "datacontenttype": "application/json",
        "data": telling.body,
    }
    if telling.body.get("vehicle"):
        event["subject"] = telling.body["vehicle"]
    return event


def happened_at(telling: Telling) -> str:
    """RFC 3339. Of a change during a gap the end of the gap."""
    body: Mapping[str, Any] = telling.body
    at = None if body.get("change") else body.get("time") or body.get("not_after")
    return str(at or telling.created_at.isoformat())


def as_json(telling: Telling, subscription: Subscription) -> bytes:
    """The same bytes at each try, so that signatures of one telling differ by their time only."""
    event = cloud_event(telling, subscription.department)
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
