"""The database for a verb: the one given, the running private one, or one started for the verb."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from tracker.data_folder import DataFolder
from tracker.errors import DatabaseUnreachable
from tracker.postgres import PrivatePostgres, private_dsn
from tracker.settings import DatabaseSettings

#: A transaction of the schema's owner.
Owner = AsyncConnection


@contextmanager
def database(data: DataFolder) -> Iterator[DatabaseSettings]:
    """Addresses of a PostgreSQL that runs while the context lasts; raises TrackerError."""
    settings = DatabaseSettings()
    if settings.url is not None:
        yield settings
    elif data.holder() is not None:
        yield _private(data)
    else:
        with data.lock():
            server = PrivatePostgres(data)
            server.start()
            try:
                yield _private(data)
            finally:
                server.stop()


def _private(data: DataFolder) -> DatabaseSettings:
    return DatabaseSettings.model_validate(
        {
            "url": private_dsn(data, "milepost_owner"),
            "superuser_url": private_dsn(data, "postgres"),
        }
    )


@asynccontextmanager
async def as_owner(settings: DatabaseSettings) -> AsyncIterator[AsyncConnection]:
    """One transaction of the schema's owner; raises DatabaseUnreachable."""
    dsn = settings.require("milepost_owner")
    engine = create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            yield connection
    except (DBAPIError, OSError) as error:
        raise DatabaseUnreachable(f"({error})") from error
    finally:
        await engine.dispose()
