"""The console's own unit tests, which run where it is built."""

from __future__ import annotations

import subprocess
from pathlib import Path

CONSOLE = Path(__file__).parents[3] / "maps" / "console"


def test_the_consoles_units_pass() -> None:
    told = subprocess.run(  # noqa: S603  our own package
        ["npm", "--prefix", str(CONSOLE), "run", "--silent", "test"],  # noqa: S607  of the set-up
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr
