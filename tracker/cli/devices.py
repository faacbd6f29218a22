"""`milepost device password|retire`."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import run_as_owner

FullRef = Annotated[
    str, typer.Argument(metavar="DEPARTMENT/REF", help="The device's full ref: FSD/box-1.")
]


def password(device: FullRef) -> None:
    """Print a new password of a device, this once. The old one is refused from now on."""
    from tracker.access import database
    from tracker.accounts import set_password
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        typer.echo(run_as_owner(addresses, lambda connection: set_password(connection, device)))


def retire(device: FullRef) -> None:
    """End a device's service: it signs in no more and its vehicle is free; its fixes stay."""
    from tracker.access import database
    from tracker.accounts import retire as end
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        run_as_owner(addresses, lambda connection: end(connection, device))
    typer.echo(f"device {device} is retired.")
