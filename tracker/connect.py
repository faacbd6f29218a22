"""Connections: pools of asyncpg, with its errors told in our words."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from tracker.errors import DatabaseUnreachable, Unstorable

if TYPE_CHECKING:
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]

#: What asyncpg raises for values that no table takes, before or after sending them.
UNSTORABLE = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    OverflowError,
    UnicodeError,
)
#: What it raises when the server is away, going away, or cannot go on (a full disk, no memory).
UNREACHABLE = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
)


SET_SCOPE = "SET LOCAL app.depts = '{}'"
SET_CONTRACTORS = "SET LOCAL app.contractors = '{}'"


class ApiConnection(asyncpg.Connection):
    """A connection of a role without `set_config`, which asyncpg would call to look up types.

    With the capability off it leaves `jit` alone; the role has it off anyway (database law 12).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  asyncpg's own signature
        super().__init__(*args, **kwargs)
        self._server_caps = self._server_caps._replace(jit=False)  # type: ignore[has-type]  # a private attribute


async def json_as_binary(connection: asyncpg.Connection[asyncpg.Record], /) -> None:
    """Json both ways; `binary`, or COPY would refuse the column (database law 2)."""
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        format="binary",
        encoder=lambda value: b"\x01" + json.dumps(value, ensure_ascii=False).encode(),
        decoder=lambda data: json.loads(data[1:]),
    )


async def open_pool(
    dsn: str, *, size: int = 4, server_settings: dict[str, str] | None = None
) -> Pool:
    """A pool of plain connections; raises DatabaseUnreachable."""
    with told():
        return await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=size,
            init=json_as_binary,
            timeout=10,
            server_settings=server_settings or {},
        )


class told:  # noqa: N801  reads as a word: `with told():`
    """Turns the driver's errors into Unstorable (the data's fault) and DatabaseUnreachable."""

    def __enter__(self) -> None:
        """Nothing to do at the start."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Raise ours in place of the driver's."""
        if isinstance(error, UNSTORABLE):
            raise Unstorable(f"({type(error).__name__}: {error})") from error
        if isinstance(error, UNREACHABLE):
            raise DatabaseUnreachable(f"({type(error).__name__}: {error})") from error


def reading_engine(dsn: str, *, size: int = 8) -> AsyncEngine:
    """An engine for the API's role, whose transactions are read-only and see one scope."""
    return create_async_engine(
        dsn.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=size,
        max_overflow=0,
        pool_pre_ping=True,
        connect_args={"connection_class": ApiConnection, "timeout": 10},
    )


@asynccontextmanager
async def scoped(
    engine: AsyncEngine, department_ids: Iterable[int], contractor_ids: Iterable[int] = ()
) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees the rows of these departments and of no other (database law 9); with
    contractors only those of their vehicles."""
    async with engine.begin() as connection:
        await set_scope(connection, department_ids, contractor_ids)
        yield connection


async def set_scope(
    connection: AsyncConnection, department_ids: Iterable[int], contractor_ids: Iterable[int] = ()
) -> None:
    """Let the connection's transaction see the rows of these departments, or what of them belongs
    to contractors."""
    # SET takes no parameters, and the API's role has no set_config: so integers, and only those.
    await connection.execute(text(SET_SCOPE.format(_listed(department_ids))))
    if narrowed := _listed(contractor_ids):
        await connection.execute(text(SET_CONTRACTORS.format(narrowed)))


def _listed(numbers: Iterable[int]) -> str:
    return ",".join(str(int(number)) for number in sorted(numbers))
