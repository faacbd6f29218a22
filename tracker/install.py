"""The installation as a whole: its name, and how it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.shapes import Territory
from tracker import models
from tracker.calendar import warning_of
from tracker.listing import listed
from tracker.subscriptions import subscriptions


async def set_name(
    connection: AsyncConnection,
    name: dict[str, str],
    *,
    demo: bool | None = None,
    territory: Territory | None = None,
) -> None:
    """Name the government; `demo` opens or closes the sign-in without a password; new fences must
    lie in the territory."""
    values: dict[str, Any] = {"name": name}
    if territory is not None:
        values["territory"] = list(territory)
    if demo is not None:
        values["demo"] = demo
    await connection.execute(update(models.Installation).values(values))


async def is_demo(connection: AsyncConnection) -> bool:
    """Whether anyone on this machine may sign in."""
    return bool(await connection.scalar(select(models.Installation.demo)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How the installation goes."""

    name: dict[str, str]
    #: Rows by table.
    counts: dict[str, int]
    newest_fix_at: datetime | None
    #: Devices that said so, by whether they are online.
    online: dict[bool, int]
    #: Rows of ingest_health.
    ingest: list[dict[str, Any]]
    #: By shard the process that serves it, and since when; without those that none serves.
    served: dict[int, tuple[str, str]]
    now: datetime
    #: Rows of worker_job.
    jobs: list[dict[str, Any]]
    #: What wants somebody's attention before it is too late, in English.
    warnings: list[str]
    #: Subscriptions, as `tracker.subscriptions` lists them.
    tellings: list[dict[str, Any]]
    #: Vehicles that have moved on by a minute or more since their motion was worked through.
    unworked: int


COUNTED = ("department", "application", "vehicle", "device", "fence", "rule")


async def status(connection: AsyncConnection) -> Status:
    """Read it, as the owner."""
    counts = {
        table: await connection.scalar(
            select(func.count()).select_from(models.Base.metadata.tables[table])
        )
        for table in COUNTED
    }
    health = await connection.execute(select(models.IngestHealth.__table__))
    states = await connection.execute(
        select(models.DeviceState.online, func.count())
        .join(models.Device, models.Device.id == models.DeviceState.device_id)
        .where(models.Device.retired_at.is_(None))
        .group_by(models.DeviceState.online)
    )
    installation = (await connection.execute(select(models.Installation.name))).scalar_one()
    return Status(
        name=installation,
        counts={table: int(count or 0) for table, count in counts.items()},
        newest_fix_at=await connection.scalar(select(func.max(models.Latest.fixed_at))),
        ingest=[dict(row) for row in health.mappings()],
        online={is_online: devices for is_online, devices in states},
        served={
            row["shard"]: (row["served_by"], row["since"])
            for row in await listed(connection, "shard")
            if row["served_by"] is not None
        },
        now=(await connection.execute(text("SELECT milepost_now()"))).scalar_one(),
        jobs=[
            dict(row)
            for row in (await connection.execute(select(models.WorkerJob.__table__))).mappings()
        ],
        warnings=[said["en"] for said in await warnings(connection)],
        tellings=await subscriptions(connection),
        unworked=await _unworked(connection),
    )


async def warnings(connection: AsyncConnection) -> list[dict[str, str]]:
    """What wants somebody's attention before it is too late, in both languages."""
    home = models.Installation
    row = (
        await connection.execute(
            select(home.time_zone, home.holidays, func.milepost_now(type_=home.created_at.type))
        )
    ).one_or_none()
    ending = None if row is None else warning_of(*row)
    return [] if ending is None else [ending]


async def _unworked(connection: AsyncConnection) -> int:
    cursor, latest = models.MotionCursor, models.Latest
    behind = cursor.worked_to < latest.fixed_at - timedelta(minutes=1)
    count = await connection.scalar(
        select(func.count())
        .select_from(latest)
        .outerjoin(cursor, cursor.vehicle_id == latest.vehicle_id)
        .where(behind | cursor.vehicle_id.is_(None))
    )
    return int(count or 0)
