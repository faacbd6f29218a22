"""Files of history on their way to ingest, as the owner: their parts wait in a table, which the
shard's one writer reads like any other source, so the same rules hold and receipts are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models, sql
from tracker.errors import Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The device whose history a file holds."""

    device_id: int
    #: `auto`, `on` or `off`.
    rollover: str
    #: Fixes of before are refused.
    accept_from: datetime
    #: The database's clock at the beginning, whole milliseconds.
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportState:
    """How far a file is."""

    #: Parts that ingest has not dealt with, and since when the oldest of them waits.
    waiting: int
    asked_at: datetime | None
    #: Parts that are dealt with, and those of them in which something was refused.
    dealt: int
    refused_parts: int


async def target(connection: AsyncConnection, device: str) -> Target:
    """The device of a full ref; raises Unknown."""
    department, _, ref = device.partition("/")
    query = (
        select(
            models.Device.id.label("device_id"),
            models.Device.rollover,
            models.Device.accept_from,
            func.date_trunc("milliseconds", func.milepost_now()).label("now"),
        )
        .join(models.Department, models.Department.id == models.Device.department_id)
        .where(models.Department.ref == department, models.Device.ref == ref)
        .where(models.Device.retired_at.is_(None))
    )
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        raise Unknown(f"(device {device})")
    return Target(**row._mapping)


async def add_parts(
    connection: AsyncConnection,
    *,
    to: Target,
    boot: str,
    source: str,
    parts: Sequence[tuple[int, bytes]],
) -> None:
    """Let parts, each with its number, wait for ingest; those that it had are left alone.

    They are received at `to.now`, all of them.
    """
    common = {"device_id": to.device_id, "boot": boot, "source": source, "asked_at": to.now}
    await connection.execute(
        text(sql.text("add_import_part")),
        [{**common, "seq": seq, "payload": payload} for seq, payload in parts],
    )


async def import_state(connection: AsyncConnection, *, device_id: int, boot: str) -> ImportState:
    """How far the file is."""
    row = await connection.execute(
        text(sql.text("import_state")), {"device_id": device_id, "boot": boot}
    )
    return ImportState(**row.mappings().one())


async def refused(connection: AsyncConnection, *, device_id: int, boot: str) -> Mapping[str, int]:
    """What of the file is refused and kept now, by reason."""
    rows = await connection.execute(
        text(sql.text("import_refused")), {"device_id": device_id, "boot": boot}
    )
    return {row["reason"]: int(row["count"]) for row in rows.mappings()}


async def stored(
    connection: AsyncConnection,
    *,
    device_id: int,
    since: datetime,
    first: datetime,
    last: datetime,
) -> int:
    """How many fixes of the device, first <= fixed_at <= last, were received since then."""
    values: dict[str, Any] = {"device_id": device_id, "since": since, "first": first, "last": last}
    row = await connection.execute(text(sql.text("count_imported")), values)
    return int(row.scalar_one())


async def accept_from(connection: AsyncConnection, device: str, since: datetime) -> None:
    """Refuse fixes of a device older than this, and no others, as `clock`; raises Unknown."""
    found = await target(connection, device)
    await connection.execute(
        update(models.Device).where(models.Device.id == found.device_id).values(accept_from=since)
    )
