"""`milepost track` and `milepost visits`: where a vehicle went, and who came to a place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tracker.cli.asking import (
    DepartmentOption,
    FromOption,
    JsonOption,
    KnownAtOption,
    PlaceArgument,
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

    from tracker.reads import Row, Track

#: Fixes that are shown; files of any length are for `milepost export`.
MOST = 100_000


#: Writes the page of `--html`. Who may draw gives it (`api/cli.py`): this folder draws nothing.
write_html: Callable[[Drive, Path], None] | None = None


@dataclass(frozen=True, kw_only=True)
class Drive:
    """The options of `milepost track`."""

    vehicle: VehicleArgument
    since: FromOption = None
    until: ToOption = None
    simplify: Annotated[
        float | None,
        typer.Option(
            metavar="METRES", min=0, max=10_000, help="Leave out fixes that lie so near to the way."
        ),
    ] = None
    points: Annotated[
        int | None, typer.Option(min=2, help="Leave so many of the most significant fixes.")
    ] = None
    known_at: KnownAtOption = None
    purpose: PurposeOption = None
    implausible: Annotated[
        bool, typer.Option("--implausible", help="Also impossible jumps, marked with a !.")
    ] = False
    as_json: JsonOption = False
    html: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write a page with a map, which stands alone, instead."),
    ] = None
    lang: Annotated[
        Literal["en", "zh-Hant"], typer.Option(help="The page's language: English or 繁體中文.")
    ] = "en"


@takes(Drive)
def track(options: Drive) -> None:
    """Say where a vehicle went: its fixes in the last hour, or between two times.

    Simplified, the ends of stops and gaps and the fixes beside a fence's crossing stay.

    Example: milepost track FSD/AMB-1 --from 2026-11-20T08:00:00Z --simplify 10
    """
    if options.simplify is not None and options.points is not None:
        raise typer.BadParameter("--simplify and --points do not go together.")
    if options.html is not None and write_html is not None:
        if options.known_at or options.implausible or options.as_json:
            raise typer.BadParameter("--html goes with --from, --to and --lang alone.")
        write_html(options, options.html)
        return
    found, told = asked(lambda connection: _track(connection, options))
    if options.as_json:
        say_json({"vehicle": options.vehicle, **told, **found.columns})
        return
    heads = ("fix", "", "place", "speed", "course", "ignition")
    say_table(heads, _fixes(found), nothing="No fix in that time.")
    if "of" in told:
        kept = len(found.columns["lon"])
        typer.echo(f"{kept} of {told['of']} fixes, true to {told['tolerance_m']:.1f} m")
    if found.goes_on_at is not None:
        typer.echo(f"It goes on: --from {found.goes_on_at:%Y-%m-%dT%H:%M:%SZ}")


async def _track(connection: AsyncConnection, options: Drive) -> tuple[Track, dict[str, Any]]:
    from geo.limits import limits_of
    from tracker import reads
    from tracker.cli.shared import aware

    vehicle = await vehicle_of(connection, options.vehicle)
    since, until = window(options.since, options.until, hours=1)
    await note_read(connection, "track", options.purpose, (since, until), vehicle=vehicle)
    stretch = reads.Stretch(
        vehicle_id=vehicle["id"],
        since=since,
        until=until,
        limit=MOST,
        implausible=options.implausible,
        known_at=aware(options.known_at),
    )
    if options.simplify is None and options.points is None:
        return await reads.track(connection, stretch), {}
    gap_ms = limits_of(vehicle["class"], vehicle["interval_s"][0]).gap_ms
    how = reads.Coarseness(tolerance_m=options.simplify, points=options.points, gap_ms=gap_ms)
    found = await reads.simplified(connection, stretch, how)
    return found.track, {"of": found.read, "tolerance_m": found.tolerance_m}


def _fixes(found: Track) -> Iterator[list[str]]:
    names = ("fixed_at", "implausible", "lon", "lat", "speed_mps", "course_deg", "ignition")
    columns = (found.columns[name] for name in names)
    for fixed_at, implausible, lon, lat, speed, course, ignition in zip(*columns, strict=True):
        yield [
            *(when(fixed_at), "!" if implausible else "", place({"lon": lon, "lat": lat})),
            *(km_h(speed), "-" if course is None else f"{course:.0f}°"),
            {True: "on", False: "off"}.get(ignition, "-"),
        ]


@dataclass(frozen=True, kw_only=True)
class Around:
    """The options of `milepost visits`."""

    to_place: PlaceArgument
    within: Annotated[
        float, typer.Option(metavar="METRES", min=0.1, max=10_000, help="How near.")
    ] = 100.0
    since: FromOption = None
    until: ToOption = None
    department: DepartmentOption = None
    purpose: PurposeOption = None
    as_json: JsonOption = False


@takes(Around)
def visits(options: Around) -> None:
    """Say which vehicles were near a place in the last hour, or between two times, for how long.

    A vehicle that drove through between two fixes counts; across a gap nothing is said.

    Example: milepost visits "22.2975, 114.1722" --within 50 --from 2026-05-03T08:00:00Z
    """
    from geo.places import read_place

    lon, lat = read_place(options.to_place)
    rows = asked(lambda connection: _visitors(connection, options, lon, lat))
    if options.as_json:
        say_json({"lon": lon, "lat": lat, "within_m": options.within, "vehicles": rows})
        return
    lines = (
        [
            *(row["vehicle"], when(row["first_at"]), when(row["last_at"])),
            *(lasting(row["within_s"]), metres(row["nearest_m"]), when(row["nearest_at"])),
        ]
        for row in sorted(rows, key=lambda row: row["first_at"])
    )
    heads = ("vehicle", "first", "last", "within", "nearest", "at")
    say_table(heads, lines, nothing="Nobody was seen there in that time.")


async def _visitors(
    connection: AsyncConnection, options: Around, lon: float, lat: float
) -> list[Row]:
    from tracker import reads
    from tracker.errors import BadInput

    since, until = window(options.since, options.until, hours=1)
    if until - since > reads.MOST_WINDOW:
        raise BadInput(f"(ask for {reads.MOST_WINDOW.days} days at most)")
    department_id = await department_id_of(connection, options.department)
    of = options.department
    await note_read(connection, "visits", options.purpose, (since, until), department=of)
    asked_for = reads.Nearby(
        lon=lon,
        lat=lat,
        radius_m=options.within,
        since=since,
        until=until,
        department_id=department_id,
    )
    return await reads.visitors(connection, asked_for)
