"""Devices, and what the service has dealt with of their messages, in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sqlalchemy import Select, func, select

from tracker.models import (
    Department,
    Device,
    DeviceAssignment,
    DeviceState,
    Latest,
    Receipt,
    Reject,
    Vehicle,
)
from tracker.ranges import Ranges
from tracker.reads.session import Row, Scope, rows_of

#: Boots and rejects shown of one device, newest first: what somebody looks at in the field.
BOOTS_SHOWN = 50
REJECTS_SHOWN = 200

Pair = tuple[int, int]


def _described() -> Select[*tuple[Any, ...]]:
    heard = (
        select(func.max(Receipt.last_at)).where(Receipt.device_id == Device.id),
        select(func.max(Latest.received_at)).where(
            Latest.vehicle_id == Vehicle.id, Latest.device_id == Device.id
        ),
        select(func.max(Reject.received_at)).where(Reject.device_id == Device.id),
    )
    return (
        select(
            Device.id,
            (Department.ref + "/" + Device.ref).label("device"),
            Department.ref.label("department"),
            (Department.ref + "/" + Vehicle.ref).label("vehicle"),
            func.greatest(*(each.scalar_subquery() for each in heard), DeviceState.state_at).label(
                "last_heard_at"
            ),
            *(Device.accept_from, Device.retired_at, Device.mmsi),
            *(DeviceState.online, DeviceState.firmware),
        )
        .join(Department, Department.id == Device.department_id)
        .outerjoin(
            DeviceAssignment,
            (DeviceAssignment.device_id == Device.id)
            & DeviceAssignment.during.contains(func.milepost_now()),
        )
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .outerjoin(Vehicle, Vehicle.id == DeviceAssignment.vehicle_id)
    )


async def devices(scope: Scope, *, department_id: int | None = None) -> list[Row]:
    """Devices that are not retired, by full ref.

    id, device (full ref), department, vehicle (full ref of the one it is in now, or None),
    last_heard_at, accept_from, retired_at, mmsi, online and firmware (None where it never said).
    """
    query = _described().where(Device.retired_at.is_(None)).order_by(Department.ref, Device.ref)
    if department_id is not None:
        query = query.where(Device.department_id == department_id)
    return await rows_of(scope, query)


async def device(scope: Scope, *, department: str, ref: str) -> Row | None:
    """One device as `devices` has it, also a retired one; None where this scope has none."""
    query = _described().where(Department.ref == department, Device.ref == ref)
    return next(iter(await rows_of(scope, query)), None)


async def receipts(scope: Scope, *, device_id: int, boot: str | None = None) -> list[Row]:
    """What is dealt with of a device, a row a boot (or of that one), the last heard first.

    boot, first_at, last_at; upto, also, missing and refused_ranges as `ack` has them (pairs of
    first and last number); dealt = stored + refused + suppressed and holes, as counts of messages;
    rejects: rows of seq, reason, received_at, replayed_at, the newest first, REJECTS_SHOWN at most
    of all.
    """
    query = (
        select(
            *(Receipt.boot, Receipt.dealt, Receipt.refused),
            (Receipt.suppressed - Receipt.refused).label("suppressed"),
            *(Receipt.first_at, Receipt.last_at),
        )
        .where(Receipt.device_id == device_id)
        .order_by(Receipt.last_at.desc(), Receipt.boot)
        .limit(BOOTS_SHOWN)
    )
    if boot is not None:
        query = query.where(Receipt.boot == boot)
    boots = await rows_of(scope, query)
    rejects = await _rejects(scope, device_id, [row["boot"] for row in boots])
    return [{**_told(row), "rejects": rejects[row["boot"]]} for row in boots]


def _told(row: Row) -> dict[str, Any]:
    dealt, refused = (Ranges.from_multirange(row[name]) for name in ("dealt", "refused"))
    suppressed = len(Ranges.from_multirange(row["suppressed"]))
    missing = holes(list(dealt))
    return {
        **{name: row[name] for name in ("boot", "first_at", "last_at")},
        "upto": dealt.upto(),
        "also": dealt.beyond(),
        "missing": missing,
        "refused_ranges": list(refused),
        "dealt": len(dealt),
        "stored": len(dealt) - len(refused) - suppressed,
        "refused": len(refused),
        "suppressed": suppressed,
        "holes": sum(last - first + 1 for first, last in missing),
    }


def holes(ranges: Sequence[Pair]) -> list[Pair]:
    """What is missing from 1 to the end of ascending ranges."""
    bounds = [(0, 0), *ranges]
    return [
        (before + 1, after - 1)
        for (_, before), (after, _) in pairwise(bounds)
        if after > before + 1
    ]


async def _rejects(scope: Scope, device_id: int, boots: Sequence[str]) -> dict[str, list[Row]]:
    """By boot; those of all these boots together are bounded."""
    query = (
        select(Reject.boot, Reject.seq, Reject.reason, Reject.received_at, Reject.replayed_at)
        .where(Reject.device_id == device_id, Reject.boot.in_(boots))
        .order_by(Reject.received_at.desc(), Reject.seq.desc(), Reject.id)
        .limit(REJECTS_SHOWN)
    )
    found: dict[str, list[Row]] = {boot: [] for boot in boots}
    for row in await rows_of(scope, query):
        found[row["boot"]].append({name: row[name] for name in row if name != "boot"})
    return found
