"""Along many ways at once: when sides flip, of visits of which no more than a crossing is in doubt.

The same rule as `Course` goes by (geo.course), in columns: nearly all ways that meet a border are
such, and of a vehicle with one fix a row there is nothing else to know.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, NamedTuple

import numpy as np

from geo.contact import Contacts
from geo.course import ROW_MS
from geo.distance import Floats
from geo.fences import Ints, Mask

#: Where there is no such time.
NONE_MS: Final = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """How vehicles stand with fences, pair by pair: columns, which walking changes."""

    inside: Mask
    #: When the side was told last.
    changed_ms: Ints
    #: The crossing that proves nothing yet, as in `Crossing`; NONE_MS where there is none.
    at_ms: Ints
    after_ms: Ints
    until_ms: Ints
    #: The first fix of the row on the other side.
    row_ms: Ints
    #: The fixes around the last change of side that was told.
    last_after_ms: Ints
    last_until_ms: Ints

    @classmethod
    def outside(cls, count: int) -> Sides:
        """So many pairs of which nothing is remembered."""
        inside, changed_ms = np.zeros(count, dtype=bool), np.zeros(count, dtype=np.int64)
        never = {each.name: np.full(count, NONE_MS) for each in fields(cls)[2:]}
        return cls(inside=inside, changed_ms=changed_ms, **never)

    @property
    def in_doubt(self) -> Mask:
        """Pairs with a crossing that proves nothing yet."""
        return np.asarray(self.at_ms != NONE_MS)

    def __getitem__(self, pairs: Mask | Ints) -> Sides:
        """Some of the pairs."""
        return Sides(**{each.name: getattr(self, each.name)[pairs] for each in fields(self)})


class Times(NamedTuple):
    """Of pairs: the fixes before and after the way, and when the version began."""

    before_ms: Ints
    seen_ms: Ints
    from_ms: Ints

    def crossing_ms(self, pairs: Ints, at: Floats) -> Ints:
        """When a border is met so far along ways, 0..1: as `geo.course.crossing_of`."""
        before_ms, from_ms = self.before_ms[pairs], self.from_ms[pairs]
        seen_ms = self.seen_ms[pairs]
        time_ms = before_ms + np.rint((seen_ms - before_ms) * at).astype(np.int64)
        earliest_ms = np.maximum(before_ms, from_ms) + 1 + (before_ms == from_ms)
        return np.asarray(np.minimum(np.maximum(time_ms, earliest_ms), seen_ms))


class Flips(NamedTuple):
    """Changes of side, as columns; those of a pair in the order of their time."""

    pair: Ints
    entering: Mask
    at_ms: Ints
    after_ms: Ints
    until_ms: Ints
    #: Another change of the pair lies between the same fixes.
    interpolated: Mask


NO_FLIPS: Final = Flips(
    pair=np.empty(0, dtype=np.int64),
    entering=np.empty(0, dtype=bool),
    at_ms=np.empty(0, dtype=np.int64),
    after_ms=np.empty(0, dtype=np.int64),
    until_ms=np.empty(0, dtype=np.int64),
    interpolated=np.empty(0, dtype=bool),
)


def walk(sides: Sides, told: Contacts, pairs: Ints, times: Times) -> tuple[Flips, Ints]:
    """Go along the ways of pairs (of `told`); `sides` are as the fixes at their ends leave them.

    Returns the changes, and the pairs whose change before them is interpolated as well.
    """
    going = _Going(sides, times)
    first, count = told.first[pairs], told.first[pairs + 1] - told.first[pairs]
    for nth in range(int(count.max(initial=0))):
        on = np.flatnonzero(count > nth)
        stretch = first[on] + nth
        going.along(on, told.inside[stretch], told.deep[stretch], told.at[stretch])
    going.arrive(told.ends_inside[pairs], told.ends_deep[pairs])
    return going.flips(), going.restated()


class _Going:
    """Pairs on their way, each as far as the others."""

    def __init__(self, sides: Sides, times: Times) -> None:
        self._sides = sides
        self._times = times
        self._told: list[Flips] = []
        #: Of each pair the number of its last flip here.
        self._last = np.full(len(sides.inside), -1)
        #: Numbers of flips that lie between the same fixes as another,
        self._again: list[Ints] = []
        #: and pairs with one that lies between the same fixes as their last one before.
        self._restated: list[Ints] = []

    def along(self, on: Ints, inside: Mask, deep: Mask, at: Floats) -> None:
        """Some go along a stretch: on this side, this deep, from this part of their way on."""
        other = inside != self._sides.inside[on]
        self._forget(on[~other])
        self._begin(on[other], at[other])
        self._flip(on[other & deep])

    def arrive(self, inside: Mask, deep: Mask) -> None:
        """All come to the fixes at the ends of their ways."""
        sides, seen_ms = self._sides, self._times.seen_ms
        other = inside != sides.inside
        back, there = np.flatnonzero(~other), np.flatnonzero(other)
        self._forget(back)
        sides.row_ms[back] = NONE_MS
        self._begin(there, np.ones(len(there)))
        new = there[sides.row_ms[there] == NONE_MS]
        sides.row_ms[new] = seen_ms[new]
        self._flip(there[deep[there] | (seen_ms[there] - sides.row_ms[there] >= ROW_MS)])

    def flips(self) -> Flips:
        """All that were told."""
        if not self._told:
            return NO_FLIPS
        flips = Flips(*(np.concatenate(each) for each in zip(*self._told, strict=True)))
        flips.interpolated[np.concatenate(self._again)] = True
        return flips

    def restated(self) -> Ints:
        """Pairs whose last change before the way is interpolated after all."""
        return np.concatenate([np.empty(0, dtype=np.int64), *self._restated])

    def _forget(self, on: Ints) -> None:
        self._sides.at_ms[on] = NONE_MS

    def _begin(self, on: Ints, at: Floats) -> None:
        """A stretch on the other side: it began with this crossing, if it did not before."""
        new = self._sides.at_ms[on] == NONE_MS
        on = on[new]
        self._sides.at_ms[on] = self._times.crossing_ms(on, at[new])
        self._sides.after_ms[on] = self._times.before_ms[on]
        self._sides.until_ms[on] = self._times.seen_ms[on]

    def _flip(self, on: Ints) -> None:
        """The other side is proved."""
        sides, count = self._sides, len(on)
        if not count:
            return
        earliest_ms = np.maximum(sides.at_ms[on], sides.changed_ms[on] + 1)
        at_ms = np.minimum(earliest_ms, self._times.seen_ms[on])
        after_ms, until_ms = sides.after_ms[on], sides.until_ms[on]
        numbers = np.arange(count) + sum(len(each.pair) for each in self._told)
        again = (sides.last_after_ms[on] == after_ms) & (sides.last_until_ms[on] == until_ms)
        before = self._last[on[again]]
        self._again += [numbers[again], before[before >= 0]]
        self._restated.append(on[again][before < 0])
        self._last[on] = numbers
        sides.last_after_ms[on], sides.last_until_ms[on] = after_ms, until_ms
        alone = np.zeros(count, dtype=bool)
        self._told.append(Flips(on, ~sides.inside[on], at_ms, after_ms, until_ms, alone))
        sides.inside[on] = ~sides.inside[on]
        sides.changed_ms[on] = at_ms
        sides.at_ms[on] = sides.row_ms[on] = NONE_MS
