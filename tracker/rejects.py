"""Kept rejects, as the owner: listing them, and marking them to be read again by ingest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql
from tracker.sorting import REJECTS_KEPT_A_DAY, stranger


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Of which device (full ref), for which reasons and since when; None: of any."""

    device: str | None = None
    reasons: Sequence[str] | None = None
    since: datetime | None = None

    def parameters(self) -> dict[str, Any]:
        """What the SQL texts want."""
        reasons = None if self.reasons is None else [str(reason) for reason in self.reasons]
        return {"device": self.device, "reasons": reasons, "since": self.since}


async def rejects(connection: AsyncConnection, which: Which, limit: int) -> list[dict[str, Any]]:
    """The newest `limit` kept ones, oldest first.

    id, received_at, device (full ref as it claims), source, topic, boot, seq, reason, raw (bytes),
    replay_asked_at, replayed_at.
    """
    rows = await connection.execute(
        text(sql.text("list_rejects")), {**which.parameters(), "lim": limit}
    )
    return [dict(row) for row in rows.mappings()]


async def only_counted(connection: AsyncConnection, which: Which) -> list[dict[str, Any]]:
    """Days on which a sender was refused more than is kept: day, sender, refused, only_counted."""
    values = {
        "device": which.device,
        "stranger": stranger(which.device),
        "since": which.since,
        "kept": REJECTS_KEPT_A_DAY,
    }
    rows = await connection.execute(text(sql.text("list_reject_days")), values)
    return [dict(row) for row in rows.mappings()]


async def replayable(connection: AsyncConnection, which: Which) -> list[dict[str, Any]]:
    """How many would be read again, by device and reason: device, reason, count."""
    rows = await connection.execute(text(sql.text("count_replayable")), which.parameters())
    return [dict(row) for row in rows.mappings()]


async def ask_replay(connection: AsyncConnection, which: Which) -> list[int]:
    """Mark them for ingest, which reads them within a second; returns their ids."""
    rows = await connection.execute(text(sql.text("ask_replay")), which.parameters())
    return list(rows.scalars())


async def replay_state(connection: AsyncConnection, ids: Sequence[int]) -> dict[str, int]:
    """Of these: how many are `waiting`, are `stored` now, and were `refused` again."""
    row = await connection.execute(text(sql.text("replay_state")), {"ids": list(ids)})
    return dict(row.mappings().one())
