"""What ingest says of itself when no database is there to hear it: a small file in `run/`.

It is written over in place, at one size: that works on a full disk too.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SUFFIX = ".health"
SIZE_BYTES = 4096


class HealthFile:
    """The file of one shard, which one process serves at a time."""

    def __init__(self, path: Path) -> None:
        """Nothing is touched yet."""
        self._path = path
        self._descriptor: int | None = None

    def write(self, health: Mapping[str, Any]) -> None:
        """Replace what it says; raises OSError."""
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        said = json.dumps({"at": datetime.now(UTC).isoformat(), **health})
        text = said.encode().ljust(SIZE_BYTES)
        os.pwrite(self._descriptor, text, 0)
        os.ftruncate(self._descriptor, len(text))

    def close(self) -> None:
        """Leave it for others to read."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def read_health(folder: Path) -> Iterator[dict[str, Any]]:
    """What was said last of each shard in a `run` folder: the counters of ingest, and `at`.

    A file that cannot be read yields its name under `unreadable`.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            yield {**said, "at": datetime.fromisoformat(said["at"])}
        except (OSError, ValueError, KeyError):
            yield {"unreadable": path.name}
