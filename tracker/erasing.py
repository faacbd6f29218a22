"""Erasing what was stored of a private time before it was declared, by the shard's one writer.

The fixes go in bounded portions, the oldest first, and after each the stretch around it is gone
over again, as after a late fix: events that only those fixes proved are withdrawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geo.fix import unix_ms
from tracker import judging, presence, sql
from tracker.directory import Directory
from tracker.judging import Judgement
from tracker.past import Window
from tracker.presence import Seen
from tracker.private_times import Pending

if TYPE_CHECKING:
    from tracker.connect import Connection

#: Fixes of one portion: some tenths of a second.
PORTION: Final = 5000


@dataclass(frozen=True, slots=True)
class Erased:
    """What a portion came to."""

    #: What follows from it, still to be written; None where nothing was stored.
    judgement: Judgement | None
    #: How many of the pending are done with: 0 where there is more of this one, else 1.
    settled: int
    #: The registry's version after it, where this changed it.
    version: int | None = None


async def erase(
    connection: Connection,
    pending: Pending,
    directory: Directory,
    judged_ms: int,
) -> Erased:
    """Erase a portion of a pending interval in the caller's transaction.

    `judged_ms`: up to when what is due for the vehicle was dealt with before.
    """
    if pending.keeps == "presence":
        rows = await connection.fetch(sql.text("load_private_fixes"), pending.id, PORTION)
        await presence.store_seen(connection, [Seen(*row) for row in rows], directory.fences)
    gone = await connection.fetchrow("SELECT * FROM erase_private($1, $2)", pending.id, PORTION)
    judgement, version = None, None
    if gone is not None and gone["erased"]:
        judgement = Judgement()
        first_ms, last_ms = unix_ms(gone["first"]), unix_ms(gone["last"])
        window = Window(pending.vehicle_id, first_ms, judged_ms=judged_ms, erased_to_ms=last_ms)
        await judging.go_again(connection, [window], directory, judgement, judged_ms)
        for row in await connection.fetch(sql.text("near_in_private"), pending.id):
            judgement.withdrawn[row["id"]] = None
        if judgement.gone:
            version = await connection.fetchval(
                "SELECT forget_vehicles($1)", sorted(judgement.gone)
            )
        if gone["erased"] == PORTION:
            return Erased(judgement, 0, version)
    await connection.execute(
        "UPDATE private_interval SET applied_at = milepost_now() WHERE id = $1", pending.id
    )
    return Erased(judgement, 1, version)
