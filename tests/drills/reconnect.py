"""10,000 devices are connected when the broker is killed: all are back within jitter + 10 s."""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import struct
import time
from urllib.parse import urlsplit

from tests.drills import stage
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

CONNACK = b"\x20\x02\x00\x00"
KEEPALIVE_S = 600
AFTER_JITTER_S = 10.0
RETRY_S = 1.0
AT_ONCE = 200


class Herd:
    """So many raw connections; each comes back by itself after a jitter."""

    def __init__(self, mqtt_url: str, jitter_s: float) -> None:
        url = urlsplit(mqtt_url)
        self._where = url.hostname or "", url.port or 1883
        self._jitter_s = jitter_s
        self._random = random.Random(1)  # noqa: S311  no secret
        self._gate = asyncio.Semaphore(AT_ONCE)
        self.connected = 0
        #: Set when somebody loses the connection.
        self.shy = asyncio.Event()

    async def live(self, number: int) -> None:
        """Connect, and again whenever the connection ends; until cancelled."""
        waits_s = 0.0
        while True:
            await asyncio.sleep(waits_s)
            writer = None
            try:
                async with self._gate:
                    reader, writer = await asyncio.open_connection(*self._where)
                    writer.write(_connect(f"herd-{number:05d}".encode()))
                    if await reader.readexactly(len(CONNACK)) != CONNACK:
                        raise ConnectionRefusedError
                self.connected += 1
                try:
                    await reader.read(1)
                finally:
                    self.connected -= 1
                    self.shy.set()
                waits_s = self._random.uniform(0, self._jitter_s)
            except (OSError, asyncio.IncompleteReadError):
                waits_s = self._random.uniform(0, RETRY_S)
            finally:
                if writer is not None:
                    writer.transport.abort()

    async def reach(self, count: int, within_s: float) -> float:
        """Wait until so many are connected; the seconds it took."""
        started_s = time.monotonic()
        while self.connected < count:
            took_s = time.monotonic() - started_s
            assert took_s < within_s, f"{self.connected} of {count} after {took_s:.0f} s"
            await asyncio.sleep(0.02)
        return round(time.monotonic() - started_s, 1)


def _connect(client: bytes) -> bytes:
    """A CONNECT of MQTT 3.1.1 with a clean session."""
    body = b"\x00\x04MQTT\x04\x02" + struct.pack("!HH", KEEPALIVE_S, len(client)) + client
    return bytes((0x10, len(body))) + body


async def stampede(service: Service, count: int, jitter_s: float) -> dict[str, float]:
    """Connect all, kill the broker, and wait until all are back."""
    herd = Herd(service.mqtt_url, jitter_s)
    clients = [asyncio.create_task(herd.live(number)) for number in range(count)]
    try:
        first_s = await herd.reach(count, 120)
        say(f"{count} connected in {first_s} s; the broker is killed")
        killed_s = time.monotonic()
        service.session.kill("Mosquitto")
        await herd.shy.wait()
        await herd.reach(count, jitter_s + 60)
        back_s = round(time.monotonic() - killed_s, 1)
    finally:
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    return {"clients": count, "connected_s": first_s, "all_back_s": back_s}


def reconnect(service: Service, count: int, jitter_s: float) -> Outcome:
    """The drill in a running service."""
    outcome = Outcome(figures=dict(asyncio.run(stampede(service, count, jitter_s))))
    outcome.conditions["all are back in time"] = (
        outcome.figures["all_back_s"] < jitter_s + AFTER_JITTER_S
    )
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with stage.service_with(1) as service:
        return reconnect(service, options.clients, options.jitter_s)


if __name__ == "__main__":
    stage.main("reconnect", __doc__, drill, clients=10_000, jitter_s=5.0)
