"""Whose fix a report by AIS is: the registry says, within the department of the line it came on."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from geo.fix import Fix
from tests.unit.tracker.test_sorting import NOW, TAKEN_OUT_AT, device, message, reasons
from tracker.directory import Directory
from tracker.message import Beside, Heard, Message, Reading, Replay
from tracker.ranges import Ranges
from tracker.sorting import Sorted, sort

LAUNCH, TUG = "477123456", "477000002"
DIRECTORY = Directory(
    version=1,
    devices=[
        device("station", 1),
        replace(device("launch", 2), mmsi=LAUNCH),
        replace(device("tug", 3, "E", 2), mmsi=TUG),
    ],
    vehicles=[],
    rules=[],
)
BEFORE = TAKEN_OUT_AT - timedelta(minutes=1)


def overheard(*mmsis: str, at: datetime = BEFORE, ref: str = "station") -> Message:
    heard = [
        Heard(
            mmsi=mmsi, reading=Reading(Fix(fixed_at=at, lon=114.0, lat=22.0, ais=True), b"!AIVDM")
        )
        for mmsi in mmsis
    ]
    return message(ref=ref, stamp=("b", 1))._replace(beside=Beside(heard=heard))


def sorted_(*messages: Message, receipts: dict[tuple[int, str], Ranges] | None = None) -> Sorted:
    return sort(messages, DIRECTORY, receipts or {})


def test_a_registered_transponder_gets_the_fix() -> None:
    result = sorted_(overheard(LAUNCH))
    [placed] = result.placed
    assert (placed.device_id, placed.vehicle_id, placed.fix.ais) == (2, 11, True)
    assert 1 in result.dealt[1, "b"].dealt, "the number is the station's"
    assert not result.rejects


@pytest.mark.parametrize("mmsi", ["477999999", TUG])
def test_nobody_that_the_line_may_speak_of_is_counted(mmsi: str) -> None:
    """Nobody that is registered, and no vessel of another department."""
    result = sorted_(overheard(mmsi, mmsi))
    assert not result.placed
    assert not result.rejects
    assert result.news.ais == {("mqtt", "unregistered"): 2}


def test_a_transponder_without_a_vehicle_is_a_reject_of_its_own_that_can_be_replayed() -> None:
    result = sorted_(overheard(LAUNCH, at=NOW))
    [reject] = result.rejects
    assert reasons(result) == [("unassigned", b"!AIVDM")]
    assert (reject.device_id, reject.claimed_ref) == (2, "D/launch")
    assert not result.dealt[1, "b"].refused, "the station's message is well"
    again = overheard(LAUNCH, ref="launch")._replace(
        replay=Replay(reject_id=7, reason="unassigned"), boot=None, seq=None
    )
    replayed = sorted_(again)
    assert replayed.replayed == {7: True}
    assert [placed.device_id for placed in replayed.placed] == [2]


def test_a_message_dealt_with_before_says_nothing_again() -> None:
    result = sorted_(overheard(LAUNCH, "477999999"), receipts={(1, "b"): Ranges([1])})
    assert not result.placed
    assert not result.news.ais
    assert result.repeated == 1


def test_two_stations_that_hear_one_report_store_one_fix() -> None:
    other = overheard(LAUNCH)._replace(boot="c")
    result = sorted_(overheard(LAUNCH), other)
    assert len(result.placed) == 1
