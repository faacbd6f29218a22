"""One child process: a server or a worker, started, waited for and stopped.

A child has its own process group, so a terminal's Ctrl-C never reaches it first, and the kernel
tells it to stop when Milepost dies, however Milepost dies.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tracker.server_errors import ChildFailed, LeftoverStays, MissingProgram, MissingUser, PortTaken

POLL_S = 0.02  # how often a condition is looked at; readiness takes 60 ms and more
LEFTOVERS_WITHIN_S = 30.0  # a fast shutdown of PostgreSQL writes a checkpoint
LOG_LIMIT_BYTES = 64 * 2**20  # a log is kept once more at most, so 128 MiB a child
LOG_TAIL_BYTES = 4096
LISTENING = "0A"


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run and how to tell that it runs."""

    name: str
    argv: Sequence[str]
    #: Where stdout and stderr go.
    log: Path
    #: The signal that asks for a clean end; also what the kernel sends when Milepost dies.
    stop_signal: signal.Signals = signal.SIGTERM
    #: How long a clean end may take before the group is killed.
    stop_within_s: float = 15.0
    cwd: Path = Path("/")
    #: Added to our own environment.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Root changes to this user first.
    user: str | None = None
    #: Done before each start; may raise TrackerError.
    prepare: Callable[[], None] = lambda: None
    #: Given the pid: is the child at work?
    ready: Callable[[int], bool] = lambda _pid: True
    #: It ended before it was ever at work: is what was in its way put aside, to try it once more?
    again: Callable[[], bool] = lambda: False
    #: Given the pid, now and then while it is at work: must it start anew, for other settings?
    renew: Callable[[int], bool] = lambda _pid: False


class Child:
    """A process that can be started, asked and stopped any number of times."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.name = spec.name
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self.exit_code is None else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it ran; negative: the signal that ended it."""
        return self._process.poll() if self._process else None

    @property
    def is_ready(self) -> bool:
        """It runs and its readiness condition holds."""
        return (pid := self.pid) is not None and self.spec.ready(pid)

    @property
    def is_outdated(self) -> bool:
        """It runs with settings that do not hold any more."""
        return (pid := self.pid) is not None and self.spec.renew(pid)

    def spawn(self) -> None:
        """Prepare and start, without waiting. Only the main thread may: the kernel's notice of
        our death is tied to the thread that starts the child."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("children are started from the main thread")
        self.spec.prepare()
        self.trim_log()
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command line
                bound_to_us(self.spec.argv, user=self.spec.user, on_death=self.spec.stop_signal),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.spec.cwd,
                env=os.environ | self.spec.env,
                process_group=0,
            )

    def start(self, within_s: float = 120.0) -> None:
        """Start and wait until it is ready; raises ChildFailed."""
        self.spawn()
        if not wait_for(self.bring_up, within_s):
            self.stop()
            raise self.failure(f"was not ready within {within_s:g} s")

    def bring_up(self) -> bool:
        """Say whether it is ready; where it ended and that is worth it, start it once more. Raises
        ChildFailed where it ended for good."""
        if self.exit_code is None:
            return self.is_ready
        if not self.spec.again():
            raise self.failure(f"did not start, {self.how_it_ended()}")
        self.spawn()
        return False

    def stop(self) -> bool:
        """Ask it to end, wait, then kill its group. False when it had to be killed."""
        if self._process is None or self.exit_code is not None:
            return True
        self._process.send_signal(self.spec.stop_signal)
        try:
            self._process.wait(self.spec.stop_within_s)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            return False
        return True

    def how_it_ended(self) -> str:
        """`exit code 3` or `killed by SIGKILL`."""
        code = self.exit_code or 0
        return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"

    def failure(self, what: str) -> ChildFailed:
        """The error that says what went wrong, with the last line of its log."""
        return ChildFailed(name=self.name, what=what, last_line=self.last_line(), log=self.spec.log)

    def last_line(self) -> str:
        """The last line of its log that says something."""
        if not self.spec.log.exists():
            return "it said nothing"
        with self.spec.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
            lines = log.read().decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")

    def trim_log(self) -> None:
        """Keep the log bounded: the child appends, so copying and emptying loses nothing of it."""
        log = self.spec.log
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def bound_to_us(
    argv: Sequence[str], *, user: str | None = None, on_death: signal.Signals = signal.SIGKILL
) -> list[str]:
    """The command that runs `argv` as `user`, with `on_death` sent to it when Milepost dies.

    The kernel forgets that wish at a change of user, so one program does both, in that order.
    """
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise MissingProgram(program="setpriv", package="util-linux")
    options = [f"--pdeathsig={on_death.name.removeprefix('SIG')}"]
    if user is not None:
        options += [f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}", "--init-groups"]
    return [setpriv, *options, "--", *argv]


def server_user(user: str, *, program: str, package: str) -> str | None:
    """The user to change to before running a server: `user` as root, else None (stay as we are)."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(user)
    except KeyError:
        raise MissingUser(user=user, program=program, package=package) from None
    return user


def end_leftovers(program: str, folder: Path, *, leader: int | None = None) -> None:
    """End an earlier run's `program`s in `folder` and wait; raises LeftoverStays.

    The kernel has told them already when that run died; telling them again covers the instant
    before that notice was asked for. A living leader ends its own; else each is told.
    """
    running = _leftovers(program, folder)
    for pid in [leader] if leader in running else running:
        with suppress(ProcessLookupError):  # it ended meanwhile, which is what was wanted
            os.kill(pid, signal.SIGINT if pid == leader else signal.SIGTERM)
    if not wait_for(lambda: not _leftovers(program, folder), LEFTOVERS_WITHIN_S):
        raise LeftoverStays(program=program, pid=running[0], folder=folder)


def _leftovers(program: str, folder: Path) -> list[int]:
    return [
        int(process.name)
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and _works_in(process, program, folder)
    ]


def _works_in(process: Path, program: str, folder: Path) -> bool:
    try:
        if (process / "comm").read_text().strip() != program:
            return False
        return (process / "cwd").readlink() == folder
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it ended meanwhile, or is another user's and so not ours


def wait_for(condition: Callable[[], bool], within_s: float) -> bool:
    """Look again and again until the condition holds; False when the time is over."""
    deadline = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


def answers(host: str, port: int) -> bool:
    """Does somebody accept TCP connections there?"""
    try:
        with socket.create_connection((host, port), timeout=1.0):
            return True
    except OSError:
        return False


def tcp_listeners(pid: int) -> set[str]:
    """Where a process accepts TCP connections, as the kernel writes it: `0100007F:075B` is
    127.0.0.1, port 1883 (proc(5), /proc/net/tcp). Nowhere, where it has ended."""
    try:
        links = [str(descriptor.readlink()) for descriptor in Path(f"/proc/{pid}/fd").iterdir()]
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return set()
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == LISTENING and f"socket:[{row[9]}]" in links}


def is_free(host: str, port: int) -> bool:
    """Could a server listen there? Connections of a server that has just ended do not count."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def require_free(host: str, port: int) -> None:
    """Raise PortTaken unless a server could listen there."""
    if not is_free(host, port):
        raise PortTaken(host=host, port=port)
