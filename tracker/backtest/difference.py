"""What only one of two would have told, and what both would.

Two versions of a fence tell the same visit at other seconds, and two dwells of one visit at other
ends of it. So events are paired by vehicle and kind, the nearest in time within a tolerance: of a
dwell by when its visit began, of a speed by when it was too fast.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

#: Kinds that stand for each other.
ALIKE: Final = {"present": "enter"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Of two sides A and B; rows are events as sides have them."""

    both: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]
    only_a: Sequence[Mapping[str, Any]]
    only_b: Sequence[Mapping[str, Any]]
    #: {both, only_a, only_b} by day of the installation's time zone, days with any only.
    by_day: Mapping[str, Mapping[str, int]]
    #: The same by vehicle, those that differ most first.
    by_vehicle: Mapping[str, Mapping[str, int]]


def difference(
    a: Sequence[Mapping[str, Any]],
    b: Sequence[Mapping[str, Any]],
    tolerance_s: float,
    zone: ZoneInfo,
) -> Difference:
    """Pair the events of two sides; each is in one pair at most."""
    both, rest = [], _sorted(b)
    only_a: list[Mapping[str, Any]] = []
    for key, mine in _sorted(a).items():
        theirs = rest.get(key, [])
        pairs = _paired(mine, theirs, timedelta(seconds=tolerance_s))
        both += pairs
        taken = {id(row) for row in chain.from_iterable(pairs)}
        only_a += [row for row in mine if id(row) not in taken]
        rest[key] = [row for row in theirs if id(row) not in taken]
    only_b = list(chain.from_iterable(rest.values()))
    for rows in (only_a, only_b):
        rows.sort(key=lambda row: (row["at"], row["vehicle"]))
    parts = {"both": [pair[0] for pair in both], "only_a": only_a, "only_b": only_b}
    by_day = _counted(parts, lambda row: str(row["at"].astimezone(zone).date()))
    by_vehicle = _counted(parts, lambda row: str(row["vehicle"]))
    return Difference(
        both=sorted(both, key=lambda pair: (pair[0]["at"], pair[0]["vehicle"])),
        only_a=only_a,
        only_b=only_b,
        by_day=dict(sorted(by_day.items())),
        by_vehicle=dict(
            sorted(by_vehicle.items(), key=lambda item: item[1]["both"] - sum(item[1].values()))
        ),
    )


def _sorted(
    rows: Iterable[Mapping[str, Any]],
) -> dict[tuple[str, str], list[Mapping[str, Any]]]:
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["vehicle"], ALIKE.get(row["kind"], row["kind"])].append(row)
    return found


def _paired(
    a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]], tolerance: timedelta
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Pairs, the nearest first."""
    theirs = sorted(b, key=lambda row: _times(row)[0])
    starts = [_times(row)[0] for row in theirs]
    longest = max((_times(row)[1] - _times(row)[0] for row in theirs), default=timedelta(0))
    near = []
    for i, row in enumerate(a):
        start, end = _times(row)
        first = bisect_left(starts, start - tolerance - longest)
        last = bisect_right(starts, end + tolerance)
        near += [(_apart(row, theirs[j]), i, j) for j in range(first, last)]
    taken_a: set[int] = set()
    taken_b: set[int] = set()
    pairs = []
    for apart, i, j in sorted(near):
        if apart <= tolerance and i not in taken_a and j not in taken_b:
            taken_a.add(i)
            taken_b.add(j)
            pairs.append((a[i], theirs[j]))
    return pairs


def _apart(a: Mapping[str, Any], b: Mapping[str, Any]) -> timedelta:
    """Between the times of two; none where they overlap."""
    (a_from, a_to), (b_from, b_to) = _times(a), _times(b)
    return max(a_from - b_to, b_from - a_to, timedelta(0))


def _times(row: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """From when to when it was."""
    at = row["at"]
    if row["kind"] == "dwell" and row["dwell_s"] is not None:
        at -= timedelta(seconds=row["dwell_s"])
    return at, at + timedelta(seconds=row["length_s"] or 0.0)


def _counted(
    parts: Mapping[str, Sequence[Mapping[str, Any]]], key: Callable[[Mapping[str, Any]], str]
) -> dict[str, dict[str, int]]:
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(parts, 0))
    for part, rows in parts.items():
        for row in rows:
            counts[key(row)][part] += 1
    return counts
