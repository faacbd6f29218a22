"""Rules as a commit knows them: which events they match, and what they watch for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any

from geo.event import Event
from geo.fix import unix_ms
from geo.scope import Scopes
from geo.watch import Watch
from geo.windows import Calendar, Window


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
    #: On trial: what it raises is kept, and told to nobody.
    shadow: bool = False

    def concerns(self, vehicle_id: int, at_ms: int, scopes: Scopes) -> bool:
        """Whether it is about a vehicle at a time."""
        if not self.vehicle_ids and not self.vehicle_group_ids:
            return True
        groups = scopes.groups_of(vehicle_id, at_ms)
        return vehicle_id in self.vehicle_ids or bool(self.vehicle_group_ids & groups)

    def fence_ids(self, scopes: Scopes) -> frozenset[int] | None:
        """The fences that it is about; None: all of its department."""
        if self.fence_group_id is not None:
            return frozenset(scopes.fences_of({self.fence_group_id}))
        return None if self.fence_id is None else frozenset({self.fence_id})

    def matches(self, event: Event, scopes: Scopes) -> bool:
        """Whether the event is one that it asks for."""
        fences = self.fence_ids(scopes)
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
        shadow=row["shadow"],
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
