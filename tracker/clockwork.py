"""When which vehicle is due without a fix: for dwells, windows that open, and silence.

It follows from the states, so nothing of it is stored, and a restart finds it again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf
from typing import TYPE_CHECKING, Final

from geo import crossing
from geo.crossing import VehicleState
from geo.limits import DEFAULT_GAP_MS, DEFAULT_LIMITS, Limits
from geo.watch import Watches

if TYPE_CHECKING:
    from tracker.directory import Directory

#: A settled state of a vehicle is kept this often, for late fixes to begin at.
CHECKPOINT_MS: Final = 1_800_000


class Clockwork:
    """The vehicles that may be due, and when at the earliest; and the checkpoints of all."""

    def __init__(self) -> None:
        self._due_ms: dict[int, float] = {}
        self._checked_ms: dict[int, int] = {}

    def begin(
        self, states: Mapping[int, VehicleState], checked_ms: Mapping[int, int], watches: Watches
    ) -> None:
        """All states are known anew."""
        self._due_ms = {}
        self._checked_ms = dict(checked_ms)
        self.adopt(states, watches)

    def adopt(self, states: Mapping[int, VehicleState], watches: Watches) -> None:
        """These states are new."""
        watched, silence_ms = bool(watches), watches.signals.least_silence_ms
        for vehicle_id, state in states.items():
            self._checked_ms.setdefault(vehicle_id, state.fixed_ms)
            due_ms = state.fixed_ms + silence_ms(state.department_id)
            if watched and state.inside:
                due_ms = min(due_ms, state.memory.due_ms, state.fixed_ms + DEFAULT_GAP_MS)
            if due_ms == inf:
                self._due_ms.pop(vehicle_id, None)
            else:
                self._due_ms[vehicle_id] = due_ms

    def due(self, now_ms: int) -> list[int]:
        """The vehicles that may be due."""
        return [vehicle_id for vehicle_id, at_ms in self._due_ms.items() if at_ms <= now_ms]

    def look_closer(
        self, vehicles: Iterable[int], states: Mapping[int, VehicleState], directory: Directory
    ) -> None:
        """These were gone through: find out when exactly each is due next."""
        for vehicle_id in vehicles:
            state = states.get(vehicle_id)
            at_ms = None
            if state is not None:
                watched = (directory.limits, directory.watches, directory.fences)
                at_ms = crossing.next_due_ms(state, vehicle_id, *watched)
            if at_ms is None:
                self._due_ms.pop(vehicle_id, None)
            else:
                self._due_ms[vehicle_id] = at_ms

    def checkpoints(
        self, states: Mapping[int, VehicleState], limits: Mapping[int, Limits]
    ) -> dict[int, VehicleState]:
        """Of new states those that are to be kept whole."""
        return {
            vehicle_id: state
            for vehicle_id, state in states.items()
            if state.fixed_ms - self._checked_ms.get(vehicle_id, state.fixed_ms) >= CHECKPOINT_MS
            and state.is_settled(limits.get(vehicle_id, DEFAULT_LIMITS).gap_ms)
        }

    def kept(self, states: Mapping[int, VehicleState]) -> None:
        """These checkpoints are stored."""
        self._checked_ms.update({v: state.fixed_ms for v, state in states.items()})

    def forget(self, vehicles: Iterable[int]) -> None:
        """Nothing is left of these vehicles."""
        for vehicle_id in vehicles:
            self._due_ms.pop(vehicle_id, None)
            self._checked_ms.pop(vehicle_id, None)

    def went_back(self, vehicles: Iterable[int], states: Mapping[int, VehicleState]) -> None:
        """Checkpoints of these vehicles were dropped: the next state is kept."""
        for vehicle_id in vehicles:
            if vehicle_id in states:
                self._checked_ms[vehicle_id] = states[vehicle_id].fixed_ms - CHECKPOINT_MS
