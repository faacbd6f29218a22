"""What the verbs that ask questions share: options, whom they mean, and tables for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from tracker.cli.shared import TIME_FORMATS, aware, moment, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row

T = TypeVar("T")

VehicleArgument = Annotated[
    str, typer.Argument(metavar="DEPARTMENT/REF", help="The vehicle's full ref: FSD/AMB-1.")
]
PlaceArgument = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help='Latitude, then longitude: "22.30, 114.17"; or HK1980 Grid: "836000E 819000N".',
    ),
]
DepartmentOption = Annotated[
    str | None, typer.Option(metavar="REF", help="Only vehicles of this department.")
]
FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=TIME_FORMATS, help="Since then, UTC.")
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", formats=TIME_FORMATS, help="Until then, UTC; now.")
]
KnownAtOption = Annotated[
    datetime | None,
    typer.Option(formats=TIME_FORMATS, help="As it was known then: without what came later."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


def asked(work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Read from the database of this installation, as its owner."""
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        return run_as_owner(addresses, work)


def window(since: datetime | None, until: datetime | None, *, hours: float) -> tuple[Any, Any]:
    """Since when and until when, aware; without `since` so many hours before `until`."""
    from tracker.errors import BadInput

    until = aware(until) or datetime.now(UTC)
    since = aware(since) or until - timedelta(hours=hours)
    if since >= until:
        raise BadInput("(--from must be before --to)")
    return since, until


async def vehicle_of(connection: AsyncConnection, full_ref: str) -> Row:
    """A row of `reads.vehicle`; raises Unknown."""
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = full_ref.partition("/")
    found = await reads.vehicle(connection, department=department, ref=ref)
    if found is None:
        raise Unknown(f"(vehicle {full_ref})")
    return found


async def department_id_of(connection: AsyncConnection, ref: str | None) -> int | None:
    """The id of a department, if one is meant; raises Unknown."""
    from sqlalchemy import select

    from tracker.errors import Unknown
    from tracker.models import Department

    if ref is None:
        return None
    found = await connection.scalar(select(Department.id).where(Department.ref == ref))
    if found is None:
        raise Unknown(f"(department {ref})")
    return int(found)


def say_json(value: object) -> None:
    """One JSON value; times as ISO 8601."""
    typer.echo(json.dumps(value, default=_in_json, ensure_ascii=False))


def _in_json(value: Any) -> str:  # noqa: ANN401  what json does not know: times and days
    return str(value.isoformat())


def say_table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, nothing: str) -> None:
    """Columns under their heads; numbers, and what follows them, to the right."""
    table = [list(heads), *(list(row) for row in rows)]
    if len(table) == 1:
        typer.echo(nothing)
        return
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    right = [all(row[at][:1].isdigit() or row[at] in ("", "-") for row in table[1:])
             for at in range(len(heads))]  # fmt: skip
    for row in table:
        cells = (
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        )
        typer.echo("  ".join(cells).rstrip())


def place(row: Mapping[str, Any]) -> str:
    """Latitude first, for people; a metre exact."""
    return "not known" if row["lon"] is None else f"{row['lat']:.5f}, {row['lon']:.5f}"


def metres(value: float) -> str:
    """A distance for people."""
    return f"{value:.0f} m" if value < 1000 else f"{value / 1000:.1f} km"  # noqa: PLR2004  m, km


def lasting(seconds: float | None) -> str:
    """A time that something took, for people."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def km_h(speed_mps: float | None) -> str:
    """A speed for people."""
    from geo.units import mps_to_kmh

    return "-" if speed_mps is None else f"{mps_to_kmh(speed_mps):.0f} km/h"


def when(value: datetime | date | None) -> str:
    """A time or a day for people; a dash for none."""
    if value is None:
        return "-"
    return moment(value) if isinstance(value, datetime) else value.isoformat()
