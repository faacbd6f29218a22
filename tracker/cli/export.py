"""`milepost export`: the track of a vehicle as a file."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import typer

from tracker.cli.purpose import PurposeOption, note_read
from tracker.cli.shared import TIME_FORMATS, aware, moment, takes

if TYPE_CHECKING:
    from tracker.formats import Columns, Format
    from tracker.settings import DatabaseSettings

STDOUT = "-"


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """What `export` is told."""

    vehicle: Annotated[
        str, typer.Argument(metavar="DEPARTMENT/REF", help="The vehicle's full ref: FSD/AMB-1.")
    ]
    since: Annotated[datetime, typer.Option("--from", formats=TIME_FORMATS, help="UTC.")]
    until: Annotated[
        datetime | None, typer.Option("--to", formats=TIME_FORMATS, help="Not included; now.")
    ] = None
    format_: Annotated[
        Literal["gpx", "kml", "csv", "geojson", "geoparquet", "mfjson"],
        typer.Option("--format", help="How it is written: see docs/formats.md."),
    ] = "gpx"
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="- is stdout; by default a new name."),
    ] = None
    implausible: Annotated[
        bool, typer.Option("--implausible", help="Also fixes that are marked implausible.")
    ] = False
    purpose: PurposeOption = None


@takes(ExportOptions)
def export(said: ExportOptions) -> None:
    """Write the track of a vehicle to a file, which has its name only when it is whole."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import BadInput

    until = aware(said.until) or datetime.now(UTC)
    since = aware(said.since)
    assert since is not None  # noqa: S101  an option that has to be given
    if since >= until:
        raise BadInput("--from must be before --to.")
    with database(DataFolder()) as addresses:
        asyncio.run(_export(addresses, said, since, until))


async def _export(
    addresses: DatabaseSettings, said: ExportOptions, since: datetime, until: datetime
) -> None:
    from tracker import reads
    from tracker.access import as_owner
    from tracker.errors import Unknown
    from tracker.formats import FORMATS, file_name, head_of, written

    department, _, ref = said.vehicle.partition("/")
    async with as_owner(addresses) as owner:
        vehicle = await reads.vehicle(owner, department=department, ref=ref)
        if vehicle is None:
            raise Unknown(f"(vehicle {said.vehicle})")
        await note_read(owner, "export", said.purpose, (since, until), vehicle=vehicle)
    head, format_ = head_of(vehicle, since, until), FORMATS[said.format_]
    pages = reads.pages(
        lambda: as_owner(addresses),
        vehicle_id=vehicle["id"],
        since=since,
        until=until,
        implausible=said.implausible,
    )
    with _whole_or_nothing(said.output or Path(file_name(head, format_))) as file:
        async for piece in written(format_.writer(head), _told(pages, format_)):
            file.write(piece)


async def _told(pages: AsyncIterator[Columns], format_: Format) -> AsyncIterator[Columns]:
    """The pages, and on stderr how far they are."""
    count = 0
    async for page in pages:
        times = page["fixed_at"]
        count += len(times)
        if times:
            typer.echo(f"{count:>10,} fixes, up to {moment(times[-1])}", err=True)
        yield page
    typer.echo(f"{count:>10,} fixes as {format_.name}.", err=True)


@contextmanager
def _whole_or_nothing(path: Path) -> Iterator[BinaryIO]:
    """A file that gets its name when all of it is written; an older one of that name stays."""
    if str(path) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise typer.BadParameter(f"{path}: {error.strerror or error}.") from None
    finally:
        part.unlink(missing_ok=True)
    typer.echo(str(path))
