"""Sets of message numbers as ranges: what a receipt is made of."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any


class Ranges:
    """A set of whole numbers, kept as disjoint ascending ranges with both ends inside.

    The bounds are tuples, so sets that follow from each other share them, and the cyclic collector
    leaves them alone: a commit makes one such set a message.
    """

    __slots__ = ("_ends", "_starts")

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._starts: tuple[int, ...] = ()
        self._ends: tuple[int, ...] = ()
        for number in numbers:
            self.add(number)

    @classmethod
    def from_multirange(cls, ranges: Iterable[Any]) -> Ranges:
        """From asyncpg's int8multirange, whose ranges end before their upper bound."""
        return cls.from_pairs((each.lower, each.upper - 1) for each in ranges)

    @classmethod
    def from_pairs(cls, pairs: Iterable[tuple[int, int]]) -> Ranges:
        """From ascending ranges that do not touch: first and last number of each."""
        made, all_pairs = cls(), list(pairs)
        made._starts = tuple(first for first, _ in all_pairs)
        made._ends = tuple(last for _, last in all_pairs)
        return made

    def add(self, number: int) -> None:
        """Put one number in."""
        starts, ends = self._starts, self._ends
        if ends and number == ends[-1] + 1:  # what a device sends next, nearly always
            self._ends = (*ends[:-1], number)
            return
        at = bisect_right(starts, number)
        if at and number <= ends[at - 1]:
            return
        joins_left = at > 0 and ends[at - 1] == number - 1
        joins_right = at < len(starts) and starts[at] == number + 1
        first = starts[at - 1] if joins_left else number
        last = ends[at] if joins_right else number
        self._replace(at - joins_left, at + joins_right, [(first, last)])

    def discard(self, number: int) -> None:
        """Take one number out, if it is in."""
        if number not in self:
            return
        at = bisect_right(self._starts, number) - 1
        first, last = self._starts[at], self._ends[at]
        left = [(first, number - 1)] if first < number else []
        right = [(number + 1, last)] if number < last else []
        self._replace(at, at + 1, left + right)

    def _replace(self, begin: int, end: int, pairs: Sequence[tuple[int, int]]) -> None:
        """Put these ranges where those from `begin` to before `end` are."""
        starts, ends = self._starts, self._ends
        self._starts = (*starts[:begin], *(first for first, _ in pairs), *starts[end:])
        self._ends = (*ends[:begin], *(last for _, last in pairs), *ends[end:])

    def changed(self, added: Iterable[int], removed: Iterable[int] = ()) -> Ranges:
        """Another set: this one with some numbers more and then some less."""
        made = Ranges()
        made._starts, made._ends = self._starts, self._ends
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
        return sum(self._ends) - sum(self._starts) + len(self._starts)

    def upto(self) -> int:
        """The last number of the unbroken row that begins at 1; 0 when 1 is not in."""
        return self._ends[0] if self._starts and self._starts[0] <= 1 else 0

    def beyond(self) -> list[tuple[int, int]]:
        """The ranges after that row."""
        return [each for each in self if each[0] > self.upto()]

    def to_multirange(self) -> str:
        """PostgreSQL's text of an int8multirange."""
        return "{" + ",".join(f"[{first},{last}]" for first, last in self) + "}"
