"""A viewer that does not keep up gets a snapshot, never a queue."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from api.live.frames import Frame
from api.live.picture import NOBODY, NONE_REMOVED
from api.live.viewer import MESSAGES_KEPT, TRY_AGAIN, Viewer

HELLO = '{"type":"hello"}'


def frame(tick: int, kind: Literal["snapshot", "delta"] = "delta") -> Frame:
    return Frame(kind=kind, tick=tick, now=datetime.now(UTC), rows=NOBODY, removed=NONE_REMOVED)


def greeted() -> Viewer:
    viewer = Viewer(alerts=True)
    snapshot = frame(1, "snapshot")
    assert viewer.take(HELLO, snapshot) == [HELLO, snapshot]
    return viewer


def test_one_that_keeps_up_gets_each_delta() -> None:
    viewer = greeted()
    for tick in (2, 3):
        delta = frame(tick)
        assert viewer.offer(delta)
        assert viewer.take(HELLO, frame(tick, "snapshot")) == [delta]
    assert viewer.take(HELLO, frame(3, "snapshot")) == []


def test_one_that_lags_skips_to_a_snapshot() -> None:
    viewer = greeted()
    assert viewer.offer(frame(2))
    assert not viewer.offer(frame(3))
    assert not viewer.offer(frame(4))
    newest = frame(4, "snapshot")
    assert viewer.take(HELLO, newest) == [newest]
    following = frame(5)
    assert viewer.offer(following)
    assert viewer.take(HELLO, frame(5, "snapshot")) == [following]


def test_alerts_are_not_skipped_and_say_nothing_twice() -> None:
    viewer = greeted()
    for message in ("a", "vehicles", "b", "vehicles"):
        viewer.tell(message)
    assert viewer.take(HELLO, frame(1, "snapshot")) == ["a", "vehicles", "b"]


def test_one_that_takes_nothing_for_long_is_sent_away() -> None:
    viewer = greeted()
    for number in range(MESSAGES_KEPT):
        viewer.tell(str(number))
    assert viewer.end is None
    viewer.tell("one too many")
    assert viewer.end is not None
    assert viewer.end.code == TRY_AGAIN


def test_after_a_restore_all_begins_anew() -> None:
    viewer = greeted()
    viewer.offer(frame(2))
    viewer.begin_anew()
    snapshot = frame(3, "snapshot")
    assert viewer.take(HELLO, snapshot) == [HELLO, snapshot]
