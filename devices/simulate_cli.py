"""`milepost simulate`: the demonstration's fleets, or a load for a test."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from devices.cli import PANEL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.simulator.vehicle import VirtualVehicle

app = typer.Typer()

RECORDED = timedelta(hours=1)
RECORDED_EACH = timedelta(seconds=1)

_MqttOption = Annotated[
    str,
    typer.Option(envvar="MILEPOST_MQTT_URL", help="Broker: mqtt://[user:password@]host[:port]."),
]
_ScaleOption = Annotated[
    float,
    typer.Option(min=0.0, max=1.0, help="Share of each fleet, three vehicles at the least."),
]
_SerialOption = Annotated[
    Path | None,
    typer.Option(help="Make a serial port here, for the vehicle that speaks over a cable."),
]
_RecordingOption = Annotated[
    Path | None,
    typer.Option(
        help="Write the last hour of the vehicle that was recorded here, before starting."
    ),
]
_RateOption = Annotated[float, typer.Option(min=0.01, help="Report so many times faster.")]
_SecondsOption = Annotated[
    float | None, typer.Option(min=0.0, help="Stop after so long. Otherwise at Ctrl-C.")
]


@app.command(rich_help_panel=PANEL)
def simulate(
    *,
    mqtt: _MqttOption = "mqtt://127.0.0.1",
    scale: _ScaleOption = 0.1,
    serial: _SerialOption = None,
    recording: _RecordingOption = None,
    rate: _RateOption = 1.0,
    seconds: _SecondsOption = None,
) -> None:
    """Let the demonstration government's vehicles drive and report to a broker."""
    from devices.broker_url import BrokerPassword, shown
    from devices.errors import DeviceError
    from devices.simulator import build_fleet, load_government, run_fleet

    async def run() -> None:
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, ended.set)
        if seconds is not None:
            loop.call_later(seconds, ended.set)
        await run_fleet(
            fleet, url.get_secret_value(), rate=rate, until=ended, log=typer.echo, serial=serial
        )

    try:
        url = BrokerPassword().put_into(mqtt)
        started_at = datetime.now(UTC)
        fleet = build_fleet(load_government(scale=scale), started_at)
        many, place = f"{len(fleet):,}", shown(mqtt)
        typer.echo(f"{many} vehicles of the Demo Administration (示範政府) report to {place}.")
        if recording:
            _record(fleet, recording, started_at)
        asyncio.run(run())
    except (DeviceError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def _record(fleet: Sequence[VirtualVehicle], path: Path, until: datetime) -> None:
    from devices.simulator.government import Oddity
    from devices.simulator.unit import write_recording

    for drive in fleet:
        device = drive.vehicle.device
        if device.oddity is Oddity.RECORDED:
            since = until - RECORDED
            epochs = write_recording(drive, path, since=since, until=until, every=RECORDED_EACH)
            typer.echo(f"{path}: {epochs:,} epochs of device {device.department}/{device.ref}.")
