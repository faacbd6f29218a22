"""`milepost vehicle contractor`."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import as_owner_do


def contractor(
    vehicle: Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FEHD/RCV-1")],
    firm: Annotated[
        str | None,
        typer.Argument(metavar="CONTRACTOR", help="Its ref; without: the department itself."),
    ] = None,
) -> None:
    """Say who drives a vehicle. Its past goes with it: who drives it sees where it was."""
    from tracker.registry import contract

    as_owner_do(lambda connection: contract(connection, vehicle, firm))
    typer.echo(f"vehicle {vehicle} is driven by {firm or 'its department'}.")
