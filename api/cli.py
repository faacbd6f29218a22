"""`milepost serve`: the API and the console; `view`: pages; `tell`: what leaves the house."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tracker.cli import tracks
from tracker.cli.asking import (
    FromOption,
    PlaceArgument,
    ToOption,
    VehicleArgument,
    asked,
    vehicle_of,
    window,
)
from tracker.cli.panels import INNER, QUESTIONS
from tracker.cli.purpose import PurposeOption, note_read
from tracker.cli.shared import takes

if TYPE_CHECKING:
    from api.views import Wanted
    from tracker.reads import Row, Scope

app = typer.Typer()
view = typer.Typer(
    no_args_is_help=True,
    help="Make a page that stands alone: one HTML file with its map, to look at, print, keep.",
)
app.add_typer(view, name="view", rich_help_panel=QUESTIONS)

_HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
_PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Its TCP port.")]


@app.command(rich_help_panel=INNER)
def tell() -> None:
    """Tell subscribers of events and alerts; escalate what nobody acknowledges."""
    import asyncio

    from api.outgoing.jobs import run
    from tracker.process import begin_log
    from tracker.settings import DatabaseSettings

    begin_log()
    asyncio.run(run(DatabaseSettings().require("milepost_worker")))


@app.command(rich_help_panel=INNER)
def serve(host: _HostOption = None, port: _PortOption = None) -> None:
    """Serve the API, the live feed and the console."""
    import uvicorn

    from api.access_log import LOGGER, WithoutSecrets
    from api.app import create_app
    from api.raw_requests import RawRequests
    from api.settings import ApiSettings
    from tracker.hosts import is_loopback
    from tracker.process import calm_the_collector
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
    logging.getLogger(LOGGER).addFilter(WithoutSecrets())
    app = create_app(settings, dsn)
    calm_the_collector()
    uvicorn.run(
        app,
        host=host,
        port=port or settings.port,
        root_path=settings.root_path,
        server_header=False,
        http=RawRequests,
        ws_per_message_deflate=False,  # frames are dense; deflating each for each viewer costs more
        ws_max_size=64 * 1024,
        timeout_graceful_shutdown=5,
    )


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
    purpose: PurposeOption = None,
) -> None:
    """Where a vehicle went in the last day, or between two times: its way, stops, crossings.

    Example: milepost view track FSD/AMB-1 --from 2026-11-26 --to 2026-11-27 -o track.html
    """
    from api.views import track_view

    async def make(scope: Scope, wanted: Wanted) -> str:
        found = await vehicle_of(scope, vehicle)
        await note_read(scope, "view track", purpose, (wanted.since, wanted.until), vehicle=found)
        return await track_view(scope, found, wanted)

    _write(output, _wanted(lang, since, until), make)


@dataclass(frozen=True, kw_only=True)
class NearPage:
    """The options of `view near`."""

    at: PlaceArgument
    output: FileOption
    within: Annotated[
        float, typer.Option(metavar="METRES", min=0.1, max=10_000, help="How near.")
    ] = 100.0
    since: FromOption = None
    until: ToOption = None
    lang: LangOption = "en"
    purpose: PurposeOption = None


@view.command("near")
@takes(NearPage)
def view_near(options: NearPage) -> None:
    """Which vehicles were near a place in the last day, or between two times.

    Example: milepost view near "22.2978, 114.1722" --within 200 --from 2026-11-26 -o near.html
    """
    from api.views import near_view
    from geo.places import read_place

    at = read_place(options.at)

    async def make(scope: Scope, wanted: Wanted) -> str:
        times = (wanted.since, wanted.until)
        await note_read(scope, "view near", options.purpose, times)
        return await near_view(scope, at, options.within, wanted)

    _write(options.output, _wanted(options.lang, options.since, options.until), make)


@view.command("heat")
def view_heat(
    of: Annotated[
        str, typer.Argument(metavar="DEPARTMENT[/REF]", help="A department, or one vehicle.")
    ],
    output: FileOption,
    since: FromOption = None,
    until: ToOption = None,
    lang: LangOption = "en",
    purpose: PurposeOption = None,
) -> None:
    """Where a vehicle, or a department's vehicles, spent the last day, or the time between two.

    Example: milepost view heat FSD --lang zh-Hant -o heat.html
    """
    from api.views import heat_view

    department, _, ref = of.partition("/")

    async def make(scope: Scope, wanted: Wanted) -> str:
        chosen = [await vehicle_of(scope, of)] if ref else await _fleet(scope, department)
        one, times = chosen[0] if ref else None, (wanted.since, wanted.until)
        await note_read(scope, "view heat", purpose, times, vehicle=one, department=department)
        return await heat_view(scope, department, chosen, wanted, of_one=bool(ref))

    _write(output, _wanted(lang, since, until), make)


async def _fleet(scope: Scope, department: str) -> list[Row]:
    from tracker import reads
    from tracker.cli.asking import department_id_of

    return await reads.vehicles(scope, department_id=await department_id_of(scope, department))


def _wanted(
    lang: Literal["en", "zh-Hant"], since: datetime | None, until: datetime | None
) -> Wanted:
    from api.views import Wanted

    since, until = window(since, until, hours=24)
    return Wanted(language=lang, since=since, until=until)


def _write(output: Path, wanted: Wanted, make: Callable[[Scope, Wanted], Awaitable[str]]) -> None:
    """Make the page, and put it where it goes when it is whole."""
    page = asked(lambda scope: make(scope, wanted))
    output.write_text(page, encoding="utf-8")
    typer.echo(f"The page is in {output} ({len(page.encode()) // 1000} kB).")


def _html(options: tracks.Drive, output: Path) -> None:
    """`milepost track … --html FILE`: the same page of the same time."""
    from api.views import Wanted, track_view

    since, until = window(options.since, options.until, hours=1)
    wanted = Wanted(language=options.lang, since=since, until=until)

    async def make(scope: Scope, wanted: Wanted) -> str:
        found, times = await vehicle_of(scope, options.vehicle), (wanted.since, wanted.until)
        await note_read(scope, "view track", options.purpose, times, vehicle=found)
        return await track_view(scope, found, wanted)

    _write(output, wanted, make)


tracks.write_html = _html
