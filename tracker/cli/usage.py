"""`milepost usage`: how much callers' keys ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.asking import JsonOption, asked, say_json, say_table
from tracker.cli.shared import escaped

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_Day = Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="Today.")]
_Last = Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Today.")]


def usage(since: _Day = None, until: _Last = None, as_json: JsonOption = False) -> None:
    """Say how much each key asked of the API, by day and kind, and how much of it was refused.

    `history` counts what reads where vehicles were, beside `requests`, which counts all.

    Example: milepost usage --from 2026-11-01
    """

    async def look(connection: AsyncConnection) -> list[Mapping[str, Any]]:
        from tracker import reads, usage

        last = until.date() if until else await reads.today(connection)
        return await usage.usage(connection, since=since.date() if since else last, until=last)

    rows = asked(look)
    if as_json:
        say_json([dict(row) for row in rows])
        return
    lines = (
        [
            *(str(row["day"]), escaped(f"{row['label']} ({row['who']})"), row["kind"]),
            *(str(row["asked"]), str(row["refused"])),
        ]
        for row in rows
    )
    say_table(("day", "key", "kind", "asked", "refused"), lines, nothing="Nobody asked anything.")
