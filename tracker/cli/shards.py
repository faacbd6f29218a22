"""`milepost shard list|move`."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.registry import lister
from tracker.cli.shared import run_as_owner

group = typer.Typer(
    help="Shards: sets of departments, each served by one ingest process at a time.",
    no_args_is_help=True,
)
group.command("list")(lister("shard"))


@group.command()
def move(
    department: Annotated[str, typer.Argument(help="Ref of the department.")],
    shard: Annotated[int, typer.Argument(min=1, help="The shard that is to serve it.")],
) -> None:
    """Let another shard serve a department. Both stand still for a second; nothing is lost."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.shards import move

    with database(DataFolder()) as addresses:
        run_as_owner(addresses, lambda connection: move(connection, department, shard))
    typer.echo(f"Shard {shard} serves {department}.")
