"""What the verbs share."""

from __future__ import annotations

import asyncio
import getpass
import inspect
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar, get_type_hints, overload

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.settings import DatabaseSettings

T = TypeVar("T")

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder.", envvar="MILEPOST_DATA"),
]

#: How a person types a time.
TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S%z"]
DeviceArgument = Annotated[
    str, typer.Argument(metavar="DEPARTMENT/REF", help="The device's full ref: FSD/box-1.")
]


def escaped(said: str | bytes) -> str:
    """What somebody sent, safe on a terminal: other than printable characters as escapes.

    Bytes beyond ASCII are escaped, text beyond ASCII is shown.
    """
    text = said.decode("latin-1") if isinstance(said, bytes) else said
    shown = (
        c
        if c.isprintable() and c != "\\" and (c.isascii() or isinstance(said, str))
        else _escape(c)
        for c in text
    )
    return "".join(shown)


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode()


def moment(when: datetime) -> str:
    """A time for people: UTC, to the second."""
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")


@overload
def aware(when: datetime) -> datetime: ...
@overload
def aware(when: None) -> None: ...
@overload
def aware(when: datetime | None) -> datetime | None: ...
def aware(when: datetime | None) -> datetime | None:
    """A time as typed; without a zone it is UTC."""
    return when.replace(tzinfo=UTC) if when is not None and when.tzinfo is None else when


def takes(options: type[T]) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """A command whose options are the fields of a keyword-only dataclass, for there are many."""

    def made(command: Callable[[T], None]) -> Callable[..., None]:
        def called(**given: object) -> None:
            command(options(**given))

        hints = get_type_hints(options, include_extras=True)
        fields = inspect.signature(options).parameters.values()
        signature = inspect.Signature(
            [each.replace(annotation=hints[each.name]) for each in fields]
        )
        called.__doc__ = command.__doc__
        called.__signature__ = signature  # type: ignore[attr-defined]  # where Typer looks
        return called

    return made


def run_as_owner(addresses: DatabaseSettings, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Do the work in one transaction of the schema's owner: all of it or nothing."""
    from tracker.access import as_owner
    from tracker.audit import Who, named

    async def inside() -> T:
        async with as_owner(addresses) as connection:
            await named(connection, Who(who=f"shell:{me()}", label=me()))
            return await work(connection)

    return asyncio.run(inside())


def as_owner_do(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """The same with the database of the data folder, wherever that is."""
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        return run_as_owner(addresses, work)


def me() -> str:
    """Who types: their name on this machine."""
    return getpass.getuser()
