"""The `ack` messages: telling each device which of its messages are durable (MQTT contract 2).

At once on a message that follows a silence; after that at most one in 5 s or 100 messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from devices.contract import Topic, ack_payload
from tracker.receipts import Receipt

EVERY_S = 5.0
EVERY_MESSAGES = 100
FORGET_AFTER_S = 3600.0

#: Sends (topic, payload) pairs.
Publish = Callable[[Sequence[tuple[str, bytes]]], None]


Key = tuple[str, str, str]


@dataclass(slots=True)
class _Pending:
    """What a device has not been told yet."""

    receipt: Receipt
    told_at_s: float
    told_count: int = 0
    #: A message came since: also a repeated one, whose sender may have missed the last `ack`.
    due: bool = True

    @property
    def untold(self) -> int:
        return len(self.receipt.dealt) - self.told_count


class Acks:
    """Keeps the rhythm; what is published is always the newest and whole."""

    def __init__(self, publish: Publish, clock: Callable[[], float] = time.monotonic) -> None:
        """`publish` sends payloads to topics, or does nothing while the broker is away.

        `clock` gives seconds and never goes back.
        """
        self._publish = publish
        self._clock = clock
        #: Those told longest ago come first.
        self._pending: dict[Key, _Pending] = {}
        self.sent = 0

    def durable(self, receipts: Iterable[Receipt]) -> None:
        """These are committed, and a message of each came just now."""
        now_s = self._clock()
        due: list[_Pending] = []
        for receipt in receipts:
            key = _key(receipt)
            pending = self._pending.get(key)
            if pending is None:
                pending = self._pending[key] = _Pending(receipt, told_at_s=now_s - EVERY_S)
            pending.receipt, pending.due = receipt, True
            silent = now_s - pending.told_at_s >= EVERY_S
            if silent or pending.untold >= EVERY_MESSAGES:
                due.append(pending)
        self._tell(due, now_s)

    def flush(self, *, everything: bool = False) -> None:
        """Tell those who have waited long enough, and forget those unheard for an hour."""
        now_s = self._clock()
        due: list[_Pending] = []
        for key, pending in list(self._waiting(0.0 if everything else EVERY_S, now_s)):
            waited_s = now_s - pending.told_at_s
            if pending.due and (everything or waited_s >= EVERY_S):
                due.append(pending)
            elif waited_s > FORGET_AFTER_S:
                del self._pending[key]
        self._tell(due, now_s)

    def _waiting(self, since_s: float, now_s: float) -> Iterator[tuple[Key, _Pending]]:
        """Those that have heard nothing for so long."""
        for key, pending in self._pending.items():
            if now_s - pending.told_at_s < since_s:
                break
            yield key, pending

    def _tell(self, due: Sequence[_Pending], now_s: float) -> None:
        if due:
            self._publish([_message(pending.receipt) for pending in due])
        for pending in due:
            key = _key(pending.receipt)
            self._pending[key] = self._pending.pop(key)
            pending.told_at_s = now_s
            pending.told_count, pending.due = len(pending.receipt.dealt), False
        self.sent += len(due)


def _key(receipt: Receipt) -> Key:
    return receipt.department_ref, receipt.device_ref, receipt.boot


def _message(receipt: Receipt) -> tuple[str, bytes]:
    """The `ack` of a device: its topic and payload."""
    topic = Topic(department_ref=receipt.department_ref, device_ref=receipt.device_ref, kind="ack")
    payload = ack_payload(
        receipt.boot, receipt.dealt.upto(), receipt.dealt.beyond(), list(receipt.refused)
    )
    return str(topic), payload
