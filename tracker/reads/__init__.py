"""The read models: what the API shows, always in the scope of one caller."""

from tracker.reads.adoption import adoption
from tracker.reads.alerts import alerts, alerts_by_id, has_alert
from tracker.reads.callers import (
    Caller,
    caller_of,
    demo_sign_in,
    departments,
    end_session,
    installation,
)
from tracker.reads.device_health import device_health
from tracker.reads.devices import device, devices, receipts
from tracker.reads.errors import BadCursor, BadFilter, TooSlow, Unanswerable
from tracker.reads.features import (
    Extent,
    Page,
    Wanted,
    extent,
    feature,
    features,
    give_up_after,
)
from tracker.reads.fences import fences
from tracker.reads.health import ingest_health
from tracker.reads.layers import LAYERS, Kind, Layer
from tracker.reads.motion import MOTIONS, motion_codes
from tracker.reads.session import Reader, Row, Scope, told
from tracker.reads.tiles import tile
from tracker.reads.tracks import Track, track
from tracker.reads.values import day_of, instant_of
from tracker.reads.vehicles import Box, positions, vehicle, vehicles

__all__ = [
    "LAYERS",
    "MOTIONS",
    "BadCursor",
    "BadFilter",
    "Box",
    "Caller",
    "Extent",
    "Kind",
    "Layer",
    "Page",
    "Reader",
    "Row",
    "Scope",
    "TooSlow",
    "Track",
    "Unanswerable",
    "Wanted",
    "adoption",
    "alerts",
    "alerts_by_id",
    "caller_of",
    "day_of",
    "demo_sign_in",
    "departments",
    "device",
    "device_health",
    "devices",
    "end_session",
    "extent",
    "feature",
    "features",
    "fences",
    "give_up_after",
    "has_alert",
    "ingest_health",
    "installation",
    "instant_of",
    "motion_codes",
    "positions",
    "receipts",
    "tile",
    "told",
    "track",
    "vehicle",
    "vehicles",
]
