"""The schema as SQLAlchemy models: the truth that the migrations are tested against."""

from tracker.models.base import Base
from tracker.models.devices import DeviceNotice, DeviceState, ImportPart
from tracker.models.fixes import Fix, Latest, Receipt, Reject, RejectDay
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
    "ImportPart",
    "IngestHealth",
    "Installation",
    "Latest",
    "Outbox",
    "Receipt",
    "Reject",
    "RejectDay",
    "Rule",
    "Vehicle",
]
