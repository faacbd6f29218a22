"""The MQTT source against a real broker, through a network that cuts bytes anywhere."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiomqtt
import pytest

from ingest.accounts import write_accounts
from ingest.arrival import Arrival
from ingest.broker import PrivateBroker
from ingest.clock import Clock
from ingest.sources.mqtt import MqttSource
from tests.integration.processes import passing_folder
from tracker.accounts import Accounts

#: Around the places where MQTT's length takes one more byte, and ours says oversized.
SIZES = [0, 1, 60, 127, 128, 200, 16_300, 16_384, 65_536, 65_537, 200_000]
#: What a source may say, and anybody hear.
BEHIND = "gov/1/D/b0/ack"


@pytest.fixture
def port() -> Iterator[int]:
    """Where a broker of our settings listens, to anybody."""
    with passing_folder() as data:
        data.create()
        write_accounts(data, Accounts(anonymous=True))
        broker = PrivateBroker(data)
        broker.start()
        yield broker.port
        broker.stop()


class Network:
    """A way to a port on which bytes come in pieces of any size, and which can be torn."""

    def __init__(self, far_port: int, seed: int) -> None:
        self._far_port = far_port
        self._sizes = random.Random(seed)  # noqa: S311  no secret
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        #: Connections whose ends have not both been seen.
        self.open = 0
        self.quiet = asyncio.Event()

    def tear(self) -> None:
        """Cut all connections without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        self._writers += [writer, far_writer]
        both = (self._pass_on(reader, far_writer), self._pass_on(far_reader, writer))
        self.open += 1
        await asyncio.gather(*both, return_exceptions=True)
        self.open -= 1
        if not self.open:
            self.quiet.set()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(self._sizes.choice([1, 2, 3, 7, 100, 5000, 70_000])):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        writer.close()


@asynccontextmanager
async def network(far_port: int, seed: int = 1) -> AsyncIterator[Network]:
    way = Network(far_port, seed)
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    way.port = server.sockets[0].getsockname()[1]
    try:
        yield way
    finally:
        server.close()
        async with asyncio.timeout(10):
            await way.quiet.wait()


async def read(source: MqttSource, count: int) -> list[Arrival]:
    """So many arrivals; each is acknowledged."""
    found: list[Arrival] = []
    async with asyncio.timeout(30):
        async for burst in source.arrivals():
            found += burst
            source.acknowledge(each.handle for each in burst)
            if len(found) >= count:
                break
    return found


async def all_is_told(source: MqttSource, port: int) -> None:
    """The broker has its acknowledgements: what it sent behind them has arrived."""
    async with aiomqtt.Client("127.0.0.1", port) as hearer:
        await hearer.subscribe(BEHIND)
        source.publish([(BEHIND, b"")])
        async with asyncio.timeout(20):
            await anext(aiter(hearer.messages))


@pytest.mark.parametrize("seed", [1, 2])
async def test_messages_of_any_size_arrive_whole_however_the_network_cuts(
    port: int, seed: int
) -> None:
    payloads = [bytes([n % 256]) * SIZES[n % len(SIZES)] for n in range(66)]
    async with network(port, seed) as way, source_at(way.port) as source:
        async with aiomqtt.Client("127.0.0.1", port) as sender:
            for number, payload in enumerate(payloads):
                await sender.publish(f"gov/1/D/b{number}/nmea", payload, qos=1)
        found = await read(source, len(payloads))
        await all_is_told(source, port)
    assert [each.payload for each in found] == payloads
    assert [each.device_ref for each in found] == [f"b{n}" for n in range(66)]
    assert {each.refused for each in found if len(each.payload) > 65_536} == {"oversized"}
    assert {each.refused for each in found if len(each.payload) <= 65_536} == {None}
    await nothing_comes_again(port)


@asynccontextmanager
async def source_at(port: int) -> AsyncIterator[MqttSource]:
    source = MqttSource(f"mqtt://127.0.0.1:{port}", client_id="reader", clock=Clock())
    async with source:
        async with asyncio.timeout(10):
            await source.subscribed.wait()
        yield source


async def nothing_comes_again(port: int) -> None:
    """The session has no message left: the next one to come is one sent after it was resumed."""
    async with source_at(port) as source, aiomqtt.Client("127.0.0.1", port) as sender:
        await sender.publish("gov/1/D/last/nmea", b"last", qos=1)
        assert [each.payload for each in await read(source, 1)] == [b"last"]


async def test_an_acknowledgement_of_a_lost_connection_is_dropped(port: int) -> None:
    async with network(port) as way, source_at(way.port) as source:
        async with aiomqtt.Client("127.0.0.1", port) as sender:
            await sender.publish("gov/1/D/a/nmea", b"first", qos=1)
        async with asyncio.timeout(10):
            (first,) = await anext(source.arrivals())
        way.tear()
        async with asyncio.timeout(10):
            (again,) = await anext(source.arrivals())
        assert (first.payload, again.payload) == (b"first", b"first")
        source.acknowledge([first.handle])
    async with source_at(port) as source:
        assert [each.payload for each in await read(source, 1)] == [b"first"]
