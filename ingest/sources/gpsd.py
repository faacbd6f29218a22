"""gpsd: its JSON reports, an instant a message."""

from __future__ import annotations

import asyncio
import logging
from asyncio import StreamReader
from collections.abc import AsyncIterator
from typing import Final

from devices.gpsd import PARTS, WATCH, Instant, Report, is_position, read_report
from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.stream import Backoff, Sender, StreamSource
from ingest.sources.tcp import connect, told

log = logging.getLogger(__name__)

#: gpsd tells an instant in one burst; what comes this much later is of another.
INSTANT_OVER_S: Final = 0.25
LINE_BYTES: Final = 64 * 1024


class GpsdSource(StreamSource):
    """The fixes of one receiver at a gpsd; connected again whenever it is lost."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: Sender,
        path: str | None,
        silence_s: float,
        clock: Clock,
    ) -> None:
        """`path` is the receiver's as gpsd names it; None takes the first that has a fix."""
        super().__init__(f"gpsd:{host}:{port}", sender, clock)
        self._host, self._port = host, port
        self._path = self._followed = path
        self._silence_s = silence_s
        self._instant = Instant()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Instants with a position, each as it is complete."""
        backoff = Backoff()
        while True:
            try:
                reader, writer = await connect(self._host, self._port, limit=LINE_BYTES)
            except (OSError, TimeoutError) as error:
                log.warning("%s: %s; trying on", self.name, told(error))
            else:
                self.opened()
                writer.write(WATCH)
                self._instant, self._followed = Instant(), self._path
                try:
                    async for payload in self._instants(reader):
                        backoff.reset()
                        yield [self._whole(payload)]
                    log.warning("%s: gpsd closed; connecting again", self.name)
                except (OSError, TimeoutError, ValueError) as error:
                    log.warning("%s: %s; connecting again", self.name, told(error))
                finally:
                    self.is_connected = False
                    writer.close()
                if rest := self._instant.end():
                    yield [self._whole(rest)]
            await backoff.wait()

    def health(self) -> dict[str, object]:
        """With the receiver that is followed."""
        return super().health() | {"receiver": self._followed}

    async def _instants(self, reader: StreamReader) -> AsyncIterator[bytes]:
        while True:
            line = await self._line(reader)
            if line is None:
                payload = self._instant.end()
            elif not line:
                return
            else:
                payload = self._take(line)
            if payload is not None:
                yield payload

    async def _line(self, reader: StreamReader) -> bytes | None:
        """The next line, b"" at the end, None when an open instant is over.

        Raises TimeoutError after a long silence, and ValueError on a line without an end.
        """
        wait_s = INSTANT_OVER_S if self._instant.is_open else self._silence_s
        try:
            async with asyncio.timeout(wait_s):
                return await reader.readline()
        except TimeoutError:
            if self._instant.is_open:
                return None
            raise

    def _take(self, line: bytes) -> bytes | None:
        report = read_report(line)
        if report is None:
            self.dropped += 1
            return None
        if report["class"] == "DEVICE":
            self._note(report)
        elif report["class"] in PARTS and self._is_followed(report):
            return self._instant.take(report, line.strip())
        return None

    def _is_followed(self, report: Report) -> bool:
        """Two receivers in one vehicle would make it jump between them: one is followed."""
        path = report.get("device")
        if self._followed is None and is_position(report) and isinstance(path, str):
            log.info("%s: following %s", self.name, path)
            self._followed = path
        return self._followed in (None, path)

    def _note(self, report: Report) -> None:
        """A receiver came or went."""
        path, is_active = report.get("path"), bool(report.get("activated"))
        log.info("%s: %s %s", self.name, path, "is active" if is_active else "is gone")
        if not is_active and self._path is None and path == self._followed:
            self._followed = None

    def _whole(self, payload: bytes) -> Arrival:
        portion = self.arrival(payload)
        return Arrival(
            payload=payload,
            received_at=portion.received_at,
            department_ref=self.sender.department_ref,
            device_ref=self.sender.device_ref,
            whole=True,
        )
