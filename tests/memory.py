"""How much memory a process has needed, for tests in a process of their own."""

from __future__ import annotations

from pathlib import Path


def peak_kb() -> int:
    """The most that has been resident since this program began.

    Not `ru_maxrss`: that counts the process which started it, a whole test run, too.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])
