"""A pseudo-terminal that looks like a receiver on a serial port."""

from __future__ import annotations

import os
import tty
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from devices.simulator.errors import SerialPathError
from devices.simulator.sender import StateValue


class SerialPort:
    """Lines written here can be read at `path`, a link to the terminal made for it.

    Nobody need listen: what nobody reads is lost once the terminal's small buffer is full, as on a
    cable. Raises SerialPathError if something other than a link is at `path`.
    """

    def __init__(self, path: Path) -> None:
        if path.exists() and not path.is_symlink():
            raise SerialPathError(value=str(path))
        path.unlink(missing_ok=True)
        self._path = path
        # The far end stays open here too, or the near one would fail whenever nobody listens.
        self._near, self._far = os.openpty()
        tty.setraw(self._far)
        os.set_blocking(self._near, False)
        path.symlink_to(os.ttyname(self._far))
        #: Lines that nobody read in time.
        self.lost = 0

    def publish(self, lines: Sequence[str], state: Mapping[str, StateValue] | None = None) -> int:
        """Write the lines; a cable carries no state, and no number."""
        try:
            os.write(self._near, "".join(f"{line}\r\n" for line in lines).encode("ascii"))
        except BlockingIOError:
            self.lost += len(lines)
        return 0

    def __enter__(self) -> SerialPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._near)
        os.close(self._far)
