"""What processes cost: CPU seconds and memory, from /proc."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """User and system time of one process; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def resident_mb(pid: int) -> float:
    """Resident memory of one process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * PAGE_BYTES / 2**20, 1)


def below(pid: int) -> list[int]:
    """The process and all below it."""
    found = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        found += below(int(child))
    return found


def name_of(pid: int) -> str:
    """What a process is in a table of figures."""
    command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    for word in ("ingest", "serve", "worker", "tell", "mosquitto", "simulate", "publisher"):
        if f" {word} " in command or command.split(" ")[0].endswith(f"/{word}"):
            return word
    return "postgres" if "postgres" in command else "supervisor"


class Usage:
    """CPU of a service's processes and of some others from now on."""

    def __init__(self, service: int, others: Sequence[int]) -> None:
        self._pids = {pid: name_of(pid) for pid in [*below(service), *others]}
        self._before = {pid: cpu_seconds(pid) for pid in self._pids}
        self._since_s = time.monotonic()

    def share(self) -> dict[str, float]:
        """CPU seconds a second of each kind of process."""
        passed_s = time.monotonic() - self._since_s
        used: dict[str, float] = {}
        for pid, name in self._pids.items():
            used[name] = used.get(name, 0.0) + cpu_seconds(pid) - self._before[pid]
        return {name: round(seconds / passed_s, 2) for name, seconds in sorted(used.items())}
