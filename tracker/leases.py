"""Which ingest process serves which shard: leases by the database's clock, fenced by a token.

A process says each half second that it lives. What it holds may be taken when it has been silent
for `LEASE_S`, or at once when it ran on this machine and is gone. Whoever takes a shard raises its
token, which every commit compares: a process that was only paused cannot write any more.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tracker import sql
from tracker.connect import open_pool, told
from tracker.errors import LeaseLost, SchemaMissing

if TYPE_CHECKING:
    from tracker.connect import Connection, Pool

LEASE_S = 3.0
BEAT_S = 0.5
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Claim(NamedTuple):
    """That a process takes a shard in place of the holder it saw."""

    worker: str
    instead_of: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A shard as it was seen."""

    shard: int
    holder: str | None
    #: Whether the holder lives.
    is_live: bool
    #: Since its holder was seen, or gave it back.
    idle_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All shards and the processes that live, at one moment."""

    leases: Sequence[Lease]
    #: By id how long ago it joined, in seconds.
    workers: Mapping[str, float]


class Leases:
    """One process among those that serve the shards."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.worker = worker_id()
        self._name = f"{socket.gethostname()}:{os.getpid()}"

    @classmethod
    async def open(cls, dsn: str) -> Leases:
        """Connect; raises DatabaseUnreachable."""
        # That a process lives need not survive a crash of the database.
        return cls(await open_pool(dsn, size=1, server_settings={"synchronous_commit": "off"}))

    async def beat(self) -> Look:
        """Say that this process lives, and look; raises DatabaseUnreachable or SchemaMissing."""
        with told():
            async with self._pool.acquire() as connection:
                await _require_schema(connection)
                await connection.execute(sql.text("beat"), self.worker, self._name, LEASE_S)
                workers = await connection.fetch(sql.text("look_at_workers"), LEASE_S)
                shards = await connection.fetch(sql.text("look_at_shards"))
        live = {row["id"]: row["joined_s"] for row in workers if not is_gone(row["id"])}
        return Look(
            workers=live,
            leases=[
                Lease(
                    shard=row["shard"],
                    holder=row["holder"],
                    is_live=row["holder"] in live,
                    idle_s=row["idle_s"],
                )
                for row in shards
            ],
        )

    async def leave(self) -> None:
        """This process ends; raises DatabaseUnreachable."""
        with told():
            async with self._pool.acquire() as connection:
                await connection.execute("DELETE FROM ingest_worker WHERE id = $1", self.worker)

    async def close(self) -> None:
        """Give the connection back."""
        await self._pool.close()


async def take(connection: Connection, shard: int, claim: Claim | None) -> int:
    """Take a shard; returns the token that its commits need from now on.

    Without a claim, whoever holds it. Raises LeaseLost when the holder is not the one that was
    seen, SchemaMissing where there is no Milepost.
    """
    await _require_schema(connection)
    if claim is None:
        holder = await connection.fetchval("SELECT holder FROM feed WHERE id = $1", shard)
    worker, instead_of = (None, holder) if claim is None else claim
    token: int | None = await connection.fetchval(sql.text("take_shard"), shard, worker, instead_of)
    if token is None:
        raise LeaseLost
    return token


async def _require_schema(connection: Connection) -> None:
    if not await connection.fetchval("SELECT to_regclass('installation') IS NOT NULL"):
        raise SchemaMissing


def worker_id() -> str:
    """This process and no other: the machine's start, the namespace, the pid, and its start."""
    pid = os.getpid()
    return f"{_machine()}/{pid}/{_started(pid)}"


def is_gone(worker: str) -> bool:
    """Whether it ran on this machine and is certain to have ended."""
    machine, pid, started = worker.rsplit("/", 2)
    return machine == _machine() and _started(int(pid)) != started


def _machine() -> str:
    boot = _BOOT_ID.read_text(encoding="ascii").strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


def _started(pid: int) -> str | None:
    """When a process started, in ticks; None when it has ended."""
    try:
        state, *more = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if state in "ZX" else more[18]
