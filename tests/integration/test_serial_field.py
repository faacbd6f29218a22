"""Serial ports as they are in the field: unplugged again and again, at another speed, silent."""

from __future__ import annotations

import asyncio
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources import serial as module
from ingest.sources.serial import SerialSource
from ingest.sources.stream import Sender
from tests.integration.boxes import say
from tests.integration.port import Port

WITHIN_S = 30.0
LINE = say("GPRMC,120000,A,2218.0000,N,11410.0000,E,10.0,90.0,231126,,")
MORE = say("GPGGA,120000,2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,")


class Reading:
    """What a source brought so far."""

    def __init__(self, source: SerialSource) -> None:
        self.source = source
        self.arrivals: list[Arrival] = []

    async def run(self) -> None:
        """For ever."""
        async for burst in self.source.arrivals():
            self.arrivals += burst

    @property
    def bytes(self) -> bytes:
        """All that came through."""
        return b"".join(each.payload for each in self.arrivals)

    @property
    def breaks(self) -> int:
        """How often the line was torn off or opened anew."""
        return sum(each.closes == "break" for each in self.arrivals)

    def health(self, key: str) -> object:
        """One figure of the source's health."""
        return self.source.health()[key]


@asynccontextmanager
async def reading(path: Path, *, baud: int | str = "auto") -> AsyncIterator[Reading]:
    assert isinstance(baud, int) or baud == "auto"
    source = SerialSource(
        str(path),
        sender=Sender("D", "box"),
        baud=baud if isinstance(baud, int) else "auto",
        clock=Clock(),
    )
    found = Reading(source)
    task = asyncio.create_task(found.run())
    try:
        yield found
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it, with a deadline."""
    async with asyncio.timeout(WITHIN_S):
        while not condition():  # noqa: ASYNC110  no event tells of what a source counts
            await asyncio.sleep(0.01)


def open_terminals() -> int:
    """Descriptors of this process that are terminals; what else it has open is not the source's."""
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found += each.readlink().is_relative_to("/dev/pts")
    return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Come back at once, for tests that unplug often."""
    monkeypatch.setattr(module, "RETRY_FIRST_S", 0.01)
    monkeypatch.setattr(module, "RETRY_LAST_S", 0.02)


@pytest.mark.usefixtures("quick")
async def test_fifty_replugs_in_mid_sentence_lose_fragments_only_and_leak_nothing(
    tmp_path: Path,
) -> None:
    port = Port(tmp_path / "port")
    async with reading(port.path, baud=9600) as found:
        await until(lambda: bool(found.health("connected")))
        port.tear_off()
        await until(lambda: not found.health("connected"))
        before = open_terminals()
        for number in range(50):
            port.plug_in()
            await until(lambda: bool(found.health("connected")))
            port.write(LINE[30:] + LINE + MORE[:20])
            await until(lambda n=number: found.bytes.count(MORE[:20]) == n + 1)  # type: ignore[misc]  # mypy knows no default of a lambda
            port.tear_off()
            await until(lambda: not found.health("connected"))
        await until(lambda: open_terminals() == before)
        assert found.bytes == (LINE + MORE[:20]) * 50
        assert found.health("dropped") == 50 * len(LINE[30:])
        assert found.health("opened") == 51
        assert found.health("bytes") == 50 * len(LINE[30:] + LINE + MORE[:20])
        assert "port" in str(found.health("problem"))
    port.close()


class Receiver(Port):
    """Speaks at one speed: a port that is set to another one hears noise."""

    def __init__(self, path: Path, speed: int) -> None:
        self.speed = speed
        self.said = 0
        super().__init__(path)

    async def speak(self) -> None:
        """Ten times a second, for ever."""
        while True:
            speed_set = termios.tcgetattr(self._open[1])[5]
            self.write(LINE + MORE if speed_set == self.speed else b"\xf8\x00\x9e" * 20)
            self.said += 1
            await asyncio.sleep(0.1)


async def test_the_speed_is_found_remembered_and_found_again(tmp_path: Path) -> None:
    receiver = Receiver(tmp_path / "port", termios.B4800)
    speaking = asyncio.create_task(receiver.speak())
    async with reading(receiver.path) as found:
        await until(lambda: LINE + MORE in found.bytes)
        assert found.health("baud") == 4800
        assert found.bytes.replace(LINE + MORE, b"") == b"", "no noise came through"
        dropped = found.health("dropped")
        assert isinstance(dropped, int)
        assert dropped > 0
        receiver.tear_off()
        speaking.cancel()
        await until(lambda: found.breaks == 1)
        receiver.plug_in()
        speaking = asyncio.create_task(receiver.speak())
        heard = len(found.bytes)
        await until(lambda: len(found.bytes) > heard)
        assert found.health("dropped") == dropped, "the speed was remembered"
        receiver.speed = termios.B38400
        await until(lambda: found.health("baud") == 38400)
        heard = len(found.bytes)
        await until(lambda: LINE + MORE in found.bytes[heard:])
    speaking.cancel()
    receiver.close()


async def test_a_half_pulled_plug_is_opened_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "REOPEN_AFTER_S", 0.5)
    port = Port(tmp_path / "port")
    caplog.set_level("INFO")
    async with reading(port.path, baud=9600) as found:
        await until(lambda: bool(found.health("connected")))
        port.write(LINE)
        await until(lambda: found.breaks >= 3)
        assert found.health("problem") == module.SILENT
        await until(lambda: bool(found.health("connected")))
        port.write(MORE)
        await until(lambda: found.bytes == LINE + MORE)
        assert found.health("problem") is None
        last_heard = datetime.fromisoformat(str(found.health("last_heard")))
        assert (datetime.now(UTC) - last_heard).total_seconds() < WITHIN_S
    said = [each.getMessage() for each in caplog.records]
    assert said.count(f"{port.path}: {module.SILENT}") <= 2, "it is not said again and again"
    port.close()


async def test_a_line_without_an_end_is_not_dropped_for_ever(tmp_path: Path) -> None:
    port = Port(tmp_path / "port")
    async with reading(port.path, baud=9600) as found:
        await until(lambda: bool(found.health("connected")))
        noise = b"x" * 100
        for _ in range(8):
            port.write(noise)
        await until(lambda: found.health("bytes") == 800)
        assert 0 < len(found.bytes) < 800
        assert len(found.bytes) + int(str(found.health("dropped"))) == 800
    port.close()


async def test_what_is_wrong_with_a_port_names_the_cure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = Port(tmp_path / "port")
    async with reading(port.path, baud=9600) as first:
        await until(lambda: bool(first.health("connected")))
        async with reading(port.path, baud=9600) as second:
            await until(lambda: second.health("problem") is not None)
            assert "fuser -v" in str(second.health("problem"))
            assert "fuser -v" in caplog.text
    port.close()
