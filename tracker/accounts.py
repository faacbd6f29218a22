"""Who may sign in at the broker: devices with a password, and how they come by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select, update

from tracker import models, sql
from tracker.connect import open_pool, told
from tracker.edits import clock
from tracker.errors import Unknown
from tracker.passwords import hashed, is_hash, new_password

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.connect import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The registry as the broker needs it."""

    #: Hash of the password by full ref (`FSD/box-1`), of devices that are not retired.
    hashes: dict[str, str] = field(default_factory=dict)
    #: Hash by department and ref of the MQTT subscription, of those who read its telling.
    readers: dict[tuple[str, str], str] = field(default_factory=dict)
    #: Whether clients without a name are let in: in the demonstration, and until some device has
    #: had a password. It stays off when that device is retired.
    anonymous: bool = False
    #: The shards of ingest: each has a client of its own.
    shards: tuple[int, ...] = (1,)
    #: Departments of other shards than the first, which reads everything else.
    elsewhere: tuple[str, ...] = ()


async def load(connection: Connection) -> Accounts:
    """Read them in the caller's transaction."""
    rows = await connection.fetch(sql.text("load_accounts"))
    shards = await connection.fetch("SELECT id FROM feed WHERE id > 0 ORDER BY id")
    elsewhere = await connection.fetch("SELECT ref FROM department WHERE shard > 1 ORDER BY ref")
    kept = {row["full_ref"]: row["password_hash"].decode("ascii", "replace") for row in rows}
    return Accounts(
        hashes={full_ref: each for full_ref, each in kept.items() if is_hash(each)},
        readers={
            (row["department"], row["ref"]): row["password_hash"]
            for row in await connection.fetch("SELECT * FROM topic_readers()")
        },
        anonymous=await connection.fetchval(sql.text("anonymous_clients")),
        shards=tuple(row["id"] for row in shards),
        elsewhere=tuple(row["ref"] for row in elsewhere),
    )


async def read(dsn: str) -> Accounts:
    """Read them on a connection of their own; raises DatabaseUnreachable."""
    pool = await open_pool(dsn, size=1)
    try:
        with told():
            async with pool.acquire() as connection:
                return await load(connection)
    finally:
        await pool.close()


async def set_password(connection: AsyncConnection, full_ref: str) -> str:
    """Give a device a new password in the caller's transaction, and return it: only its hash is
    stored. The old one ends at once. Raises Unknown."""
    password = new_password()
    await connection.execute(
        update(models.Device)
        .where(models.Device.id == await _device_id(connection, full_ref))
        .values(password_hash=hashed(password).encode("ascii"))
    )
    return password


async def retire(connection: AsyncConnection, full_ref: str) -> None:
    """End a device's service: it cannot sign in, and is in no vehicle from now on. What it sent
    stays. Raises Unknown."""
    device_id = await _device_id(connection, full_ref)
    # One time for both, by which a device that is restored finds its vehicle again.
    now, during = await clock(connection), models.DeviceAssignment.during
    await connection.execute(
        update(models.Device)
        .where(models.Device.id == device_id)
        .values(retired_at=now, revision=models.Device.revision + 1)
    )
    its = models.DeviceAssignment.device_id == device_id
    await connection.execute(delete(models.DeviceAssignment).where(its, func.lower(during) >= now))
    await connection.execute(
        update(models.DeviceAssignment)
        .where(its, during.contains(now))
        .values(during=func.tstzrange(func.lower(during), now))
    )


async def _device_id(connection: AsyncConnection, full_ref: str) -> int:
    department, _, ref = full_ref.partition("/")
    found = await connection.scalar(
        select(models.Device.id)
        .join(models.Department, models.Department.id == models.Device.department_id)
        .where(
            models.Department.ref == department,
            models.Device.ref == ref,
            models.Device.retired_at.is_(None),
        )
    )
    if found is None:
        raise Unknown(f"No device is called {full_ref}, or it is retired.")
    return found
