"""How much callers ask: buckets that several processes share, and what was asked by day."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Double, Integer, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY, TEXT
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.models import UsageDay

_TAKE = text("SELECT granted, wait_s FROM quota_take(:buckets, :sizes, :wanted)").bindparams(
    bindparam("buckets", type_=ARRAY(TEXT)),
    bindparam("sizes", type_=ARRAY(Double)),
    bindparam("wanted", type_=Integer),
)
_ADD = text("SELECT usage_add(CAST(:rows AS jsonb))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a key asked, of one kind."""

    who: str
    kind: str
    label: str
    department_ids: Sequence[int]
    asked: int
    refused: int

    def with_more(self, more: Asked | None) -> Asked:
        """Both together."""
        if more is None:
            return self
        return replace(self, asked=self.asked + more.asked, refused=self.refused + more.refused)


async def take(
    connection: AsyncConnection, buckets: Mapping[str, float], wanted: int
) -> tuple[int, float]:
    """Take up to so many requests out of all buckets, which fill up to their sizes in a minute.

    Returns how many, and in how many seconds there is one where there was none.
    """
    values = {"buckets": list(buckets), "sizes": list(buckets.values()), "wanted": wanted}
    row = (await connection.execute(_TAKE, values)).one()
    return row.granted, row.wait_s


async def add(connection: AsyncConnection, asked: Sequence[Asked]) -> None:
    """Count it for today."""
    await connection.execute(_ADD, {"rows": json.dumps([asdict(each) for each in asked])})


async def usage(
    connection: AsyncConnection, *, since: date, until: date
) -> list[Mapping[str, Any]]:
    """What keys in the connection's scope asked on days from `since` to `until`, both included."""
    query = (
        select(
            *(UsageDay.day, UsageDay.who, UsageDay.label, UsageDay.kind),
            *(UsageDay.department_ids, UsageDay.asked, UsageDay.refused),
        )
        .where(UsageDay.day.between(since, until))
        .order_by(UsageDay.day.desc(), UsageDay.who, UsageDay.kind)
    )
    return [dict(row._mapping) for row in await connection.execute(query)]
