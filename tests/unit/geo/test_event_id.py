"""Ids of events (R37)."""

from __future__ import annotations

import uuid

from geo.event import Event
from geo.event_id import event_id


def test_an_id_never_changes() -> None:
    """These were told to receivers; a change would have them take every event for a new one."""
    assert event_id("FSD/AMB-012", "FSD/depot", 1, "enter", 1_795_406_400_000) == uuid.UUID(
        "c3aab9e3-afe0-56a5-817f-dbb213d08b24"
    )
    assert event_id("FSD/AMB-012", "FSD/depot", 1, "exit", (0, 1)) == uuid.UUID(
        "21065411-8eb7-51fe-b2bd-32b66eb424e4"
    )


def test_each_fact_tells_an_event_from_others() -> None:
    ids = {
        event_id("A/1", "A/Z", 1, "enter", 5),
        event_id("A/2", "A/Z", 1, "enter", 5),
        event_id("A/1", "A/Y", 1, "enter", 5),
        event_id("A/1", "A/Z", 2, "enter", 5),
        event_id("A/1", "A/Z", 1, "exit", 5),
        event_id("A/1", "A/Z", 1, "enter", 6),
        event_id("A/1", "A/Z", 1, "enter", (5, 6)),
        event_id("A/1", "A/Z", 1, "enter", (6, 6)),
    }
    assert len(ids) == 8


def test_the_moment_of_an_event_is_its_time_or_else_both_bounds() -> None:
    gap = Event(
        kind="exit",
        vehicle_id=1,
        fence_id=1,
        fence_version=1,
        time_ms=None,
        not_before_ms=3,
        not_after_ms=9,
        gap=True,
    )
    assert gap.moment == (3, 9)
