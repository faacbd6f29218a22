"""A recorded file: read once from its beginning to its end, as fast as it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.arrival import Arrival
from ingest.clock import Clock

PORTION_BYTES = 16 * 1024


class FileSource:
    """The recording of one device. Read again after a restart, which stores nothing twice."""

    def __init__(self, path: str, *, department_ref: str, device_ref: str, clock: Clock) -> None:
        self.name = f"file:{path}"
        self._path = Path(path)
        self._department_ref = department_ref
        self._device_ref = device_ref
        self._clock = clock

    async def __aenter__(self) -> Self:
        """Open; raises OSError when there is no such file."""
        self._file = await asyncio.to_thread(self._path.open, "rb")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        self._file.close()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """The file in portions, then an empty one; ends with the file."""
        while portion := await asyncio.to_thread(self._file.read, PORTION_BYTES):
            yield [self._arrival(portion)]
        yield [self._arrival(b"")]

    def acknowledge(self, handles: Iterable[object]) -> None:
        """A file has nobody to tell."""

    def _arrival(self, portion: bytes) -> Arrival:
        return Arrival(
            payload=portion,
            received_at=self._clock.now(),
            department_ref=self._department_ref,
            device_ref=self._device_ref,
            whole=False,
            closes=None if portion else "input",
        )
