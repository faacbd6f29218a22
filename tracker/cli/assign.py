"""`milepost device assign`: which vehicle a device is in, from when on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from tracker.cli.shared import TIME_FORMATS, DeviceArgument, aware, run_as_owner


def assign(
    device: DeviceArgument,
    vehicle: Annotated[str, typer.Option(help="Ref of the vehicle, of the same department.")],
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=TIME_FORMATS,
            help="UTC; without: always when it was in no vehicle before, else from now on.",
        ),
    ] = None,
) -> None:
    """Put a device into a vehicle; where it was before ends then.

    Fixes that were refused as unassigned are stored by `milepost rejects replay` after this.
    """
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.registry import move

    with database(DataFolder()) as addresses:
        run_as_owner(
            addresses,
            lambda connection: move(connection, device=device, vehicle=vehicle, since=aware(since)),
        )
    typer.echo(f"device {device} is in {vehicle}.")
