"""A serial port by its path, read as bytes; an unplugged one is waited for.

A port of this source has no other reader. Nothing is ever written to the receiver.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import logging
import os
import re
import termios
import time
from collections.abc import AsyncIterator
from typing import Literal

import serial

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.errors import PortBusy, PortForbidden
from ingest.sources.baud import Baud
from ingest.sources.stream import (
    RETRY_FIRST_S,
    RETRY_LAST_S,
    SILENCE_S,
    TICK_S,
    Sender,
    StreamSource,
)

log = logging.getLogger(__name__)

READ_BYTES = 4096
#: A half-pulled plug raises nothing: after so long a silence the port is opened anew.
REOPEN_AFTER_S = 30.0
FRAGMENT_BYTES = 512  # no line is longer; past it what was dropped was no fragment

SILENT = f"silent for {REOPEN_AFTER_S:.0f} s; opened anew until it speaks"
PSEUDO_TERMINALS = "/dev/pts/"
LINE_STARTS = b"$!\\#"
#: Where a fragment ends: with its line, or where a sentence begins that noise is glued to.
_FRAGMENT_ENDS = re.compile(rb"\n|(?=[$!])")


class _Fragment:
    """The line that an opening comes into the middle of: no fault of the device's, so no reject."""

    def __init__(self) -> None:
        #: Bytes of all of them.
        self.dropped = 0
        self.begin()

    def begin(self) -> None:
        """The port was opened."""
        self._room: int = FRAGMENT_BYTES

    def cut_off(self, portion: bytes) -> bytes:
        """What follows the fragment."""
        if not portion or not self._room:
            return portion
        if portion[0] in LINE_STARTS:
            self._room = 0
            return portion
        end = _FRAGMENT_ENDS.search(portion, 0, self._room)
        fragment = portion[: end.end() if end else self._room]
        self.dropped += len(fragment)
        self._room = 0 if end else self._room - len(fragment)
        return portion[len(fragment) :]


class SerialSource(StreamSource):
    """Bytes of the one device on a port, such as /dev/serial/by-id/…"""

    def __init__(
        self,
        path: str,
        *,
        sender: Sender,
        baud: int | Literal["auto"],
        clock: Clock,
    ) -> None:
        """`baud` bits a second, or "auto": found out by listening, and remembered."""
        super().__init__(f"serial:{path}", sender, clock)
        self._path = path
        self._baud = Baud(None if baud == "auto" else baud)
        self._fragment = _Fragment()
        self._problem: str | None = None

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, cut anywhere; empty in a silence and at an unplugging."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                with await asyncio.to_thread(self._open) as port:
                    self._note_open()
                    async for portion in self._portions(port):
                        if portion:
                            wait_s = RETRY_FIRST_S
                        yield [self.arrival(portion)]
                wait_s = 0.0  # the silence was wait enough, and a closed port hears nothing
            except (OSError, ValueError, termios.error, PortBusy, PortForbidden) as error:
                self._note_problem(error, wait_s)
            self.is_connected = False
            yield [self.arrival(b"", "break")]
            await asyncio.sleep(wait_s)
            wait_s = min(max(wait_s * 2, RETRY_FIRST_S), RETRY_LAST_S)

    def health(self) -> dict[str, object]:
        """As of other streams; besides, at which rate, and what is wrong.

        `dropped` counts bytes: fragments of lines after an opening, and noise of wrong rates.
        """
        dropped = self._fragment.dropped + self._baud.dropped
        return {
            **super().health(),
            "baud": self._baud.rate if self._baud.is_sure else None,
            "bytes": self._bytes + dropped,
            "dropped": dropped,
            "problem": self._problem,
        }

    def _open(self) -> serial.Serial:
        try:
            port = serial.Serial(
                self._path, self._baud.rate, timeout=0, exclusive=True, rtscts=False, xonxoff=False
            )
        except serial.SerialException as error:
            # pyserial tells of a lock that it did not get in words only.
            if error.errno == errno.EBUSY or "exclusively lock" in str(error):
                raise PortBusy(f"({error})") from error
            if error.errno == errno.EACCES:
                raise PortForbidden(f"({error})") from error
            raise
        # The lock binds only those who ask for it, this the rest; but on a pseudo-terminal it
        # outlives us for as long as the other end is open.
        if not os.ttyname(port.fileno()).startswith(PSEUDO_TERMINALS):
            fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
        return port

    def _note_open(self) -> None:
        if self._problem != SILENT:
            log.info("reading %s", self._path)
            self._problem = None
        self.is_connected = True
        self._opened += 1
        self._baud.opened(time.monotonic())
        self._fragment.begin()

    def _note_speech(self) -> None:
        if self._problem == SILENT:
            log.info("%s speaks again", self._path)
        self._problem = None
        self._heard_at = self._clock.now()

    def _note_problem(self, error: Exception, wait_s: float) -> None:
        if self._problem != str(error):
            log.warning("%s: %s; trying again after %.0f s", self._path, error, wait_s)
        self._problem = str(error)

    async def _portions(self, port: serial.Serial) -> AsyncIterator[bytes]:
        """What is there to read, and nothing at each tick of a silence until it is a long one.

        Ends when the port has been silent for so long that it may have been pulled half out.
        """
        heard_s = time.monotonic()
        while (silent_s := time.monotonic() - heard_s) < REOPEN_AFTER_S:
            if not await _is_readable(port, self._patience_s(silent_s)):
                if silent_s < SILENCE_S:
                    yield b""
            else:
                portion = port.read(READ_BYTES)
                heard_s = time.monotonic()
                self._note_speech()
                if usable := self._fragment.cut_off(self._baud.heard(portion, heard_s)):
                    yield usable
            self._turn_to_next_rate(port)
        if self._problem != SILENT:
            log.warning("%s: %s", self._path, SILENT)
        self._problem = SILENT

    def _patience_s(self, silent_s: float) -> float:
        if silent_s < SILENCE_S or not self._baud.is_sure:
            return TICK_S
        return REOPEN_AFTER_S - silent_s

    def _turn_to_next_rate(self, port: serial.Serial) -> None:
        self._baud.moves_on(time.monotonic())
        if port.baudrate != self._baud.rate:
            port.baudrate = self._baud.rate


async def _is_readable(port: serial.Serial, within_s: float) -> bool:
    """Wait for bytes or for the port's end; no thread, or a handful of ports would use them up."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(port.fileno(), ready.set)
    try:
        async with asyncio.timeout(within_s):
            return await ready.wait()
    except TimeoutError:
        return ready.is_set()  # both at once, after others held up the loop: it was no silence
    finally:
        loop.remove_reader(port.fileno())
