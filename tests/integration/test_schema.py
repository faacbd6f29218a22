"""Models = migrations, proved twice; and what the rows' guards refuse."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import date, datetime

import asyncpg
import pytest
from sqlalchemy import text

from tests.conftest import Database
from tracker.connect import ApiConnection, reading_engine, scoped
from tracker.errors import SchemaForeign
from tracker.schema import create_from_models, differences, migrate, superuser_sql

REVOKED = (
    "set_config('app.depts', '1', false)",
    "pg_sleep(0)",
    "pg_advisory_lock(1)",
    "pg_notify('live', '')",
    "pg_cancel_backend(1)",
    "lo_create(0)",
    "table_to_xml('fix', true, false, '')",
    "pg_export_snapshot()",
)


async def dump(database: Database) -> list[str]:
    """The sorted lines of the schema, without partitions and the migrations' own table."""
    process = await asyncio.create_subprocess_exec(
        *("pg_dump", "-s", "-T", "public.fix_*[0-9]", "-T", "public.alembic_version"),
        database.dsn("postgres"),
        stdout=subprocess.PIPE,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    return sorted(line for line in out.decode().splitlines() if not line.startswith(("--", "\\")))


async def test_migrations_leave_nothing_that_the_models_would_change(database: Database) -> None:
    engine = database.engine()
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        assert await connection.run_sync(differences) == []
    await engine.dispose()


async def test_dump_of_migrations_equals_dump_of_models(
    database: Database, empty_database: Database
) -> None:
    superuser = await asyncpg.connect(empty_database.dsn("postgres"))
    await superuser.execute(superuser_sql())
    await superuser.close()
    async with empty_database.transaction() as connection:
        await create_from_models(connection)

    migrated = await dump(database)

    assert migrated == await dump(empty_database)
    assert sum("FORCE ROW LEVEL SECURITY" in line for line in migrated) > 20


async def test_migrating_again_changes_nothing(database: Database) -> None:
    before = await dump(database)

    revision = await migrate(database.dsn("milepost_owner"), database.dsn("postgres"))

    assert revision
    assert await dump(database) == before


async def test_a_newer_schema_is_refused_untouched(database: Database) -> None:
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute("UPDATE alembic_version SET version_num = 'from the future'")

    with pytest.raises(SchemaForeign, match="from the future"):
        await migrate(database.dsn("milepost_owner"))

    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "from the future"
    await owner.close()


async def test_without_a_scope_no_owned_table_shows_a_row(database: Database) -> None:
    await add_two_departments(database)
    api = await asyncpg.connect(database.dsn("milepost_api"), connection_class=ApiConnection)
    assert await api.fetch("SELECT * FROM vehicle") == []
    await api.close()

    engine = reading_engine(database.dsn("milepost_api"))
    async with scoped(engine, []) as connection:
        assert (await connection.execute(text("SELECT * FROM vehicle"))).all() == []
    async with scoped(engine, [1]) as connection:
        assert (await connection.execute(text("SELECT ref FROM vehicle"))).scalars().all() == ["A1"]
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT * FROM vehicle"))).all() == []
    await engine.dispose()


async def add_two_departments(database: Database) -> None:
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute(
        """
        INSERT INTO department (ref, name) VALUES ('A', '{}'), ('B', '{}');
        INSERT INTO vehicle (department_id, ref, name) VALUES (1, 'A1', '{}'), (2, 'B1', '{}');
        INSERT INTO device (department_id, ref, accept_from)
            VALUES (1, 'a', '2000-01-01Z'), (2, 'b', '2000-01-01Z'), (1, 'c', '2000-01-01Z');
        """
    )
    await owner.close()


@pytest.mark.parametrize("call", REVOKED)
async def test_the_api_may_not_call_what_would_leave_its_scope(
    database: Database, call: str
) -> None:
    api = await asyncpg.connect(database.dsn("milepost_api"), connection_class=ApiConnection)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await api.execute(f"SELECT {call}")
    await api.close()


async def test_the_api_may_not_write_nor_read_a_partition(database: Database) -> None:
    await make_partition(database, date(2026, 11, 24))
    api = await asyncpg.connect(database.dsn("milepost_api"), connection_class=ApiConnection)
    for statement in (
        "SELECT * FROM fix_20261124",
        "INSERT INTO department (ref, name) VALUES ('X', '{}')",
        "UPDATE latest SET lon = 0",
        "SELECT * FROM api_key",
        "SELECT * FROM local_user",
        "SELECT * FROM session",
        "SELECT * FROM role_assignment",
        "CREATE TEMPORARY TABLE t (n int)",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute(statement)
    await api.close()


async def make_partition(database: Database, day: date) -> None:
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute("UPDATE installation SET daily_from = '2026-11-01'")
    await owner.close()
    ingest = await asyncpg.connect(database.dsn("milepost_ingest"))
    await ingest.execute("SELECT ensure_fix_partition($1)", day)
    await ingest.close()


async def test_partitions_are_daily_since_the_start_and_monthly_before(database: Database) -> None:
    for day in (date(2026, 11, 24), date(2026, 11, 24), date(2001, 2, 3), date(2001, 2, 28)):
        await make_partition(database, day)
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    partitions = await owner.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits"
        " WHERE inhparent = 'fix'::regclass ORDER BY 1"
    )
    await owner.close()
    assert [row["name"] for row in partitions] == ["fix_200102", "fix_20261124"]


async def test_racing_makers_of_one_partition_all_succeed(database: Database) -> None:
    days = [date(2026, 12, 1 + n % 3) for n in range(12)]
    await make_partition(database, date(2026, 11, 30))
    await asyncio.gather(*(make_partition(database, day) for day in days))


async def test_a_device_is_only_in_vehicles_of_its_department(database: Database) -> None:
    await add_two_departments(database)
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    assign = (
        "INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)"
        " VALUES ($1, $2, $3, $4)"
    )
    always: asyncpg.Range[datetime] = asyncpg.Range(None, None)
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner.execute(assign, 1, 1, 2, always)
    await owner.execute(assign, 1, 1, 1, always)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await owner.execute(assign, 1, 3, 1, always)
    with pytest.raises(asyncpg.CheckViolationError):
        await owner.execute(assign, 1, 3, 1, asyncpg.Range(empty=True))
    await owner.close()
