"""Gateways that forward bytes over another broker as they come: two devices, lines cut anywhere."""

from __future__ import annotations

import base64
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from ingest.broker import broker_program, greets
from tests.integration.service import free_port, served
from tests.integration.service import registered as service_data
from tests.integration.sources_world import START, WITHIN_S, Stored, epoch
from tracker.child import wait_for
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

ROOT = Path(__file__).resolve().parents[2]
TOPIC = ROOT.parent / "shared" / "nmea" / "streams" / "topic.py"
EARLY = datetime(1990, 1, 1, tzinfo=UTC)
#: A way of telling two devices apart, and the topic that says so.
WAYS = {"tag": "tag/+/nmea", "mixed": "mixed/+/nmea", "topic": "topic/{device}/nmea"}
TOPICS = (*WAYS.values(), "bytes/{device}")
DEVICES = ("VEH1", "VEH2", "cut")

Place = tuple[datetime, float, float]


@dataclass(frozen=True)
class World:
    """A service that reads another broker's streams."""

    stored: Stored
    broker: str
    mqtt_port: int


def registered() -> Iterator[New]:
    yield NewDepartment(ref="D")
    for ref in DEVICES:
        yield NewVehicle(ref=f"V-{ref}", department="D")
        yield NewDevice(
            ref=ref, department="D", vehicle=f"V-{ref}", accept_from=EARLY, rollover="off"
        )


@contextmanager
def running_broker(folder: Path) -> Iterator[int]:
    """A Mosquitto of somebody else."""
    port = free_port()
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        f"max_inflight_messages 0\nuser root\n"
    )
    with subprocess.Popen(  # noqa: S603  the test's own command line
        [broker_program(), "-c", str(settings)], stderr=subprocess.DEVNULL
    ) as broker:
        try:
            assert wait_for(lambda: greets("127.0.0.1", port), WITHIN_S)
            yield port
        finally:
            broker.terminate()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        running_broker(tmp_path_factory.mktemp("broker")) as port,
        service_data(*registered()) as data,
    ):
        streams = "".join(
            f'[[source]]\nkind = "mqtt"\nport = {port}\nframing = "stream"\n'
            f'topic = "{topic}"\ndepartment = "D"\n'
            for topic in TOPICS
        )
        (data.path / "sources.toml").write_text(streams)
        with served(data) as service:
            stored = Stored(service)
            names = [f"mqtt:127.0.0.1:{port}/{topic}" for topic in TOPICS]
            assert wait_for(lambda: all(map(partial(is_connected, stored), names)), WITHIN_S)
            yield World(stored, f"mqtt:127.0.0.1:{port}", port)


def is_connected(stored: Stored, source: str) -> bool:
    return stored.health(source).get("connected") is True


@contextmanager
def publisher(world: World) -> Iterator[Client]:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", world.mqtt_port)
    client.loop_start()
    try:
        yield client
    finally:
        client.disconnect()
        client.loop_stop()


def publish(client: Client, topic: str, payload: bytes) -> None:
    client.publish(topic, payload, qos=1).wait_for_publish(WITHIN_S)


def own_messages(way: str) -> tuple[list[tuple[str, bytes]], dict[str, set[Place]]]:
    """Two devices' epochs of the same seconds, as their gateway would forward them."""
    chance = random.Random(way)  # noqa: S311  cuts, not secrets
    names = {"VEH1": False, "VEH2": True}
    seconds = range(100 * (1 + list(WAYS).index(way)))[-20:]
    streams = {
        name: b"".join(epoch(n, "" if way == "topic" else name, north=north) for n in seconds)
        for name, north in names.items()
    }
    messages: list[tuple[str, bytes]] = []
    while any(streams.values()):
        name = chance.choice([name for name, rest in streams.items() if rest])
        size = chance.choice((1, 5, 40, 120, 300))
        if way != "topic":
            size = streams[name].index(b"\n") + 1
        topic = f"{way}/{name if way == 'topic' else 'gateway7'}/nmea"
        messages.append((topic, streams[name][:size]))
        streams[name] = streams[name][size:]
    wanted = {
        name: {(START + timedelta(seconds=n), *place(north)) for n in seconds}
        for name, north in names.items()
    }
    return messages, wanted


def place(north: bool) -> tuple[float, float]:
    return (22.4, 113.9) if north else (22.3, 114 + 10 / 60)


def messages_of(way: str, folder: Path) -> tuple[list[tuple[str, bytes]], dict[str, set[Place]]]:
    """Those of the shared generator where it is present, else our own."""
    if not TOPIC.exists():
        return own_messages(way)
    out = folder / f"{way}.jsonl"
    subprocess.run([sys.executable, TOPIC, out, "--how", way], check=True)  # noqa: S603  the generator beside us
    said = [json.loads(line) for line in out.read_text().splitlines()]
    messages = [
        (each["topic"].replace("fleet/", f"{way}/"), base64.b64decode(each["payload"]))
        for each in said
    ]
    expected = json.loads((folder / f"{way}.expected.json").read_text())
    return messages, {
        name: {(datetime.fromisoformat(fix["time"]), fix["lat"], fix["lon"]) for fix in fixes}
        for name, fixes in expected.items()
    }


def stored_places(stored: Stored) -> dict[str, set[Place]]:
    rows = stored.fetch(
        "SELECT d.ref, fixed_at, ST_Y(geom) AS lat, ST_X(geom) AS lon"
        " FROM fix AS f JOIN device AS d ON d.id = f.device_id"
    )
    found = defaultdict(set)
    for row in rows:
        found[row["ref"]].add((row["fixed_at"], row["lat"], row["lon"]))
    return found


def are_in(wanted: set[Place], found: set[Place]) -> bool:
    """Whether each is found, a tenth of a metre more or less."""
    by_time = {moment: (lat, lon) for moment, lat, lon in found}
    return all(by_time.get(each[0]) == pytest.approx(each[1:], abs=1e-6) for each in wanted)


@pytest.mark.parametrize("source", ["own", "shared"])
@pytest.mark.parametrize("way", WAYS)
def test_two_devices_on_one_stream_stay_apart(
    way: str, source: str, world: World, tmp_path: Path
) -> None:
    messages, wanted = own_messages(way) if source == "own" else messages_of(way, tmp_path)
    with publisher(world) as client:
        for topic, payload in messages:
            publish(client, topic, payload)

    def is_stored() -> bool:
        found = stored_places(world.stored)
        return all(are_in(wanted[name], found[name]) for name in wanted)

    assert wait_for(is_stored, WITHIN_S)
    assert world.stored.refused(f"{world.broker}/{WAYS[way]}") == []


def test_half_a_line_is_not_given_back_to_the_broker_before_the_other_half(world: World) -> None:
    """A kill between the two halves loses neither, nor the epoch that they belong to."""
    first, second = epoch(0)[:100], epoch(0)[100:]
    source = f"{world.broker}/bytes/{{device}}"
    with publisher(world) as client:
        publish(client, "bytes/cut", first)
        heard = len(first)
        assert wait_for(lambda: world.stored.health(source).get("bytes") == heard, WITHIN_S)
        world.stored.service.kill("ingest")
        publish(client, "bytes/cut", second)
    assert wait_for(lambda: world.stored.epochs("cut") == [0], WITHIN_S)
    assert world.stored.refused(source) == []
