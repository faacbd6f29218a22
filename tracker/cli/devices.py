"""`milepost device password|retire|accept-from`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from tracker.cli.shared import TIME_FORMATS, aware, moment, run_as_owner

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


def accept_from(
    device: FullRef,
    since: Annotated[datetime, typer.Argument(formats=TIME_FORMATS, help="UTC.")],
) -> None:
    """Say since when fixes of a device are taken; older ones are refused as `clock`."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.imports import accept_from as take_from

    at = aware(since)
    assert at is not None  # noqa: S101  an argument that has to be given
    with database(DataFolder()) as addresses:
        run_as_owner(addresses, lambda connection: take_from(connection, device, at))
    typer.echo(
        f"Fixes of {device} are taken from {moment(at)} on. Refused before:"
        f" milepost rejects replay --device {device} --reason clock"
    )
