"""Real servers for tests: one PostgreSQL a run, a database of its own for each test."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import pytest
from hypothesis import settings
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tests.integration.processes import passing_folder
from tracker.postgres import PrivatePostgres
from tracker.roles import Role
from tracker.schema import migrate
from tracker.scratch import CREATE_COPY, CREATE_EMPTY, DROP, GRANT_TEMP

# How long an example takes is the machine's business.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

#: What for the tests' verbs read where vehicles were.
os.environ.setdefault("MILEPOST_PURPOSE", "a test")
TEMPLATE = "template_milepost"
#: Of each failure, where pytest sums up: as much as a log that is cut to its last lines can hold.
MOST_SAID = 1500
_numbers = itertools.count(1)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Behind the short summary say why, too: pytest leaves out what does not fit into the line of a
    test's name."""
    yield
    for kind in ("failed", "error"):
        for report in terminalreporter.getreports(kind):
            crash = getattr(report.longrepr, "reprcrash", None)
            said = crash.message if crash else report.longreprtext
            terminalreporter.write_line(f"{report.nodeid} said: {said[:MOST_SAID]}")


@dataclass(frozen=True)
class Database:
    """One migrated database, empty."""

    postgres: PrivatePostgres
    name: str

    def dsn(self, role: Role) -> str:
        """Where a role finds it."""
        return self.postgres.dsn(role, self.name)

    def engine(self, role: Role = "milepost_owner") -> AsyncEngine:
        """An engine of SQLAlchemy for a role."""
        return create_async_engine(self.dsn(role).replace("postgresql:", "postgresql+asyncpg:", 1))

    @asynccontextmanager
    async def transaction(self, role: Role = "milepost_owner") -> AsyncIterator[AsyncConnection]:
        """A transaction of a role, on a connection of its own that is gone behind it."""
        engine = self.engine(role)
        try:
            async with engine.begin() as connection:
                yield connection
        finally:
            await engine.dispose()

    def environment(self) -> dict[str, str]:
        """What the `milepost` command needs to find it."""
        return {
            "MILEPOST_DATABASE_URL": self.dsn("milepost_owner"),
            "MILEPOST_DATABASE_SUPERUSER_URL": self.dsn("postgres"),
            "MILEPOST_PURPOSE": "a test",
        }


async def run_as_superuser(postgres: PrivatePostgres, statement: str) -> None:
    """Run one statement outside any transaction."""
    connection = await asyncpg.connect(postgres.dsn("postgres", "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PrivatePostgres]:
    """The PostgreSQL of this test run, with a migrated template."""
    with passing_folder() as data:
        server = PrivatePostgres(data)
        server.start()
        try:
            asyncio.run(make_template(server))
            yield server
        finally:
            server.stop()


async def make_template(server: PrivatePostgres) -> None:
    """The migrated database that others are copies of."""
    await run_as_superuser(server, CREATE_EMPTY.format(TEMPLATE))
    await migrate(server.dsn("milepost_owner", TEMPLATE), server.dsn("postgres", TEMPLATE))


@pytest.fixture
async def database(postgres: PrivatePostgres) -> AsyncIterator[Database]:
    """A migrated database for this test alone."""
    made = await make_database(postgres)
    yield made
    await run_as_superuser(postgres, DROP.format(made.name))


async def make_database(postgres: PrivatePostgres) -> Database:
    """A migrated database of the template."""
    name = f"test_{next(_numbers)}"
    await run_as_superuser(postgres, CREATE_COPY.format(name, TEMPLATE))
    # A copy does not take over the rights on the database itself.
    await run_as_superuser(postgres, f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC")
    await run_as_superuser(postgres, GRANT_TEMP.format(name))
    return Database(postgres, name)


@pytest.fixture
async def empty_database(postgres: PrivatePostgres) -> AsyncIterator[Database]:
    """A database with nothing in it."""
    name = f"test_{next(_numbers)}"
    await run_as_superuser(postgres, CREATE_COPY.format(name, "template0"))
    yield Database(postgres, name)
    await run_as_superuser(postgres, DROP.format(name))
