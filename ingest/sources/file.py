"""Recorded files and standard input, as fast as they are committed or as their fixes came."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import re
import stat
import sys
import time
from collections.abc import AsyncIterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.stream import READ_BYTES, Sender, StreamSource, portions

log = logging.getLogger(__name__)

RETRY_S = 1.0
DAY_S: Final = 86_400.0
#: Its beginning, its size and its age say whether a file is the one that was read before.
HEAD_BYTES: Final = 64 * 1024
LINE_BYTES: Final = 4096

Pace = Literal["fast", "real"]

#: The time of day of a sentence that has one: RMC, GGA, GNS, ZDA; GLL has it later.
_TIMED = re.compile(
    rb"\$[A-Z]{2}(?:(?:RMC|GGA|GNS|ZDA),|GLL,[^,]*,[^,]*,[^,]*,[^,]*,)"
    rb"([01][0-9]|2[0-3])([0-5][0-9])([0-5][0-9](?:\.[0-9]{1,9})?)"
)


class FileSource(StreamSource):
    """A recording, read once from its beginning to its end, and again after a restart.

    Of a one-device recording each portion has a number under a name made of the file itself, as a
    device's messages have: what was stored or refused once is not dealt with a second time.
    """

    def __init__(self, path: str, *, sender: Sender, clock: Clock, pace: Pace = "fast") -> None:
        """At the pace `real` an epoch is read when as much time has gone by as it says."""
        super().__init__(f"file:{path}", sender, clock)
        self._path = Path(path)
        self._pace = pace

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """The file in portions, then an empty one; ends with the file."""
        with await self._open() as file:
            boot = await asyncio.to_thread(self._boot, file) if self.sender.device_ref else None
            self.opened()
            seq = 0
            async for portion in self._portions(file):
                seq += 1
                arrival = self.arrival(portion)
                yield [arrival if boot is None else numbered(arrival, boot, seq)]
        self.is_connected = False
        yield [self.arrival(b"", "input")]

    def _portions(self, file: BufferedReader) -> AsyncIterator[bytes]:
        return in_real_time(file) if self._pace == "real" else in_portions(file)

    async def _open(self) -> BufferedReader:
        """Open the file, waiting for one that is not there yet."""
        said = False
        while True:
            try:
                return await asyncio.to_thread(self._path.open, "rb")
            except OSError as error:
                if not said:
                    log.warning("waiting for a file that cannot be read: %s", error)
                    said = True
                await asyncio.sleep(RETRY_S)

    def _boot(self, file: BufferedReader) -> str:
        """The same for the same bytes cut in the same way; a file that grew is another one."""
        facts = os.fstat(file.fileno())
        digest = hashlib.sha256(f"{facts.st_size} {facts.st_mtime_ns} {self._pace}\n".encode())
        digest.update(file.read(HEAD_BYTES))
        file.seek(0)
        return f"file-{digest.hexdigest()[:24]}"


class StdinSource(StreamSource):
    """What is piped into the program, read to its end; like a file, it may be of any year."""

    def __init__(self, *, sender: Sender, clock: Clock) -> None:
        """One of these a process."""
        super().__init__("file:-", sender, clock)

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, then an empty one; ends with the input."""
        self.opened()
        async for portion in _standard_input():
            yield [self.arrival(portion)]
        self.is_connected = False
        yield [self.arrival(b"", "input")]


def numbered(arrival: Arrival, boot: str, seq: int) -> Arrival:
    """The same as a message of a device, which is dealt with once."""
    return Arrival(
        payload=arrival.payload,
        received_at=arrival.received_at,
        department_ref=arrival.department_ref,
        device_ref=arrival.device_ref,
        whole=False,
        needs_checksum=arrival.needs_checksum,
        boot=boot,
        seq=seq,
    )


async def in_portions(file: BinaryIO) -> AsyncIterator[bytes]:
    """As fast as it is asked for."""
    while portion := await asyncio.to_thread(file.read, READ_BYTES):
        yield portion


async def in_real_time(file: BinaryIO) -> AsyncIterator[bytes]:
    """Epoch by epoch, each when as much time has gone by as lies between it and the first one.

    A time of day that goes back waits for nothing.
    """
    due_s = time.monotonic()
    portion, last_s = b"", None
    while line := await asyncio.to_thread(file.readline, LINE_BYTES):
        at_s = _time_of_day_s(line)
        if at_s is not None and at_s != last_s:
            if portion:
                yield portion
            portion = b""
            due_s += _ahead_s(last_s, at_s)
            await asyncio.sleep(max(due_s - time.monotonic(), 0.0))
            last_s = at_s
        portion += line
        if len(portion) >= READ_BYTES:
            yield portion
            portion = b""
    if portion:
        yield portion


def _ahead_s(before_s: float | None, now_s: float) -> float:
    """How much later a time of day is, over midnight too; 0 when it is earlier."""
    ahead_s = 0.0 if before_s is None else (now_s - before_s) % DAY_S
    return ahead_s if ahead_s <= DAY_S / 2 else 0.0


def _time_of_day_s(line: bytes) -> float | None:
    found = _TIMED.search(line)
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3]) if found else None


async def _standard_input() -> AsyncIterator[bytes]:
    """A pipe or terminal by the event loop, since a thread that waits would hold up the end of the
    program; a file by a thread, for the loop cannot wait for files."""
    if stat.S_ISREG(os.fstat(sys.stdin.fileno()).st_mode):
        async for portion in in_portions(cast("BinaryIO", sys.stdin.buffer)):
            yield portion
        return
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer
    )
    try:
        async for portion in portions(reader, None):
            yield portion
    finally:
        transport.close()
