"""Two departments, A that keeps 90 days and B that keeps 400, with fixes of any age."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import asyncpg

from tests.conftest import Database
from tracker.keeping import holds
from tracker.keeping.retention import Outcome, run

Sql: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
A_DAYS, B_DAYS = 90, 400


class Archive:
    """The database of it, as its owner sees it."""

    def __init__(self, database: Database, owner: Sql) -> None:
        self.database = database
        self.owner = owner
        self.today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)

    def ago(self, days: int, **more: float) -> datetime:
        """So many days before today's midnight, and so much later."""
        return self.today - timedelta(days=days) + timedelta(**more)

    async def store(self, vehicle: int, first: datetime, count: int = 10) -> None:
        """So many fixes of vehicle 1 (of A), 2 or 3 (of B), a minute apart."""
        for day in {(first + timedelta(minutes=n)).date() for n in range(count)}:
            await self.owner.execute("SELECT ensure_fix_partition($1)", day)
        await self.owner.execute(
            "INSERT INTO fix (vehicle_id, device_id, department_id, fixed_at, received_at, geom)"
            " SELECT $1::int, $1, v.department_id, $2::timestamptz + n * interval '1 minute',"
            " milepost_now(), ST_SetSRID(ST_MakePoint(114, 22), 4326)"
            " FROM vehicle AS v, generate_series(0, $3::int - 1) AS n WHERE v.id = $1",
            *(vehicle, first, count),
        )

    async def run(self) -> Outcome:
        return await run(self.database.dsn("milepost_owner"), run_by="test")

    async def left(self, vehicle: int) -> int:
        """How many fixes of a vehicle there are."""
        found: int = await self.owner.fetchval(
            "SELECT count(*) FROM fix WHERE vehicle_id = $1 AND fixed_at > '-infinity'", vehicle
        )
        return found

    async def tables(self) -> list[str]:
        """The partitions, whether attached or not."""
        rows = await self.owner.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^fix_[0-9]' ORDER BY 1"
        )
        return [row["relname"] for row in rows]

    async def hold(self, who: str, since: datetime, until: datetime) -> int:
        number: int = await self.edit(
            holds.place, who, since=since, until=until, reason="case 12", by="clerk"
        )
        return number

    async def edit(self, edit: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401  any edit
        """Make an edit in a transaction of its own."""
        async with self.database.transaction() as connection:
            made = await edit(connection, *args, **named)
        return made


def partition_of(moment: datetime | date) -> str:
    """The name of a day's partition."""
    return f"fix_{moment:%Y%m%d}"


@asynccontextmanager
async def archive_in(database: Database) -> AsyncIterator[Archive]:
    """Such a world: vehicle 1 of A, 2 and 3 of B."""
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    try:
        await owner.execute("UPDATE installation SET daily_from = '2020-01-01'")
        await owner.execute(
            "INSERT INTO department (ref, name, retention_days)"
            " VALUES ('A', '{}', 90), ('B', '{}', NULL)"
        )
        await owner.execute(
            "INSERT INTO vehicle (department_id, ref, name)"
            " VALUES (1, 'A1', '{}'), (2, 'B1', '{}'), (2, 'B2', '{}')"
        )
        yield Archive(database, owner)
    finally:
        await owner.close()


#: By $1 vehicle, $2 department and $3 time, in this order.
STATEMENTS = (
    "INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat,"
    " feed, n) SELECT $1::int, $2::int, 1, $3::timestamptz, now(), 114, 22, 1, 1",
    "INSERT INTO fence_state SELECT $1::int, $2::int, '{}', $3::timestamptz",
    "INSERT INTO event (id, department_id, vehicle_id, fence_id, fence_version, kind, at,"
    " not_after, interpolated, gap, late) SELECT gen_random_uuid(), $2::int, $1::int, 1, 1,"
    " 'enter', $3::timestamptz, $3::timestamptz, false, false, false",
    "INSERT INTO rule (department_id, ref, name, on_kinds, severity)"
    " SELECT $2::int, 'r', '{}', '{enter}', 'info'"
    " WHERE $1::int > 0 AND $3::timestamptz > '-infinity'",
    "INSERT INTO alert (id, department_id, rule_id, event_id, vehicle_id, fence_id, severity,"
    " feed, n) SELECT gen_random_uuid(), $2::int, r.id, e.id, $1::int, 1, 'info', 1, 1"
    " FROM rule AS r, event AS e WHERE r.department_id = $2::int AND e.department_id = $2::int"
    " AND e.at = $3::timestamptz",
    "INSERT INTO alert_change (alert_id, department_id, what, detail, revision)"
    " SELECT a.id, $2::int, 'noted', '{}', 1 FROM alert AS a WHERE a.vehicle_id = $1::int"
    " AND a.department_id = $2::int AND $3::timestamptz > '-infinity'",
    "INSERT INTO alert_event SELECT a.id, a.event_id, $2::int FROM alert AS a"
    " WHERE a.vehicle_id = $1::int AND $3::timestamptz > '-infinity'",
    "INSERT INTO checkpoint (vehicle_id, department_id, fixed_at, state)"
    " SELECT $1::int, $2::int, $3::timestamptz, '{}'",
    "INSERT INTO subscription (department_id, ref, kind, target, types, severities, rules,"
    " vehicles) SELECT $2::int, 's', 'mqtt', '', '{}', '{}', '{}', '{}'"
    " WHERE $1::int > 0 AND $3::timestamptz > '-infinity'",
    "INSERT INTO outbox (department_id, vehicle_id, type, event_id, revision, body, created_at)"
    " SELECT $2::int, $1::int, 't', gen_random_uuid(), 0, '{}', $3::timestamptz",
    "INSERT INTO delivery (subscription_id, outbox_id, department_id, vehicle_id)"
    " SELECT s.id, o.id, $2::int, $1::int FROM outbox AS o, subscription AS s"
    " WHERE s.department_id = $2::int AND o.created_at = $3::timestamptz"
    " AND o.department_id = $2::int",
    "INSERT INTO presence SELECT $1::int, $3::timestamptz, $2::int, '{}'",
    "INSERT INTO reject (received_at, department_id, source, reason, raw)"
    " SELECT $3::timestamptz, $2::int, 't', 'clock', '' WHERE $1::int > 0",
    "INSERT INTO reject_day SELECT $3::timestamptz::date, 'device:' || $1::int, $2::int, 1",
    "INSERT INTO receipt (device_id, boot, department_id, dealt, refused, last_at)"
    " SELECT $1::int, 'b', $2::int, '{}', '{}', $3::timestamptz",
    "INSERT INTO device_notice SELECT $1::int, $3::timestamptz::date, 'no_fix', '', $2::int, '{}'",
    "INSERT INTO track_chunk (vehicle_id, department_id, started_at, ended_at, path, fixes,"
    " length_m, moving_s, idling_s, stopped_s) SELECT $1::int, $2::int, $3::timestamptz,"
    " $3::timestamptz, ST_SetSRID(ST_MakePointM(114, 22, 0), 4326), 1, 0, 0, 0, 0",
    "INSERT INTO trip (vehicle_id, department_id, started_at, ended_at, start_lon, start_lat,"
    " end_lon, end_lat, distance_m, moving_s, idling_s, fixes, ends_by)"
    " SELECT $1::int, $2::int, $3::timestamptz, $3::timestamptz, 1, 1, 1, 1, 1, 1, 1, 1, 'gap'",
    "INSERT INTO stop (vehicle_id, department_id, started_at, lon, lat, idling_s, fixes,"
    " begins_by, ends_by)"
    " SELECT $1::int, $2::int, $3::timestamptz, 1, 1, 0, 1, 'gap', 'open'",
    "INSERT INTO gap (vehicle_id, department_id, started_at, ended_at)"
    " SELECT $1::int, $2::int, $3::timestamptz, $3::timestamptz",
    "INSERT INTO vehicle_day (vehicle_id, department_id, day, distance_m, trips, stops,"
    " moving_s, idling_s, stopped_s, fixes)"
    " SELECT $1::int, $2::int, $3::timestamptz::date - 1, 1, 1, 1, 1, 1, 1, 1",
    "INSERT INTO motion_cursor (vehicle_id, department_id, worked_to, state)"
    " SELECT $1::int, $2::int, $3::timestamptz, '{}'",
    "INSERT INTO motion_checkpoint (vehicle_id, department_id, at, state)"
    " SELECT $1::int, $2::int, $3::timestamptz, '{}'",
    "INSERT INTO private_interval (department_id, vehicle_id, starts_at, ends_at, why, keeps,"
    " declared_by, applied_at) SELECT $2::int, $1::int, $3::timestamptz - interval '1 hour',"
    " $3::timestamptz, 'private', 'nothing', 't', $3::timestamptz",
)


async def others(archive: Archive, department: int, days: int) -> None:
    """One row of each other kind, of that department's first vehicle and of that age."""
    at = archive.ago(days, hours=1)
    owner, vehicle = archive.owner, department
    await owner.execute(
        "INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by)"
        " VALUES ($1, $2, $3::timestamptz, 'off_duty', 't'),"
        " ($1, $2, $3::timestamptz + interval '1 minute', 'available', 't')",
        *(vehicle, department, at),
    )
    for statement in STATEMENTS:
        await owner.execute(statement, vehicle, department, at)
