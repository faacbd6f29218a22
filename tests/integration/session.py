"""A program in a session of its own, as in a terminal, and the lines that it says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from typing import Self

from tracker.child import wait_for


class Session:
    """A supervisor in a session of its own, as in a terminal, and the lines that it says."""

    def __init__(self, *argv: str) -> None:
        self.lines: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603  the test's own command line
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.end()

    def end(self) -> int:
        """Wait for the end; its exit code."""
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def expect(self, pattern: str, within_s: float = 30.0) -> re.Match[str]:
        """The first line that matches; fails with all that was said."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found.extend(match for line in self.lines if (match := re.search(pattern, line)))
            return bool(found)

        assert wait_for(look, within_s), f"no {pattern!r} in:\n" + "\n".join(self.lines)
        return found[0]

    def pid(self, name: str) -> int:
        """The pid of a child, as told when it was last ready."""
        said = [
            re.fullmatch(rf"(?:\S+Z )?{name} is (ready|back) \(pid (\d+)\)", line)
            for line in self.lines
        ]
        return [int(match.group(2)) for match in said if match][-1]

    def kill(self, name: str) -> None:
        """kill -9 of a child's whole process group."""
        os.killpg(self.pid(name), signal.SIGKILL)
