"""Bringing a database to this program's schema: superuser's part, migrations, functions, rights."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tracker import sql
from tracker.errors import SchemaForeign
from tracker.models import Base

MIGRATIONS = Path(__file__).parent / "migrations"
_PARTITION = re.compile(r"fix_\d{6,8}(_.*)?")


def is_ours(name: str | None, kind: str, parents: Mapping[Any, str | None]) -> bool:
    """Whether Alembic compares the thing of that name: not PostGIS's table, nor partitions."""
    table = name if kind == "table" else parents.get("table_name")
    return table is None or not (_PARTITION.fullmatch(table) or table == "spatial_ref_sys")


def superuser_sql() -> str:
    """What a database administrator runs where the service has no superuser."""
    return sql.text("superuser")


async def migrate(owner_dsn: str, superuser_dsn: str | None = None) -> str:
    """Bring the database to this program's schema, in one transaction; returns its revision.

    Without `superuser_dsn` the administrator must have run `superuser_sql()` before.
    Raises SchemaForeign, with nothing changed, when a newer program made the schema.
    """
    if superuser_dsn is not None:
        await _run_script(superuser_dsn, sql.text("superuser"))
    engine = create_async_engine(_sqlalchemy_url(owner_dsn), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await upgrade(connection)
            return await connection.run_sync(_revision) or ""
    finally:
        await engine.dispose()


async def upgrade(connection: AsyncConnection) -> None:
    """Run what is missing inside the connection's transaction."""
    await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265)")
    await connection.run_sync(_refuse_foreign)
    await _execute_script(connection, sql.text("functions"))
    # Views stand on columns that a migration may change.
    await _execute_script(connection, sql.text("drop_sharing"))
    await connection.run_sync(_alembic_upgrade)
    await _execute_rights(connection)
    await _execute_script(connection, sql.text("first_rows"))


async def create_from_models(connection: AsyncConnection) -> None:
    """Make the schema from the models alone: what the migrations are compared with."""
    await _execute_script(connection, sql.text("functions"))
    await connection.run_sync(Base.metadata.create_all)
    await _execute_rights(connection)


async def _execute_rights(connection: AsyncConnection) -> None:
    for name in ("callers", "security", "keeping", "sharing", "publishing", "audit"):
        await _execute_script(connection, sql.text(name))


def differences(connection: Connection) -> list[object]:
    """What Alembic would change to make the database equal the models; [] when equal."""
    context = MigrationContext.configure(
        connection,
        opts={"include_name": is_ours, "compare_type": True, "compare_server_default": True},
    )
    return list(compare_metadata(context, Base.metadata))


def new_revision(connection: Connection, message: str) -> None:
    """Write a migration of what `differences` sees into tracker/migrations/versions."""
    command.revision(_config(connection), message=message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def _alembic_upgrade(connection: Connection) -> None:
    command.upgrade(_config(connection), "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_foreign(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    found = _revision(connection)
    if found is not None and found not in known:
        raise SchemaForeign(f"It stands at {found}.")


async def _execute_script(connection: AsyncConnection, script: str) -> None:
    """Several statements at once, inside the transaction that SQLAlchemy has begun already."""
    raw = await connection.get_raw_connection()
    await raw.driver_connection.execute(script)  # type: ignore[union-attr]  # asyncpg's own


async def _run_script(dsn: str, script: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute(script)
    finally:
        await connection.close()


def _sqlalchemy_url(dsn: str) -> str:
    return re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", dsn)
