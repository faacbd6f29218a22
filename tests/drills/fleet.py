"""The fleet of fleet.c: what it sends, how it goes, and what it knows at the end."""

from __future__ import annotations

import atexit
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from tracker.child import wait_for

SOURCE = Path(__file__).with_name("fleet.c")
HOUR_MS = 3_600_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a fleet sends; the fields and their defaults are those of fleet.c."""

    first: int = 1
    count: int = 100
    #: Of each device.
    fixes: int = 100
    #: Of a message.
    epochs: int = 1
    step_ms: int = 1000
    #: Of the first fix of the first device; 0 for the start.
    base_ms: int = 0
    #: Messages a second of all devices; 0: each message when its last fix is due.
    rate: int = 0
    bad_permille: int = 0
    noise_permille: int = 0
    skew: int = 0
    newest_first: int = 0
    resend_ms: int = 8000

    @classmethod
    def steady(cls, devices: int, rate: int) -> Plan:
        """Ten minutes of fixes, `rate` a second of all devices together, each when it is due."""
        return cls(count=devices, fixes=600 * rate // devices, step_ms=1000 * devices // rate)

    @property
    def devices(self) -> range:
        """Their numbers."""
        return range(self.first, self.first + self.count)

    def arguments(self) -> Iterator[str]:
        """As fleet.c takes them."""
        return (f"{name}={value}" for name, value in vars(self).items())

    def fixes_of(self, message: int) -> range:
        """Which fixes of its device a message holds, counted from 0."""
        return range((message - 1) * self.epochs, min(message * self.epochs, self.fixes))

    def skew_ms(self, fix: int) -> int:
        """By how much the device's clock is wrong."""
        quarter = fix * 4 // self.fixes if self.skew else 0
        return {1: HOUR_MS, 2: -HOUR_MS}.get(quarter, 0)

    def is_bad(self, device: int, message: int) -> bool:
        """Whether the checksums of a message are wrong."""
        return (device * 7919 + message * 104_729) % 1000 < self.bad_permille

    def moment_ms(self, base_ms: int, device: int, fix: int) -> int:
        """The time that a fix states."""
        offset_ms = (device - self.first) * self.step_ms // self.count
        return base_ms + offset_ms + fix * self.step_ms + self.skew_ms(fix)


@dataclass(frozen=True, kw_only=True)
class Told:
    """One device at the end of its fleet: numbers of messages."""

    sent: frozenset[int]
    unacked: frozenset[int]
    bad: frozenset[int]


@dataclass(kw_only=True)
class Progress:
    """How far a fleet is, in messages."""

    at_ms: int = 0
    sent: int = 0
    acked: int = 0
    resent: int = 0


@dataclass
class Fleet:
    """A running fleet; read `progress` at any time, `devices` after `finish`."""

    plan: Plan
    process: subprocess.Popen[str]
    log: Path
    boot: str = ""
    base_ms: int = 0
    noise: int = 0
    devices: dict[int, Told] = field(default_factory=dict)

    @property
    def progress(self) -> Progress:
        """As it said within the last quarter of a second."""
        last = re.findall(
            r"^at (\d+) sent (\d+) acked (\d+) resent (\d+)\n", self._said(), re.MULTILINE
        )
        if not last:
            return Progress()
        at_ms, sent, acked, resent = map(int, last[-1])
        return Progress(at_ms=at_ms, sent=sent, acked=acked, resent=resent)

    def read_head(self) -> None:
        """Read which start of the devices this is, and the time of the first fix."""
        match = re.match(r"boot (\S+) base_ms (\d+)\n", self._said())
        assert match is not None, "the fleet has not begun"
        self.boot, self.base_ms = match.group(1), int(match.group(2))

    def stop(self) -> None:
        """Send nothing new; what is not acknowledged is still sent again."""
        self.process.send_signal(signal.SIGUSR1)

    def finish(self, within_s: float) -> None:
        """Wait until all is acknowledged, or no longer, and read what each device knows."""
        if not wait_for(lambda: self.process.poll() is not None, within_s):
            self.process.terminate()
        assert self.process.wait(30) == 0, self._said()[-1000:]
        said = self._said()
        self.read_head()
        self.noise = int(re.findall(r"^noise (\d+)$", said, re.MULTILINE)[0])
        for number, *lists in re.findall(
            r"^device (\d+) sent (\S+) unacked (\S+) bad (\S+)$", said, re.MULTILINE
        ):
            sent, unacked, bad = map(_numbers, lists)
            self.devices[int(number)] = Told(sent=sent, unacked=unacked, bad=bad)

    def fix_times(self, messages: str) -> Ints:
        """Times in ms of all good fixes in messages that are `sent` or `acked`; see `keys`."""
        plan = self.plan
        return np.array(
            [
                key_of(device, plan.moment_ms(self.base_ms, device, fix))
                for device, told in self.devices.items()
                for message in told.sent - (told.unacked if messages == "acked" else set())
                if not plan.is_bad(device, message)
                for fix in plan.fixes_of(message)
                if plan.skew_ms(fix) <= 0
            ],
            dtype=np.int64,
        )

    def bad_messages(self, device: int) -> set[int]:
        """Numbers of those sent in which something must be refused."""
        plan = self.plan
        return {
            message
            for message in self.devices[device].sent
            if plan.is_bad(device, message)
            or any(plan.skew_ms(fix) > 0 for fix in plan.fixes_of(message))
        }

    def _said(self) -> str:
        return self.log.read_text(encoding="ascii")


def key_of(device: int, moment_ms: int) -> int:
    """A device's fix as one number that sorts."""
    return device * 10**13 + moment_ms


@contextmanager
def running_fleet(mqtt_url: str, plan: Plan) -> Iterator[Fleet]:
    """Start a fleet; leaving ends it."""
    url = urlsplit(mqtt_url)
    with tempfile.NamedTemporaryFile("w", suffix=".fleet") as log:
        process = subprocess.Popen(  # noqa: S603  our own program
            [str(compiled()), url.hostname or "", str(url.port), *plan.arguments()],
            stdout=log,
            text=True,
        )
        try:
            yield Fleet(plan, process, Path(log.name))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


@cache
def compiled() -> Path:
    """The program, built once a run."""
    folder = tempfile.mkdtemp(prefix="fleet-")
    atexit.register(shutil.rmtree, folder)
    program = Path(folder) / "fleet"
    subprocess.run(  # noqa: S603  our own source
        ["/usr/bin/gcc", "-O2", "-o", str(program), str(SOURCE), "-lmosquitto"], check=True
    )
    return program


def _numbers(ranges: str) -> frozenset[int]:
    parts: Sequence[str] = [] if ranges == "-" else ranges.split(",")
    pairs = (part.split("-") for part in parts)
    return frozenset(n for first, last in pairs for n in range(int(first), int(last) + 1))
