"""Pages in the order of full refs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Depends, Query

from api.errors import BadParameter
from tracker.reads import Row


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """At most `limit` of those whose full ref comes after (department, ref)."""

    limit: int
    after: tuple[str, str] | None

    def cut(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Of all rows, by `department` and `vehicle`, this page and one more if there is one."""
        left = [row for row in rows if self.after is None or _parts(row["vehicle"]) > self.after]
        return left[: self.limit + 1]

    def next(self, path: str, rows: Sequence[Row], asked: Mapping[str, object]) -> str | None:
        """Where the rest is, of a page with one row too many."""
        if len(rows) <= self.limit:
            return None
        said = {name: value for name, value in asked.items() if value is not None}
        after = rows[self.limit - 1]["vehicle"]
        return f"{path}?{urlencode({**said, 'limit': self.limit, 'after': after})}"


def _parts(full_ref: str) -> tuple[str, str]:
    department, _, ref = full_ref.partition("/")
    return department, ref


def after_of(text: str | None) -> tuple[str, str]:
    """The full ref after which to go on, as (department, ref); raises BadParameter."""
    if text is None:
        return "", ""
    if "/" not in text:
        raise BadParameter("`after` is a full ref, FSD/AMB-1.")
    return _parts(text)


async def _page(
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
    after: Annotated[
        str | None, Query(max_length=130, description="a full ref: give the vehicles after it")
    ] = None,
) -> _Page:
    return _Page(limit=limit, after=None if after is None else after_of(after))


#: Which part of an answer is wanted; raises BadParameter.
Page = Annotated[_Page, Depends(_page)]
