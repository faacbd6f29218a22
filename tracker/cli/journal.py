"""`milepost trips` and `milepost days`: what a vehicle did, and what vehicles did day by day."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tracker.cli.asking import (
    DepartmentOption,
    FromOption,
    JsonOption,
    ToOption,
    VehicleArgument,
    asked,
    department_id_of,
    km_h,
    lasting,
    metres,
    place,
    say_json,
    say_table,
    vehicle_of,
    when,
    window,
)
from tracker.cli.purpose import PurposeOption, note_read
from tracker.cli.shared import takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row

#: Rows of each kind that one answer shows.
MOST = 100_000
DAY_FORMATS = ["%Y-%m-%d"]


def trips(
    vehicle: VehicleArgument,
    since: FromOption = None,
    until: ToOption = None,
    *,
    purpose: PurposeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a vehicle did in the last day, or between two times: trips, stops and gaps.

    Example: milepost trips FSD/AMB-1 --from 2026-11-20 --to 2026-11-21 --purpose "complaint 118"
    """
    times = window(since, until, hours=24)
    told = asked(lambda connection: _journal(connection, vehicle, times, purpose))
    if as_json:
        say_json(told)
        return
    rows = sorted(
        (row["started_at"], line)
        for kind, of_kind in (("trips", _trip), ("stops", _stop), ("gaps", _gap))
        for row in told[kind]
        for line in [of_kind(row)]
    )
    heads = ("what", "from", "to", "distance", "moving", "idling", "fastest", "place")
    say_table(heads, (line for _, line in rows), nothing="Nothing is known of that time.")
    if told["odometer"] is not None:
        at = when(told["odometer"]["at"])
        typer.echo(f"odometer  {metres(told['odometer']['distance_m'])}, at {at}")


async def _journal(
    connection: AsyncConnection,
    full_ref: str,
    times: tuple[datetime, datetime],
    purpose: str | None,
) -> dict[str, Any]:
    from tracker import reads

    vehicle = await vehicle_of(connection, full_ref)
    await note_read(connection, "trips", purpose, times, vehicle=vehicle)
    begins, ends = times
    asked_for = reads.Window(vehicle_id=vehicle["id"], since=begins, until=ends, limit=MOST)
    return {
        "vehicle": vehicle["vehicle"],
        "trips": await reads.trips(connection, asked_for),
        "stops": await reads.stops(connection, asked_for),
        "gaps": await reads.gaps(connection, asked_for),
        "odometer": await reads.odometer(connection, vehicle_id=vehicle["id"]),
    }


def _trip(row: Row) -> list[str]:
    to = when(row["ended_at"]) if row["ends_by"] != "open" else "still going"
    end = {"lon": row["end_lon"], "lat": row["end_lat"]}
    return [
        *("trip", when(row["started_at"]), to, metres(row["distance_m"])),
        *(lasting(row["moving_s"]), lasting(row["idling_s"]), km_h(row["max_speed_mps"])),
        f"to {place(end)}",
    ]


def _stop(row: Row) -> list[str]:
    to = when(row["ended_at"]) if row["ended_at"] is not None else "still there"
    idling = lasting(row["idling_s"])
    return ["stop", when(row["started_at"]), to, "-", "-", idling, "-", f"at {place(row)}"]


def _gap(row: Row) -> list[str]:
    return ["gap", when(row["started_at"]), when(row["ended_at"]), *"----", "not known"]


@dataclass(frozen=True, kw_only=True)
class Totals:
    """The options of `milepost days`."""

    vehicle: Annotated[
        str | None,
        typer.Argument(metavar="[DEPARTMENT/REF]", help="One vehicle: FSD/AMB-1. Without: all."),
    ] = None
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=DAY_FORMATS, help="The first day; six before --to."),
    ] = None
    until: Annotated[
        datetime | None, typer.Option("--to", formats=DAY_FORMATS, help="The last day; today.")
    ] = None
    by: Annotated[
        Literal["vehicle", "application", "department"],
        typer.Option(help="What is added up."),
    ] = "vehicle"
    department: DepartmentOption = None
    application: Annotated[str | None, typer.Option(metavar="REF")] = None
    purpose: PurposeOption = None
    as_csv: Annotated[bool, typer.Option("--csv", help="A table for spreadsheets.")] = False
    as_json: JsonOption = False


@takes(Totals)
def days(options: Totals) -> None:
    """Say what vehicles did day by day: distance, trips, stops, hours; each alone or in sums.

    Example: milepost days --by department --from 2026-11-01 --to 2026-11-30 --csv
    """
    rows = asked(lambda connection: _days(connection, options))
    if options.as_json:
        say_json({"by": options.by, "days": rows})
    elif options.as_csv:
        _say_csv(rows)
    else:
        heads = (
            *("day", options.by, "vehicles", "distance", "trips", "stops", "moving", "idling"),
            *("engine", "fastest", "odometer"),
        )
        say_table(heads, map(_day, rows), nothing="Nothing is known of those days.")


async def _days(connection: AsyncConnection, options: Totals) -> list[Row]:
    from tracker import reads

    last = options.until.date() if options.until else await reads.today(connection)
    found = await vehicle_of(connection, options.vehicle) if options.vehicle else None
    department_id = await department_id_of(connection, options.department)
    first = options.since.date() if options.since else last - timedelta(days=6)
    times = (datetime.combine(first, time.min, UTC), datetime.combine(last, time.max, UTC))
    only = options.department
    await note_read(connection, "days", options.purpose, times, vehicle=found, department=only)
    asked_for = reads.Days(
        first=first,
        last=last,
        by=options.by,
        vehicle_id=found["id"] if found else None,
        department_id=department_id,
        application=options.application,
        limit=MOST,
    )
    return await reads.days(connection, asked_for)


def _day(row: Row) -> list[str]:
    return [
        *(when(row["day"]), row["ref"] or "(none)", str(row["vehicles"])),
        *(metres(row["distance_m"]), str(row["trips"]), str(row["stops"])),
        *(lasting(row["moving_s"]), lasting(row["idling_s"]), lasting(row["engine_s"])),
        km_h(row["max_speed_mps"]),
        "-" if row["odometer_m"] is None else metres(row["odometer_m"]),
    ]


def _say_csv(rows: Sequence[Row]) -> None:
    """RFC 4180; its texts are refs, which begin with a letter or a digit: no formula."""
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
