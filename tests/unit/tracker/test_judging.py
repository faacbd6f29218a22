"""What one commit tells, when a later step of it takes back what an earlier one told."""

from __future__ import annotations

from uuid import UUID

from geo.crossing import StepResult
from geo.event import Event
from geo.limits import DEFAULT_LIMITS
from tracker.directory import Directory, Vehicle
from tracker.judging import Judgement
from tracker.told import Told, id_of

STANDING = UUID(int=1)
ENTER = Event(
    kind="enter",
    vehicle_id=1,
    fence_id=1,
    fence_version=1,
    time_ms=1_000,
    not_before_ms=0,
    not_after_ms=2_000,
)


def directory() -> Directory:
    vehicle = Vehicle(id=1, department_id=1, full_ref="D/V", limits=DEFAULT_LIMITS)
    made = Directory(version=1, devices=[], vehicles=[vehicle], rules=[])
    made.fence_refs = {1: "D/F"}
    return made


def amending(known: Directory) -> Judgement:
    """An event that replaces one that stands, from going over the past again."""
    new = Told(id=id_of(ENTER, known), event=ENTER, department_id=1, late=True, amends=STANDING)
    return Judgement(told=[new], withdrawn={STANDING: new.id})


def test_what_is_taken_back_replaces_nothing() -> None:
    known = directory()
    judgement = amending(known)
    judgement.adopt(StepResult(states={}, events=[], withdrawn=(ENTER,)), known)
    assert (judgement.told, judgement.withdrawn) == ([], {STANDING: None})


def test_what_stands_after_all_is_replaced_by_nothing() -> None:
    known = directory()
    judgement = amending(known)
    (new,) = judgement.told
    judgement.tell([Told(id=STANDING, event=ENTER, department_id=1, late=False)])
    assert judgement.withdrawn == {}
    assert [(each.id, each.amends) for each in judgement.told] == [(new.id, None)]
