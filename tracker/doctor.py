"""What `milepost doctor` asks about the data folder, PostgreSQL and the schema."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tracker.calendar import warning_of
from tracker.child import answers
from tracker.data_folder import DataFolder
from tracker.postgres import PACKAGE, major, newest_programs, private_dsn
from tracker.server_errors import MissingProgram

ENOUGH_BYTES = 2 * 2**30  # the log before a checkpoint alone may take this much
TELLINGS = """
SELECT count(*) FILTER (WHERE d.state = 'waiting') AS waiting,
       count(*) FILTER (WHERE d.state = 'waiting' AND d.last_error IS NOT NULL) AS failing,
       count(*) FILTER (WHERE d.state = 'dead') AS dead,
       array_agg(DISTINCT p.ref || '/' || s.ref) FILTER (WHERE d.state = 'dead') AS whose
FROM delivery AS d
JOIN subscription AS s ON s.id = d.subscription_id
JOIN department AS p ON p.id = s.department_id
WHERE d.state <> 'sent' AND s.disabled_at IS NULL"""
PLACE_OF_DELIVERIES = "SELECT to_regclass('delivery') IS NOT NULL"
PLACE_OF_SCHEMA = "SELECT to_regclass('alembic_version') IS NOT NULL"
HOLIDAYS = "SELECT time_zone, holidays::text, milepost_now() FROM installation"
SCHEMA = "SELECT version_num FROM alembic_version"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report."""

    what: str
    found: str
    #: What to do about it; None where all is well.
    cure: str | None = None


def check_folder(data: DataFolder) -> Check:
    """The data folder: may we write there, and is there room?"""
    place = next(path for path in (data.path, *data.path.parents) if path.exists())
    free = shutil.disk_usage(place).free
    found = f"{data.path}, {free / 2**30:.1f} GiB free"
    if not os.access(place, os.W_OK):
        return Check("data folder", found, "not writable: choose another with MILEPOST_DATA")
    if free < ENOUGH_BYTES:
        return Check("data folder", found, f"under {ENOUGH_BYTES >> 30} GiB: make room")
    return Check("data folder", found)


def check_database(data: DataFolder, database_url: str | None) -> Iterator[Check]:
    """The programs, the cluster and the schema: ours in `data`, or those of `database_url`."""
    if database_url is not None:
        yield from _check_server(database_url, "is MILEPOST_DATABASE_URL right?")
        return
    try:
        programs = newest_programs()
    except MissingProgram as error:
        yield Check("PostgreSQL", "not found", str(error))
        return
    yield _check_cluster(programs, data.path / "pg")
    yield _check_postgis(programs)
    if data.holder() is None:
        yield Check("database", "not running: milepost run starts it")
    else:
        dsn = private_dsn(data, "postgres")
        yield from _check_server(dsn, f"see {data.log}/postgres.log")


def _check_cluster(programs: Path, folder: Path) -> Check:
    found = f"{major(programs)} ({programs})"
    version = folder / "PG_VERSION"
    try:
        made_by = version.read_text().strip() if version.exists() else major(programs)
    except PermissionError:
        return Check("PostgreSQL", found, f"{folder} is another user's: run doctor as that user")
    if made_by != major(programs):
        return Check("PostgreSQL", found, f"{folder} is of PostgreSQL {made_by}: use pg_upgrade")
    return Check("PostgreSQL", found)


def _check_postgis(programs: Path) -> Check:
    extensions = Path("/usr/share/postgresql") / major(programs) / "extension"
    control = extensions / "postgis.control"
    if not control.exists():
        return Check("PostGIS", "not found", f"apt-get install {PACKAGE}")
    version = re.search(r"default_version\s*=\s*'([^']+)'", control.read_text())
    return Check("PostGIS", version.group(1) if version else "unknown version")


def _check_server(dsn: str, cure: str) -> Iterator[Check]:
    try:
        version, schema, ending, tellings = asyncio.run(_ask(dsn))
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        yield Check("database", f"unreachable ({error})", cure)
        return
    yield Check("database", f"PostgreSQL {version} answers")
    yield Check("schema", schema or "none", None if schema else "run milepost migrate")
    if schema:
        yield Check("public holidays", "the list ends soon" if ending else "listed", ending)
    if tellings is not None:
        yield tellings


async def _ask(dsn: str) -> tuple[str, str | None, str | None, Check | None]:
    """The server's version, the schema's, what is to be said of the holidays, and of receivers."""
    connection = await asyncpg.connect(dsn, timeout=5)
    try:
        version = str(await connection.fetchval("SHOW server_version"))
        made = await connection.fetchval(PLACE_OF_SCHEMA)
        if not made:
            return version, None, None, None
        home = await connection.fetchrow(HOLIDAYS)
        ending = warning_of(home[0], json.loads(home[1] or "null"), home[2]) if home else None
        tellings = None
        if await connection.fetchval(PLACE_OF_DELIVERIES):
            row = await connection.fetchrow(TELLINGS)
            tellings = None if row is None else _tellings(row)
        schema = await connection.fetchval(SCHEMA)
        return version, schema, ending["en"] if ending else None, tellings
    finally:
        await connection.close()


def _tellings(row: asyncpg.Record) -> Check:
    found = f"{row['waiting']} wait, {row['failing']} of them tried, {row['dead']} dead letters"
    if not row["dead"]:
        return Check("telling", found)
    whose = ", ".join(row["whose"][:5])
    return Check(
        "telling", found, f"`milepost webhook dead` says why, `replay` sends again: {whose}"
    )


def check_web(data: DataFolder) -> Check:
    """Whether the API answers, where it runs."""
    port = data.ports().get("web")
    if data.holder() is None or port is None:
        return Check("web", "not running: milepost run starts it")
    cure = None if answers("127.0.0.1", port) else f"it does not answer: see {data.log}/serve.log"
    return Check("web", f"port {port}", cure)


def told(checks: Iterable[Check]) -> Iterator[str]:
    """The report's lines: what is wrong has its cure below it."""
    for check in checks:
        mark = "ok   " if check.cure is None else "wrong"
        yield f"{mark} {check.what:<18} {check.found}"
        if check.cure is not None:
            yield f"{'':<24} -> {check.cure}"
