"""The verbs of the command that read what devices say."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

if TYPE_CHECKING:
    from devices.nmea import Decoded, Reason
    from geo.fix import Fix

_verbs = typer.Typer()
app = typer.Typer(no_args_is_help=True)
# A Typer with one command takes no verb; with a group in it, it does, and still mounts nameless.
app.add_typer(_verbs)

#: Where in `milepost --help` these verbs stand.
PANEL = "For who builds devices"

_PORTION_BYTES = 64 * 1024

_FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="NMEA 0183, whatever else it holds; - reads stdin.")
]
_DayOption = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        metavar="YYYY-MM-DD",
        help="Date of the first fix, for a file without dates.",
    ),
]
_RolloverOption = Annotated[
    bool, typer.Option("--rollover", help="Undo a rollover of the GPS week (1,024 weeks).")
]


@_verbs.command(rich_help_panel=PANEL)
def decode(file: _FileArgument, day: _DayOption = None, rollover: _RolloverOption = False) -> None:
    """Print the fixes of an NMEA 0183 file, one JSON object a line; stderr tells the rest."""
    from devices.nmea import GatewayDecoder

    decoder = GatewayDecoder(
        day=None if day is None else day.date(), rollover="on" if rollover else "off"
    )
    tally = _Tally()
    with _opened(file) as stream:
        for portion in iter(lambda: stream.read1(_PORTION_BYTES), b""):
            tally.write(decoder.feed(portion))
    tally.write(decoder.finish())
    typer.echo(tally.summary(), err=True)


@_verbs.command(rich_help_panel=PANEL)
def sentence(
    lat: Annotated[float, typer.Argument(min=-90, max=90, help="Degrees north.")],
    lon: Annotated[float, typer.Argument(min=-180, max=180, help="Degrees east.")],
    speed_kmh: Annotated[
        float,
        typer.Option(min=0, help="Speed over ground; who stands crosses no fence."),
    ] = 30.0,
    course: Annotated[float, typer.Option(min=0, max=360, help="Degrees true.")] = 0.0,
) -> None:
    """Print a GPRMC sentence of a place, as a receiver there would say it now: for a first try."""
    from datetime import UTC

    from devices.simulator.nmea import Dialect, sentences
    from geo.fix import Fix
    from geo.units import kmh_to_mps

    receiver = Dialect(talker="GP", sentences=["RMC"])
    moment = receiver.instant(datetime.now(UTC))
    fix = Fix(fixed_at=moment, lon=lon, lat=lat, speed_mps=kmh_to_mps(speed_kmh), course_deg=course)
    typer.echo("\n".join(sentences(fix, receiver)))


@_verbs.command(rich_help_panel=PANEL)
def contract(
    format_: Annotated[
        Literal["yaml", "json"], typer.Option("--format", help="How it is written.")
    ] = "yaml",
) -> None:
    """Print what devices and Milepost say to each other over MQTT, as an AsyncAPI 3.0 document."""
    from devices.asyncapi import as_json, as_yaml

    sys.stdout.write(as_yaml() if format_ == "yaml" else as_json())


def _opened(file: Path) -> BufferedReader:
    if str(file) == "-":
        return cast(BufferedReader, sys.stdin.buffer)
    try:
        return file.open("rb")
    except OSError as fault:
        raise typer.BadParameter(f"{file}: {fault.strerror}.", param_hint="FILE") from fault


class _Tally:
    """Writes fixes and counts the rest."""

    def __init__(self) -> None:
        self.fixes = 0
        self.lines: Counter[str] = Counter()
        self.refused: Counter[Reason] = Counter()
        self.noise_bytes = self.void_epochs = self.repeats = self.heard = 0

    def write(self, found: dict[str, Decoded]) -> None:
        for device, decoded in found.items():
            self._count(decoded)
            sys.stdout.writelines(f"{_as_json(fix, device)}\n" for fix in decoded.fixes)
        sys.stdout.flush()

    def _count(self, decoded: Decoded) -> None:
        self.fixes += len(decoded.fixes)
        self.lines.update(decoded.counts)
        self.refused.update(one.reason for one in decoded.refused)
        self.noise_bytes += decoded.noise_bytes
        self.void_epochs += decoded.void_epochs
        self.repeats += decoded.repeats
        self.heard += len(decoded.heard)

    def summary(self) -> str:
        return "\n".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        from devices.nmea import KINDS_READ, Reason

        undated = self.refused.pop(Reason.UNDATED, 0)
        comments = self.lines.pop("#", 0)
        ignored = Counter({k: n for k, n in self.lines.items() if k not in KINDS_READ})
        yield f"{self.fixes} fixes from {self.lines.total()} good lines."
        if self.void_epochs or self.repeats:
            yield f"Instants without a fix: {self.void_epochs}; repeated: {self.repeats}."
        if self.heard:
            yield f"Positions of others by AIS: {self.heard}."
        if self.refused:
            noise = f" ({self.noise_bytes} bytes of noise)" if self.noise_bytes else ""
            yield f"Refused: {_listed(self.refused)}{noise}."
        if comments:
            yield f"Comments: {comments}."
        if ignored:
            yield f"Not used: {_listed(ignored)}."
        if undated:
            yield f"Left out for want of a date: {undated} fixes. Give it with --day YYYY-MM-DD."


def _listed(counts: Counter[str] | Counter[Reason]) -> str:
    return ", ".join(f"{count} {what}" for what, count in counts.most_common())


def _as_json(fix: Fix, device: str) -> str:
    values: dict[str, object] = {
        "time": fix.fixed_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "lat": round(fix.lat, 9),
        "lon": round(fix.lon, 9),
        "alt_msl": fix.altitude_m,
        "speed": _rounded(fix.speed_mps),
        "course": fix.course_deg,
        "mode": None if fix.mode is None else f"{fix.mode}D",
        "hdop": fix.hdop,
        "satellites": fix.satellites,
    }
    if device:
        values["device"] = device
    if fix.rollover_weeks:
        values["rollover_weeks"] = fix.rollover_weeks
    return json.dumps(values)


def _rounded(speed_mps: float | None) -> float | None:
    return None if speed_mps is None else round(speed_mps, 4)
