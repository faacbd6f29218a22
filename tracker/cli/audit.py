"""`milepost audit`: who looked at what, and whether the chain is whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.asking import (
    JsonOption,
    VehicleArgument,
    asked,
    say_json,
    say_table,
    vehicle_of,
    when,
)
from tracker.cli.shared import DataOption, escaped, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

group = typer.Typer(
    no_args_is_help=True,
    help="Who looked at positions and who changed what: rows that nobody changes unseen.",
)

DayOption = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="A day in the service's own time zone; today."),
]


@dataclass(frozen=True, kw_only=True)
class Listing:
    """The options of `audit list`."""

    day: DayOption = None
    what: Annotated[
        str | None, typer.Option(help="Only what begins so: track.read, or vehicle.")
    ] = None
    who: Annotated[
        str | None, typer.Option(help="Only whose key, name or label has this in it.")
    ] = None
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many, the newest.")] = 100
    as_json: JsonOption = False


@group.command("list")
@takes(Listing)
def list_(options: Listing) -> None:
    """List what was read and written, the newest first.

    Example: milepost audit list --day 2026-11-27 --what track.
    """
    from tracker import audit

    given = audit.Asked(
        limit=options.limit,
        day=options.day.date() if options.day else None,
        what=options.what,
        who=options.who,
    )
    _say(asked(lambda connection: audit.rows(connection, given)), options.as_json)


@group.command("who-saw")
def who_saw(vehicle: VehicleArgument, day: DayOption = None, as_json: JsonOption = False) -> None:
    """Say who saw where a vehicle was, or could have, on one day.

    Live views, tiles and polled positions count where the vehicle was in what they showed.

    Example: milepost audit who-saw FSD/AMB-1 --day 2026-11-27
    """
    from tracker import audit, reads

    async def look(connection: AsyncConnection) -> list[dict[str, Any]]:
        found = await vehicle_of(connection, vehicle)
        of = day.date() if day else await reads.today(connection)
        return await audit.who_saw(connection, found["id"], of)

    _say(asked(look), as_json)


@group.command()
def verify(
    data: DataOption = None,
    key: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The public key, from elsewhere."),
    ] = None,
) -> None:
    """Find any row of the audit that was changed, removed or moved; exit code 1 where one was."""
    from tracker.audit.chain import kept_heads
    from tracker.audit.chain import verify as go_over
    from tracker.audit.key import public_key
    from tracker.data_folder import DataFolder

    folder = DataFolder(data)
    by = public_key(folder, key)
    found = asked(lambda connection: go_over(connection, by, kept_heads(folder)))
    for fault in found.faults:
        typer.echo(fault)
    whole = "It is whole." if not found.faults else f"{len(found.faults)} faults."
    typer.echo(f"{found.rows} rows, {found.heads} signed heads. {whole}")
    raise typer.Exit(bool(found.faults))


@group.command()
def head() -> None:
    """Print the newest signed head: day, number, hash, key, signature. Keep it elsewhere."""
    from tracker.audit.chain import newest_head

    typer.echo(asked(newest_head) or "Nothing is signed yet: the worker does it.")


@group.command("key")
def key_(data: DataOption = None) -> None:
    """Print the public key by which the heads can be verified anywhere (Ed25519, PEM)."""
    from tracker.audit.key import public_key, public_pem
    from tracker.data_folder import DataFolder

    typer.echo(public_pem(public_key(DataFolder(data))), nl=False)


def _say(rows: Iterable[dict[str, Any]], as_json: bool) -> None:
    rows = list(rows)
    if as_json:
        say_json(rows)
        return
    heads = ("day", "no.", "at", "who", "what", "departments", "vehicles", "window", "purpose")
    say_table(heads, map(_line, rows), nothing="Nothing.")


def _line(row: dict[str, Any]) -> list[str]:
    window = f"{when(row['since'])} - {when(row['until'])}" if row["since"] else ""
    return [
        *(str(row["day"]), str(row["n"]), when(row["at"])),
        escaped(f"{row['label']} ({row['who']})"),
        row["what"],
        ",".join(map(str, row["department_ids"])),
        ",".join(map(str, row["vehicle_ids"])) or ("all of scope" if row["scope"] else ""),
        window,
        escaped(row["purpose"] or row["detail"] or ""),
    ]
