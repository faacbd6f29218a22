"""The history checker: what a fleet knows, beside what the database holds."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import asyncpg
import numpy as np

from geo import crossing
from geo.event_id import event_id
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch, error_m
from geo.shapes import build_shape
from tests.drills.fleet import Fleet, Ints, key_of
from tests.drills.load import SQUARE
from tracker.ranges import Ranges

STORED = """
SELECT substr(d.ref, 2)::int AS device, (extract(epoch FROM f.fixed_at) * 1000)::bigint AS ms,
       ST_X(f.geom) AS lon, ST_Y(f.geom) AS lat
FROM fix AS f JOIN device AS d ON d.id = f.device_id
WHERE substr(d.ref, 2)::int BETWEEN $1 AND $2
"""
RECEIPTS = """
SELECT substr(d.ref, 2)::int AS device, r.dealt, r.refused
FROM receipt AS r JOIN device AS d ON d.id = r.device_id WHERE r.boot = $1
"""
EVENTS = """
SELECT e.id FROM event AS e JOIN vehicle AS v ON v.id = e.vehicle_id
WHERE e.status = 'valid' AND substr(v.ref, 2)::int BETWEEN $1 AND $2
"""
LATEST = """
SELECT substr(v.ref, 2)::int AS device, (extract(epoch FROM l.fixed_at) * 1000)::bigint AS ms
FROM latest AS l JOIN vehicle AS v ON v.id = l.vehicle_id
WHERE substr(v.ref, 2)::int BETWEEN $1 AND $2
"""


@dataclass(frozen=True, kw_only=True)
class History:
    """What was found; all but `sent` and `stored` must be 0."""

    #: Good fixes in messages that were sent, and rows.
    sent: int
    stored: int
    #: Acknowledged, and in no row.
    lost: int
    #: In two rows, or in a row and never sent.
    doubled: int
    #: Messages without an acknowledgement at the end.
    unacked: int
    #: Devices whose receipt is not what they sent, or what was refused of it.
    receipts_wrong: int
    #: Vehicles whose latest is not their newest fix, and events that are not those of all fixes
    #: in order.
    order_wrong: int

    @property
    def passes(self) -> bool:
        """Nothing lost, nothing doubled, all in order."""
        faults = asdict(self)
        del faults["sent"], faults["stored"]
        return not any(faults.values())

    def __str__(self) -> str:
        """For a person."""
        return json.dumps(asdict(self))


async def compare(dsn: str, fleet: Fleet) -> History:
    """Compare a finished fleet with the database; nobody else may have used its devices."""
    database = await asyncpg.connect(dsn)
    try:
        devices = fleet.plan.devices
        bounds = devices.start, devices.stop - 1
        rows = await database.fetch(STORED, *bounds)
        receipts = await database.fetch(RECEIPTS, fleet.boot)
        events = {row["id"] for row in await database.fetch(EVENTS, *bounds)}
        latest = {row["device"]: row["ms"] for row in await database.fetch(LATEST, *bounds)}
    finally:
        await database.close()
    stored = np.array([key_of(row["device"], row["ms"]) for row in rows], dtype=np.int64)
    sent = fleet.fix_times("sent")
    newest = {row["device"]: 0 for row in rows}
    for row in rows:
        newest[row["device"]] = max(newest[row["device"]], row["ms"])
    misplaced = sum(newest.get(each) != latest.get(each) for each in devices)
    return History(
        sent=len(sent),
        stored=len(stored),
        lost=len(np.setdiff1d(fleet.fix_times("acked"), stored)),
        doubled=len(stored) - len(np.intersect1d(stored, sent)),
        unacked=sum(len(each.unacked) for each in fleet.devices.values()),
        receipts_wrong=_wrong_receipts(fleet, receipts),
        order_wrong=misplaced + len(events ^ _true_events(rows)),
    )


def _wrong_receipts(fleet: Fleet, rows: list[asyncpg.Record]) -> int:
    held = {row["device"]: (_members(row["dealt"]), _members(row["refused"])) for row in rows}
    return sum(
        held.get(device, (set(), set()))
        != (set(told.sent - told.unacked), fleet.bad_messages(device) - told.unacked)
        or not told.bad <= fleet.bad_messages(device)
        for device, told in fleet.devices.items()
        if told.sent
    )


def _members(multirange: Iterable[Any]) -> set[int]:
    pairs = Ranges.from_multirange(multirange)
    return {number for first, last in pairs for number in range(first, last + 1)}


def _true_events(rows: list[asyncpg.Record]) -> set[UUID]:
    """Ids of what must have happened to the vehicles, judged at one go from all rows in order."""
    if not rows:
        return set()
    ordered = sorted(rows, key=lambda row: (row["device"], row["ms"]))
    square = FenceVersion(
        fence_id=1,
        ref="D/square",
        department_id=1,
        version=1,
        geometry=build_shape({"geometry": SQUARE}),
        from_ms=0,
        until_ms=None,
    )
    vehicles: Ints = np.array([row["device"] for row in ordered], dtype=np.int64)
    batch = FixBatch(
        vehicle_id=vehicles.astype(np.int32),
        department_id=np.ones(len(ordered), dtype=np.int32),
        fixed_ms=np.array([row["ms"] for row in ordered], dtype=np.int64),
        lon=np.array([row["lon"] for row in ordered]),
        lat=np.array([row["lat"] for row in ordered]),
        # The fleet's HDOP is 0.9.
        error_m=np.full(len(ordered), error_m(None, 0.9)),
    )
    found = crossing.step({}, batch, FenceIndex([square]), {}).events
    return {
        event_id(f"D/v{each.vehicle_id:05d}", "D/square", 1, each.kind, each.moment)
        for each in found
    }
