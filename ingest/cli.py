"""The verbs of ingest: `milepost ingest`, `import`, `enrol-demo` and `device tail`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tracker.cli import groups
from tracker.cli.panels import INNER, SERVICE
from tracker.cli.shared import DeviceArgument, takes

if TYPE_CHECKING:
    from ingest.settings import IngestSettings

app = typer.Typer()

SourceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--source",
        metavar="ADDRESS",
        help="Also read from this, e.g. tcp://10.0.0.5:10110?device=FSD/box1 or"
        " serial:/dev/ttyUSB0?device=FSD/box2&baud=9600. May be given several times.",
    ),
]
CheckOption = Annotated[
    bool,
    typer.Option(
        "--check",
        help="Read nothing: say what each source would do, and what is wrong. Exit code 1 if any.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class ImportOptions:
    """What `import` is told."""

    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="See docs/formats.md."),
    ]
    device: Annotated[
        str, typer.Option(metavar="DEPARTMENT/REF", help="The device that said it: FSD/box-1.")
    ]
    format_: Annotated[
        Literal["gpx", "csv", "nmea"] | None,
        typer.Option("--format", help="Without: by how the file begins."),
    ] = None
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            metavar="YYYY-MM-DD",
            help="Date of the first fix, for NMEA without dates.",
        ),
    ] = None
    wait: Annotated[bool, typer.Option(help="For how it comes out.")] = True


@app.command("enrol-demo", rich_help_panel=INNER)
def enrol_demo(
    data: Annotated[
        Path | None, typer.Option("--data", help="The data folder.", envvar="MILEPOST_DATA")
    ] = None,
    scale: Annotated[float, typer.Option(min=0.0, max=1.0, help="Share of each fleet.")] = 0.1,
) -> None:
    """Register the simulated government (示範政府), so that `milepost simulate` is known."""
    import asyncio

    from devices.simulator import load_government
    from ingest.demo import enrol
    from tracker.access import as_owner, database
    from tracker.data_folder import DataFolder

    async def inside() -> int:
        async with as_owner(addresses) as connection:
            return await enrol(load_government(scale=scale), connection)

    with database(DataFolder(data)) as addresses:
        count = asyncio.run(inside())
    typer.echo(f"The Demo Administration (示範政府) is registered with {count} vehicles.")


@app.command("broker-accounts", rich_help_panel=INNER)
def broker_accounts(
    data: Annotated[
        Path | None, typer.Option("--data", help="The data folder.", envvar="MILEPOST_DATA")
    ] = None,
) -> None:
    """Write down for the private broker who may sign in. `milepost run` does this by itself."""
    import asyncio

    from ingest.accounts import write_accounts
    from tracker.accounts import read
    from tracker.data_folder import DataFolder
    from tracker.settings import DatabaseSettings

    accounts = asyncio.run(read(DatabaseSettings().require("milepost_ingest")))
    write_accounts(DataFolder(data), accounts)
    clients = "are let in" if accounts.anonymous else "are refused"
    typer.echo(f"{len(accounts.hashes)} devices sign in; clients without a name {clients}.")


@app.command(rich_help_panel=INNER)
def ingest(source: SourceOption = None, check: CheckOption = False) -> None:
    """Read from the broker and other sources, store what arrives, and acknowledge it.

    Each process serves its share of the shards: start as many as you like, also on other machines.

    Sources stand in sources.toml of the data folder (or the file that MILEPOST_SOURCES_FILE names),
    an entry [[source]] each, and as addresses in MILEPOST_SOURCES and --source. Kinds: serial, tcp,
    tcp-listen, udp, gpsd, mqtt, http, file, stdin; docs/sources.md shows each.

    `milepost run` starts this by itself. On its own it needs MILEPOST_DATABASE_URL and
    MILEPOST_MQTT_URL, or other sources.
    """
    import asyncio

    from ingest.serve import serve
    from ingest.settings import IngestSettings

    settings = IngestSettings()
    settings = settings.model_copy(update={"sources": (*settings.sources, *(source or ()))})
    if check:
        raise typer.Exit(0 if asyncio.run(_say_checked(settings)) else 1)
    asyncio.run(serve(settings))


async def _say_checked(settings: IngestSettings) -> bool:
    """Print what each source would do; True if all is well."""
    from contextlib import AsyncExitStack

    from ingest.check import Known, check
    from ingest.settings import TABLE
    from tracker.access import as_owner, database
    from tracker.data_folder import DataFolder
    from tracker.errors import DatabaseUnreachable
    from tracker.settings import DatabaseSettings

    folder = DataFolder()
    is_running = folder.holder() is not None
    async with AsyncExitStack() as stack:
        connection = None
        if is_running or DatabaseSettings().url is not None:
            try:
                addresses = stack.enter_context(database(folder))
                connection = await stack.enter_async_context(as_owner(addresses))
            except DatabaseUnreachable as error:
                typer.echo(f"note  {error}")
        reports = await check(settings, Known(connection), is_running=is_running)
    typer.echo(f"table {settings.table() or 'none: ' + str(folder.path / TABLE) + ' is not there'}")
    for report in reports:
        for line in report.lines():
            typer.echo(line)
    return all(report.is_well for report in reports)


@app.command("import", rich_help_panel=SERVICE)
@takes(ImportOptions)
def import_(said: ImportOptions) -> None:
    """Store the history in GPX, CSV or NMEA files as what a device said, once.

    The running service reads it behind what is live, by the rules for any message, with receipts.
    Exit code 1 when anything was refused.
    """
    import asyncio
    from contextlib import suppress

    from ingest.importing import Order, import_file
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.settings import DatabaseSettings

    folder = DataFolder()
    is_served = folder.holder() is not None or DatabaseSettings().url is not None
    is_well = True
    with database(folder) as addresses, suppress(KeyboardInterrupt):
        for path in said.files:
            order = Order(
                path=path,
                device=said.device,
                format=said.format_,
                day=None if said.day is None else said.day.date(),
                waits=said.wait and is_served,
            )
            report = asyncio.run(
                import_file(addresses, order, lambda line: typer.echo(line, err=True))
            )
            for line in report.lines():
                typer.echo(line)
            is_well &= report.is_well
    raise typer.Exit(not is_well)


@groups["device"].command()
def tail(
    device: DeviceArgument,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="Stop after so long; without: at Ctrl-C.")
    ] = None,
) -> None:
    """Show each sentence of a device as it comes, and why it is taken or refused.

    `ack` lines say which messages are durable. What is shown is not stored by being shown.
    """
    import asyncio
    from contextlib import suppress

    from ingest.tail import broker_url, durable_of, follow
    from tracker.access import database
    from tracker.data_folder import DataFolder

    folder = DataFolder()
    mqtt_url = broker_url(folder)

    async def inside() -> None:
        durable = await durable_of(device, addresses)
        await follow(
            mqtt_url=mqtt_url,
            dsn=addresses.require("milepost_owner"),
            device=device,
            durable=durable,
            seconds=seconds,
            say=typer.echo,
        )

    with database(folder) as addresses, suppress(KeyboardInterrupt):
        asyncio.run(inside())
