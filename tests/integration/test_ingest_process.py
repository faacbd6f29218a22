"""One `milepost ingest` with a database and a broker of others: how it stops, who may write."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from ingest.accounts import write_accounts
from ingest.broker import PrivateBroker
from tests.conftest import Database
from tests.integration.boxes import Boxes, say
from tests.integration.port import Port
from tests.integration.processes import passing_folder
from tests.integration.session import Session
from tracker import registry
from tracker.accounts import Accounts
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

INGEST = (sys.executable, "-m", "milepost", "ingest")
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
WITHIN_S = 40.0
THINGS: tuple[New, ...] = (
    NewDepartment(ref="D"),
    NewVehicle(ref="V-box", department="D"),
    NewDevice(ref="box", department="D", vehicle="V-box"),
    NewVehicle(ref="V-port", department="D"),
    NewDevice(ref="port", department="D", vehicle="V-port"),
)


def epoch(number: int) -> bytes:
    """The sentences of one second."""
    at = START + timedelta(seconds=number)
    return say(
        f"GPRMC,{at:%H%M%S},A,2218.0000,N,11410.0000,E,10.0,90.0,{at:%d%m%y},,",
        f"GPGGA,{at:%H%M%S},2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,",
    )


@pytest.fixture
async def enrolled(database: Database) -> Database:
    async with database.transaction() as connection:
        for thing in THINGS:
            await registry.add(thing, connection)
    return database


@pytest.fixture
def broker() -> Iterator[PrivateBroker]:
    with passing_folder() as data:
        data.create()
        write_accounts(data, Accounts(anonymous=True))
        broker = PrivateBroker(data)
        broker.start()
        try:
            yield broker
        finally:
            broker.stop()


@contextmanager
def ingest(database: Database, mqtt_url: str, *argv: str) -> Iterator[Session]:
    """A process of its own, connected to the broker."""
    with started(database, mqtt_url, *argv) as session:
        session.expect("connected to the broker", WITHIN_S)
        yield session


@contextmanager
def started(database: Database, mqtt_url: str, *argv: str) -> Iterator[Session]:
    """A process of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MILEPOST_DATABASE_INGEST_URL", database.dsn("milepost_ingest"))
        environment.setenv("MILEPOST_MQTT_URL", mqtt_url)
        environment.delenv("MILEPOST_SOURCES", raising=False)
        session = Session(*INGEST, *argv)
    with session:
        yield session


async def stored(database: Database, device: str) -> list[int]:
    """The numbers of the epochs that are stored of a device."""
    connection = await asyncpg.connect(database.dsn("milepost_owner"))
    try:
        rows = await connection.fetch(
            "SELECT fixed_at FROM fix WHERE device_id = (SELECT id FROM device WHERE ref = $1)"
            " ORDER BY 1",
            device,
        )
    finally:
        await connection.close()
    return [round((row["fixed_at"] - START).total_seconds()) for row in rows]


async def test_a_stop_commits_and_acknowledges_what_was_read(
    enrolled: Database, broker: PrivateBroker, tmp_path: Path
) -> None:
    port = Port(tmp_path / "port")
    with ExitStack() as stack:
        stack.callback(port.close)
        session = stack.enter_context(
            ingest(enrolled, broker.url, "--source", f"serial:{port.path}?device=D/port")
        )
        boxes = stack.enter_context(Boxes(broker.url))
        session.expect(f"reading {port.path}", WITHIN_S)
        for seq in range(1, 51):
            boxes.publish("gov/1/D/box/nmea", b"#b,%d\n" % seq + epoch(seq))
        assert wait_for(lambda: boxes.is_dealt("box", "b", 1), WITHIN_S)
        port.write(epoch(0) + epoch(1) + epoch(2))  # the last one stays open: more might come
        boxes.publish("gov/1/D/box/nmea", b"#later,1\n" + epoch(60))
        assert wait_for(lambda: boxes.is_dealt("box", "later", 1), WITHIN_S), "and so it was read"
        session.process.send_signal(signal.SIGTERM)
        assert session.end() == 0
        assert "stopped; all that was acknowledged is stored" in session.lines[-1]
        assert await stored(enrolled, "port") == [0, 1, 2]
        count = len(await stored(enrolled, "box")) - 1
        assert await stored(enrolled, "box") == [*range(1, count + 1), 60]
        assert wait_for(lambda: boxes.ack("box", "b")["upto"] == count, WITHIN_S)
    with ingest(enrolled, broker.url), Boxes(broker.url) as boxes:
        boxes.publish("gov/1/D/box/nmea", b"#b,51\n" + epoch(51))
        assert wait_for(lambda: boxes.ack("box", "b").get("upto") == 51, WITHIN_S)
    assert await stored(enrolled, "box") == [*range(1, 52), 60]


async def test_a_paused_process_whose_shard_was_taken_writes_nothing_of_it_any_more(
    enrolled: Database, broker: PrivateBroker, tmp_path: Path
) -> None:
    port = Port(tmp_path / "port")
    source = f"serial:{port.path}?device=D/port"
    with ExitStack() as stack:
        stack.callback(port.close)
        paused = stack.enter_context(ingest(enrolled, broker.url, "--source", source))
        boxes = stack.enter_context(Boxes(broker.url))
        paused.expect(f"reading {port.path}", WITHIN_S)
        boxes.publish("gov/1/D/box/nmea", b"#b,1\n" + epoch(1))
        assert wait_for(lambda: boxes.is_dealt("box", "b", 1), WITHIN_S)

        os.kill(paused.process.pid, signal.SIGSTOP)
        other = stack.enter_context(ingest(enrolled, broker.url))
        boxes.publish("gov/1/D/box/nmea", b"#b,2\n" + epoch(2))
        assert wait_for(lambda: boxes.is_dealt("box", "b", 2), WITHIN_S)

        port.write(epoch(0) + epoch(1))
        os.kill(paused.process.pid, signal.SIGCONT)
        paused.expect("shard 1: Another ingest process serves this shard now", WITHIN_S)
        paused.expect("waiting: another process serves every shard", WITHIN_S)
        assert await stored(enrolled, "port") == []
        boxes.publish("gov/1/D/box/nmea", b"#b,3\n" + epoch(3))
        assert wait_for(lambda: boxes.is_dealt("box", "b", 3), WITHIN_S)
        assert await stored(enrolled, "box") == [1, 2, 3]

        other.process.send_signal(signal.SIGTERM)
        assert other.end() == 0
        boxes.publish("gov/1/D/box/nmea", b"#b,4\n" + epoch(4))
        assert wait_for(lambda: boxes.is_dealt("box", "b", 4), WITHIN_S), "it takes what is free"


async def test_a_second_process_takes_nothing_by_force(
    enrolled: Database, broker: PrivateBroker
) -> None:
    with ingest(enrolled, broker.url) as first, started(enrolled, broker.url) as second:
        second.expect("waiting: another process serves every shard", WITHIN_S)
        first.process.kill()
        second.expect("connected to the broker", WITHIN_S)
