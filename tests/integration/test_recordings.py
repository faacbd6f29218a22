"""Recorded devices, replayed: PostGIS holds the fixes that `milepost decode` prints, each once.

Every recording goes two ways at once into one service: over MQTT, whole epochs a message, and over
a pseudo-terminal, cut anywhere.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from devices.cli import app
from tests.integration.boxes import Boxes
from tests.integration.port import Port
from tests.integration.service import Service, running_service
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT.parent / "shared" / "nmea" / "cases"
RECORDINGS = sorted((CASES if CASES.is_dir() else ROOT / "tests" / "golden").glob("*.nmea"))
WAYS = ("mqtt", "pty")
WITHIN_S = 120.0
EARLY = datetime(1990, 1, 1, tzinfo=UTC)
#: A source carries one device: what the tag blocks of a gateway give to others is refused `mixed`.
#: So of such a recording only the device that it names first is expected.
FIRST_NAMED_ONLY = {"gateway"}

#: A sentence that keys an epoch, and its time of day.
KEYED = re.compile(
    rb"\$[A-Z]{2}(?:(?:RMC|ZDA|GGA|GNS),|GLL,[^,]*,[^,]*,[^,]*,[^,]*,)(\d{6}(?:\.\d*)?)"
)

JsonLine = dict[str, Any]
Stored = Mapping[tuple[str, str], list[asyncpg.Record]]


def decoded(recording: Path) -> list[JsonLine]:
    """What `milepost decode` prints of it, as far as one source carries it."""
    result = CliRunner().invoke(app, ["decode", str(recording)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    if recording.stem in FIRST_NAMED_ONLY:
        return [line for line in lines if line["device"] == lines[0]["device"]]
    return lines


def epochs(recording: Path) -> Iterator[list[str]]:
    """Its lines, cut where the time of day changes; a device on MQTT sends ASCII only."""
    data = re.sub(rb"[^\x00-\x7f]", b"?", recording.read_bytes())
    open_at: float | None = None
    lines: list[str] = []
    for line in data.split(b"\n"):
        times = [float(text) for text in KEYED.findall(line)]
        if times and open_at not in (None, times[0]):
            yield lines
            lines = []
        open_at = times[-1] if times else open_at
        lines.append(line.decode("ascii").removesuffix("\r"))
    yield lines


def messages(recording: Path, chance: random.Random) -> Iterator[list[str]]:
    """One to four epochs each, as a device that saves on transmissions sends them."""
    whole = list(epochs(recording))
    while whole:
        count = chance.randint(1, 4)
        yield [line for epoch in whole[:count] for line in epoch]
        whole = whole[count:]


def device_ref(way: str, recording: Path) -> str:
    return f"{way}-{RECORDINGS.index(recording):02d}"


def registered() -> Iterator[New]:
    yield NewDepartment(ref="D")
    for way in WAYS:
        for recording in RECORDINGS:
            ref = device_ref(way, recording)
            yield NewVehicle(ref=f"V-{ref}", department="D")
            yield NewDevice(
                ref=ref, department="D", vehicle=f"V-{ref}", accept_from=EARLY, rollover="off"
            )


def write_cut(port: Port, data: bytes, chance: random.Random) -> None:
    """All of it, in pieces of any size."""
    while data:
        piece, data = data[: (size := chance.randint(1, 300))], data[size:]
        port.write(piece)


@pytest.fixture(scope="module")
def expected() -> dict[str, list[JsonLine]]:
    return {recording.stem: decoded(recording) for recording in RECORDINGS}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, expected: dict[str, list[JsonLine]]) -> Stored:
    """All fixes in the database, by way and recording, after everything was replayed."""
    folder = tmp_path_factory.mktemp("ports")
    ports = {path: Port(folder / device_ref("pty", path)) for path in RECORDINGS}
    addresses = [f"serial:{port.path}?device=D/{port.path.name}" for port in ports.values()]
    with ExitStack() as stack:
        for port in ports.values():
            stack.callback(port.close)
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("MILEPOST_SOURCES", " ".join(addresses))
        service = stack.enter_context(running_service(*registered()))
        boxes = stack.enter_context(Boxes(service.mqtt_url))
        replay(service, boxes, ports)
        goal = sum(map(len, expected.values()))
        wait_for(lambda: len(asyncio.run(fixes(service, "pty"))) >= goal, WITHIN_S)
        found = defaultdict(list)
        stems = {device_ref(way, path): (way, path.stem) for way in WAYS for path in RECORDINGS}
        for row in asyncio.run(fixes(service, "")):
            found[stems[row["device"]]].append(row)
        return found


def replay(service: Service, boxes: Boxes, ports: Mapping[Path, Port]) -> None:
    """Send every recording both ways; returns when all that can be acknowledged is."""
    log = service.data.log / "ingest.log"
    assert wait_for(lambda: all(f"reading {p.path}" in log.read_text() for p in ports.values()), 60)
    writers = [
        threading.Thread(target=write_cut, args=(port, path.read_bytes(), random.Random(path.stem)))  # noqa: S311  cuts, not secrets
        for path, port in ports.items()
    ]
    for writer in writers:
        writer.start()
    for recording in RECORDINGS:
        sender = boxes.sender("D", device_ref("mqtt", recording))
        for lines in messages(recording, random.Random(recording.stem)):  # noqa: S311  cuts, not secrets
            sender.publish(lines)
    for writer in writers:
        writer.join(WITHIN_S)
    assert wait_for(lambda: boxes.unacked() == 0, WITHIN_S), "every message is acknowledged"


async def fixes(service: Service, way: str) -> list[asyncpg.Record]:
    """The fixes of the devices whose name begins so, in the order of their time."""
    database = await asyncpg.connect(service.dsn("postgres"))
    try:
        return await database.fetch(
            "SELECT d.ref AS device, f.*, ST_X(geom) AS lon, ST_Y(geom) AS lat"
            " FROM fix AS f JOIN device AS d ON d.id = f.device_id"
            " WHERE d.ref LIKE $1 || '%' ORDER BY d.ref, fixed_at",
            way,
        )
    finally:
        await database.close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_what_decode_prints_is_stored_once(
    recording: Path, way: str, stored: Stored, expected: dict[str, list[JsonLine]]
) -> None:
    wanted = sorted(expected[recording.stem], key=lambda line: str(line["time"]))
    rows = stored.get((way, recording.stem), [])
    assert [_time(row) for row in rows] == [line["time"] for line in wanted]
    for line, row in zip(wanted, rows, strict=True):
        assert _values(row) == _near(_printed(line)), line["time"]
        assert (row["lon"], row["lat"]) == pytest.approx((line["lon"], line["lat"]), abs=1e-7)


def _time(row: asyncpg.Record) -> str:
    moment: datetime = row["fixed_at"]
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _values(row: asyncpg.Record) -> JsonLine:
    names = ("altitude_m", "speed_mps", "course_deg", "hdop", "satellites", "mode")
    return {name: row[name] for name in names} | {"rollover_weeks": row["rollover_weeks"]}


def _near(values: JsonLine) -> JsonLine:
    """As a column of four bytes holds them; what is printed has four decimals at least."""
    return {
        name: value if value is None else pytest.approx(value, rel=1e-6, abs=6e-5)
        for name, value in values.items()
    }


def _printed(line: JsonLine) -> JsonLine:
    return {
        "altitude_m": line["alt_msl"],
        "speed_mps": line["speed"],
        "course_deg": line["course"],
        "hdop": line["hdop"],
        "satellites": line["satellites"],
        "mode": line["mode"] and int(line["mode"].removesuffix("D")),
        "rollover_weeks": 0,
    }


def test_the_recordings_are_of_many_years(expected: dict[str, list[JsonLine]]) -> None:
    years = {line["time"][:4] for lines in expected.values() for line in lines}
    assert {"2001", "2026"} <= years
