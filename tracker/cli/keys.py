"""`milepost key …`: what programs show to be let in."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import as_owner_do
from tracker.cli.users import Roles

group = typer.Typer(help="Keys of programs: made, listed, revoked.", no_args_is_help=True)


@group.command()
def add(
    role: Roles,
    label: Annotated[str, typer.Option(help="Who or what it is for.")] = "command line",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is valid.")] = 90,
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this permission of its roles (positions:read); may be given several times."
        ),
    ] = None,
) -> None:
    """Make a key and print it, this once; only its hash is stored.

    Example: milepost key add --role dispatcher@FSD --label "wall map" --scope positions:read
    """
    from tracker.people import add_key

    typer.echo(
        as_owner_do(
            lambda connection: add_key(
                connection, label=label, roles=role, days=days, scopes=scope or None
            )
        )
    )


@group.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False) -> None:
    """List keys: what they may do, until when, and when they were used last."""
    from tracker.cli.registry import lister

    lister("key")(as_json)


@group.command()
def revoke(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its eight characters: mp_1a2b3c4d.")],
) -> None:
    """End a key. Programs that use it are refused within seconds."""
    from tracker.people import revoke as end

    as_owner_do(lambda connection: end(connection, name))
    typer.echo(f"key {name} is revoked.")
