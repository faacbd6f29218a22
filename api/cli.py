"""`milepost serve`: the API and the console; `milepost tell`: what leaves the house."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

app = typer.Typer()

_HostOption = Annotated[str | None, typer.Option(help="The address to listen on.")]
_PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Its TCP port.")]


@app.command()
def tell() -> None:
    """Tell subscribers of events and alerts; escalate what nobody acknowledges."""
    import asyncio

    from api.outgoing.jobs import run
    from tracker.settings import DatabaseSettings

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    asyncio.run(run(DatabaseSettings().require("milepost_worker")))


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
