"""Events as they are told: under their ids, and of private times nothing by the clock alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from geo.event import Event
from geo.event_id import event_id
from tracker.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An event to be stored, under its id."""

    id: UUID
    event: Event
    department_id: int
    #: Only late fixes made it known.
    late: bool
    #: The withdrawn event that it replaces.
    amends: UUID | None = None
    #: It is how things stand now, not only how they were.
    leads_to_live: bool = True


def told_of(events: Iterable[Event], directory: Directory, *, late: bool = False) -> list[Told]:
    """What is told of events, under their ids; of private times nothing by the clock alone."""
    return [
        Told(
            id=id_of(event, directory),
            event=event,
            department_id=directory.vehicles[event.vehicle_id].department_id,
            late=late,
        )
        for event in events
        if not _is_private(event, directory)
    ]


def _is_private(event: Event, directory: Directory) -> bool:
    """Whether only the clock told it of a private time: nothing is told of those."""
    by_clock = event.rule_id is not None or event.kind == "stale"
    return by_clock and directory.private.keeps(event.vehicle_id, event.at_ms) is not None


def id_of(event: Event, directory: Directory) -> UUID:
    """The id of an event, from the full refs of what it is about."""
    rule = None if event.rule_id is None else directory.rules[event.rule_id].full_ref
    if event.other_id is not None:
        rule = f"{rule} {directory.vehicles[event.other_id].full_ref}"
    return event_id(
        directory.vehicles[event.vehicle_id].full_ref,
        None if event.fence_id is None else directory.fence_refs[event.fence_id],
        event.fence_version,
        event.kind,
        event.moment,
        rule,
    )
