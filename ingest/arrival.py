"""What every source yields: bytes that arrived, from whom they claim to be, and a handle."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

from tracker.message import Replay


class Arrival(NamedTuple):
    """Bytes of one device, as they came. A tuple: ten thousand are made a second."""

    payload: bytes
    received_at: datetime
    department_ref: str
    device_ref: str
    #: True: whole lines and whole epochs, the end closes both. False: a stream, cut anywhere.
    whole: bool
    #: MQTT only.
    topic: str | None = None
    #: What the source wants back when the bytes are dealt with, durably.
    handle: object = None
    #: Why the source itself refuses the bytes (a topic of no contract, an oversized payload).
    refused: str | None = None
    #: A stream has been silent for a moment, was torn off, or came to its end.
    closes: Literal["silence", "break", "input"] | None = None
    #: Of a kept reject that is read again; its bytes stand alone, whatever came before or after.
    replay: Replay | None = None
    #: The source that brought it at first, when that was another.
    origin: str | None = None

    @property
    def kind(self) -> str | None:
        """MQTT only: what the payload is, by the last level of its topic."""
        return None if self.topic is None else self.topic.rpartition("/")[2]


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
