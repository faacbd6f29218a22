"""scripts/bench day [--scale S]: a day of the demonstration's fleet through commit and worker.

How fast the worker goes, and how far kilometres, trips and stops are from what was driven. The last
line is JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import create_async_engine

from devices.simulator import Government, Truth, VirtualVehicle, build_fleet, load_government, truth
from devices.simulator.truth import fixes
from geo.fix import Fix
from ingest.demo import enrol
from tests.integration.processes import passing_folder
from tracker.commit import Committer
from tracker.connect import open_pool
from tracker.message import Message, Reading
from tracker.motion import MotionJob
from tracker.postgres import PrivatePostgres
from tracker.schema import migrate

if TYPE_CHECKING:
    from tracker.connect import Connection

ZONE = ZoneInfo("Asia/Hong_Kong")
FIXES_A_MESSAGE = 100
MESSAGES_A_COMMIT = 20
VEHICLES_AT_ONCE = 50


def day_of(moment: datetime) -> tuple[datetime, datetime]:
    """The day in Hong Kong that a time falls on: its begin and end."""
    midnight = moment.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.astimezone(UTC), (midnight + timedelta(days=1)).astimezone(UTC)


async def enrolled(owner_dsn: str, government: Government) -> None:
    """Register the government."""
    engine = create_async_engine(owner_dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await enrol(government, connection)
    await engine.dispose()


async def commit_day(
    committer: Committer, fleet: Sequence[VirtualVehicle], since: datetime, until: datetime
) -> dict[str, list[datetime]]:
    """Commit what the vehicles report in a span; returns when each did so, by full ref."""
    moments: dict[str, list[datetime]] = {}
    for some in itertools.zip_longest(*[iter(fleet)] * VEHICLES_AT_ONCE):
        reported = {drive: list(fixes(drive, since, until)) for drive in some if drive is not None}
        messages = [each for drive in reported for each in _messages(drive, reported[drive], until)]
        for start in range(0, len(messages), MESSAGES_A_COMMIT):
            await committer.commit(messages[start : start + MESSAGES_A_COMMIT])
        for drive, told in reported.items():
            moments[drive.vehicle.full_ref] = [fix.fixed_at for fix in told]
    return moments


def _messages(
    drive: VirtualVehicle, reported: Sequence[Fix], received_at: datetime
) -> Iterator[Message]:
    for start in range(0, len(reported), FIXES_A_MESSAGE):
        yield Message(
            source="day",
            department_ref=drive.vehicle.department,
            device_ref=drive.vehicle.device.ref,
            received_at=received_at,
            readings=[
                Reading(fix=fix, raw=b"$") for fix in reported[start : start + FIXES_A_MESSAGE]
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What was found of a day and what was driven, by full ref."""

    found: dict[str, Truth]
    driven: dict[str, Truth]

    @classmethod
    async def read(
        cls,
        connection: Connection,
        fleet: Sequence[VirtualVehicle],
        moments: Mapping[str, Sequence[datetime]],
    ) -> Day:
        """Up to the last report of each vehicle."""
        first = min(each[0] for each in moments.values())
        rows = await connection.fetch(
            "SELECT p.ref || '/' || v.ref AS vehicle, d.distance_m, d.trips, d.stops"
            " FROM vehicle_day AS d JOIN vehicle AS v ON v.id = d.vehicle_id"
            " JOIN department AS p ON p.id = v.department_id WHERE d.day = $1",
            first.astimezone(ZONE).date(),
        )
        found = {
            row["vehicle"]: Truth(
                distance_m=row["distance_m"], trips=row["trips"], stops=row["stops"]
            )
            for row in rows
        }
        told = [(drive, moments[drive.vehicle.full_ref]) for drive in fleet]
        return cls(
            found=found,
            driven={
                drive.vehicle.full_ref: truth(drive, when[0], when[-1]) for drive, when in told
            },
        )

    def pairs(self) -> Iterator[tuple[str, tuple[Truth, Truth]]]:
        """Found and driven, by full ref."""
        for name, driven in self.driven.items():
            yield name, (self.found[name], driven)

    def errors(self) -> dict[str, float]:
        """Worst and total relative error of the kilometres; vehicles with other counts."""
        pairs = [pair for _, pair in self.pairs() if pair[1].distance_m]
        off = [abs(a.distance_m / b.distance_m - 1) for a, b in pairs]
        other = sum((a.trips, a.stops) != (b.trips, b.stops) for a, b in pairs)
        return {
            "vehicles": len(pairs),
            "worst_distance_error": round(max(off), 5),
            "over_1_percent": sum(each > 0.01 for each in off),
            "other_trips_or_stops": other,
            "trips_found": sum(a.trips for a, _ in pairs),
            "trips_driven": sum(b.trips for _, b in pairs),
            "stops_found": sum(a.stops for a, _ in pairs),
            "stops_driven": sum(b.stops for _, b in pairs),
        }


async def _measure(postgres: PrivatePostgres, scale: float) -> dict[str, float]:
    owner = postgres.dsn("milepost_owner")
    await migrate(owner, postgres.dsn("postgres"))
    government = load_government(scale=scale)
    await enrolled(owner, government)
    since, until = day_of(datetime.now(UTC) - timedelta(days=1))
    fleet = build_fleet(government, since)
    committer = await Committer.open(postgres.dsn("milepost_ingest"))
    pool = await open_pool(postgres.dsn("milepost_worker"), size=2)
    try:
        began = time.monotonic()
        moments = await commit_day(committer, fleet, since, until)
        stored = sum(map(len, moments.values()))
        committed_s = time.monotonic() - began
        job, longest_s, began = MotionJob(pool, refresh_s=0), 0.0, time.monotonic()
        more = True
        while more:
            slice_began = time.monotonic()
            more = await job.run()
            longest_s = max(longest_s, time.monotonic() - slice_began)
        worked_s = time.monotonic() - began
        async with pool.acquire() as connection:
            day = await Day.read(connection, fleet, moments)
    finally:
        await committer.close()
        await pool.close()
    return {
        "fixes": stored,
        "committed_per_s": round(stored / committed_s),
        "worked_per_s": round(stored / worked_s),
        "longest_slice_s": round(longest_s, 3),
        **day.errors(),
    }


def main() -> None:
    """Measure, in a PostgreSQL of its own."""
    parser = argparse.ArgumentParser(prog="scripts/bench day", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="share of each fleet")
    scale = parser.parse_args().scale
    with passing_folder() as folder:
        postgres = PrivatePostgres(folder)
        postgres.start()
        try:
            found = asyncio.run(_measure(postgres, scale))
        finally:
            postgres.stop()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
