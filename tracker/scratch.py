"""A PostgreSQL for one purpose, gone with it, whose `milepost_now()` can be set."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from itertools import count
from pathlib import Path

import asyncpg

from tracker.data_folder import DataFolder
from tracker.postgres import PrivatePostgres
from tracker.roles import Role
from tracker.schema import migrate

TEMPLATE = "scratch"
#: What is lost with the folder need not reach the disk.
CUSTOM = "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\n"
#: Names of databases are our own, and no parameters. Copied as files: through the log it takes
#: thrice the time.
CREATE_EMPTY = "CREATE DATABASE {}"
CREATE_COPY = "CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"
GRANT_TEMP = "GRANT TEMPORARY ON DATABASE {} TO milepost_ingest"
DROP = "DROP DATABASE {} WITH (FORCE)"
CLOCK = """
CREATE TABLE scratch_clock (now timestamptz NOT NULL);
INSERT INTO scratch_clock VALUES ('2000-01-01Z');
GRANT SELECT, UPDATE ON scratch_clock TO PUBLIC;
CREATE OR REPLACE FUNCTION milepost_now() RETURNS timestamptz
    LANGUAGE sql VOLATILE AS 'SELECT now FROM scratch_clock';
"""


class ScratchServer:
    """A running server; each database of it is empty, migrated, and has a clock of its own."""

    def __init__(self, postgres: PrivatePostgres) -> None:
        self._postgres = postgres
        self._numbers = count(1)

    def dsn(self, role: Role, name: str) -> str:
        """Where a role finds a database."""
        return self._postgres.dsn(role, name)

    async def prepare(self) -> None:
        """Make what databases are copied from."""
        await self._run("postgres", CREATE_EMPTY.format(TEMPLATE))
        await migrate(self.dsn("milepost_owner", TEMPLATE), self.dsn("postgres", TEMPLATE))
        await self._run(TEMPLATE, CLOCK)

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The name of a database that lasts as long as the context."""
        name = f"{TEMPLATE}_{next(self._numbers)}"
        await self._run("postgres", CREATE_COPY.format(name, TEMPLATE))
        await self._run("postgres", GRANT_TEMP.format(name))
        try:
            yield name
        finally:
            await self._run("postgres", DROP.format(name))

    async def _run(self, database: str, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn("postgres", database))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def scratch_server() -> Iterator[ScratchServer]:
    """Start one in a folder of its own; both are gone afterwards. Raises ServerError."""
    folder = Path(tempfile.mkdtemp(prefix="milepost-scratch-"))
    folder.chmod(0o755)  # PostgreSQL's own user must be able to enter
    try:
        postgres = PrivatePostgres(DataFolder(folder / "data"))
        postgres.prepare_with(CUSTOM)
        postgres.start()
        try:
            server = ScratchServer(postgres)
            asyncio.run(server.prepare())
            yield server
        finally:
            postgres.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def set_clock(owner: asyncpg.Connection[asyncpg.Record], now: datetime) -> None:
    """From now on `milepost_now()` says this."""
    await owner.execute("UPDATE scratch_clock SET now = $1", now)
