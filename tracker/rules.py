"""Rules as a commit knows them: which events they match, and what they watch for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from math import inf
from typing import Any, Final, Literal

from geo.event import Event
from geo.fix import unix_ms
from geo.scope import Scopes
from geo.signals import Comparison, Signal
from geo.watch import Watch
from geo.windows import Calendar, Window

SIGNALS: Final = ("silent", "duress", "sensor")
#: Kinds whose events are made for one rule, with all that it asks.
BY_THEMSELVES: Final = frozenset((*SIGNALS, "proximity"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalTerms:
    """What a rule asks of a vehicle's inputs, or of its silence; see `geo.signals.Signal`."""

    kind: Literal["silent", "duress", "sensor"]
    outside: bool
    silent_ms: int | None
    comparison: Comparison | None
    for_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearness:
    """What a rule asks of the latest positions of two vehicles."""

    radius_m: float
    outside: bool
    #: Near to these; both empty: those of the rule among each other.
    other_ids: frozenset[int]
    other_group_ids: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Which events raise an alert."""

    id: int
    full_ref: str
    department_id: int
    on_kinds: frozenset[str]
    fence_id: int | None
    fence_group_id: int | None
    vehicle_ids: frozenset[int]
    vehicle_group_ids: frozenset[int]
    window: Window | None
    dwell_s: float | None
    limit_kmh: float | None
    #: Events of one vehicle and fence so long after one that alerted join its alert.
    cooldown_s: float | None
    severity: str
    created_ms: int
    #: The number of what it says; None: it is not saved.
    version: int | None = None
    #: Of silence, buttons and sensors; None: it is about something else.
    signal: SignalTerms | None = None
    #: Of two vehicles near each other; likewise.
    nearness: Nearness | None = None
    #: On trial: what it raises is kept, and told to nobody.
    shadow: bool = False

    def concerns(self, vehicle_id: int, at_ms: int, scopes: Scopes) -> bool:
        """Whether it is about a vehicle at a time."""
        return is_of(vehicle_id, at_ms, self.vehicle_ids, self.vehicle_group_ids, scopes)

    def fence_ids(self, scopes: Scopes) -> frozenset[int] | None:
        """The fences that it is about; None: all of its department."""
        if self.fence_group_id is not None:
            return frozenset(scopes.fences_of({self.fence_group_id}))
        return None if self.fence_id is None else frozenset({self.fence_id})

    def matches(self, event: Event, scopes: Scopes) -> bool:
        """Whether the event is one that it asks for."""
        fences = self.fence_ids(scopes)
        if event.kind in BY_THEMSELVES:
            return event.rule_id == self.id
        return (
            self._asks_for(event)
            and (fences is None or event.fence_id in fences)
            and self.concerns(event.vehicle_id, event.at_ms, scopes)
            and (self.window is None or self.window.holds(event.at_ms))
        )

    def _asks_for(self, event: Event) -> bool:
        if event.rule_id is not None:
            return event.rule_id == self.id
        begins = "inside" in self.on_kinds and event.kind in ("enter", "present")
        return begins or event.kind in self.on_kinds

    def signals(self, scopes: Scopes, retired_ms: Mapping[int, float]) -> list[Signal]:
        """What the engine must listen for on its behalf; of no vehicle from its retirement on."""
        terms = self.signal
        if terms is None:
            return []

        def concerns(vehicle_id: int, at_ms: int) -> bool:
            works = at_ms < retired_ms.get(vehicle_id, inf)
            return works and self.concerns(vehicle_id, at_ms, scopes)

        return [
            Signal(
                rule_id=self.id,
                department_id=self.department_id,
                kind=terms.kind,
                concerns=concerns,
                fence_ids=self.fence_ids(scopes),
                outside=terms.outside,
                window=self.window,
                from_ms=self.created_ms,
                silent_ms=terms.silent_ms,
                test=terms.comparison,
                for_ms=terms.for_ms,
            )
        ]

    def watches(self, scopes: Scopes) -> list[Watch]:
        """What the engine must watch for on its behalf."""

        def concerns(vehicle_id: int, at_ms: int) -> bool:
            return self.concerns(vehicle_id, at_ms, scopes)

        return [
            Watch(
                rule_id=self.id,
                department_id=self.department_id,
                kind=kind,
                fence_ids=self.fence_ids(scopes),
                concerns=concerns,
                from_ms=self.created_ms,
                dwell_ms=round((self.dwell_s or 0.0) * 1000),
                limit_kmh=self.limit_kmh or 0.0,
                window=self.window if kind == "inside" else None,
            )
            for kind in ("dwell", "speed", "inside")
            if kind in self.on_kinds
        ]


def is_of(
    vehicle_id: int,
    at_ms: int,
    vehicle_ids: frozenset[int],
    group_ids: frozenset[int],
    scopes: Scopes,
) -> bool:
    """Whether a vehicle is one of these, or in one of these groups at a time; none: all are."""
    if not vehicle_ids and not group_ids:
        return True
    return vehicle_id in vehicle_ids or bool(group_ids & scopes.groups_of(vehicle_id, at_ms))


def rule_of(row: Mapping[str, Any], calendar: Calendar) -> Rule:
    """A row of load_rules.sql."""
    window = row["window"]
    return Rule(
        id=row["id"],
        full_ref=row["full_ref"],
        department_id=row["department_id"],
        on_kinds=frozenset(row["on_kinds"]),
        fence_id=row["fence_id"],
        fence_group_id=row["fence_group_id"],
        vehicle_ids=frozenset(row["vehicle_ids"]),
        vehicle_group_ids=frozenset(row["vehicle_group_ids"]),
        window=None if window is None else window_of(window, calendar),
        dwell_s=row["dwell_s"],
        limit_kmh=row["limit_kmh"],
        cooldown_s=row["cooldown_s"],
        severity=row["severity"],
        created_ms=unix_ms(row["created_at"]),
        version=row["version"],
        shadow=row["shadow"],
        signal=_signal_of(row),
        nearness=_nearness_of(row),
    )


def _signal_of(row: Mapping[str, Any]) -> SignalTerms | None:
    kind = next((each for each in row["on_kinds"] if each in SIGNALS), None)
    if kind is None:
        return None
    sensor = row["sensor"]
    return SignalTerms(
        kind=kind,
        outside=row["outside"],
        silent_ms=None if row["silent_s"] is None else round(row["silent_s"] * 1000),
        comparison=None if sensor is None else Comparison(**sensor),
        for_ms=round((row["for_s"] or 0.0) * 1000),
    )


def _nearness_of(row: Mapping[str, Any]) -> Nearness | None:
    if "proximity" not in row["on_kinds"]:
        return None
    return Nearness(
        radius_m=row["radius_m"],
        outside=row["outside"],
        other_ids=frozenset(row["other_vehicle_ids"]),
        other_group_ids=frozenset(row["other_vehicle_group_ids"]),
    )


def window_of(said: Mapping[str, Any], calendar: Calendar) -> Window:
    """A window as rules have it: {"days": ["mon", …], "from": "18:00", "to": "08:00"}."""
    days = said.get("days") or ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return Window(
        days=frozenset(days),
        from_=time.fromisoformat(said.get("from", "00:00")),
        to=_time(said.get("to", "00:00")),
        calendar=calendar,
    )


def _time(said: str) -> time:
    return time(0) if said == "24:00" else time.fromisoformat(said)
