"""What a step has to tell: each event once, as it stands at the end of the step."""

from __future__ import annotations

from collections.abc import Iterable

from geo.event import Event, Key


class Telling:
    """Events that are new, told before and now otherwise, or told before and disproved."""

    def __init__(self) -> None:
        self._sure: list[Event] = []
        self._new: dict[Key, Event] = {}
        self._restated: dict[Key, Event] = {}
        self._withdrawn: dict[Key, Event] = {}

    def tell(self, event: Event) -> None:
        """It happened."""
        key = event.key
        if self._withdrawn and self._withdrawn.pop(key, None) is not None:
            self._restated[key] = event
        else:
            self._new[key] = event

    def tell_all(self, events: Iterable[Event]) -> None:
        """They happened, in this order, to vehicles of which nothing else is told."""
        self._sure += events

    def restate(self, event: Event) -> None:
        """It was told already, in this step or before; this is how it stands now."""
        key = event.key
        known = self._new if key in self._new else self._restated
        known[key] = event

    def retract(self, event: Event) -> None:
        """It was told, and did not happen."""
        if self._new.pop(event.key, None) is None:
            self._restated.pop(event.key, None)
            self._withdrawn[event.key] = event

    @property
    def events(self) -> list[Event]:
        """Those that are new, in order."""
        if not self._new:
            return self._sure
        return sorted([*self._sure, *self._new.values()], key=lambda event: event.order)

    @property
    def restated(self) -> list[Event]:
        """Those that were told before, in order."""
        return sorted(self._restated.values(), key=lambda event: event.order)

    @property
    def withdrawn(self) -> list[Event]:
        """Those that do not hold, in order."""
        return sorted(self._withdrawn.values(), key=lambda event: event.order)
