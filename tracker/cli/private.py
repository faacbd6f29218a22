"""`milepost vehicle private`, `department off-duty` and `department retention`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from tracker.cli.shared import TIME_FORMATS, as_owner_do, aware, escaped, me, moment, takes

Department = Annotated[str, typer.Argument(help="Ref of the department.")]


class Keeps(StrEnum):
    """What is kept of a private time."""

    NOTHING = "nothing"
    PRESENCE = "presence"


class OffDutyKeeps(StrEnum):
    """What is kept of a vehicle off duty."""

    ALL = "all"
    PRESENCE = "presence"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True)
class PrivateOptions:
    """What `vehicle private` is told."""

    vehicle: Annotated[str | None, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/AMB-1.")] = (
        None
    )
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=TIME_FORMATS, help="UTC, included; without: now."),
    ] = None
    until: Annotated[
        datetime | None,
        typer.Option("--to", formats=TIME_FORMATS, help="Not included; without: until --end."),
    ] = None
    keeps: Annotated[Keeps, typer.Option(help="What is kept of it.")] = Keeps.NOTHING
    end: Annotated[
        int | None, typer.Option("--end", metavar="NUMBER", help="End this private time now.")
    ] = None
    show: Annotated[bool, typer.Option("--list", help="List private times.")] = False
    as_json: Annotated[bool, typer.Option("--json", help="With --list: JSON lines.")] = False


@takes(PrivateOptions)
def private(said: PrivateOptions) -> None:
    """Make a vehicle private for a time: no position of it is kept, also none sent later.

    What was stored of that time before is erased, unless a legal hold keeps it.
    """
    from tracker.keeping import private as times

    if said.show:
        _list(said)
    elif said.end is not None:
        number = said.end
        as_owner_do(lambda connection: times.end(connection, number, vehicle=said.vehicle))
        typer.echo(f"private time {said.end} has ended.")
    elif said.vehicle is None:
        raise typer.BadParameter("Name a vehicle, --end or --list.")
    else:
        vehicle, since = said.vehicle, aware(said.since) or datetime.now(UTC)
        made = as_owner_do(
            lambda connection: times.declare(
                connection,
                vehicle,
                since=since,
                until=aware(said.until),
                keeps=said.keeps.value,
                by=me(),
            )
        )
        ends = f"to {moment(aware(said.until) or since)}" if said.until else "until it is ended"
        typer.echo(f"{vehicle} is private from {moment(since)} {ends} (number {made}).")


def _list(said: PrivateOptions) -> None:
    from tracker import reads

    rows = as_owner_do(lambda connection: reads.private_times(connection, vehicle=said.vehicle))
    for row in rows:
        typer.echo(json.dumps(row, default=str) if said.as_json else _line(row))
    if not rows and not said.as_json:
        typer.echo("No private time.")


def _line(row: Mapping[str, Any]) -> str:
    until = moment(row["until"]) if row["until"] else "open"
    now = "  now" if row["is_now"] else ""
    return (
        f"{row['id']:>5}  {row['vehicle']:<16}  {moment(row['since'])} to {until:<20}"
        f"  {row['why']}, keeps {row['keeps']}, by {escaped(row['declared_by'])}{now}"
    )


def presence(
    vehicle: Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/AMB-1.")],
    since: Annotated[datetime, typer.Option("--from", formats=TIME_FORMATS, help="UTC.")],
    until: Annotated[datetime, typer.Option("--to", formats=TIME_FORMATS, help="Not included.")],
) -> None:
    """Say inside which fences a vehicle was at private times that keep presence."""
    from tracker import reads

    rows = as_owner_do(
        lambda connection: reads.presence(
            connection, vehicle=vehicle, since=aware(since), until=aware(until)
        )
    )
    for row in rows:
        typer.echo(f"{moment(row['at'])}  {' '.join(row['fences']) or 'in no fence'}")
    if not rows:
        typer.echo("No presence is kept of that time.")


def off_duty(
    department: Department,
    keeps: Annotated[OffDutyKeeps, typer.Argument(help="What is kept from now on.")],
) -> None:
    """Say what is kept of a department's vehicles while they are off duty."""
    from tracker.keeping import policy

    as_owner_do(lambda connection: policy.keep_off_duty(connection, department, keeps.value))
    typer.echo(f"Of vehicles of {department} off duty is kept from now on: {keeps.value}.")


def retention(
    department: Department,
    days: Annotated[
        int | None, typer.Argument(min=1, help="Without: as long as the installation says.")
    ] = None,
) -> None:
    """Say for how many days it is kept where a department's vehicles were."""
    from tracker.keeping import policy

    as_owner_do(lambda connection: policy.keep_for(connection, department, days))
    kept = f"{days} days" if days else "as long as the installation says"
    typer.echo(f"What {department} left behind is kept {kept}.")
