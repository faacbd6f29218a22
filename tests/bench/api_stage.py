"""What `scripts/bench api` asks: an API in a process of its own, on a fleet that all reports."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx

from geo.fix import Fix
from tests.integration.processes import passing_folder
from tests.integration.service import MILEPOST, free_port
from tracker.access import as_owner, database
from tracker.commit import Committer
from tracker.message import Message, Reading
from tracker.people import add_key
from tracker.postgres import private_dsn
from tracker.schema import migrate

DEPARTMENTS = 14
WITHIN_S = 60.0
REGISTER = """
INSERT INTO department (ref, name) SELECT 'D' || i, '{}' FROM generate_series(1, $departments) AS i;
INSERT INTO vehicle (department_id, ref, name)
    SELECT 1 + i % $departments, 'v' || i, '{}' FROM generate_series(1, $vehicles) AS i;
INSERT INTO device (department_id, ref, accept_from)
    SELECT v.department_id, 'b' || substr(v.ref, 2), '2000-01-01Z' FROM vehicle AS v ORDER BY v.id;
INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)
    SELECT d.department_id, d.id, d.id, tstzrange(NULL, NULL) FROM device AS d;
"""


class Fleet:
    """Vehicles that all report in turn, committed as ingest does."""

    def __init__(self, committer: Committer, vehicles: int) -> None:
        self._committer = committer
        self._vehicles = vehicles
        self._next = 0
        self._turn = 0
        #: When the commit was durable whose newest fix was received so (unix µs).
        self.durable_s: dict[int, float] = {}
        self.took_s: list[float] = []

    async def report(self, count: int) -> None:
        """One commit of so many fixes."""
        self._turn += 1
        received_at = datetime.now(UTC)
        messages = []
        for _ in range(count):
            number = self._next % self._vehicles + 1
            self._next += 1
            lon = 114.0 + (number * 7919 % 3000) / 10_000 + self._turn * 1e-5 % 0.01
            lat = 22.2 + (number * 104_729 % 3000) / 10_000
            fix = Fix(fixed_at=received_at, lon=lon, lat=lat, speed_mps=10.0, course_deg=90.0)
            messages.append(
                Message(
                    source="mqtt",
                    department_ref=f"D{1 + number % DEPARTMENTS}",
                    device_ref=f"b{number}",
                    received_at=received_at,
                    readings=[Reading(fix=fix, raw=b"x")],
                )
            )
        begun = time.perf_counter()
        await self._committer.commit(messages)
        self.took_s.append(time.perf_counter() - begun)
        self.durable_s[int(received_at.timestamp())] = time.time()

    async def report_for(self, fixes_s: float, lasts_s: float) -> float:
        """Commits of 200 for so long; fixes a second that became durable."""
        self.took_s.clear()
        done, begun = 0, time.perf_counter()
        while (passed_s := time.perf_counter() - begun) < lasts_s:
            await self.report(200)
            done += 200
            await asyncio.sleep(max(0.0, done / fixes_s - (time.perf_counter() - begun)))
        return done / passed_s


@dataclass(frozen=True, kw_only=True)
class Stage:
    """A running API on a filled database."""

    port: int
    serve: subprocess.Popen[bytes]
    fleet: Fleet
    #: Of one department, and of all.
    one: str
    all: str
    api_dsn: str


@contextmanager
def serving(
    environment: dict[str, str], log: Path
) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """`milepost serve` in a process of its own."""
    port = free_port()
    command = [*MILEPOST, "serve", "--port", str(port)]
    with (
        log.open("wb") as said,
        subprocess.Popen(  # noqa: S603  our own program
            command, env=os.environ | environment, stdout=said, stderr=said
        ) as process,
    ):
        try:
            yield port, process
        finally:
            process.terminate()


@asynccontextmanager
async def stage(vehicles: int) -> AsyncIterator[Stage]:
    """A private PostgreSQL with the vehicles, all of which have reported once."""
    many = str(10**9)
    with passing_folder() as data, database(data) as addresses:
        owner, api_dsn = private_dsn(data, "milepost_owner"), private_dsn(data, "milepost_api")
        await migrate(owner, addresses.address("postgres"))
        connection = await asyncpg.connect(owner)
        register = REGISTER.replace("$vehicles", str(vehicles))
        await connection.execute(register.replace("$departments", str(DEPARTMENTS)))
        await connection.close()
        async with as_owner(addresses) as making:
            places = [f"dispatcher@D{number}" for number in range(1, DEPARTMENTS + 1)]
            one = await add_key(making, label="one", roles=places[:1], days=1)
            everything = await add_key(making, label="all", roles=places, days=1)
        committer = await Committer.open(private_dsn(data, "milepost_ingest"))
        fleet = Fleet(committer, vehicles)
        for begin in range(0, vehicles, 2_000):
            await fleet.report(min(2_000, vehicles - begin))
        connection = await asyncpg.connect(owner)
        await connection.execute("ANALYZE")
        await connection.close()
        quotas = {f"MILEPOST_API_{kind}_REQUESTS": many for kind in ("KEY", "DEPARTMENT")}
        environment = {
            **{"MILEPOST_DATA": str(data.path), "MILEPOST_DATABASE_API_URL": api_dsn},
            **{"MILEPOST_DATABASE_URL": owner, **quotas},
        }
        try:
            with serving(environment, data.path / "serve.log") as (port, process):
                await answering(port)
                yield Stage(
                    port=port,
                    serve=process,
                    fleet=fleet,
                    one=one,
                    all=everything,
                    api_dsn=api_dsn,
                )
        finally:
            await committer.close()


async def answering(port: int) -> None:
    """Wait until it answers."""
    async with asyncio.timeout(WITHIN_S), httpx.AsyncClient() as client:
        while True:
            try:
                await client.get(f"http://127.0.0.1:{port}/healthz")
                return
            except httpx.TransportError:
                await asyncio.sleep(0.1)
