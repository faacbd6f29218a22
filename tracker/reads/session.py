"""The way to the rows: one engine of the API's role, one scope a transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import repeat
from typing import Any, Final, TypeVar

import asyncpg
from sqlalchemy import Select, exc, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tracker.connect import reading_engine, scoped
from tracker.errors import DatabaseUnreachable, SchemaMissing, TrackerError
from tracker.reads.errors import TooSlow, Unanswerable

#: A transaction that waits says something so often: it is ended otherwise.
AWAKE_S: Final = 1.0
T = TypeVar("T")
#: A transaction that sees the rows of some departments.
Scope = AsyncConnection
#: One row, by the names that its read documents.
Row = Mapping[str, Any]


class Reader:
    """Reads as the API's role. Nothing is connected before the first read."""

    def __init__(self, dsn: str, *, size: int = 8) -> None:
        self.dsn = dsn
        self._engine: AsyncEngine = reading_engine(dsn, size=size)

    async def close(self) -> None:
        """Give the connections back."""
        await self._engine.dispose()

    @asynccontextmanager
    async def scope(
        self, department_ids: Iterable[int], contractor_ids: Iterable[int] = ()
    ) -> AsyncIterator[Scope]:
        """A transaction that sees the rows of these departments and no others; with contractors
        only those of their vehicles.

        Raises DatabaseUnreachable, SchemaMissing, TooSlow or Unanswerable, also out of the block.
        """
        with told():
            async with scoped(self._engine, department_ids, contractor_ids) as scope:
                yield scope

    async def check(self) -> None:
        """Return when the database answers and holds the schema; raises as `scope` does."""
        async with self.scope(()) as scope:
            await scope.execute(text("SELECT 1 FROM installation"))


async def rows_of(scope: Scope, query: Select[*tuple[Any, ...]]) -> list[Row]:
    """All rows of a query."""
    return [row._asdict() for row in await scope.execute(query)]


async def columns_of(scope: Scope, query: Select[*tuple[Any, ...]]) -> dict[str, tuple[Any, ...]]:
    """All rows of a query, as the column of each name. Of ten thousand rows it takes a third of the
    time of `rows_of`: what asyncpg has read is told, and SQLAlchemy makes nothing of it."""
    found = await scope.execute(query)
    names = tuple(found.keys())
    read = [] if found.cursor is None else found.cursor.fetchall()
    return dict(zip(names, zip(*read, strict=True) if read else repeat(()), strict=False))


#: What asyncpg raises while the server is away or cannot go on, or the address is wrong.
_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a rollback while the connection dies
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
#: The first that fits decides. Others are faults of ours and stay what they are.
_OURS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], type[TrackerError]], ...] = (
    ((asyncpg.QueryCanceledError, exc.TimeoutError), TooSlow),
    ((asyncpg.DataError, asyncpg.exceptions.DataError), Unanswerable),
    ((asyncpg.UndefinedTableError, asyncpg.UndefinedFunctionError), SchemaMissing),
    (_AWAY, DatabaseUnreachable),
)


@contextmanager
def told() -> Iterator[None]:
    """Turn what SQLAlchemy and asyncpg raise for a state of the server into our words."""
    try:
        yield
    except (exc.DBAPIError, exc.TimeoutError, *_AWAY) as error:
        cause = error.orig.__cause__ if isinstance(error, exc.DBAPIError) and error.orig else error
        for kinds, ours in _OURS:
            if isinstance(cause, kinds):
                raise ours(f"({type(cause).__name__})") from error
        raise


async def awake(scope: Scope, work: Callable[[], T]) -> T:
    """Do it in a thread; meanwhile the transaction is not idle for so long that it is ended."""
    task = asyncio.create_task(asyncio.to_thread(work))
    while not (await asyncio.wait({task}, timeout=AWAKE_S))[0]:
        await scope.execute(text("SELECT 1"))
    return task.result()
