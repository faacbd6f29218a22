"""From arrivals to messages: what a device's decoder must forget, and what stands alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix
from ingest.arrival import Arrival
from ingest.decoding import Decoding, Rollover
from tracker.message import Replay

NOW = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
RMC = Dialect(talker="GP", sentences=["RMC"])
GGA = Dialect(talker="GP", sentences=["GGA"])
REPLAY = Replay(reject_id=1, reason="unassigned")


def said(fixed_at: datetime, dialect: Dialect = RMC) -> bytes:
    lines = sentences(Fix(fixed_at=fixed_at, lon=114.0, lat=22.0), dialect)
    return "".join(f"{line}\r\n" for line in lines).encode()


def arrival(payload: bytes, replay: Replay | None = None, topic: str = "nmea") -> Arrival:
    return Arrival(
        payload=payload,
        received_at=NOW,
        department_ref="D",
        device_ref="box",
        whole=True,
        topic=f"gov/1/D/box/{topic}",
        replay=replay,
    )


def test_a_date_is_put_right_from_the_registration_of_the_device_on() -> None:
    rollover: list[Rollover] = ["off"]
    decoding = Decoding(lambda *_: rollover[0])

    def read(second: int) -> datetime:
        old = NOW - timedelta(weeks=1024, seconds=second)
        [work] = decoding.decode("mqtt", arrival(said(old)))
        return work.readings[0].fix.fixed_at

    assert read(3) == NOW - timedelta(weeks=1024, seconds=3)
    rollover[0] = "auto"
    assert read(2) == NOW - timedelta(seconds=2)


def test_a_replay_is_read_as_often_as_it_is_asked_for() -> None:
    decoding = Decoding(lambda *_: "auto")
    payload = b"#b,7,ign=1\n" + said(NOW)
    decoding.decode("mqtt", arrival(payload))
    for _ in range(2):
        [work] = decoding.decode("mqtt", arrival(payload, REPLAY))
        message = work.message()
        assert [each.fix.fixed_at for each in message.readings] == [NOW]
        assert (message.boot, message.seq, message.replay) == ("b", 7, REPLAY)
        assert message.readings[0].fix.ignition is True


def test_a_replay_without_a_date_is_refused_at_once() -> None:
    decoding = Decoding(lambda *_: "auto")
    decoding.decode("mqtt", arrival(said(NOW)))
    [work] = decoding.decode("mqtt", arrival(said(NOW + timedelta(seconds=1), GGA), REPLAY))
    assert work.readings == []
    assert [each.reason for each in work.refusals] == ["undated"]


def test_a_batch_is_replayed_as_a_batch() -> None:
    payload = b'{"boot":"b","seq":2,"fixes":[{"t":"2026-11-23T12:00:01Z","lat":22,"lon":114}]}'
    [work] = Decoding(lambda *_: "auto").decode("mqtt", arrival(payload, REPLAY, topic="fix"))
    assert len(work.readings) == 1
    assert (work.message().seq, work.message().replay) == (2, REPLAY)
