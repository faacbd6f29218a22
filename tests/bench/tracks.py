"""scripts/bench tracks: what questions cost on a store of many fixes, as the API's role.

10,000 vehicles with 5,000 fixes each, 10 s apart (50 million, about 9 GB), built once and kept in
/var/tmp/milepost-bench. Then, as the API's role with row security over all departments: the latest
in a box, the k nearest, one vehicle-day, who was within some metres of a place in an hour. Commits
on that store beside commits on an empty one; and how long anybody waits while a day leaves with a
reader open.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from geo.fix import Fix
from tests.bench.tracks_built import BOX, DEPARTMENTS, REGISTER, START, Size, ensure_built
from tracker import reads
from tracker.access import database
from tracker.commit import Committer
from tracker.data_folder import DataFolder
from tracker.message import Message, Reading
from tracker.postgres import private_dsn
from tracker.schema import migrate

#: Where PostgreSQL may go, whoever runs it, and where a restart of the machine leaves it.
KEPT_IN = Path("/var/tmp/milepost-bench")  # noqa: S108  it is kept on purpose
EMPTY = "bench_empty"
#: Fixes of a commit.
COMMIT_FIXES = 2000
#: Where the fixes of the commits go: a day of their own, which is thrown away again.
COMMITTED_AT = datetime(2026, 12, 20, 12, 0, tzinfo=UTC)
PROBE_EVERY_S = 0.02
READER_S = 3.0
HALF_BOX_DEG = 0.02
EVERYONE = range(1, DEPARTMENTS + 1)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured."""

    vehicles: int
    fixes: int
    build_s: float
    store_gb: float
    commit_fixes_s: float
    commit_fixes_s_empty: float
    box_p50_ms: float
    box_p99_ms: float
    nearest_p50_ms: float
    nearest_p99_ms: float
    vehicle_day_p50_ms: float
    vehicle_day_p99_ms: float
    vehicle_day_fixes: float
    within_hour_p50_ms: float
    within_hour_p99_ms: float
    within_hour_found: float
    leaving_reader_s: float
    leaving_longest_wait_ms: float


Question = Callable[[reads.Scope, random.Random], Awaitable[int]]


async def in_a_box(scope: reads.Scope, chance: random.Random) -> int:
    """The latest fixes in a box of some kilometres."""
    lon, lat = chance.uniform(BOX[0], BOX[2]), chance.uniform(BOX[1], BOX[3])
    box = (lon - HALF_BOX_DEG, lat - HALF_BOX_DEG, lon + HALF_BOX_DEG, lat + HALF_BOX_DEG)
    return len(reads.as_rows(await reads.positions(scope, box=box)))


async def nearest(scope: reads.Scope, chance: random.Random) -> int:
    """The ten nearest that can do something."""
    lon, lat = chance.uniform(BOX[0], BOX[2]), chance.uniform(BOX[1], BOX[3])
    wanted = reads.Near(lon=lon, lat=lat, k=10, capabilities=[chance.choice(("tow", "pump"))])
    return len(await reads.near(scope, wanted))


async def vehicle_day(scope: reads.Scope, chance: random.Random) -> int:
    """All fixes of one vehicle in 24 hours."""
    asked = reads.Stretch(
        vehicle_id=chance.randint(1, OPTIONS.vehicles),
        since=START,
        until=START + timedelta(days=1),
        limit=10_000,
    )
    return len((await reads.track(scope, asked)).columns["lon"])


async def within_hour(scope: reads.Scope, chance: random.Random) -> int:
    """Who was within 200 m of a place in an hour, up to the last one."""
    lasts_s = OPTIONS.fixes * 10.0
    begins_s = chance.uniform(0.0, max(lasts_s - 3600.0, 0.0))
    since = START + timedelta(seconds=begins_s)
    asked = reads.Nearby(
        lon=chance.uniform(BOX[0], BOX[2]),
        lat=chance.uniform(BOX[1], BOX[3]),
        radius_m=200.0,
        since=since,
        until=since + timedelta(hours=1),
    )
    return len(await reads.visitors(scope, asked))


OPTIONS = argparse.Namespace()
QUESTIONS: dict[str, Question] = {
    "box": in_a_box,
    "nearest": nearest,
    "vehicle_day": vehicle_day,
    "within_hour": within_hour,
}


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)


async def asked_often(dsn: str, question: Question, times: int) -> tuple[list[float], float]:
    """Milliseconds of each answer, and how much was found on average."""
    reader, chance = reads.Reader(dsn), random.Random(3)  # noqa: S311  the same questions each time
    took_ms, found = [], 0
    for number in range(times + 5):
        began_s = time.perf_counter()
        async with reader.scope(EVERYONE) as scope:
            count = await question(scope, chance)
        if number >= 5:  # the first ones open connections and prepare statements
            took_ms.append((time.perf_counter() - began_s) * 1000)
            found += count
    await reader.close()
    return took_ms, found / times


def messages(number: int, vehicles: int) -> list[Message]:
    """A commit of one fix each of as many vehicles as a commit holds, and again."""
    made = []
    for at in range(COMMIT_FIXES):
        n = number * COMMIT_FIXES + at
        vehicle, step = 1 + n % vehicles, n // vehicles
        fixed_at = COMMITTED_AT + timedelta(seconds=10 * step)
        lon = BOX[0] + (BOX[2] - BOX[0]) * (vehicle % 997) / 997
        fix = Fix(fixed_at=fixed_at, lon=lon, lat=22.3, speed_mps=3.0, course_deg=90.0)
        made.append(
            Message(
                source="bench",
                department_ref=f"D{1 + vehicle % DEPARTMENTS}",
                device_ref=f"b{vehicle:05}",
                received_at=fixed_at,
                readings=[Reading(fix=fix, raw=b"$")],
            )
        )
    return made


async def commit_rate(dsn: str, vehicles: int, seconds: float) -> float:
    """Fixes a second of commits alone, one after the other."""
    committer = await Committer.open(dsn)
    try:
        await committer.commit(messages(0, vehicles))
        spent_s, number = 0.0, 1
        while spent_s < seconds:
            batch = messages(number, vehicles)
            began_s = time.perf_counter()
            done = await committer.commit(batch)
            spent_s += time.perf_counter() - began_s
            assert done.stored == COMMIT_FIXES, done
            number += 1
        return (number - 1) * COMMIT_FIXES / spent_s
    finally:
        await committer.close()


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A connection of one's own."""
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def commit_rates(folder: DataFolder, seconds: float, vehicles: int) -> tuple[float, float]:
    """On the store and on an empty one, in turns; the store is left as it was."""
    superuser = private_dsn(folder, "postgres")
    async with connected(superuser) as connection:
        await connection.execute(f"DROP DATABASE IF EXISTS {EMPTY}")
        await connection.execute(f"CREATE DATABASE {EMPTY}")
        await connection.execute("CREATE TABLE IF NOT EXISTS latest_kept AS SELECT * FROM latest")
    empty = private_dsn(folder, "postgres", EMPTY)
    await migrate(private_dsn(folder, "milepost_owner", EMPTY), empty)
    async with connected(empty) as connection:
        await connection.execute(REGISTER.replace("$vehicles", str(vehicles)))
    try:
        full = await commit_rate(private_dsn(folder, "milepost_ingest"), vehicles, seconds)
        bare = await commit_rate(private_dsn(folder, "milepost_ingest", EMPTY), vehicles, seconds)
    finally:
        async with connected(superuser) as connection:
            await _forget_commits(connection)
            await connection.execute(f"DROP DATABASE IF EXISTS {EMPTY} WITH (FORCE)")
    return full, bare


async def _forget_commits(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """The store as it was built."""
    for row in await connection.fetch(
        "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' AND relname > $1"
        " AND relname LIKE 'fix\\_%'",
        f"fix_{OPTIONS.size.ends_at:%Y%m%d}",
    ):
        await connection.execute(f'DROP TABLE "{row["relname"]}"')
    await connection.execute(
        "TRUNCATE latest, fence_state, receipt, past_change;"
        " INSERT INTO latest SELECT * FROM latest_kept; DROP TABLE latest_kept; ANALYZE latest"
    )


async def leaving(folder: DataFolder) -> tuple[float, float]:
    """A day's partition leaves while a reader that is at it stays for some seconds.

    How long the reader kept it waiting, s, and the longest that a read or an insert elsewhere had
    to wait meanwhile, ms. The partition is put back.
    """
    part, waits_ms = f"fix_{START:%Y%m%d}", [0.0]
    superuser = private_dsn(folder, "postgres")
    async with connected(superuser) as reader, connected(superuser) as leaver:
        await leaver.execute("SELECT ensure_fix_partition($1)", COMMITTED_AT.date())
        going = reader.transaction()
        await going.start()
        await reader.fetchval(f"SELECT vehicle_id FROM {part} LIMIT 1")  # noqa: S608  our name
        began_s = time.perf_counter()
        task = asyncio.create_task(
            leaver.execute(f"ALTER TABLE fix DETACH PARTITION {part} CONCURRENTLY")
        )
        probing = asyncio.create_task(_probe(superuser, task, waits_ms))
        try:
            await asyncio.sleep(READER_S)
            await going.rollback()
            await task
            took_s = time.perf_counter() - began_s
            await probing
        finally:
            until = START.date() + timedelta(days=1)
            await leaver.execute(
                f"ALTER TABLE fix ATTACH PARTITION {part}"
                f" FOR VALUES FROM ('{START.date()} 00:00:00+00') TO ('{until} 00:00:00+00')"
            )
    return took_s, max(waits_ms)


async def _probe(dsn: str, until: asyncio.Task[str], waits_ms: list[float]) -> None:
    """Read and write the table meanwhile; nothing of it is kept."""
    async with connected(dsn) as connection:
        while not until.done():
            began_s = time.perf_counter()
            going = connection.transaction()
            await going.start()
            await connection.fetch(
                "SELECT fixed_at FROM fix WHERE vehicle_id = 1 AND fixed_at > $1 LIMIT 1",
                COMMITTED_AT,
            )
            await connection.execute(
                "INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id,"
                " department_id) VALUES ($1, $1, ST_SetSRID(ST_MakePoint(1, 1), 4326), 0, 0, 1)",
                COMMITTED_AT,
            )
            await going.rollback()
            waits_ms.append((time.perf_counter() - began_s) * 1000)
            await asyncio.sleep(PROBE_EVERY_S)


async def measure(folder: DataFolder, options: argparse.Namespace) -> Figures:
    """One whole run on a running private PostgreSQL."""
    owner, superuser = private_dsn(folder, "milepost_owner"), private_dsn(folder, "postgres")
    build_s = await ensure_built(folder.path, options.size, owner, superuser)
    api = private_dsn(folder, "milepost_api")
    answers = {}
    for name, question in QUESTIONS.items():
        answers[name] = await asked_often(api, question, options.times)
        sys.stderr.write(f"{name}: {percentile(answers[name][0], 0.99)} ms\n")
    leaving_s, wait_ms = await leaving(folder)
    full, bare = await commit_rates(folder, options.seconds, options.vehicles)
    async with connected(superuser) as connection:
        store = await connection.fetchval("SELECT pg_database_size('milepost')")
    figures = {
        f"{name}_p{share}_ms": percentile(took_ms, share / 100)
        for name, (took_ms, _) in answers.items()
        for share in (50, 99)
    }
    return Figures(
        vehicles=options.vehicles,
        fixes=options.vehicles * options.fixes,
        build_s=round(build_s),
        store_gb=round(store / 2**30, 2),
        commit_fixes_s=round(full),
        commit_fixes_s_empty=round(bare),
        vehicle_day_fixes=round(answers["vehicle_day"][1]),
        within_hour_found=round(answers["within_hour"][1], 1),
        leaving_reader_s=round(leaving_s, 2),
        leaving_longest_wait_ms=round(wait_ms, 1),
        **figures,
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench tracks", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument("--fixes", type=int, default=5_000, help="of each vehicle, 10 s apart")
    parser.add_argument("--times", type=int, default=300, help="that each question is asked")
    parser.add_argument("--seconds", type=float, default=15, help="of commits, on each store")
    parser.add_argument("--keep", type=Path, help="the folder that keeps the store")
    parser.parse_args(namespace=OPTIONS)
    OPTIONS.size = Size(vehicles=OPTIONS.vehicles, fixes=OPTIONS.fixes)
    name = f"tracks-{OPTIONS.vehicles}x{OPTIONS.fixes}"
    kept = OPTIONS.keep or KEPT_IN / name
    folder = DataFolder(kept)
    with database(folder):
        figures = asyncio.run(measure(folder, OPTIONS))
    for key, value in asdict(figures).items():
        sys.stdout.write(f"{key:<26} {value}\n")
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
