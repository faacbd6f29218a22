"""One vehicle's signals while they are gone over: its inputs fix by fix, and its silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from geo.event import Cause, Event
from geo.fences import FenceIndex
from geo.limits import DEFAULT_LIMITS, Limits
from geo.memory import Running
from geo.signals import Sample, Signal, Signals, Value, after_sample, sample_of
from geo.telling import Telling


class Listener:
    """What goes on of the signals of one vehicle, and what is told of that."""

    def __init__(
        self,
        vehicle_id: int,
        signals: Signals,
        limits: Mapping[int, Limits],
        fences: FenceIndex,
        telling: Telling,
    ) -> None:
        self._vehicle_id = vehicle_id
        self._signals = signals
        self._limits = limits.get(vehicle_id, DEFAULT_LIMITS)
        self._fences = fences
        self._telling = telling
        self._running: dict[int, Running] = {}
        self._heard_ms: int | None = None
        self._usual_ms = 0

    def resume(self, running: Sequence[tuple[int, Running]], fixed_ms: int, ignition: int) -> None:
        """Go on from a state: what went on, and the last fix."""
        # A rule that is gone has nothing more to tell.
        self._running = {r: each for r, each in running if r in self._signals.by_rule}
        self._hear(fixed_ms, ignition)

    @property
    def running(self) -> tuple[tuple[int, Running], ...]:
        """What goes on, by rule id."""
        return tuple(sorted(self._running.items()))

    def silences(self, department_id: int, from_ms: int) -> Iterator[tuple[int, Signal]]:
        """When the vehicle will have been silent for too long, at or after a time."""
        if self._heard_ms is None:
            return
        for signal in self._signals.silences_of(department_id):
            if signal.rule_id not in self._running:
                at_ms = signal.silent_at_ms(self._heard_ms, self._usual_ms)
                if at_ms is not None and at_ms >= from_ms and self._concerns(signal, at_ms):
                    yield at_ms, signal

    def is_quiet(self, department_id: int, until_ms: int) -> bool:
        """Whether it is known that no silence is due before a time."""
        least_ms = self._signals.least_silence_ms(department_id)
        return self._heard_ms is None or until_ms <= self._heard_ms + least_ms

    def fall_silent(self, signal: Signal, at_ms: int, inside: Set[int]) -> None:
        """It has been silent for too long, inside these fences as far as is known."""
        holds, fence_id = signal.place(inside)
        if holds:
            version = self._version(fence_id, at_ms)
            last_ms = at_ms if self._heard_ms is None else self._heard_ms
            running = Running(at_ms, last_ms, at_ms, None, None, None, fence_id, version, True)
            self._running[signal.rule_id] = running
            self._telling.tell(self._event(signal, running))

    def heard(self, fixed_ms: int, ignition: int, known_ms: int) -> None:
        """A fix ends every silence; told only now are those from `known_ms` on."""
        for rule_id, running in list(self._running.items()):
            signal = self._signals.by_rule[rule_id]
            if signal.kind == "silent":
                del self._running[rule_id]
                late = running.first_ms >= known_ms
                self._telling.restate(self._event(signal, running, ended_ms=fixed_ms, late=late))
        self._hear(fixed_ms, ignition)

    def sample(
        self, department_id: int, at_ms: int, inputs: Mapping[str, Value], inside: Set[int] | None
    ) -> None:
        """A fix says this of its inputs, inside these fences; None: its place is not believed.

        A rule that asks for a place waits for one; the others do not.
        """
        self._leave_others(department_id)
        for signal in self._signals.inputs_of(department_id):
            if (inside is None and signal.fence_ids is not None) or at_ms < signal.from_ms:
                continue
            if self._concerns(signal, at_ms):
                self._sampled(signal, at_ms, inputs, inside or frozenset())
            elif (running := self._running.pop(signal.rule_id, None)) is not None:
                self._end(signal, running)

    def _sampled(
        self, signal: Signal, at_ms: int, inputs: Mapping[str, Value], inside: Set[int]
    ) -> None:
        holds, number = sample_of(signal, inputs)
        if holds is None:
            return
        there, fence_id = signal.place(inside)
        in_time = signal.window is None or signal.window.holds(at_ms)
        version = self._version(fence_id, at_ms)
        sample = Sample(at_ms, holds and there and in_time, number, fence_id, version)
        before = self._running.pop(signal.rule_id, None)
        ended, running = after_sample(before, signal, sample, self._limits.gap_ms)
        if ended is not None:
            self._end(signal, ended)
        if running is None:
            return
        self._running[signal.rule_id] = running
        if running.told and running != before:
            is_new = before is None or not before.told or ended is not None
            event = self._event(signal, running)
            (self._telling.tell if is_new else self._telling.restate)(event)

    def _leave_others(self, department_id: int) -> None:
        """What goes on for a rule of a department that it has left has ended."""
        for rule_id, running in list(self._running.items()):
            signal = self._signals.by_rule[rule_id]
            if signal.department_id != department_id:
                del self._running[rule_id]
                self._end(signal, running)

    def _end(self, signal: Signal, running: Running) -> None:
        if running.told:
            ended = self._event(signal, running, ended_ms=running.last_ms)
            self._telling.restate(ended)

    def _hear(self, fixed_ms: int, ignition: int) -> None:
        self._heard_ms = fixed_ms
        self._usual_ms = self._limits.silence_ms(ignition_off=ignition == 0)

    def _concerns(self, signal: Signal, at_ms: int) -> bool:
        return signal.concerns(self._vehicle_id, at_ms)

    def _version(self, fence_id: int | None, at_ms: int) -> int | None:
        return None if fence_id is None else self._fences.last_of(fence_id, at_ms).version

    def _event(
        self, signal: Signal, running: Running, *, ended_ms: int | None = None, late: bool = False
    ) -> Event:
        cause: Cause | None = None
        before_ms, length_ms = None, running.last_ms - running.first_ms
        if signal.kind == "silent":
            cause = "fix" if late else "timer"
            before_ms, length_ms = running.last_ms, (ended_ms or running.first_ms) - running.last_ms
        return Event(
            kind=signal.kind,
            vehicle_id=self._vehicle_id,
            fence_id=running.fence_id,
            fence_version=running.fence_version,
            time_ms=running.first_ms,
            not_before_ms=before_ms,
            not_after_ms=running.first_ms,
            cause=cause,
            rule_id=signal.rule_id,
            late=late,
            length_s=length_ms / 1000.0,
            ended_ms=ended_ms,
            lowest=running.lowest,
            highest=running.highest,
        )
