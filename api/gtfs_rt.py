"""The open feed as GTFS-Realtime 2.0: vehicle positions, for everybody.

https://gtfs.org/documentation/realtime/reference/
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from google.protobuf.json_format import MessageToJson
from google.transit import gtfs_realtime_pb2 as gtfs

from geo.distance import FULL_TURN_DEG
from tracker.reads import Row

VERSION: Final = "2.0"
PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The same message in both forms, by media type."""

    bodies: dict[str, bytes]
    tags: dict[str, str]
    #: Of the vehicles alone: whether they are as they were.
    mark: bytes


def feed_of(now: datetime, vehicles: Sequence[Row], before: Feed | None = None) -> Feed:
    """The feed of rows of `tracker.publishing.Published`, all fixed before `now`; `before` itself
    where no vehicle is other than there."""
    message = _message(vehicles)
    mark = message.SerializePartialToString(deterministic=True)
    if before is not None and before.mark == mark:
        return before
    message.header.timestamp = int(now.timestamp())
    bodies = {
        PROTOBUF: message.SerializeToString(deterministic=True),
        JSON: MessageToJson(message, indent=None).encode(),
    }
    # Weak: the same whatever its encoding on the way.
    tags = {kind: f'W/"{hashlib.sha256(body).hexdigest()[:32]}"' for kind, body in bodies.items()}
    return Feed(bodies=bodies, tags=tags, mark=mark)


def _message(vehicles: Sequence[Row]) -> gtfs.FeedMessage:
    message = gtfs.FeedMessage()
    message.header.gtfs_realtime_version = VERSION
    message.header.incrementality = gtfs.FeedHeader.FULL_DATASET
    for row in vehicles:
        _add(message, row)
    return message


def _add(message: gtfs.FeedMessage, row: Row) -> None:
    entity = message.entity.add(id=row["vehicle"])
    entity.vehicle.vehicle.id = row["vehicle"]
    entity.vehicle.timestamp = int(row["fixed_at"].timestamp())
    position = entity.vehicle.position
    position.longitude, position.latitude = row["lon"], row["lat"]
    if row["direction_deg"] is not None:
        position.bearing = row["direction_deg"] % FULL_TURN_DEG
    if row["speed_mps"] is not None:
        position.speed = row["speed_mps"]
