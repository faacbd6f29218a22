"""A pseudo-terminal that looks like a serial port which can be unplugged."""

from __future__ import annotations

import os
import tty
from pathlib import Path


class Port:
    """What is written here can be read at `path`; whoever writes too fast waits for the reader."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: tuple[int, ...] = ()
        self.plug_in()

    def plug_in(self) -> None:
        """Another terminal appears at the same path."""
        near, far = os.openpty()
        tty.setraw(far)
        self._open = (near, far)
        self.path.symlink_to(os.ttyname(far))

    def write(self, data: bytes) -> None:
        """All of it."""
        while data:
            data = data[os.write(self._open[0], data) :]

    def tear_off(self) -> None:
        """The terminal is gone, and its path with it."""
        self.path.unlink()
        for end in self._open:
            os.close(end)
        self._open = ()

    def close(self) -> None:
        """Leave nothing behind."""
        if self._open:
            self.tear_off()
