"""Debian's gpsd as a source: its receiver's fixes, and again when gpsd comes back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.gateway import AllDecoding
from ingest.sources.gpsd import GpsdSource
from ingest.sources.stream import Sender
from tests.integration.service import free_port
from tests.integration.sources_world import START, epoch
from tracker.message import Message

EPOCHS = 120
WITHIN_S = 120.0


@contextmanager
def gpsd_with(recording: Path, port: int) -> Iterator[None]:
    """gpsd, reading a receiver that says what is recorded."""
    argv = ["gpsfake", "-1", "-q", "-c", "0.05", "-P", str(port), str(recording)]
    fake = subprocess.Popen(  # noqa: S603  the test's own command line
        argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(fake.pid, signal.SIGKILL)
        fake.wait(WITHIN_S)


def second(message: Message) -> int:
    return round((message.readings[0].fix.fixed_at - START).total_seconds())


async def test_the_fixes_of_a_receiver_come_in_and_again_when_gpsd_is_back(tmp_path: Path) -> None:
    port, recording = free_port(), tmp_path / "receiver.nmea"
    source = GpsdSource(
        "127.0.0.1", port, path=None, silence_s=30, sender=Sender("D", "car"), clock=Clock()
    )
    decoding = AllDecoding(lambda department_ref, device_ref: "off")
    bursts = cast("AsyncGenerator[list[Arrival], None]", source.arrivals())
    for start in (0, 1000):
        recording.write_bytes(b"".join(map(epoch, range(start, start + EPOCHS))))
        heard: list[Message] = []
        with gpsd_with(recording, port):
            async with asyncio.timeout(WITHIN_S):
                while not heard or second(heard[-1]) < start + EPOCHS - 2:
                    for arrival in await anext(bursts):
                        works = decoding.decode(source.name, arrival)
                        heard += [work.message() for work in works]
        # The last instant of the gpsd before comes when that one has gone.
        seconds = [second(each) for each in heard if second(each) >= start]
        # gpsd wants some sentences before it trusts a receiver; from then on none is missing.
        assert seconds == list(range(seconds[0], seconds[-1] + 1))
        assert start <= seconds[0] < start + EPOCHS - 10
    assert source.health()["opened"] == 2
    fix = heard[-1].readings[0].fix
    assert (fix.mode, fix.altitude_m, fix.course_deg) == (3, 5.0, 90.0)
    assert round(fix.lat, 5) == 22.3
    assert heard[-1].payload.startswith(b'{"class":'), "kept whole, so that it can be replayed"
    assert (heard[-1].department_ref, heard[-1].device_ref) == ("D", "car")
    await bursts.aclose()
