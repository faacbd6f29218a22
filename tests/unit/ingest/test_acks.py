"""The rhythm of `ack`: at once after a silence, then at most one in 5 s or 100 messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from ingest.acks import Acks
from tracker.ranges import Ranges
from tracker.receipts import Receipt


@dataclass
class Desk:
    """Acknowledgements under a clock that the test moves, and what was published."""

    now_s: float = 0.0
    said: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.acks = Acks(
            lambda messages: self.said.extend(
                (topic, json.loads(payload)) for topic, payload in messages
            ),
            clock=lambda: self.now_s,
        )

    def commit(self, upto: int, device: str = "box", boot: str = "b") -> None:
        """All up to this number are durable now."""
        dealt = Ranges(range(1, upto + 1))
        receipt = Receipt(
            department_ref="D",
            device_ref=device,
            boot=boot,
            dealt=dealt,
            refused=Ranges(),
            suppressed=Ranges(),
        )
        self.acks.durable([receipt])

    def told(self) -> list[int]:
        """`upto` of each message, in the order of publishing."""
        return [payload["upto"] for _, payload in self.said]


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_first_message_is_acknowledged_at_once_on_its_topic(desk: Desk) -> None:
    desk.commit(1)
    assert desk.said == [("gov/1/D/box/ack", {"boot": "b", "upto": 1, "also": [], "bad": []})]


def test_then_the_next_waits_for_five_seconds(desk: Desk) -> None:
    desk.commit(1)
    desk.now_s = 4.9
    desk.commit(2)
    desk.acks.flush()
    assert desk.told() == [1]
    desk.now_s = 5.0
    desk.acks.flush()
    assert desk.told() == [1, 2]


def test_or_for_a_hundred_messages(desk: Desk) -> None:
    for upto in range(1, 202):
        desk.commit(upto)
    assert desk.told() == [1, 101, 201]


def test_a_message_after_a_silence_is_acknowledged_at_once(desk: Desk) -> None:
    desk.commit(1)
    desk.now_s = 60.0
    desk.commit(2)
    assert desk.told() == [1, 2]


def test_a_repeated_message_is_acknowledged_again(desk: Desk) -> None:
    """Its sender may have missed the `ack`, which comes at QoS 0."""
    desk.commit(1)
    desk.now_s = 1.0
    desk.commit(1)
    desk.now_s = 5.0
    desk.acks.flush()
    assert desk.told() == [1, 1]


def test_nothing_is_told_twice_unasked(desk: Desk) -> None:
    desk.commit(1)
    for desk.now_s in (5.0, 10.0, 4000.0, 8000.0):
        desk.acks.flush()
        desk.acks.flush(everything=True)
    assert desk.told() == [1]


def test_at_the_end_everything_is_told(desk: Desk) -> None:
    desk.commit(1)
    desk.commit(2)
    desk.acks.flush(everything=True)
    assert desk.told() == [1, 2]


def test_each_device_and_boot_has_its_own_rhythm(desk: Desk) -> None:
    desk.commit(1)
    desk.commit(1, boot="c")
    desk.commit(1, device="other")
    assert [topic for topic, _ in desk.said] == [
        "gov/1/D/box/ack",
        "gov/1/D/box/ack",
        "gov/1/D/other/ack",
    ]
    assert [payload["boot"] for _, payload in desk.said] == ["b", "c", "b"]
    assert desk.acks.sent == 3
