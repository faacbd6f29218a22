"""`milepost application publish|unpublish`: what everybody sees in the open feed."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from tracker.cli.shared import as_owner_do

FEED = "/open/gtfs-rt/vehicle-positions.pb"
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_DELAY = re.compile(r"(\d{1,6})([smh]?)")

Application = Annotated[str, typer.Argument(metavar="APPLICATION", help="Its ref: LCSD-LIB.")]


def publish(
    application: Application,
    delay: Annotated[
        str, typer.Option(help="How late its vehicles are shown: 90s, 5m; a day at the most.")
    ] = "60s",
) -> None:
    """Show an application's vehicles to everybody, without sign-in, some time late.

    Everybody sees the refs of its vehicles, where they were, how fast and in which direction; no
    plate, no name, no driver. Not those that are retired, off duty or in a private time.
    """
    from tracker.publishing import publish as show

    delay_s = _seconds(delay)
    as_owner_do(lambda connection: show(connection, application, delay_s))
    typer.echo(f"application {application} is published {delay_s} s late, to everybody: {FEED}")


def unpublish(application: Application) -> None:
    """Take an application's vehicles out of the open feed, within a second or two."""
    from tracker.publishing import unpublish as hide

    as_owner_do(lambda connection: hide(connection, application))
    typer.echo(f"application {application} is not published any more.")


def _seconds(said: str) -> int:
    found = _DELAY.fullmatch(said)
    if found is None:
        raise typer.BadParameter(f"{said} is no delay: 90s, 5m, 1h.")
    return int(found[1]) * _SECONDS[found[2]]
