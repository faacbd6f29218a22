"""Plain crossings: one fix that leaves no doubt, after a state that has none.

The rules of doubt (geo.course) say the same of them, at a multiple of the cost; most crossings are
plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from geo.borders import WIDEST_BAND_M
from geo.contact import Contact
from geo.course import Row, World, crossing_of
from geo.event import Event
from geo.limits import DEFAULT_GAP_MS
from geo.memory import Seen, Visit
from geo.telling import Telling
from geo.timeline import VehicleState


def plain_visits(
    vehicle_id: int,
    state: VehicleState | None,
    rows: Sequence[Row],
    world: World,
    telling: Telling,
) -> Mapping[int, Visit] | None:
    """The visits after the rows, and their events told; None, and nothing told, where in doubt."""
    if state is None or len(rows) != 1 or not _is_plain(state, rows[0], world):
        return None
    leg, seen = rows[0].legs[0], rows[0].seen
    if leg.why != "way" or leg.before is None or seen is None:
        return None
    visits = state.memory.visits
    crossed = []
    for contact in leg.contacts:
        inside = contact.fence_id in visits
        if not _is_sure(contact, inside):
            return None
        if len(contact.stretches) > 1:
            crossed.append((contact, inside))
    after, events = dict(visits), []
    for contact, inside in crossed:
        event = _crossed(vehicle_id, contact, leg.before, seen, after.pop(contact.fence_id, None))
        events.append(event)
        if not inside:
            visit = Visit(True, event.at_ms, event.at_ms)
            if _is_overtaken(rows[0], contact.fence_id, visit, world):
                return None
            after[contact.fence_id] = visit
    for event in events:
        telling.tell(event)
    return after


def _is_overtaken(row: Row, fence_id: int, visit: Visit, world: World) -> bool:
    """Whether something of a visit that the fix shows was due before it."""
    if not world.watches:
        return False
    due_ms = world.watches.visit_due_ms(row.department_id, fence_id, visit, visit.opened_ms + 1)
    return due_ms < row.fixed_ms


def _is_plain(state: VehicleState, row: Row, world: World) -> bool:
    """Whether nothing is remembered, and nothing due, that the fix could change."""
    memory = state.memory
    if memory.busy or memory.parked is not None or memory.trail:
        return False
    if row.moments or len(row.legs) != 1 or row.seen is None:
        return False
    if row.seen.error_m > WIDEST_BAND_M or state.error_m > WIDEST_BAND_M:
        return False
    if not world.watches:
        return True
    slow = row.speed_mps is None or row.speed_mps <= world.watches.fast_mps
    silent = row.fixed_ms - state.fixed_ms > DEFAULT_GAP_MS
    return slow and not silent and row.fixed_ms <= memory.due_ms


def _is_sure(contact: Contact, inside: bool) -> bool:
    """Whether the way stays on its side, or changes it once and for good."""
    first, *more = contact.stretches
    if first.inside != inside:
        return False
    if not more:
        return contact.ends_inside == inside
    return (
        len(more) == 1
        and more[0].inside != inside
        and contact.ends_inside != inside
        and contact.ends_deep
    )


def _crossed(
    vehicle_id: int, contact: Contact, before: Seen, seen: Seen, visit: Visit | None
) -> Event:
    crossing = crossing_of(contact, before, seen, contact.stretches[1].at)
    at_ms = crossing.at_ms
    if visit is not None:
        at_ms = min(max(at_ms, visit.changed_ms + 1), seen.ms)
    return Event(
        kind="enter" if visit is None else "exit",
        vehicle_id=vehicle_id,
        fence_id=contact.fence_id,
        fence_version=contact.version,
        time_ms=at_ms,
        not_before_ms=before.ms,
        not_after_ms=seen.ms,
    )
