"""What the tests of processes share: a data folder for real servers, and what the kernel tells."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tracker.data_folder import DataFolder


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
