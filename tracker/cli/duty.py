"""`milepost vehicle duty`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tracker.cli.shared import moment, run_as_owner


class Duty(StrEnum):
    """What a vehicle can be doing."""

    AVAILABLE = "available"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    AT_SCENE = "at_scene"
    LEAVING = "leaving"
    OFF_DUTY = "off_duty"


def duty(
    vehicle: Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/AMB-1.")],
    status: Annotated[Duty, typer.Argument(help="What it is doing from now on.")],
) -> None:
    """Say what a vehicle is doing from now on."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.duty import set_duty_as_owner

    department, _, ref = vehicle.partition("/")
    with database(DataFolder()) as addresses:
        since = run_as_owner(
            addresses,
            lambda connection: set_duty_as_owner(
                connection, department=department, ref=ref, status=status.value
            ),
        )
    typer.echo(f"vehicle {vehicle} is {status.value} since {moment(since)}.")
