"""What the tests of processes share: a data folder for real servers, and what the kernel tells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.data_folder import DataFolder

LISTENING = "0A"  # in /proc/net/tcp


@contextmanager
def passing_folder() -> Iterator[DataFolder]:
    """A data folder where root's servers can enter, which pytest's own folder does not allow."""
    parent = Path(tempfile.mkdtemp(prefix="milepost-"))
    parent.chmod(0o755)
    try:
        yield DataFolder(parent / "data")
    finally:
        shutil.rmtree(parent)


def lives(pid: int) -> bool:
    """A process that only waits to be counted by its parent does not live."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def children_of(pid: int) -> list[int]:
    """Pids of the children that its main thread started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def tcp_listeners(pid: int) -> set[str]:
    """The addresses, as the kernel writes them, on which a process accepts TCP connections."""
    sockets = {
        str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]")
        for descriptor in Path(f"/proc/{pid}/fd").iterdir()
        if descriptor.is_socket()
    }
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    return {row[1] for row in rows if row[3] == LISTENING and row[9] in sockets}
