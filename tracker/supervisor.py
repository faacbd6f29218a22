"""The supervisor: keeps children running, says what happens to them, stops them in order."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

from tracker.child import Child
from tracker.server_errors import ServerError

FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 10.0
SETTLED_S = 1.0  # what dies sooner was never back
STEADY_S = 10.0  # after so long a run, the next death is a new story and the delay starts again
TICK_S = 0.1  # readiness is looked at so often; a death is noticed at once
START_WITHIN_S = 120.0
TRIM_EVERY_S = 60.0

Say = Callable[[str], None]


class StopAsked(BaseException):
    """SIGTERM or Ctrl-C: not an error, and nothing may catch it by catching errors."""


class Supervisor:
    """Runs children from the main thread, inside a `with` block; leaving it stops them all.

    `add` starts a child and keeps it, `finish` runs one to its end, `watch` restarts what dies
    until SIGTERM or SIGINT asks for the end. Stopping goes in the reverse order of adding.
    """

    def __init__(self, say: Say) -> None:
        self._say = say
        self._kept: list[_Kept] = []
        self._stop_asked = False
        self._handlers: dict[signal.Signals, signal.Handlers] = {}

    def __enter__(self) -> Self:
        self._bell, self._ringer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            self._handlers[number] = signal.signal(number, self._hear)  # type: ignore[assignment]  # none is None here
        signal.set_wakeup_fd(self._ringer, warn_on_full_buffer=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        try:
            self._stop_all()
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in self._handlers.items():
                signal.signal(number, handler)
            os.close(self._bell)
            os.close(self._ringer)
        return kind is StopAsked

    def add(self, child: Child, *, wait: bool = False) -> None:
        """Start a child and keep it running. With `wait`, return when it is ready, and raise
        ChildFailed where it ends instead; without, a child that dies at once is tried again."""
        kept = _Kept(child, self._say)
        self._kept.append(kept)
        if not wait:
            kept.start()
            return
        kept.spawn()
        deadline = time.monotonic() + START_WITHIN_S
        while not child.bring_up():
            if time.monotonic() > deadline:
                raise child.failure(f"was not ready within {START_WITHIN_S:g} s")
            self._sleep()
        kept.welcome()

    def finish(self, child: Child) -> None:
        """Run a child to its end; raises ChildFailed unless its exit code is 0."""
        child.spawn()
        try:
            while child.exit_code is None:
                self._sleep()
        finally:
            child.stop()
        if child.exit_code != 0:
            raise child.failure(f"failed, {child.how_it_ended()}")
        self._say(f"{child.name} is done")

    def watch(self) -> None:
        """Restart what dies, until the end is asked for."""
        while True:
            for kept in self._kept:
                kept.look()
            self._sleep()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if number != signal.SIGCHLD:
            self._stop_asked = True

    def _sleep(self) -> None:
        if self._stop_asked:
            raise StopAsked
        select.select([self._bell], [], [], TICK_S)
        while select.select([self._bell], [], [], 0)[0]:
            os.read(self._bell, 4096)
        if self._stop_asked:
            raise StopAsked

    def _stop_all(self) -> None:
        for kept in reversed(self._kept):
            kept.stop()


class _Kept:
    """A child that is to run, and what is known about its last start."""

    def __init__(self, child: Child, say: Say) -> None:
        self._child = child
        self._say = say
        self._delay_s = FIRST_DELAY_S
        self._started_at = 0.0
        self._retry_at: float | None = None
        self._welcomed = False
        self._died = False
        self._trim_at = 0.0

    def spawn(self) -> None:
        """Start it; raises ServerError where that cannot even be tried."""
        self._retry_at = None
        self._welcomed = False
        self._started_at = time.monotonic()
        self._child.spawn()

    def start(self) -> None:
        """Start it, or plan the next try where that fails."""
        try:
            self.spawn()
        except ServerError as error:
            self._plan(str(error))

    def look(self) -> None:
        """Do what is due: welcome it, mourn it, start it again."""
        now = time.monotonic()
        if self._retry_at is not None:
            if now >= self._retry_at:
                self.start()
        elif self._child.exit_code is not None:
            if self._welcomed and now - self._started_at > STEADY_S:
                self._delay_s = FIRST_DELAY_S
            how = f"{self._child.name} died ({self._child.how_it_ended()})"
            self._plan(f'{how}, saying "{self._child.last_line()}"')
        elif not self._welcomed:
            if now - self._started_at >= SETTLED_S and self._child.is_ready:
                self.welcome()
        elif self._child.is_outdated:
            self._say(f"{self._child.name} starts anew with other settings")
            self._child.stop()
            self._died = True
            self.start()
        elif now >= self._trim_at:
            self._trim_at = now + TRIM_EVERY_S
            self._child.trim_log()

    def welcome(self) -> None:
        """Say once that it is at work."""
        self._welcomed = True
        word = "is back" if self._died else "is ready"
        self._say(f"{self._child.name} {word} (pid {self._child.pid})")

    def stop(self) -> None:
        """Stop it and say so; nothing to say where it does not run."""
        self._retry_at = None
        if self._child.pid is None:
            return
        self._say(f"stopping {self._child.name}")
        if not self._child.stop():
            self._say(f"{self._child.name} did not end in time and was killed")

    def _plan(self, reason: str) -> None:
        self._died = True
        self._retry_at = time.monotonic() + self._delay_s
        self._say(f"{reason}; starting it again in {self._delay_s:g} s")
        self._delay_s = min(2 * self._delay_s, LONGEST_DELAY_S)
