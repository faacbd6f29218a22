"""The schema as SQLAlchemy models: the truth that the migrations are tested against."""

from tracker.models.base import Base
from tracker.models.devices import DeviceNotice, DeviceState
from tracker.models.fixes import Fix, Latest, Receipt, Reject, RejectDay
from tracker.models.groups import (
    FenceGroup,
    FenceGroupMember,
    FenceScope,
    VehicleGroup,
    VehicleGroupMember,
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
    Checkpoint,
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
    "Checkpoint",
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
    "FenceGroup",
    "FenceGroupMember",
    "FenceScope",
    "FenceState",
    "FenceVersion",
    "Fix",
    "IngestHealth",
    "Installation",
    "Latest",
    "Outbox",
    "Receipt",
    "Reject",
    "RejectDay",
    "Rule",
    "Vehicle",
    "VehicleGroup",
    "VehicleGroupMember",
]
