"""From arrivals to messages: what is ready when, in which order, and what belongs to which."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import xor
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.arrival import Arrival
from ingest.decoding import Decoding, Rollover, Work
from tracker.message import Replay

START = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)
MQTT = "mqtt"
SERIAL = "serial:/dev/ttyUSB0"


def say(*bodies: str) -> bytes:
    return b"".join(f"${body}*{reduce(xor, body.encode()):02X}\r\n".encode() for body in bodies)


def gga(second: float) -> bytes:
    """A position without a date."""
    at = START + timedelta(seconds=second)
    return say(f"GPGGA,{at:%H%M%S.%f},2218.0000,N,11410.0000,E,1,09,0.9,5.0,M,,,,")


def rmc(second: float, weeks_back: int = 0) -> bytes:
    """The same with a date."""
    at = START + timedelta(seconds=second)
    day = at - timedelta(weeks=weeks_back)
    return say(f"GPRMC,{at:%H%M%S.%f},A,2218.0000,N,11410.0000,E,10.0,90.0,{day:%d%m%y},,")


def message(seq: int, *lines: bytes, state: str = "", second: float = 0) -> Arrival:
    return Arrival(
        payload=b"#b,%d%s\n" % (seq, state.encode()) + b"".join(lines),
        received_at=START + timedelta(seconds=second),
        department_ref="D",
        device_ref="box",
        whole=True,
        topic="gov/1/D/box/nmea",
        handle=seq,
    )


def portion(
    data: bytes, second: float = 0, closes: Literal["silence", "break", "input"] | None = None
) -> Arrival:
    return Arrival(
        payload=data,
        received_at=START + timedelta(seconds=second),
        department_ref="D",
        device_ref="box",
        whole=False,
        closes=closes,
    )


def seqs(ready: Sequence[Work]) -> list[int | None]:
    return [work.message().seq for work in ready]


def seconds(ready: Sequence[Work]) -> list[list[float]]:
    """Of each work, the times of its fixes."""
    return [
        [(reading.fix.fixed_at - START).total_seconds() for reading in work.readings]
        for work in ready
    ]


def reasons(ready: Sequence[Work]) -> list[tuple[str, bytes]]:
    return [(each.reason, each.raw) for work in ready for each in work.refusals]


@pytest.fixture
def decoding() -> Decoding:
    return Decoding(lambda department, device: "off")


def test_a_dated_message_is_ready_at_once(decoding: Decoding) -> None:
    ready = decoding.decode(MQTT, message(1, rmc(0), gga(0)))
    assert (seqs(ready), seconds(ready)) == ([1], [[0]])
    found = ready[0].message()
    assert (found.boot, found.topic, found.department_ref, found.device_ref) == (
        "b",
        "gov/1/D/box/nmea",
        "D",
        "box",
    )
    assert (found.received_at, found.source, found.readings[0].raw) == (
        START,
        MQTT,
        (rmc(0) + gga(0)).rstrip(),
    )


def test_a_message_waits_for_its_date_and_those_after_it_wait_with_it(decoding: Decoding) -> None:
    assert decoding.decode(MQTT, message(1, gga(0))) == []
    assert decoding.decode(MQTT, message(2, gga(1))) == []
    assert decoding.decode(MQTT, message(3, say("GPTXT,void"))) == []
    ready = decoding.decode(MQTT, message(4, rmc(2)))
    assert (seqs(ready), seconds(ready)) == ([1, 2, 3, 4], [[0], [1], [], [2]])


def test_another_device_does_not_wait(decoding: Decoding) -> None:
    decoding.decode(MQTT, message(1, gga(0)))
    other = message(7, rmc(0))
    ready = decoding.decode(
        MQTT,
        Arrival(
            payload=other.payload,
            received_at=START,
            department_ref="D",
            device_ref="other",
            whole=True,
            topic="gov/1/D/other/nmea",
        ),
    )
    assert seqs(ready) == [7]


def test_after_half_a_minute_the_date_is_given_up(decoding: Decoding) -> None:
    decoding.decode(MQTT, message(1, gga(0)))
    assert decoding.expire(START + timedelta(seconds=30)) == []
    ready = decoding.expire(START + timedelta(seconds=30.001))
    assert (seqs(ready), seconds(ready)) == ([1], [[]])
    assert reasons(ready) == [("undated", gga(0).rstrip())]
    assert decoding.expire(START + timedelta(seconds=90)) == []


def test_the_state_of_a_header_is_that_of_its_own_fixes(decoding: Decoding) -> None:
    decoding.decode(MQTT, message(1, gga(0), gga(1), state=",ign=0,in.door=1"))
    ready = decoding.decode(MQTT, message(2, rmc(2), state=",ign=1"))
    told = [
        [(reading.fix.ignition, dict(reading.fix.inputs)) for reading in work.readings]
        for work in ready
    ]
    assert told == [[(False, {"door": 1.0}), (False, {"door": 1.0})], [(True, {})]]


def test_a_header_that_cannot_be_read_costs_only_itself(decoding: Decoding) -> None:
    arrival = message(1, rmc(0))
    broken = Arrival(
        payload=b"#b,one\r\n" + rmc(0),
        received_at=START,
        department_ref="D",
        device_ref="box",
        whole=True,
        topic=arrival.topic,
    )
    ready = decoding.decode(MQTT, broken)
    assert (seqs(ready), seconds(ready), reasons(ready)) == (
        [None],
        [[0]],
        [("header", b"#b,one\r")],
    )


def test_a_batch_passes_by_what_waits(decoding: Decoding) -> None:
    decoding.decode(MQTT, message(1, gga(0)))
    batch = Arrival(
        payload=b'{"boot":"b","seq":2,"fixes":[{"t":"2026-11-24T12:00:05Z","lat":1,"lon":2},7]}',
        received_at=START,
        department_ref="D",
        device_ref="box",
        whole=True,
        topic="gov/1/D/box/fix",
    )
    ready = decoding.decode(MQTT, batch)
    assert (seqs(ready), seconds(ready), reasons(ready)) == ([2], [[5]], [("form", b"7")])


def test_what_the_source_refuses_is_not_read_but_for_its_number(decoding: Decoding) -> None:
    arrival = message(9, rmc(0))
    refused = Arrival(
        payload=arrival.payload,
        received_at=START,
        department_ref="D",
        device_ref="box",
        whole=True,
        topic=arrival.topic,
        refused="oversized",
    )
    ready = decoding.decode(MQTT, refused)
    assert (seqs(ready), seconds(ready)) == ([9], [[]])
    assert reasons(ready) == [("oversized", arrival.payload)]


@given(st.data())
def test_a_stream_cut_anywhere_gives_the_same_fixes(data: st.DataObject) -> None:
    stream = b"".join(rmc(second) + gga(second) for second in range(4))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=12)))
    bounds = [0, *cuts, len(stream)]
    decoding = Decoding(lambda department, device: "off")
    ready: list[Work] = []
    for begin, end in itertools.pairwise(bounds):
        ready += decoding.decode(SERIAL, portion(stream[begin:end]))
    ready += decoding.decode(SERIAL, portion(b"", 10, "silence"))
    assert [second for each in seconds(ready) for second in each] == [0, 1, 2, 3]
    assert all(reading.fix.altitude_m == 5.0 for work in ready for reading in work.readings)


def test_a_silence_closes_an_epoch_when_it_is_longer_than_the_device_is_used_to(
    decoding: Decoding,
) -> None:
    for second in (0.0, 1.0, 2.0):
        decoding.decode(SERIAL, portion(rmc(second) + gga(second), second))
    decoding.decode(SERIAL, portion(rmc(3), 3))
    assert decoding.decode(SERIAL, portion(b"", 4.1, "silence")) == []
    decoding.decode(SERIAL, portion(gga(3), 4.15))
    ready = decoding.decode(SERIAL, portion(b"", 5.4, "silence"))
    assert [second for each in seconds(ready) for second in each] == [3]
    assert ready[0].readings[0].fix.altitude_m == 5.0


def test_half_a_line_survives_a_silence_but_no_unplugging(decoding: Decoding) -> None:
    half = len(rmc(0)) // 2
    decoding.decode(SERIAL, portion(rmc(0)[:half]))
    decoding.decode(SERIAL, portion(b"", 10, "silence"))
    decoding.decode(SERIAL, portion(rmc(0)[half:], 11))
    assert seconds(decoding.decode(SERIAL, portion(b"", 21, "silence")))[0] == [0]
    decoding.decode(SERIAL, portion(rmc(30)[:half], 30))
    torn = decoding.decode(SERIAL, portion(b"", 31, "break"))
    assert reasons(torn) == [("cut", rmc(30)[:half])]
    decoding.decode(SERIAL, portion(rmc(30)[half:] + rmc(32), 32))
    after = decoding.decode(SERIAL, portion(b"", 42, "silence"))
    assert reasons(after) == [("noise", rmc(30)[half:].rstrip())]


def test_at_a_stop_the_open_epoch_of_a_stream_is_kept_and_a_held_message_is_not(
    decoding: Decoding,
) -> None:
    decoding.decode(SERIAL, portion(rmc(0) + gga(0)))
    decoding.decode(MQTT, message(1, gga(0)))
    ready = decoding.finish()
    assert [work.source for work in ready] == [SERIAL]
    assert seconds(ready) == [[0]]


def test_the_end_of_a_file_gives_up_what_has_no_date(decoding: Decoding) -> None:
    assert decoding.decode("file:/a", portion(gga(0))) == []
    ready = decoding.decode("file:/a", portion(b"", 0, "input"))
    assert reasons(ready) == [("undated", gga(0).rstrip())]


@pytest.mark.parametrize(
    ("source", "setting", "weeks"),
    [
        (MQTT, "auto", 1024),
        (MQTT, "off", 0),
        ("file:/a", "auto", 0),
        ("file:/a", "on", 1024),
    ],
)
def test_a_rolled_over_date_is_put_right_as_the_device_is_set(
    source: str, setting: Rollover, weeks: int
) -> None:
    decoding = Decoding(lambda department, device: setting)
    old = rmc(0, weeks_back=1024)
    if source == MQTT:
        ready = decoding.decode(source, message(1, old))
    else:
        ready = decoding.decode(source, portion(old))
        ready += decoding.decode(source, portion(b"", 0, "input"))
    [fix] = [reading.fix for work in ready for reading in work.readings]
    assert fix.rollover_weeks == weeks
    assert fix.fixed_at == START - timedelta(weeks=1024 - weeks)


def test_another_setting_counts_from_the_next_message_on() -> None:
    settings: list[Rollover] = ["off"]
    decoding = Decoding(lambda department, device: settings[-1])
    [before] = decoding.decode(MQTT, message(1, rmc(0, weeks_back=1024)))
    settings.append("auto")
    [after] = decoding.decode(MQTT, message(2, rmc(1, weeks_back=1024)))
    assert [work.readings[0].fix.rollover_weeks for work in (before, after)] == [0, 1024]


def test_a_fault_of_a_decoder_costs_one_message() -> None:
    asked: list[str] = []

    def rollover_of(department: str, device: str) -> Rollover:
        asked.append(device)
        if len(asked) == 2:
            raise ZeroDivisionError
        return "off"

    decoding = Decoding(rollover_of)
    assert decoding.decode(MQTT, message(1, gga(0))) == []
    bad = message(2, gga(1))
    ready = decoding.decode(MQTT, bad)
    assert seqs(ready) == [1, None]
    assert {reason for reason, _ in reasons(ready)} == {"unreadable"}
    assert reasons(ready)[1] == ("unreadable", bad.payload)
    assert seqs(decoding.decode(MQTT, message(3, rmc(2)))) == [3]


def test_a_date_is_kept_for_an_hour_of_silence_and_no_longer() -> None:
    decoding = Decoding(lambda department, device: "off")
    decoding.decode(SERIAL, portion(rmc(0), second=0))
    decoding.decode(SERIAL, portion(b"", second=1, closes="break"))
    decoding.decode(SERIAL, portion(gga(3500), second=3500))
    ready = decoding.decode(SERIAL, portion(b"", second=3501, closes="break"))
    assert seconds(ready)[0] == [3500.0]
    decoding.decode(SERIAL, portion(gga(7200), second=7200))
    ready = decoding.decode(SERIAL, portion(b"", second=7201, closes="break"))
    assert ready == [], "the day may be another by now"
    decoding.decode(SERIAL, portion(rmc(7202), second=7202))
    ready = decoding.decode(SERIAL, portion(b"", second=7203, closes="break"))
    assert [each for found in seconds(ready) for each in found] == [7200.0, 7202.0]


def test_a_fault_over_a_replay_leaves_what_waits_for_its_date() -> None:
    asked: list[str] = []

    def rollover_of(department: str, device: str) -> Rollover:
        asked.append(device)
        if len(asked) == 2:
            raise ZeroDivisionError
        return "off"

    decoding = Decoding(rollover_of)
    assert decoding.decode(MQTT, message(1, gga(0))) == []
    replay = message(2, rmc(1))._replace(replay=Replay(reject_id=1, reason="unassigned"))
    assert reasons(decoding.decode(MQTT, replay)) == [("unreadable", replay.payload)]
    assert seqs(decoding.expire(START + timedelta(seconds=31))) == [1]


def test_what_is_dealt_with_is_not_read_again_but_its_number_is_told() -> None:
    dealt = {("D", "box", "b", 1)}
    decoding = Decoding(lambda department, device: "off", lambda *those: those in dealt)
    assert seconds(decoding.decode(MQTT, message(2, rmc(1)))) == [[1]]
    ready = decoding.decode(MQTT, message(1, rmc(0), b"noise"))
    assert (seqs(ready), seconds(ready), reasons(ready)) == ([1], [[]], [])


def test_a_message_sent_again_is_read_while_no_date_is_known() -> None:
    decoding = Decoding(lambda department, device: "off", lambda *_: True)
    assert seconds(decoding.decode(MQTT, message(1, rmc(0)))) == [[0]]
    decoding = Decoding(lambda department, device: "off", lambda *those: those[-1] == 1)
    decoding.decode(MQTT, message(1, rmc(0)))
    assert seconds(decoding.decode(MQTT, message(2, gga(1)))) == [[1]], "message 1 gave the date"
