"""The data folder: where Milepost keeps everything it must not lose, and who may use it."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tracker.server_errors import FolderInUse

ROOT_FOLDER = Path("/var/lib/milepost")


def default_folder(environ: Mapping[str, str] | None = None) -> Path:
    """`MILEPOST_DATA`; else /var/lib/milepost for root and XDG_DATA_HOME/milepost for a user."""
    environ = os.environ if environ is None else environ
    if chosen := environ.get("MILEPOST_DATA"):
        return Path(chosen)
    if os.geteuid() == 0:
        return ROOT_FOLDER
    share = environ.get("XDG_DATA_HOME")
    return (Path(share) if share else Path.home() / ".local" / "share") / "milepost"


def write_whole(path: Path, text: str, mode: int = 0o644, *, owner: int = -1) -> None:
    """Replace a file at once: a reader, or a crash, sees the old text or the new one.

    As root `owner` names the user id that shall have it.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            os.fchown(file.fileno(), owner, -1)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


class DataFolder:
    """One data folder. Making the object touches nothing; `create` makes the folders."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = (path or default_folder()).expanduser().resolve()
        self.run = self.path / "run"
        self.log = self.path / "log"
        self._lock_file = self.run / "milepost.pid"
        self._ports_file = self.run / "ports.json"

    def create(self) -> None:
        """Make the folder and its parts. As root the servers' own users must be able to enter."""
        entry = 0o755 if os.geteuid() == 0 else 0o700
        for folder, mode in ((self.path, entry), (self.run, entry), (self.log, 0o700)):
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(mode)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process; raises FolderInUse where another holds it.

        The lock is the kernel's, so a killed process leaves none behind; children do not inherit.
        """
        self.create()
        descriptor = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "r+", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = file.read().strip() or "unknown"
                raise FolderInUse(pid=pid, folder=self.path) from None
            file.truncate()
            file.write(f"{os.getpid()}\n")
            file.flush()
            yield

    def holder(self) -> int | None:
        """The pid of the Milepost that runs in this folder, None if none does."""
        if not self._lock_file.exists():
            return None
        with self._lock_file.open(encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or 0)
        return None

    def ports(self) -> dict[str, int]:
        """The TCP ports by name (`mqtt`, `web`) of this run, or of the last one."""
        if not self._ports_file.exists():
            return {}
        return {name: int(port) for name, port in json.loads(self._ports_file.read_text()).items()}

    def set_port(self, name: str, port: int) -> None:
        """Write down a port for other programs, and for the next start to prefer."""
        write_whole(self._ports_file, json.dumps(self.ports() | {name: port}) + "\n")
