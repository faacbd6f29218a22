"""The read models: what the API shows, always in the scope of one caller."""

from tracker.reads.adoption import adoption
from tracker.reads.alerts import alert_changes, alerts, alerts_by_id, has_alert
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
from tracker.reads.errors import TooSlow, Unanswerable
from tracker.reads.fences import fences
from tracker.reads.health import ingest_health
from tracker.reads.motion import MOTIONS, motion_codes
from tracker.reads.rules import rules
from tracker.reads.session import Reader, Row, Scope, told
from tracker.reads.tracks import Track, track
from tracker.reads.vehicles import Box, positions, vehicle, vehicles

__all__ = [
    "MOTIONS",
    "Box",
    "Caller",
    "Reader",
    "Row",
    "Scope",
    "TooSlow",
    "Track",
    "Unanswerable",
    "adoption",
    "alert_changes",
    "alerts",
    "alerts_by_id",
    "caller_of",
    "demo_sign_in",
    "departments",
    "device",
    "device_health",
    "devices",
    "end_session",
    "fences",
    "has_alert",
    "ingest_health",
    "installation",
    "motion_codes",
    "positions",
    "receipts",
    "rules",
    "told",
    "track",
    "vehicle",
    "vehicles",
]
