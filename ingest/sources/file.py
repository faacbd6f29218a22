"""A recorded file: read once from its beginning to its end, as fast as it is committed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.arrival import Arrival
from ingest.clock import Clock

log = logging.getLogger(__name__)

PORTION_BYTES = 16 * 1024
RETRY_S = 1.0


class FileSource:
    """The recording of one device. Read again after a restart, which stores nothing twice."""

    def __init__(self, path: str, *, department_ref: str, device_ref: str, clock: Clock) -> None:
        self.name = f"file:{path}"
        self._path = Path(path)
        self._department_ref = department_ref
        self._device_ref = device_ref
        self._clock = clock

    async def __aenter__(self) -> Self:
        """Nothing yet: the file is opened when it can be."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: reading ends with the file closed."""

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """The file in portions, then an empty one; ends with the file."""
        with await self._open() as file:
            while portion := await asyncio.to_thread(file.read, PORTION_BYTES):
                yield [self._arrival(portion)]
        yield [self._arrival(b"")]

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

    def acknowledge(self, handles: Iterable[object]) -> None:
        """A file has nobody to tell."""

    def health(self) -> dict[str, object]:
        """Nothing to tell."""
        return {}

    def _arrival(self, portion: bytes) -> Arrival:
        return Arrival(
            payload=portion,
            received_at=self._clock.now(),
            department_ref=self._department_ref,
            device_ref=self._device_ref,
            whole=False,
            closes=None if portion else "input",
        )
