"""scripts/bench ingest: fixes a second from publishers to durable rows, on the whole stack.

Publishers in C → Mosquitto → ingest → PostGIS with 1,000 fences active, the API running beside. The
raw rates of the same machine stand beside it: the broker to a subscriber that throws all away,
and COPY of the same columns alone. `--turns N` tells what fences cost instead: the rate without and
with them in turns, N times each. Offer more than ingest can take, or there is nothing to tell.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import asyncpg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix
from ingest.accounts import write_accounts
from ingest.broker import PrivateBroker
from tests.bench.processes import Usage, resident_mb
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served
from tracker import sql
from tracker.access import database
from tracker.accounts import Accounts
from tracker.schema import migrate
from tracker.staging import STAGED_COLUMNS

SOURCE = Path(__file__).with_name("publisher.c")
PUBLISHERS = 2
WARM_UP_S = 8.0
PROBE_EVERY_S = 0.1
POLL_S = 0.003
COPY_ROWS = 2000
DIALECT = Dialect(talker="GN", sentences=["RMC", "GGA"])

REGISTER = """
INSERT INTO feed (id) SELECT generate_series(1, $workers) ON CONFLICT DO NOTHING;
INSERT INTO department (ref, name, shard)
    SELECT 'D' || i, '{}', i FROM generate_series(1, $workers) AS i;
INSERT INTO vehicle (department_id, ref, name)
    SELECT 1 + greatest(i - 1, 0) * $workers / $vehicles, 'v' || to_char(i, 'FM00000'), '{}'
    FROM generate_series(0, $vehicles) AS i;
INSERT INTO device (department_id, ref, accept_from)
    SELECT v.department_id, 'b' || substr(v.ref, 2), '2000-01-01Z' FROM vehicle AS v ORDER BY v.id;
INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)
    SELECT d.department_id, d.id, d.id, tstzrange(NULL, NULL) FROM device AS d;
INSERT INTO fence (department_id, ref, name, kind)
    SELECT d.id, 'f' || i, '{}', 'circle' FROM department AS d, generate_series(1, $fences) AS i;
INSERT INTO fence_version (fence_id, version, department_id, geom, definition, in_force)
    SELECT f.id, 1, f.department_id,
           ST_Buffer(ST_Point(113.9 + 0.4 * random(), 22.2 + 0.3 * random(), 4326), 0.003, 8),
           '{}', '[2000-01-01Z,)' FROM fence AS f;
INSERT INTO rule (department_id, ref, name, on_kinds, fence_id, severity)
    SELECT f.department_id, 'r' || f.id, '{}', '{enter}', f.id, 'info' FROM fence AS f
    WHERE f.id % 10 = 0;
"""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run measured."""

    workers: int
    vehicles: int
    fences: int
    epochs_a_message: int
    offered_fixes_s: float
    durable_fixes_s: float
    send_to_durable_p50_ms: float
    send_to_durable_p99_ms: float
    events: int
    alerts: int
    drained_after_s: float
    cpu_share: dict[str, float]
    ingest_resident_mb: float
    broker_alone_messages_s: float
    copy_alone_rows_s: float


def compiled(folder: Path) -> Path:
    """The publisher, built."""
    program = folder / "publisher"
    subprocess.run(  # noqa: S603  our own source
        ["/usr/bin/gcc", "-O2", "-o", str(program), str(SOURCE), "-lmosquitto"], check=True
    )
    return program


async def register(dsn: str, options: argparse.Namespace) -> None:
    """A department a worker, vehicles shared among them, so many fences in each.

    Vehicle number 0, of the first, is the probe's.
    """
    connection = await asyncpg.connect(dsn)
    script = REGISTER
    for name in ("vehicles", "fences", "workers"):
        script = script.replace(f"${name}", str(getattr(options, name)))
    await connection.execute(script)
    await connection.close()


@contextmanager
def bench_service(options: argparse.Namespace) -> Iterator[Service]:
    """A running Milepost with so much registered."""
    os.environ["MILEPOST_INGEST_WORKERS"] = str(options.workers)
    with passing_folder() as data:
        with database(data) as addresses:
            owner = addresses.require("milepost_owner")
            asyncio.run(migrate(owner, addresses.address("postgres")))
            asyncio.run(register(owner, options))
        with served(data) as service:
            for name in ingests(options)[1:]:
                service.session.expect(f"{name} is ready", 60)
            yield service


def ingests(options: argparse.Namespace) -> list[str]:
    """The names of the processes of ingest."""
    return ["ingest", *(f"ingest-{n + 1}" for n in range(1, options.workers))]


class Probe(threading.Thread):
    """A device of its own whose fixes are looked for in the database as soon as they are sent."""

    def __init__(self, service: Service) -> None:
        super().__init__(daemon=True)
        self._url = urlsplit(service.mqtt_url)
        self._dsn = service.dsn("postgres")
        self._ends = threading.Event()
        self.delays_ms: list[float] = []

    def run(self) -> None:
        asyncio.run(self._measure())

    def stop(self) -> None:
        self._ends.set()
        self.join()

    async def _measure(self) -> None:
        client = Client(CallbackAPIVersion.VERSION2, client_id="probe")
        client.connect(self._url.hostname or "", self._url.port or 1883)
        client.loop_start()
        connection = await asyncpg.connect(self._dsn)
        while not self._ends.is_set():
            moment = DIALECT.instant(datetime.now(UTC))
            lines = sentences(Fix(fixed_at=moment, lon=113.95, lat=22.25), DIALECT)
            started_s = time.perf_counter()
            client.publish("gov/1/D1/b00000/nmea", "\r\n".join([*lines, ""]), qos=1)
            while True:
                found = await connection.fetchval(
                    "SELECT fixed_at >= $1 FROM latest WHERE vehicle_id = 1", moment
                )
                if found:
                    break
                await asyncio.sleep(POLL_S)
            self.delays_ms.append((time.perf_counter() - started_s) * 1000)
            await asyncio.sleep(PROBE_EVERY_S)
        client.disconnect()
        client.loop_stop()
        await connection.close()


def percentile(values: list[float], share: float) -> float:
    """The value that so large a share of the values does not exceed."""
    ordered = sorted(values)
    return round(ordered[min(int(share * len(ordered)), len(ordered) - 1)], 1)


async def ask(dsn: str, query: str) -> asyncpg.Record | None:
    """One row."""
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchrow(query)
    finally:
        await connection.close()


def stored(service: Service) -> int:
    """Fixes that ingest says it committed."""
    rows = service.fetch("SELECT counters FROM ingest_health")
    return sum(int(json.loads(row["counters"])["accepted"]) for row in rows)


def publish(program: Path, service: Service, options: argparse.Namespace) -> float:
    """Let the publishers run; returns the fixes a second that were durable after the warm-up."""
    url, rate = urlsplit(service.mqtt_url), options.rate / options.epochs / PUBLISHERS
    share = options.vehicles // PUBLISHERS
    running = [
        subprocess.Popen(  # noqa: S603  our own program
            [
                *(str(program), "publish", url.hostname or "", str(url.port)),
                *(
                    f"D{1 + n * options.workers // PUBLISHERS}",
                    str(1 + n * share),
                    str(share),
                    str(rate),
                ),
                *(str(options.seconds + WARM_UP_S), str(options.epochs)),
            ]
        )
        for n in range(PUBLISHERS)
    ]
    time.sleep(WARM_UP_S)
    usage = Usage(service.session.process.pid, [each.pid for each in running])
    before, started_s = stored(service), time.monotonic()
    time.sleep(options.seconds)
    durable = (stored(service) - before) / (time.monotonic() - started_s)
    options.cpu_share = usage.share()
    options.resident_mb = sum(resident_mb(service.session.pid(n)) for n in ingests(options))
    for each in running:
        each.wait()
    return durable


def broker_alone(program: Path, seconds: float = 6.0) -> float:
    """Messages a second through a broker of our settings to a subscriber that throws them away."""
    with passing_folder() as data:
        data.create()
        write_accounts(data, Accounts(anonymous=True))
        broker = PrivateBroker(data)
        broker.start()
        try:
            return _through(program, urlsplit(broker.url), seconds)
        finally:
            broker.stop()


def _through(program: Path, url: SplitResult, seconds: float) -> float:
    where = (url.hostname or "", str(url.port))
    reader = subprocess.Popen(  # noqa: S603  our own program
        [str(program), "subscribe", *where, str(seconds)], stdout=subprocess.PIPE, text=True
    )
    time.sleep(0.5)
    writer = subprocess.Popen(  # noqa: S603  our own program
        [*(str(program), "publish", *where, "D1", "1", "1000", "40000", str(seconds - 1), "1")]
    )
    said = reader.communicate()[0]
    writer.kill()
    writer.wait()
    return int(said.split()[1]) / (seconds - 1)


async def copy_alone(dsn: str, seconds: float = 3.0) -> float:
    """Rows a second of COPY into a staging table alone, with the columns of a commit."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(sql.text("stage_fixes").replace("ON COMMIT DELETE ROWS", ""))
    now = datetime.now(UTC)
    place = (114.0, 22.0, 1.0, 2.0, 3.0, None, None, 0.9, 9, 3)
    row = (1, 1, 1, now, now, *place, 0, None, None, False, False)
    records = [row] * COPY_ROWS
    rows, end_s = 0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        await connection.copy_records_to_table(
            "staged_fix", records=records, columns=STAGED_COLUMNS
        )
        rows += COPY_ROWS
    await connection.close()
    return rows / seconds


def measure(options: argparse.Namespace) -> Figures:
    """One whole run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        bench_service(options) as service,
    ):
        pids = [service.session.pid(name) for name in ingests(options)]
        sys.stderr.write(f"ingest is process {' and '.join(map(str, pids))}\n")
        program = compiled(Path(folder))
        probe = Probe(service)
        probe.start()
        durable = publish(program, service, options)
        ended_s = time.monotonic()
        probe.stop()
        counted = None
        while counted is None or counted != (latest := stored(service)):
            counted = latest if counted is not None else -1
            time.sleep(2)
        drained_s = time.monotonic() - ended_s
        dsn = service.dsn("postgres")
        events = asyncio.run(ask(dsn, "SELECT count(*) FROM event"))
        alerts = asyncio.run(ask(dsn, "SELECT count(*) FROM alert"))
        copy_s = asyncio.run(copy_alone(dsn))
        return Figures(
            workers=options.workers,
            vehicles=options.vehicles,
            fences=options.fences,
            epochs_a_message=options.epochs,
            offered_fixes_s=options.rate,
            durable_fixes_s=round(durable),
            send_to_durable_p50_ms=percentile(probe.delays_ms, 0.5),
            send_to_durable_p99_ms=percentile(probe.delays_ms, 0.99),
            events=int(events[0]) if events else 0,
            alerts=int(alerts[0]) if alerts else 0,
            drained_after_s=round(drained_s, 1),
            cpu_share=options.cpu_share,
            ingest_resident_mb=options.resident_mb,
            broker_alone_messages_s=round(broker_alone(program)),
            copy_alone_rows_s=round(copy_s),
        )


def rate(options: argparse.Namespace, fences: int) -> tuple[float, int]:
    """The durable fixes a second of a run with so many fences, and its events."""
    options = argparse.Namespace(**{**vars(options), "fences": fences})
    with tempfile.TemporaryDirectory() as folder, bench_service(options) as service:
        durable = publish(compiled(Path(folder)), service, options)
        events = asyncio.run(ask(service.dsn("postgres"), "SELECT count(*) FROM event"))
        return durable, int(events[0]) if events else 0


def turns(options: argparse.Namespace) -> dict[str, float]:
    """What fences cost: without and with them in turns."""
    without, with_fences = [], []
    for _ in range(options.turns):
        without.append(rate(options, 0)[0])
        durable, events = rate(options, options.fences)
        with_fences.append(durable)
        told = f"{without[-1]:,.0f} fixes/s, with fences {durable:,.0f}, {events:,} events"
        sys.stdout.write(f"{told}: {durable / without[-1]:.3f}\n")
    medians = statistics.median(without), statistics.median(with_fences)
    return {
        "epochs_a_message": options.epochs,
        "fences": options.fences,
        "without_fixes_s": round(medians[0]),
        "with_fences_fixes_s": round(medians[1]),
        "with_of_without": round(medians[1] / medians[0], 3),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="scripts/bench ingest", description=__doc__)
    parser.add_argument("--workers", type=int, choices=(1, 2), default=1)
    parser.add_argument("--vehicles", type=int, default=10_000)
    parser.add_argument("--fences", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=3_000, help="fixes a second offered")
    parser.add_argument("--epochs", type=int, default=1, help="epochs a message")
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--turns", type=int, default=0, help="only what fences cost")
    options = parser.parse_args()
    if options.turns:
        sys.stdout.write(json.dumps(turns(options)) + "\n")
        return 0
    figures = measure(options)
    for name, value in asdict(figures).items():
        sys.stdout.write(f"{name:<26} {value}\n")
    sys.stdout.write(json.dumps(asdict(figures)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
