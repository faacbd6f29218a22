"""What drills share: a service with so many devices, what is to be seen of it, and the report."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NoReturn

import asyncpg

from tests.bench.processes import resident_mb
from tests.drills.fleet import Fleet
from tests.drills.history import History, compare
from tests.drills.load import SQUARE
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served
from tracker.access import database
from tracker.child import wait_for
from tracker.data_folder import DataFolder
from tracker.schema import migrate

SETTLE_S = 300.0
LOOK_S = 0.1
#: So long after its commit a message may first be acknowledged: the rhythm of `ack`.
UNTOLD_S = 6.0
#: Devices b00001 … in vehicles v00001 …, with the same ids; a square that all drive in and out of.
REGISTER = """
INSERT INTO department (ref, name) VALUES ('D', '{}');
INSERT INTO vehicle (department_id, ref, name)
    SELECT 1, 'v' || to_char(i, 'FM00000'), '{}' FROM generate_series(1, $devices) AS i;
INSERT INTO device (department_id, ref, accept_from)
    SELECT 1, 'b' || to_char(i, 'FM00000'), '2000-01-01Z' FROM generate_series(1, $devices) AS i;
INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)
    SELECT 1, d.id, d.id, tstzrange(NULL, NULL) FROM device AS d;
INSERT INTO fence (department_id, ref, name, kind) VALUES (1, 'square', '{}', 'polygon');
INSERT INTO fence_version (fence_id, version, department_id, geom, definition, in_force)
    SELECT f.id, 1, 1, ST_SetSRID(ST_GeomFromGeoJSON('$square'), 4326), '{}', '[2000-01-01Z,)'
    FROM fence AS f;
INSERT INTO rule (department_id, ref, name, on_kinds, fence_id, severity)
    SELECT 1, 'border', '{}', '{enter}', f.id, 'info' FROM fence AS f;
"""


@contextmanager
def data_with(devices: int) -> Iterator[DataFolder]:
    """The data folder of a service that does not run yet, with so many devices registered."""
    with passing_folder() as data:
        with database(data) as addresses:
            owner = addresses.require("milepost_owner")
            asyncio.run(migrate(owner, addresses.address("postgres")))
            asyncio.run(enrol(owner, devices))
        yield data


async def enrol(dsn: str, devices: int) -> None:
    """Register so many devices, each in its vehicle, and the square."""
    connection = await asyncpg.connect(dsn)
    script = REGISTER.replace("$devices", str(devices)).replace("$square", json.dumps(SQUARE))
    await connection.execute(script)
    await connection.close()


@contextmanager
def service_with(devices: int) -> Iterator[Service]:
    """A running service with so many devices."""
    with data_with(devices) as data, served(data) as service:
        yield service


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Settings for the processes that are started within."""
    os.environ.update(values)
    try:
        yield
    finally:
        for name in values:
            del os.environ[name]


def ask(dsn: str, query: str, *arguments: object) -> Any:  # noqa: ANN401  whatever stands there
    """The first value of a query."""

    async def once() -> object:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    return asyncio.run(once())


def oldest_latest_ms(dsn: str, fleet: Fleet) -> int:
    """The time of the latest fix of the device that is furthest behind; 0 without one."""
    devices = fleet.plan.devices
    query = (
        "SELECT coalesce((extract(epoch FROM min(fixed_at)) * 1000)::bigint, 0) FROM latest"
        " WHERE vehicle_id BETWEEN $1 AND $2 HAVING count(*) = $3"
    )
    return int(ask(dsn, query, devices.start, devices.stop - 1, len(devices)) or 0)


def now_ms() -> int:
    """Milliseconds of the machine's clock, which is the fleets' too."""
    return time.time_ns() // 1_000_000


def must_wait(what: str, condition: Callable[[], bool], within_s: float) -> float:
    """Wait for a condition; how many seconds it took. Raises AssertionError naming it."""
    started_s = time.monotonic()
    assert wait_for(condition, within_s), f"waited {within_s:g} s in vain: {what}"
    return round(time.monotonic() - started_s, 2)


def recovery_s(dsn: str, fleet: Fleet, within_s: float = 120.0) -> float:
    """Seconds from now until a fix that was sent after now is stored for each device."""
    since_ms = now_ms()

    def over() -> bool:
        try:
            return oldest_latest_ms(dsn, fleet) > since_ms
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False  # the database is not back yet

    return must_wait("fixes sent after the fault are stored", over, within_s)


def memory_mb(service: Service, name: str) -> float:
    """What a child of the service holds."""
    return resident_mb(service.session.pid(name))


def run_for(seconds: float, look: Callable[[], None] = lambda: None) -> None:
    """Let so many seconds pass, and look at something all the while."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        look()
        time.sleep(LOOK_S)


def finished(service_dsn: str, fleet: Fleet, settle_s: float = SETTLE_S) -> History:
    """End a fleet, wait until all it sent is acknowledged, and compare."""
    if fleet.process.poll() is None:
        fleet.stop()
    fleet.finish(settle_s)
    return asyncio.run(compare(service_dsn, fleet))


@dataclass
class Outcome:
    """What a drill found: figures, and each condition by name."""

    figures: dict[str, Any] = field(default_factory=dict)
    conditions: dict[str, bool] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        """Whether all conditions hold."""
        return all(self.conditions.values())

    def history(self, found: History, name: str = "history") -> None:
        """Take in a comparison."""
        self.figures[name] = vars(found)
        self.conditions[name] = found.passes

    def __str__(self) -> str:
        """One JSON object."""
        return json.dumps(
            {
                "pass": self.passes,
                "failed": [name for name, holds in self.conditions.items() if not holds],
                **self.figures,
            }
        )


def say(line: str) -> None:
    """A word on how the drill goes."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def main(
    name: str,
    doc: str | None,
    drill: Callable[[argparse.Namespace], Outcome],
    **options: float | bool,
) -> NoReturn:
    """Run a drill from the command line; `options` names its sizes and their full values."""
    parser = argparse.ArgumentParser(prog=f"scripts/drill {name}", description=doc)
    for option, default in options.items():
        flag = f"--{option.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(flag, action="store_true")
        else:
            parser.add_argument(flag, type=type(default), default=default)
    try:
        outcome = drill(parser.parse_args())
    except AssertionError as error:
        outcome = Outcome({"error": str(error)}, {"ran": False})
    sys.stdout.write(f"{outcome}\n")
    sys.exit(not outcome.passes)
