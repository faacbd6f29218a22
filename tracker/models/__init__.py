"""The schema as SQLAlchemy models: the truth that the migrations are tested against."""

from tracker.models.base import Base
from tracker.models.devices import DeviceNotice, DeviceState
from tracker.models.fixes import Fix, Latest, Receipt, Reject, RejectDay
from tracker.models.motion import (
    Gap,
    MotionCheckpoint,
    MotionCursor,
    Odometer,
    PastChange,
    Stop,
    TrackChunk,
    Trip,
    VehicleDay,
)
from tracker.models.registry import (
    Application,
    Cluster,
    Department,
    Device,
    DeviceAssignment,
    Driver,
    DriverAssignment,
    DutyStatus,
    Vehicle,
)
from tracker.models.service import ApiToken, Feed, IngestHealth, Installation
from tracker.models.watch import (
    Alert,
    Event,
    Fence,
    FenceState,
    FenceVersion,
    Outbox,
    Rule,
)

__all__ = [
    "Alert",
    "ApiToken",
    "Application",
    "Base",
    "Cluster",
    "Department",
    "Device",
    "DeviceAssignment",
    "DeviceNotice",
    "DeviceState",
    "Driver",
    "DriverAssignment",
    "DutyStatus",
    "Event",
    "Feed",
    "Fence",
    "FenceState",
    "FenceVersion",
    "Fix",
    "Gap",
    "IngestHealth",
    "Installation",
    "Latest",
    "MotionCheckpoint",
    "MotionCursor",
    "Odometer",
    "Outbox",
    "PastChange",
    "Receipt",
    "Reject",
    "RejectDay",
    "Rule",
    "Stop",
    "TrackChunk",
    "Trip",
    "Vehicle",
    "VehicleDay",
]
