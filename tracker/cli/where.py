"""`milepost where` and `milepost near`: who is where, or was at an instant, and who is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.asking import (
    DepartmentOption,
    JsonOption,
    KnownAtOption,
    PlaceArgument,
    asked,
    department_id_of,
    lasting,
    metres,
    place,
    say_json,
    say_table,
    vehicle_of,
    when,
)
from tracker.cli.purpose import PurposeOption, note_read
from tracker.cli.shared import TIME_FORMATS, aware, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from geo.areas import Area
    from tracker.reads import Row

#: More vehicles than any installation has: the verb shows all.
ALL = 1_000_000


@dataclass(frozen=True, kw_only=True)
class Where:
    """The options of `milepost where`."""

    vehicle: Annotated[
        str | None,
        typer.Argument(metavar="[DEPARTMENT/REF]", help="One vehicle: FSD/AMB-1. Without: all."),
    ] = None
    at: Annotated[
        datetime | None,
        typer.Option(formats=TIME_FORMATS, help="At that instant, UTC. Without: now."),
    ] = None
    known_at: KnownAtOption = None
    department: DepartmentOption = None
    box: Annotated[
        str | None,
        typer.Option(metavar="W,S,E,N", help="Only in this box of degrees; now only."),
    ] = None
    polygon: Annotated[
        str | None,
        typer.Option(
            metavar="WKT",
            help="Only in it, POLYGON((114.1 22.3, …)): longitude, then latitude; now only.",
        ),
    ] = None
    purpose: PurposeOption = None
    as_json: JsonOption = False


@takes(Where)
def where(options: Where) -> None:
    """Say where vehicles are, or were at an instant, and how that is known.

    Between two fixes a vehicle goes straight on; across a gap it is not known where it was.

    Example: milepost where FSD/AMB-1 --at 2026-11-20T08:30:00Z --known-at 2026-11-20T08:31:00Z
    """
    if options.at is None and options.known_at is not None:
        raise typer.BadParameter("--known-at goes with --at.")
    if options.at is not None and (options.box or options.polygon):
        raise typer.BadParameter("--box and --polygon go without --at.")
    rows = asked(lambda connection: _places(connection, options))
    if options.as_json:
        say_json({"vehicles": rows})
    elif options.at is None:
        lines = (
            [
                row["vehicle"],
                place(row),
                when(row["fixed_at"]),
                lasting(row["age_s"]),
                row["motion"],
            ]
            for row in rows
        )
        say_table(("vehicle", "place", "fix", "age", "motion"), lines, nothing="No position.")
    else:
        heads = ("vehicle", "place", "known by", "fix before", "fix after")
        say_table(heads, map(_then, rows), nothing="No vehicle.")


async def _places(connection: AsyncConnection, options: Where) -> Sequence[Row]:
    from tracker import reads

    found = await vehicle_of(connection, options.vehicle) if options.vehicle else None
    department_id = await department_id_of(connection, options.department)
    at = aware(options.at)
    await note_read(
        connection,
        "where",
        options.purpose,
        (at, at) if at else None,
        vehicle=found,
        department=options.department,
    )
    if at is None:
        latest = await reads.positions(
            connection,
            department_id=department_id,
            box=_box(options.box) if options.box else None,
            area=_area(options.polygon) if options.polygon else None,
            ids=[found["id"]] if found else None,
        )
        return reads.as_rows(latest)
    instant = reads.Instant(
        at=at,
        known_at=aware(options.known_at),
        vehicle_id=found["id"] if found else None,
        department_id=department_id,
        limit=ALL,
    )
    return await reads.whereabouts(connection, instant)


def _box(text: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter("--box is west,south,east,north in degrees.") from None
    return west, south, east, north


def _area(text: str) -> Area:
    from geo.places import read_geometry
    from geo.shapes import build_shape

    return build_shape({"geometry": read_geometry(text)})


def _then(row: Row) -> list[str]:
    ends = (row["before"], row["after"])
    return [
        *(row["vehicle"], place(row), row["known_by"]),
        *("-" if each is None else when(each["fixed_at"]) for each in ends),
    ]


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """The options of `milepost near`."""

    near: PlaceArgument
    k: Annotated[int, typer.Option("-k", min=1, max=100_000, help="How many.")] = 10
    within: Annotated[
        float | None, typer.Option(metavar="METRES", min=0, help="Not farther than this.")
    ] = None
    capability: Annotated[
        list[str] | None, typer.Option(help="That it has; may be given several times.")
    ] = None
    status: Annotated[
        list[str] | None, typer.Option(help="Its duty status, or one of several.")
    ] = None
    vehicle_class: Annotated[
        list[str] | None, typer.Option("--class", help="Its class, or one of several.")
    ] = None
    max_age: Annotated[
        float | None, typer.Option(metavar="SECONDS", min=0, help="Of its latest fix.")
    ] = None
    application: Annotated[str | None, typer.Option(metavar="REF")] = None
    cluster: Annotated[str | None, typer.Option(metavar="REF")] = None
    department: DepartmentOption = None
    as_json: JsonOption = False


@takes(Nearest)
def near(options: Nearest) -> None:
    """Say which vehicles are nearest to a place, the nearest first, in true metres.

    Example: milepost near "22.2975, 114.1722" --capability pump --status available --max-age 120
    """
    from geo.places import read_place

    lon, lat = read_place(options.near)
    rows = asked(lambda connection: _nearest(connection, options, lon, lat))
    if options.as_json:
        say_json({"lon": lon, "lat": lat, "vehicles": rows})
        return
    lines = (
        [
            *(row["vehicle"], metres(row["distance_m"]), f"{row['bearing_deg']:03.0f}°"),
            *(lasting(row["age_s"]), row["motion"], row["duty_status"] or "-", row["class"]),
            place(row),
        ]
        for row in rows
    )
    heads = ("vehicle", "distance", "bearing", "age", "motion", "duty", "class", "place")
    say_table(heads, lines, nothing="None that fits.")


async def _nearest(
    connection: AsyncConnection, options: Nearest, lon: float, lat: float
) -> list[Any]:
    from tracker import reads

    await note_read(connection, "near", None, None, department=options.department)
    wanted = reads.Near(
        lon=lon,
        lat=lat,
        k=options.k,
        within_m=options.within,
        capabilities=options.capability or (),
        duty_statuses=options.status or (),
        classes=options.vehicle_class or (),
        max_age_s=options.max_age,
        application=options.application,
        cluster=options.cluster,
        department_id=await department_id_of(connection, options.department),
    )
    return await reads.near(connection, wanted)
