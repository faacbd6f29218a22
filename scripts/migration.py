#!/usr/bin/env python
"""Writes the migration that the models need: `.venv/bin/python scripts/migration.py "add plates"`.

It compares the models with a database of its own that stands at the newest migration.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from sqlalchemy.ext.asyncio import create_async_engine

from tracker.data_folder import DataFolder
from tracker.postgres import PrivatePostgres
from tracker.schema import differences, migrate, new_revision


async def write(postgres: PrivatePostgres, message: str) -> bool:
    """Write the revision; False where models and migrations are equal already."""
    owner = postgres.dsn("milepost_owner")
    await migrate(owner, postgres.dsn("postgres"))
    engine = create_async_engine(owner.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.connect() as connection:
            if not await connection.run_sync(differences):
                return False
            await connection.run_sync(new_revision, message)
            return True
    finally:
        await engine.dispose()


def main() -> int:
    """Write the migration, or say why there is none to write."""
    if len(sys.argv) != 2:  # noqa: PLR2004 - the program and one message
        sys.stderr.write(__doc__ or "")
        return 2
    with tempfile.TemporaryDirectory() as folder:
        postgres = PrivatePostgres(DataFolder(Path(folder) / "data"))
        Path(folder).chmod(0o755)  # PostgreSQL's own user must be able to enter
        postgres.start()
        try:
            written = asyncio.run(write(postgres, sys.argv[1]))
        finally:
            postgres.stop()
    sys.stdout.write(
        "Written into tracker/migrations/versions: read it, then run scripts/check.\n"
        if written
        else "Models and migrations are equal: nothing to write.\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
