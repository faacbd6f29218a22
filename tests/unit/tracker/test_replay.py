"""What a replayed reject does to a batch, and what receipts and lists say for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.fix import Fix, unix_ms
from tracker.cli.shared import escaped
from tracker.directory import NEVER_MS, Device, Directory
from tracker.message import Message, Reading, Refusal, Replay
from tracker.ranges import Ranges
from tracker.reads.devices import holes
from tracker.sorting import Sorted, sort

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def directory(*, assigned_from: datetime | None = NOON) -> Directory:
    starts = [unix_ms(assigned_from)] if assigned_from else []
    device = Device(
        id=1,
        ref="box",
        department_id=1,
        department_ref="D",
        accept_from_ms=0,
        rollover="auto",
        starts_ms=starts,
        ends_ms=[NEVER_MS] * len(starts),
        vehicle_ids=[7] * len(starts),
    )
    return Directory(version=1, devices=[device], vehicles=[], rules=[])


def message(*seconds: float, reason: str | None = "unassigned") -> Message:
    """Fixes so long after noon, of a payload that was refused for the reason."""
    return Message(
        source="mqtt",
        topic="gov/1/D/box/nmea",
        department_ref="D",
        device_ref="box",
        received_at=NOON + timedelta(seconds=100),
        readings=[
            Reading(fix=Fix(fixed_at=NOON + timedelta(seconds=s), lon=114.0, lat=22.0), raw=b"$")
            for s in seconds
        ],
        payload=b"whole",
        boot="b",
        seq=5,
        replay=Replay(reject_id=3, reason=reason) if reason else None,
    )


def numbers(result: Sorted) -> tuple[set[int], ...]:
    dealt = result.dealt[1, "b"]
    return dealt.dealt, dealt.refused, dealt.redeemed


def test_a_whole_payload_is_refused_once_a_reason() -> None:
    result = sort([message(-2, -1, 1000, 1, reason=None)], directory(), {})
    assert [(each.reason, each.raw) for each in result.rejects] == [
        ("unassigned", b"whole"),
        ("clock", b"whole"),
    ]
    assert len(result.placed) == 1
    assert numbers(result) == ({5}, {5}, set())


def test_a_replay_that_stores_all_redeems_its_number() -> None:
    known = {(1, "b"): Ranges([5])}
    result = sort([message(1, 2)], directory(), known)
    assert (len(result.placed), result.repeated, result.rejects) == (2, 0, [])
    assert result.replayed == {3: True}
    assert numbers(result) == ({5}, set(), {5})


@pytest.mark.parametrize("assigned_from", [None, NOON])
def test_a_replay_that_is_refused_again_adds_no_reject(assigned_from: datetime | None) -> None:
    result = sort([message(-1, 1)], directory(assigned_from=assigned_from), {})
    assert (result.replayed, result.rejects, result.dealt) == ({3: False}, [], {})
    assert len(result.placed) == (assigned_from is not None)


def test_a_strangers_replay_deals_with_its_number_even_when_a_line_of_it_is_bad() -> None:
    said = message(1, reason="unknown_device")
    result = sort([said._replace(refusals=[Refusal(raw=b"x", reason="noise")])], directory(), {})
    assert (result.replayed, result.rejects) == ({3: True}, [])
    assert numbers(result) == ({5}, {5}, set())


def test_a_replay_of_what_can_never_be_stored_stays_refused() -> None:
    late_clock = message(1000, reason="unknown_device")
    assert sort([late_clock], directory(), {}).replayed == {3: False}
    assert sort([message()._replace(readings=[])], directory(), {}).replayed == {3: False}
    stranger = message(1)._replace(device_ref="other")
    result = sort([stranger], directory(), {})
    assert (result.replayed, result.rejects) == ({3: False}, [])


def test_two_copies_of_one_message_are_both_redeemed_and_stored_once() -> None:
    copies = [message(1), message(1)._replace(replay=Replay(reject_id=4, reason="unknown_device"))]
    result = sort(copies, directory(), {})
    assert result.replayed == {3: True, 4: True}
    assert len(result.placed) == 1


@given(st.sets(st.integers(1, 60)))
def test_holes_and_ranges_are_all_numbers_up_to_the_highest(dealt: set[int]) -> None:
    ranges = list(Ranges(dealt))
    missing = {n for first, last in holes(ranges) for n in range(first, last + 1)}
    assert missing == set(range(1, max(dealt, default=0) + 1)) - dealt
    assert list(Ranges.from_pairs(ranges)) == ranges


@given(st.binary())
def test_bytes_are_shown_whole_and_harmless(raw: bytes) -> None:
    shown = escaped(raw)
    assert shown.isascii()
    assert shown.isprintable()
    assert shown.encode().decode("unicode_escape").encode("latin-1") == raw


@given(st.text())
def test_text_is_shown_harmless(text: str) -> None:
    assert escaped(text).isprintable()


def test_text_of_people_is_shown_as_it_is() -> None:
    assert escaped("示範 D/box") == "示範 D/box"
