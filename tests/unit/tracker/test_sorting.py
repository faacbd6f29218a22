"""Which fixes of a batch are placed in which vehicle, what is refused, and what is dealt with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from geo.fix import Fix, unix_ms
from tracker.directory import Device, Directory
from tracker.message import Message, Reading, Refusal
from tracker.ranges import Ranges
from tracker.sorting import Sorted, receipt_keys, sort

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SWAPPED_AT = NOW - timedelta(hours=1)
TAKEN_OUT_AT = NOW - timedelta(minutes=10)
ACCEPT_FROM = NOW - timedelta(days=30)


def device(ref: str, number: int, department: str = "D", department_id: int = 1) -> Device:
    """A box that was in vehicle 10 until SWAPPED_AT, and then in 11 until TAKEN_OUT_AT."""
    return Device(
        id=number,
        ref=ref,
        department_id=department_id,
        department_ref=department,
        accept_from_ms=unix_ms(ACCEPT_FROM),
        rollover="off",
        starts_ms=[-(2**62), unix_ms(SWAPPED_AT)],
        ends_ms=[unix_ms(SWAPPED_AT), unix_ms(TAKEN_OUT_AT)],
        vehicle_ids=[10, 11],
    )


DIRECTORY = Directory(
    version=1,
    devices=[device("box", 1), device("other", 2, "E", 2)],
    vehicles=[],
    rules=[],
)


def message(
    *fixed_at: datetime,
    department: str = "D",
    ref: str = "box",
    stamp: tuple[str, int] | None = None,
    lon: float = 114.0,
    lat: float = 22.0,
    refusals: tuple[Refusal, ...] = (),
) -> Message:
    return Message(
        source="mqtt",
        department_ref=department,
        device_ref=ref,
        received_at=NOW,
        readings=[
            Reading(fix=Fix(fixed_at=at, lon=lon, lat=lat), raw=b"raw %d" % number)
            for number, at in enumerate(fixed_at)
        ],
        refusals=refusals,
        payload=b"whole",
        topic=f"gov/1/{department}/{ref}/nmea",
        boot=stamp[0] if stamp else None,
        seq=stamp[1] if stamp else None,
    )


def sorted_(*messages: Message, receipts: dict[tuple[int, str], Ranges] | None = None) -> Sorted:
    return sort(messages, DIRECTORY, receipts or {})


def reasons(result: Sorted) -> list[tuple[str, bytes]]:
    return [(str(each.reason), each.raw) for each in result.rejects]


@pytest.mark.parametrize(
    ("fixed_at", "vehicle_id"),
    [
        (SWAPPED_AT - timedelta(milliseconds=1), 10),
        (SWAPPED_AT, 11),
        (TAKEN_OUT_AT - timedelta(milliseconds=1), 11),
    ],
)
def test_a_fix_belongs_to_the_vehicle_of_its_time(fixed_at: datetime, vehicle_id: int) -> None:
    [placed] = sorted_(message(fixed_at)).placed
    assert (placed.vehicle_id, placed.device_id, placed.department_id) == (vehicle_id, 1, 1)
    assert (placed.received_at, placed.fixed_ms) == (NOW, unix_ms(fixed_at))


@pytest.mark.parametrize(
    ("fixed_at", "reason"),
    [
        (TAKEN_OUT_AT, "unassigned"),
        (NOW + timedelta(milliseconds=60_001), "clock"),
        (ACCEPT_FROM - timedelta(milliseconds=1), "clock"),
    ],
)
def test_a_time_at_which_it_cannot_be(fixed_at: datetime, reason: str) -> None:
    result = sorted_(message(SWAPPED_AT, fixed_at))
    assert reasons(result) == [(reason, b"whole")]
    assert (result.rejects[0].device_id, result.rejects[0].department_id) == (1, 1)
    assert len(result.placed) == 1


def test_a_clock_may_be_a_minute_fast() -> None:
    later = NOW + timedelta(seconds=60)
    assert reasons(sorted_(message(later, ACCEPT_FROM))) == [("unassigned", b"whole")]


def test_null_island() -> None:
    assert reasons(sorted_(message(SWAPPED_AT, lon=0.0, lat=0.0))) == [("null_island", b"raw 0")]
    assert sorted_(message(SWAPPED_AT, lon=0.0, lat=0.1)).rejects == []


@pytest.mark.parametrize(
    ("department", "ref", "reason"),
    [
        ("D", "nobody", "unknown_device"),
        ("E", "box", "department"),
        ("Z", "box", "department"),
    ],
)
def test_a_stranger_is_refused_whole(department: str, ref: str, reason: str) -> None:
    result = sorted_(message(SWAPPED_AT, department=department, ref=ref, stamp=("b", 1)))
    assert reasons(result) == [(reason, b"whole")]
    assert (result.rejects[0].device_id, result.rejects[0].department_id) == (None, None)
    assert (result.placed, result.dealt) == ([], {})


def test_a_topic_of_nobody_keeps_its_own_reason() -> None:
    refusal = Refusal(raw=b"whole", reason="topic")
    result = sorted_(message(department="", ref="", refusals=(refusal,)))
    assert reasons(result) == [("topic", b"whole")]


def test_two_fixes_of_one_instant_are_one() -> None:
    result = sorted_(message(SWAPPED_AT, SWAPPED_AT), message(SWAPPED_AT, lon=1.0))
    assert [each.fix.lon for each in result.placed] == [114.0]
    assert result.repeated == 2


def test_what_is_dealt_with_and_what_of_it_was_refused() -> None:
    result = sorted_(
        message(SWAPPED_AT, stamp=("b", 1)),
        message(stamp=("b", 2), refusals=(Refusal(raw=b"x", reason="noise"),)),
        message(NOW + timedelta(days=1), stamp=("b", 3)),
        message(stamp=("b", 5)),
        message(stamp=("c", 1)),
        message(SWAPPED_AT - timedelta(seconds=1)),
    )
    assert reasons(result) == [("noise", b"x"), ("clock", b"whole")]
    assert {key: (each.dealt, each.refused) for key, each in result.dealt.items()} == {
        (1, "b"): ({1, 2, 3, 5}, {2, 3}),
        (1, "c"): ({1}, set()),
    }


def test_a_repeated_message_is_acknowledged_again_and_stores_nothing() -> None:
    earlier = {(1, "b"): Ranges([7])}
    result = sorted_(
        message(SWAPPED_AT, stamp=("b", 7)),
        message(SWAPPED_AT, stamp=("b", 8)),
        message(SWAPPED_AT + timedelta(seconds=1), stamp=("b", 8)),
        receipts=earlier,
    )
    assert (len(result.placed), result.repeated) == (1, 2)
    assert result.dealt[1, "b"].dealt == {7, 8}
    assert list(earlier[1, "b"]) == [(7, 7)], "the receipts are the caller's"


def test_the_receipts_that_messages_belong_to() -> None:
    messages = [
        message(stamp=("b", 1)),
        message(stamp=("b", 2)),
        message(stamp=("c", 1)),
        message(),
        message(ref="nobody", stamp=("b", 1)),
        message(department="E", ref="other", stamp=("b", 1)),
    ]
    assert receipt_keys(messages, DIRECTORY) == {(1, "b"), (1, "c"), (2, "b")}


def test_days_and_order_by_vehicle() -> None:
    times = [SWAPPED_AT + timedelta(minutes=1), SWAPPED_AT, SWAPPED_AT - timedelta(days=1)]
    result = sorted_(message(*times))
    assert result.days() == {SWAPPED_AT.date(), (SWAPPED_AT - timedelta(days=1)).date()}
    assert {
        vehicle_id: [each.fix.fixed_at for each in fixes]
        for vehicle_id, fixes in result.by_vehicle().items()
    } == {10: [times[2]], 11: [times[1], times[0]]}


def test_a_flood_of_made_up_names_shares_a_few_bounds() -> None:
    flood = sorted_(*(message(ref=f"nobody-{n}") for n in range(500))).rejects
    assert 8 < len({each.sender for each in flood}) <= 16
    again = sorted_(message(ref="nobody-7")).rejects
    assert again[0].sender == flood[7].sender
