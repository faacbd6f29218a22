"""What every source yields: bytes that arrived, from whom they claim to be, and a handle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

from tracker.message import Replay


class Arrival(NamedTuple):
    """Bytes of a device, or of a gateway's devices, as they came.

    A tuple: ten thousand are made a second.
    """

    payload: bytes
    received_at: datetime
    department_ref: str
    #: Empty: the tag blocks in the bytes name the devices.
    device_ref: str
    #: True: whole lines and whole epochs, the end closes both. False: a stream, cut anywhere.
    whole: bool
    #: MQTT only.
    topic: str | None = None
    #: What the source wants back when the bytes are dealt with, durably.
    handle: object = None
    #: False: its source takes sentences without a checksum too.
    needs_checksum: bool = True
    #: Why the source itself refuses the bytes (a topic of no contract, an oversized payload).
    refused: str | None = None
    #: A stream has been silent for a moment, was torn off, or came to its end.
    closes: Literal["silence", "break", "input"] | None = None
    #: Of a kept reject that is read again; its bytes stand alone, whatever came before or after.
    replay: Replay | None = None
    #: The source that brought it at first, when that was another.
    origin: str | None = None
    #: Which of a source's streams it is of, where one has several: a connection, a topic.
    stream: str | None = None
    #: What `boot` and `seq` are for a message: bytes that come again under the same two are
    #: dealt with already.
    boot: str | None = None
    seq: int | None = None

    @property
    def kind(self) -> str | None:
        """MQTT only: what the payload is, by the last level of its topic."""
        return None if self.topic is None else self.topic.rpartition("/")[2]


@dataclass(slots=True, eq=False)
class Awaited:
    """A handle whose sender waits to hear what became of its message."""

    #: Why any of it was refused, durably; complete when the handle is acknowledged.
    refused: list[str] = field(default_factory=list)


class Source(Protocol):
    """Where bytes come from: an async context manager and an iterator of bursts."""

    #: `mqtt`, `serial:/dev/...`, `file:...`.
    name: str

    async def __aenter__(self) -> Self:
        """Open; a source that can come back later does not raise."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""

    def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts of arrivals, in their order."""

    def acknowledge(self, handles: Iterable[object]) -> None:
        """These are dealt with, durably: the sender may forget them."""

    def health(self) -> dict[str, object]:
        """How it goes, as JSON has it: `connected`, and whatever else the source counts."""
