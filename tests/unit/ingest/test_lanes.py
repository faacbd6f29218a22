"""What waits to be read: live first, each lane in its order, and bounded."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.arrival import Arrival, Source
from ingest.lanes import ARRIVAL_BYTES, Lanes, is_backlog
from tracker.message import Replay

NOW = datetime(2026, 11, 24, 0, 0, 30, tzinfo=UTC)


@dataclass
class Named:
    name: str


def source(name: str = "mqtt") -> Source:
    return cast(Source, Named(name))


def nmea(age_s: float, kind: str = "RMC") -> bytes:
    said = NOW - timedelta(seconds=age_s)
    return f"#b,1\r\n$GN{kind},{said:%H%M%S}.00,A,2218.0,N,11410.0,E*00\r\n".encode()


def batch(age_s: float) -> bytes:
    said = NOW - timedelta(seconds=age_s)
    return (
        f'{{"boot":"b","seq":1,"fixes":[{{"lat":22,"t" : "{said:%Y-%m-%dT%H:%M:%SZ}"}}]}}'.encode()
    )


def arrival(
    payload: bytes, *, whole: bool = True, replay: Replay | None = None, device: str = "box"
) -> Arrival:
    return Arrival(
        payload=payload,
        received_at=NOW,
        department_ref="D",
        device_ref=device,
        whole=whole,
        replay=replay,
    )


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (nmea(0), False),
        (nmea(119), False),
        (nmea(121), True),
        (nmea(-50), False),
        (nmea(12 * 3600), True),
        (nmea(3600, "GGA"), True),
        (nmea(3600, "VTG"), False),
        (batch(1), False),
        (batch(7200), True),
        (b"", False),
        (b"\xff" * 100, False),
        (nmea(0) * 100, True),
    ],
)
def test_which_lane(payload: bytes, expected: bool) -> None:
    assert is_backlog(source(), arrival(payload)) is expected


def test_parts_of_a_stream_stay_together() -> None:
    late = nmea(3600)
    assert not is_backlog(source("serial:/dev/x"), arrival(late, whole=False))
    assert is_backlog(source("file:x"), arrival(nmea(0), whole=False))
    assert is_backlog(source("file:x"), arrival(b"", whole=False))


def test_what_is_read_again_may_wait() -> None:
    replay = Replay(reject_id=1, reason="clock")
    assert is_backlog(source(), arrival(nmea(0), replay=replay))


async def test_each_lane_in_its_order() -> None:
    lanes, mqtt = Lanes(), source()
    burst = [
        arrival(nmea(age), device=f"box{number}") for number, age in enumerate((0, 3600, 1, 7200))
    ]
    await lanes.put(mqtt, burst)
    assert (len(lanes), lanes.backlog) == (4, 2)
    assert [lanes.take_live() for _ in range(3)] == [(mqtt, burst[0]), (mqtt, burst[2]), None]
    assert [lanes.take_backlog() for _ in range(3)] == [(mqtt, burst[1]), (mqtt, burst[3]), None]


async def test_a_sender_waits_while_there_is_no_room() -> None:
    lanes, mqtt = Lanes(limit_bytes=2 * ARRIVAL_BYTES + 100), source()
    putting = asyncio.create_task(lanes.put(mqtt, [arrival(b"x" * 60), arrival(b"y" * 60)]))
    await asyncio.sleep(0)
    assert (len(lanes), putting.done()) == (2, False)
    lanes.take_live()
    await putting
    await lanes.put(mqtt, [arrival(b"z")])
    assert len(lanes) == 2


async def test_what_a_cancelled_sender_brought_is_in() -> None:
    lanes, mqtt = Lanes(limit_bytes=10), source()
    putting = asyncio.create_task(lanes.put(mqtt, [arrival(b"x" * 60)]))
    await asyncio.sleep(0)
    putting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await putting
    assert lanes.take_live() is not None


async def test_waiting_ends_when_something_comes() -> None:
    lanes = Lanes()
    waiting = asyncio.create_task(lanes.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await lanes.put(source(), [arrival(b"")])
    await waiting


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30), st.data())
async def test_what_comes_of_one_device_stays_in_its_order(
    said: list[tuple[str, bool]], data: st.DataObject
) -> None:
    lanes, mqtt = Lanes(), source()
    sent = [
        arrival(nmea(3600 if is_old else 0) + b"%d" % number, device=device)
        for number, (device, is_old) in enumerate(said)
    ]
    taken: list[Arrival] = []
    for each in sent:
        await lanes.put(mqtt, [each])
        if data.draw(st.booleans()):
            taken += _next(lanes)
    while more := _next(lanes):
        taken += more
    for device in "abc":
        assert [each for each in taken if each.device_ref == device] == [
            each for each in sent if each.device_ref == device
        ]


def _next(lanes: Lanes) -> list[Arrival]:
    waiting = lanes.take_live() or lanes.take_backlog()
    return [waiting[1]] if waiting else []


def test_what_is_imported_is_backlog_whatever_time_it_says() -> None:
    assert is_backlog(source("import"), arrival(batch(0)))
    assert not is_backlog(source("mqtt"), arrival(batch(0)))
