"""What devices say beside a position, and their silence: what rules ask of a vehicle as a whole.

An episode of an input goes the way of a speed's (rule R30): fixes at which a test of it holds, in a
row of at least so long; it ends with a row as long at which it does not, or with a gap.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Set
from copy import copy
from math import inf
from typing import Final, Literal, NamedTuple, TypeAlias

from geo.limits import DEFAULT_GAP_MS
from geo.memory import Running
from geo.windows import Window

Value: TypeAlias = bool | float | str
Op: TypeAlias = Literal["is", "is_not", ">", ">=", "<", "<="]
ORDERED: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
#: Words for a truth, as people and devices say them.
TRUTHS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("true", "on", "open", "yes", "pressed"), True),
    **dict.fromkeys(("false", "off", "closed", "no", "released"), False),
}


class Comparison(NamedTuple):
    """A comparison of one input of a device: `bottom_door is open`, `temp_c > 8`."""

    input: str
    op: Op
    value: Value

    def holds(self, said: Value) -> bool | None:
        """Whether it holds of what the device said; None where the two cannot be compared."""
        if self.op in ORDERED:
            number, limit = _number(said), _number(self.value)
            return None if number is None or limit is None else ORDERED[self.op](number, limit)
        same = _is_same(said, self.value)
        return None if same is None else same is (self.op == "is")


def _is_same(said: Value, wanted: Value) -> bool | None:
    if isinstance(wanted, bool):
        if isinstance(said, str):
            said_truth = TRUTHS.get(said.lower())
            return None if said_truth is None else said_truth is wanted
        return bool(said) is wanted
    if isinstance(wanted, str):
        return said.lower() == wanted.lower() if isinstance(said, str) else None
    number = _number(said)
    return None if number is None else number == wanted


def _number(said: Value) -> float | None:
    """A truth is 1 or 0: `in.temp_c=1` arrives as one."""
    return None if isinstance(said, str) else float(said)


class Signal(NamedTuple):
    """One thing that a rule watches for in a vehicle's inputs, or in its silence."""

    rule_id: int
    department_id: int
    kind: Literal["silent", "duress", "sensor"]
    #: Whether it is about a vehicle at a time.
    concerns: Callable[[int, int], bool]
    #: Only in any of these, or only outside of all of them; None: anywhere.
    fence_ids: frozenset[int] | None = None
    outside: bool = False
    window: Window | None = None
    #: In force from then on.
    from_ms: float = -inf
    #: Of a silence: how long; None: what is usual for the vehicle.
    silent_ms: int | None = None
    #: Of an input.
    test: Comparison | None = None
    for_ms: int = 0

    def place(self, inside: Set[int]) -> tuple[bool, int | None]:
        """Whether it holds where a vehicle is inside these fences, and the fence to be named."""
        if self.fence_ids is None:
            return True, None
        found = self.fence_ids & inside
        if self.outside:
            return not found, None
        return bool(found), min(found, default=None)

    def silent_at_ms(self, heard_ms: int, usual_ms: int) -> int | None:
        """When a silence since a fix is one for it; None: not within a year."""
        limit_ms = usual_ms if self.silent_ms is None else self.silent_ms
        at_ms = int(max(heard_ms + limit_ms, self.from_ms))
        if self.window is None or self.window.holds(at_ms):
            return at_ms
        return self.window.next_opening_ms(at_ms)

    def truth(self, inputs: Mapping[str, Value]) -> bool | None:
        """What the inputs of a fix say; None: nothing. A button that is not named is released."""
        if self.test is None:
            return None
        said = inputs.get(self.test.input)
        holds = None if said is None else self.test.holds(said)
        return bool(holds) if self.kind == "duress" else holds


class Sample(NamedTuple):
    """What a fix says of a signal."""

    ms: int
    holds: bool
    #: Of an input that is a number.
    number: float | None = None
    #: Where it is, as far as the rule names it, with the version.
    fence_id: int | None = None
    fence_version: int | None = None


def sample_of(signal: Signal, inputs: Mapping[str, Value]) -> tuple[bool | None, float | None]:
    """Whether the signal's test holds of the inputs (None: nothing is known), and the number."""
    said = None if signal.test is None else inputs.get(signal.test.input)
    is_number = isinstance(said, float | int) and not isinstance(said, bool)
    return signal.truth(inputs), float(said) if is_number and said is not None else None


def after_sample(
    running: Running | None, signal: Signal, sample: Sample, gap_ms: int
) -> tuple[Running | None, Running | None]:
    """What a sample ends, and what goes on from it; the same once more changes nothing."""
    ended = None
    if running is not None and sample.ms - running.seen_ms > gap_ms:
        ended, running = running, None
    if sample.holds:
        return ended, _held(running, signal, sample)
    if running is None or not running.told:
        return ended, None
    lapsed_ms = sample.ms if running.lapsed_ms is None else running.lapsed_ms
    if sample.ms - lapsed_ms >= signal.for_ms:
        return running, None
    return ended, running._replace(lapsed_ms=lapsed_ms, seen_ms=sample.ms)


def _held(running: Running | None, signal: Signal, sample: Sample) -> Running:
    number = sample.number
    if running is None:
        return Running(
            *(sample.ms, sample.ms, sample.ms, None, number, number),
            sample.fence_id,
            sample.fence_version,
            told=signal.for_ms == 0,
        )
    numbers = [each for each in (running.lowest, running.highest, number) if each is not None]
    return running._replace(
        last_ms=sample.ms,
        seen_ms=sample.ms,
        lapsed_ms=None,
        lowest=min(numbers, default=None),
        highest=max(numbers, default=None),
        told=running.told or sample.ms - running.first_ms >= signal.for_ms,
    )


class Signals:
    """All signals that rules watch for, by department."""

    def __init__(self, signals: Iterable[Signal] = ()) -> None:
        self._silences: dict[int, tuple[Signal, ...]] = {}
        self._inputs: dict[int, tuple[Signal, ...]] = {}
        self.by_rule: dict[int, Signal] = {}
        for each in signals:
            sorts = self._silences if each.kind == "silent" else self._inputs
            sorts[each.department_id] = (*sorts.get(each.department_id, ()), each)
            self.by_rule[each.rule_id] = each
        self._least_ms = {d: _least_ms(listed) for d, listed in self._silences.items()}

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.by_rule)

    def without_silences(self) -> Signals:
        """For the clock of somebody who hears nobody: what goes on stays, no silence begins."""
        deaf = copy(self)
        deaf._silences, deaf._least_ms = {}, {}
        return deaf

    @property
    def of_inputs(self) -> bool:
        """Whether any is about an input."""
        return bool(self._inputs)

    def silences_of(self, department_id: int) -> tuple[Signal, ...]:
        """Those of a department that are about silence."""
        return self._silences.get(department_id, ())

    def inputs_of(self, department_id: int) -> tuple[Signal, ...]:
        """Those of a department that are about inputs."""
        return self._inputs.get(department_id, ())

    def least_silence_ms(self, department_id: int) -> float:
        """A shorter silence than this is none for any rule of the department."""
        return self._least_ms.get(department_id, inf)

    @property
    def shortest_ms(self) -> float:
        """A shorter silence than this is none for any rule."""
        return min(self._least_ms.values(), default=inf)

    def concern(
        self, department_id: int, *, silence_ms: float, inputs: Mapping[str, Value] | None
    ) -> bool:
        """Whether a fix of these inputs after such a silence may matter to any, whomever and
        wherever it concerns."""
        if silence_ms > self.least_silence_ms(department_id):
            return True
        if not inputs:
            return False
        return any(each.truth(inputs) for each in self.inputs_of(department_id))


def _least_ms(silences: Iterable[Signal]) -> float:
    return min(DEFAULT_GAP_MS if s.silent_ms is None else s.silent_ms for s in silences)


NO_SIGNALS: Final = Signals()
