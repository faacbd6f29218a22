"""What the private broker refused before ingest could see it, counted from its log."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from pathlib import Path
from typing import Final

#: Its name in the data folder's log folder.
BROKER_LOG = "mosquitto.log"
LOOK_EACH_S = 1.0
PORTION_BYTES = 1024 * 1024
#: Names are the clients' own words: a flood of invented ones is counted without them.
NAMES_KEPT = 200

_STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: "
#: By reason, what Mosquitto 2.0 writes. Of a publish that it denies it says so at its debug level
#: alone; at the usual one only that the connection broke without an error of the network.
_LINES: Final = {
    "oversized": re.compile(_STAMP + r"Client (.*) disconnected due to oversize packet\."),
    "not_authorised": re.compile(_STAMP + r"Client (.*) disconnected, not authorised\."),
    "denied": re.compile(_STAMP + r"Bad socket read/write on client (.*): Unknown error\."),
}
#: How it calls a client without an id, or one that it did not come to know.
_NAMELESS: Final = re.compile(r"auto-.*|<unknown>")


class BrokerLog:
    """Counts since its making; the log may be emptied meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_to = path.stat().st_size if path.exists() else 0
        self._rest = b""
        self._reasons: Counter[str] = Counter()
        self._clients: dict[str, Counter[str]] = {}

    async def follow(self) -> None:
        """Keep counting, until cancelled."""
        while True:
            await asyncio.to_thread(self.look)
            await asyncio.sleep(LOOK_EACH_S)

    def look(self) -> None:
        """Count what has been written since the last look."""
        if not self._path.exists():
            return
        with self._path.open("rb") as log:
            if log.seek(0, os.SEEK_END) < self._read_to:
                self._read_to, self._rest = 0, b""
            log.seek(self._read_to)
            while portion := log.read(PORTION_BYTES):
                self._read_to += len(portion)
                *lines, self._rest = (self._rest + portion).split(b"\n")
                for line in lines:
                    self._count(line.decode(errors="replace"))

    def health(self) -> dict[str, object]:
        """How often by reason, and by client where the log names one."""
        clients = {name: dict(counts) for name, counts in list(self._clients.items())}
        return {**{reason: self._reasons[reason] for reason in _LINES}, "clients": clients}

    def _count(self, line: str) -> None:
        for reason, pattern in _LINES.items():
            if (match := pattern.fullmatch(line)) is None:
                continue
            self._reasons[reason] += 1
            name = "unknown" if _NAMELESS.fullmatch(match[1]) else match[1]
            if name in self._clients or len(self._clients) < NAMES_KEPT:
                self._clients.setdefault(name, Counter())[reason] += 1
