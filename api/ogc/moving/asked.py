"""The parameters of queries for moving features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np

from api.errors import BadQuery
from api.ogc.asked import interval_of
from api.ogc.moving.curves import Curve, Ints
from geo.fix import EPOCH, from_unix_ms, unix_ms
from tracker.reads import instant_of

SUB_TRAJECTORY: Final = "subTrajectory"
SUB_TEMPORAL_VALUE: Final = "subTemporalValue"
#: Without `datetime`: the last hour, as tracks are.
BY_DEFAULT: Final = timedelta(hours=1)
#: Instants in one `leaf`.
MOST_LEAVES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which times: a window, both ends included, and how they are wanted."""

    since_ms: int
    until_ms: int
    #: Only at these instants.
    leaf: Ints | None
    #: Only what is within the window, cut there.
    part: bool

    @property
    def window(self) -> tuple[datetime, datetime]:
        """As times."""
        return from_unix_ms(self.since_ms), from_unix_ms(self.until_ms)

    def of(self, curves: Sequence[Curve]) -> list[Curve]:
        """What is wanted of each, perhaps with nothing in it; an instant is told of the first of
        them that has it."""
        if self.leaf is None:
            return [each.between(*self._ends) if self.part else each for each in curves]
        found, left = [], self.leaf
        for each in curves:
            found.append(each.at(left))
            left = np.setdiff1d(left, found[-1].ms)
        return found

    @property
    def _ends(self) -> tuple[int, int]:
        return self.since_ms, self.until_ms


def asked_of(query: Mapping[str, str], part: str) -> Asked:
    """What a query asks for, `part` being subTrajectory or subTemporalValue; raises BadQuery."""
    leaf = _leaf(query.get("leaf"))
    is_part = _boolean(part, query.get(part))
    said = query.get("datetime")
    since, until = interval_of(said)
    if is_part:
        if leaf is not None:
            raise BadQuery(f"`leaf` and `{part}` cannot be asked for together: leave out one.")
        if said is None or "/" not in said or since is None or until is None:
            raise BadQuery(f"`{part}` wants a `datetime` with both ends, 2026-11-27T13:00:00Z/….")
    if said is None and leaf is not None:
        since, until = (from_unix_ms(ms) for ms in (leaf[0], leaf[-1]))
    now = datetime.now(UTC)
    if said is None and leaf is None:
        since = now - BY_DEFAULT
    since_ms = unix_ms(max(since or EPOCH, EPOCH))
    until_ms = max(since_ms, unix_ms(min(until or now, now)))
    return Asked(since_ms=since_ms, until_ms=until_ms, leaf=leaf, part=is_part)


def _boolean(name: str, text: str | None) -> bool:
    if text not in (None, "true", "false"):
        raise BadQuery(f"`{name}` is true or false.")
    return text == "true"


def _leaf(text: str | None) -> Ints | None:
    if text is None:
        return None
    said = text.split(",")
    if len(said) > MOST_LEAVES:
        raise BadQuery(f"`leaf` has {MOST_LEAVES} instants at the most.")
    try:
        found = np.array([unix_ms(instant_of(each)) for each in said], dtype=np.int64)
    except ValueError:
        raise BadQuery(
            "`leaf` is instants such as 2026-11-27T13:00:00Z, with commas between them."
        ) from None
    if (np.diff(found) <= 0).any():
        raise BadQuery("The instants of `leaf` grow, each later than the one before.")
    return found
