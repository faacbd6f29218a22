"""`milepost serve`: the API and the console; `milepost view`: pages that stand alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tracker.cli.shared import TIME_FORMATS, aware, run_as_owner

if TYPE_CHECKING:
    from api.views import Wanted
    from tracker.reads import Row, Scope

app = typer.Typer()
view = typer.Typer(
    no_args_is_help=True,
    help="Make a page that stands alone: one HTML file with its map, to look at, print, keep.",
)
app.add_typer(view, name="view")

_HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
_PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Its TCP port.")]


@app.command()
def serve(host: _HostOption = None, port: _PortOption = None) -> None:
    """Serve the API, the live feed and the console."""
    import uvicorn

    from api.app import create_app
    from api.settings import ApiSettings
    from tracker.hosts import is_loopback
    from tracker.settings import DatabaseSettings

    settings = ApiSettings()
    dsn = DatabaseSettings().require("milepost_api")
    host = host or settings.host
    if not is_loopback(host):
        typer.echo(
            f"Milepost listens on {host} by plain HTTP: tokens and positions can be read on the "
            "way. Put a TLS proxy in front, and let it listen on 127.0.0.1 instead.",
            err=True,
        )
    uvicorn.run(
        create_app(settings, dsn),
        host=host,
        port=port or settings.port,
        server_header=False,
        ws_per_message_deflate=False,  # frames are dense; deflating each for each viewer costs more
        ws_max_size=64 * 1024,
        timeout_graceful_shutdown=5,
    )


VehicleArgument = Annotated[
    str, typer.Argument(metavar="DEPARTMENT/REF", help="The vehicle's full ref: FSD/AMB-1.")
]
FromOption = Annotated[
    datetime | None,
    typer.Option("--from", formats=TIME_FORMATS, help="Since when; a day before --to."),
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", formats=TIME_FORMATS, help="Until when; now.")
]
FileOption = Annotated[
    Path, typer.Option("--output", "-o", metavar="FILE", help="Where the page goes.")
]
LangOption = Annotated[
    Literal["en", "zh-Hant"], typer.Option(help="The page's language: English or 繁體中文.")
]


@view.command("track")
def view_track(
    vehicle: VehicleArgument,
    output: FileOption,
    since: FromOption = None,
    until: ToOption = None,
    lang: LangOption = "en",
) -> None:
    """Where a vehicle went: its way by speed, stops, crossings, silences.

    Example: milepost view track FSD/AMB-1 --from 2026-11-26 --to 2026-11-27 -o track.html
    """
    from api.views import track_view

    async def make(scope: Scope, wanted: Wanted) -> str:
        return await track_view(scope, await _vehicle(scope, vehicle), wanted)

    _write(output, _wanted(lang, since, until), make)


@view.command("near")
def view_near(
    place: Annotated[
        str, typer.Argument(help="Latitude, longitude: '22.2978,114.1722'; or HK1980 Grid.")
    ],
    output: FileOption,
    radius_m: Annotated[float, typer.Option(min=1, max=10_000, help="Metres.")] = 100.0,
    since: FromOption = None,
    until: ToOption = None,
    lang: LangOption = "en",
) -> None:
    """Which vehicles were near a place, when, how near and how long.

    Example: milepost view near 22.2978,114.1722 --radius-m 200 --from 2026-11-26 -o near.html
    """
    from api.views import near_view
    from geo.places import read_place

    at = read_place(place)
    _write(
        output,
        _wanted(lang, since, until),
        lambda scope, wanted: near_view(scope, at, radius_m, wanted),
    )


@view.command("heat")
def view_heat(
    of: Annotated[
        str, typer.Argument(metavar="DEPARTMENT[/REF]", help="A department, or one vehicle.")
    ],
    output: FileOption,
    since: FromOption = None,
    until: ToOption = None,
    lang: LangOption = "en",
) -> None:
    """Where a vehicle, or a department's vehicles, spent their time.

    Example: milepost view heat FSD --lang zh-Hant -o heat.html
    """
    from api.views import heat_view
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = of.partition("/")

    async def make(scope: Scope, wanted: Wanted) -> str:
        if ref:
            return await heat_view(
                scope, department, [await _vehicle(scope, of)], wanted, of_one=True
            )
        if department not in await reads.department_names(scope):
            raise Unknown(f"(department {department})")
        every = await reads.vehicles(scope)
        own = [row for row in every if row["department"] == department]
        return await heat_view(scope, department, own, wanted, of_one=False)

    _write(output, _wanted(lang, since, until), make)


def _wanted(
    lang: Literal["en", "zh-Hant"], since: datetime | None, until: datetime | None
) -> Wanted:
    from api.errors import BadParameter
    from api.views import Wanted

    until = aware(until) or datetime.now(UTC)
    since = aware(since) or until - timedelta(days=1)
    if since >= until:
        raise BadParameter("--from must be before --to.")
    return Wanted(language=lang, since=since, until=until)


async def _vehicle(scope: Scope, full_ref: str) -> Row:
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = full_ref.partition("/")
    found = await reads.vehicle(scope, department=department, ref=ref)
    if found is None:
        raise Unknown(f"(vehicle {full_ref})")
    return found


def _write(output: Path, wanted: Wanted, make: Callable[[Scope, Wanted], Awaitable[str]]) -> None:
    """Make the page, and put it where it goes when it is whole."""
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        page = run_as_owner(addresses, lambda scope: make(scope, wanted))
    output.write_text(page, encoding="utf-8")
    typer.echo(f"The page is in {output} ({len(page.encode()) // 1000} kB).")
