"""Sets of message numbers as ranges: what a receipt is made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any


class Ranges:
    """A set of whole numbers, kept as disjoint ascending ranges with both ends inside."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for number in numbers:
            self.add(number)

    @classmethod
    def from_multirange(cls, ranges: Iterable[Any]) -> Ranges:
        """From asyncpg's int8multirange, whose ranges end before their upper bound."""
        made = cls()
        for each in ranges:
            made._starts.append(each.lower)
            made._ends.append(each.upper - 1)
        return made

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[int, int]]) -> Ranges:
        """From ascending ranges that do not touch: first and last number of each."""
        made = cls()
        for first, last in pairs:
            made._starts.append(first)
            made._ends.append(last)
        return made

    def add(self, number: int) -> None:
        """Put one number in."""
        if self._ends and number == self._ends[-1] + 1:  # what a device sends next, nearly always
            self._ends[-1] = number
            return
        at = bisect_right(self._starts, number)
        if at and number <= self._ends[at - 1]:
            return
        joins_left = at > 0 and self._ends[at - 1] == number - 1
        joins_right = at < len(self._starts) and self._starts[at] == number + 1
        if joins_left and joins_right:
            self._ends[at - 1] = self._ends.pop(at)
            del self._starts[at]
        elif joins_left:
            self._ends[at - 1] = number
        elif joins_right:
            self._starts[at] = number
        else:
            self._starts.insert(at, number)
            self._ends.insert(at, number)

    def discard(self, number: int) -> None:
        """Take one number out, if it is in."""
        if number not in self:
            return
        at = bisect_right(self._starts, number) - 1
        first, last = self._starts[at], self._ends[at]
        left = [(first, number - 1)] if first < number else []
        right = [(number + 1, last)] if number < last else []
        self._starts[at : at + 1] = [start for start, _ in (*left, *right)]
        self._ends[at : at + 1] = [end for _, end in (*left, *right)]

    def changed(self, added: Iterable[int], removed: Iterable[int] = ()) -> Ranges:
        """Another set: this one with some numbers more and then some less."""
        made = Ranges()
        made._starts, made._ends = self._starts.copy(), self._ends.copy()
        for number in added:
            made.add(number)
        for number in removed:
            made.discard(number)
        return made

    def __contains__(self, number: object) -> bool:
        """Whether the number is in."""
        if not isinstance(number, int):
            return False
        at = bisect_right(self._starts, number)
        return at > 0 and number <= self._ends[at - 1]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """The ranges, first and last number of each."""
        return iter(zip(self._starts, self._ends, strict=True))

    def __len__(self) -> int:
        """How many numbers are in."""
        return sum(last - first + 1 for first, last in self)

    def upto(self) -> int:
        """The last number of the unbroken row that begins at 1; 0 when 1 is not in."""
        return self._ends[0] if self._starts and self._starts[0] <= 1 else 0

    def beyond(self) -> list[tuple[int, int]]:
        """The ranges after that row."""
        return [each for each in self if each[0] > self.upto()]

    def to_multirange(self) -> str:
        """PostgreSQL's text of an int8multirange."""
        return "{" + ",".join(f"[{first},{last}]" for first, last in self) + "}"
