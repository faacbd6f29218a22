"""`milepost fence judge`: cases through the real commit path."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated

import typer


def judge(
    cases: Annotated[list[Path], typer.Argument(metavar="CASE.json ...", help="Fence cases.")],
) -> None:
    """Play fence cases, each in a database of its own; what came of them as JSON lines."""
    from tracker.cases import read_case
    from tracker.judge import play
    from tracker.scratch import scratch_server

    read = [read_case(path) for path in cases]
    with scratch_server() as server:
        for case in read:
            for line in asyncio.run(play(case, server)):
                typer.echo(json.dumps(line, ensure_ascii=False))
