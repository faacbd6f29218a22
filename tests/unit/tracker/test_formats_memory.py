"""A long track fills no memory: each format, in a process of its own, over many chunks."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tracker.formats import FORMATS

CHUNKS, ROWS = 60, 5000
#: What one chunk and its text may take beside what the first chunks took; a writer that kept what
#: it wrote would need 16 MB and more.
MORE_KB = 12_000
SCRIPT = """
import sys
from tests.memory import peak_kb
from tests.unit.tracker.tracks_to_write import columns, head
from tracker.formats import FORMATS

name, chunks, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
writer = FORMATS[name].writer(head())
total = len(writer.begin())
for n in range(chunks):
    total += len(writer.add(columns(rows, n * rows)))
    if n == chunks * 2 // 3:
        before = peak_kb()
total += len(writer.end())
print(total, peak_kb() - before)
"""


@pytest.mark.parametrize("name", FORMATS)
def test_memory_is_bounded(name: str) -> None:
    done = subprocess.run(  # noqa: S603  the test's own command line
        [sys.executable, "-c", SCRIPT, name, str(CHUNKS), str(ROWS)],
        capture_output=True,
        text=True,
        check=True,
    )
    total, more_kb = (int(each) for each in done.stdout.split())
    assert total > CHUNKS * ROWS
    assert more_kb < MORE_KB
