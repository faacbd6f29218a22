"""What the verbs share."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.settings import DatabaseSettings

T = TypeVar("T")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder.", envvar="MILEPOST_DATA"),
]


def run_as_owner(addresses: DatabaseSettings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do the work in one transaction of the schema's owner: all of it or nothing."""
    from tracker.access import as_owner

    async def inside() -> T:
        async with as_owner(addresses) as connection:
            return await work(connection)

    return asyncio.run(inside())
