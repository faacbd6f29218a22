"""Streams on which tag blocks name the devices: what each says becomes a message of its own."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from devices.nmea import Decoded, GatewayDecoder
from ingest.arrival import Arrival
from ingest.decoding import (
    UNREADABLE,
    WAIT_FOR_DATE,
    Decoding,
    IsDealt,
    Rollover,
    Work,
    distribute_beside,
    goes_on,
    is_live,
    take_finished,
)
from tracker.message import Reading, Refusal

#: Streams kept; the one unused longest goes first.
STREAMS_KEPT = 1000
#: No device is patient for less, so a silence is looked for no more often.
LEAST_PATIENCE_S = 0.2

_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Stream:
    """What is kept of one stream."""

    decoder: GatewayDecoder
    #: What came last, which is blamed where nothing tells what bytes are of.
    last: Work
    #: When a device was heard last whose epoch may be open; the longest silent first.
    heard: dict[str, datetime] = field(default_factory=dict)
    looked_at: datetime | None = None
    #: Work that its sender wants back, oldest first.
    unfinished: deque[Work] = field(default_factory=deque)


class AllDecoding:
    """The door for every arrival: of one device, or of a gateway's devices."""

    def __init__(
        self,
        rollover_of: Callable[[str, str], Rollover],
        is_dealt: IsDealt = lambda *_: False,
    ) -> None:
        """As for Decoding."""
        self._rollover_of = rollover_of
        self._single = Decoding(rollover_of, is_dealt)
        self._streams: OrderedDict[tuple[str, str | None], _Stream] = OrderedDict()

    def decode(self, source: str, arrival: Arrival) -> list[Work]:
        """The work that this arrival makes ready, of whichever devices."""
        if arrival.device_ref or arrival.refused is not None or arrival.replay is not None:
            return self._single.decode(source, arrival)
        work = Work(source, arrival, goes_on=goes_on(arrival))
        try:
            return self._decode(work)
        except Exception:  # whatever it is: one message must neither stop us nor come back for ever
            log.exception("nothing can be made of %r", arrival.payload[:200])
            lost = self._streams.pop(_key(work), None)
            work.refusals.append(Refusal(raw=arrival.payload, reason=UNREADABLE))
            return [*(lost.unfinished if lost else ()), work]

    def expire(self, now: datetime) -> list[Work]:
        """Give up the dates that did not come in time."""
        ready = self._single.expire(now)
        for stream in self._streams.values():
            oldest = stream.unfinished[0] if stream.unfinished else None
            if oldest is not None and now - oldest.arrival.received_at > WAIT_FOR_DATE:
                oldest.goes_on = False
                ready += _shared(oldest, stream.decoder.give_up(oldest))
                ready += _finished(stream)
        return ready

    def finish(self) -> list[Work]:
        """Ingest stops: close what is open on streams, which nobody will send again."""
        ready = self._single.finish()
        for stream in self._streams.values():
            ready += _close(stream, list(stream.heard))
            ready += _finished(stream)
        return ready

    def _decode(self, work: Work) -> list[Work]:
        arrival, stream = work.arrival, self._stream(work)
        ready: list[Work] = []
        if arrival.closes == "input":
            ready += _shared(work, stream.decoder.finish())
            del self._streams[_key(work)]
        elif arrival.closes == "break":
            ready += _shared(work, stream.decoder.end_line(work))
            ready += _close(stream, list(stream.heard))
        elif arrival.payload:
            found = stream.decoder.feed(
                arrival.payload, arrival.received_at if is_live(work) else None, work
            )
            _hear(stream, found, arrival.received_at)
            ready += _shared(work, found)
        if arrival.closes is None or arrival.closes == "silence":
            ready += _close(stream, list(_silent(stream)))
        if arrival.handle is not None:
            stream.unfinished.append(work)
        return [*ready, *_finished(stream)]

    def _stream(self, work: Work) -> _Stream:
        key, department_ref = _key(work), work.arrival.department_ref
        stream = self._streams.get(key)
        if stream is None:
            live = is_live(work)

            def rollover_of(device_ref: str) -> Rollover:
                rollover = self._rollover_of(department_ref, device_ref)
                return "off" if rollover == "auto" and not live else rollover

            decoder = GatewayDecoder(
                rollover_of=rollover_of, needs_checksum=work.arrival.needs_checksum
            )
            stream = self._streams[key] = _Stream(decoder, work)
            if len(self._streams) > STREAMS_KEPT:
                self._streams.popitem(last=False)
        self._streams.move_to_end(key)
        stream.last = work
        return stream


def _key(work: Work) -> tuple[str, str | None]:
    return work.source, work.arrival.stream


def _hear(stream: _Stream, found: Mapping[str, Decoded], received_at: datetime) -> None:
    """Note whose lines came."""
    for name in found:
        stream.heard.pop(name, None)
        stream.heard[name] = received_at


def _silent(stream: _Stream) -> Iterator[str]:
    """The devices whose open epoch is complete, for nothing came of them for their patience.

    In a file, silence says only how fast it is read.
    """
    now = stream.last.arrival.received_at
    looked_s = (now - (stream.looked_at or now)).total_seconds()
    if not is_live(stream.last) or (stream.looked_at and looked_s < LEAST_PATIENCE_S):
        return
    stream.looked_at = now
    for name, heard_at in stream.heard.items():
        silent_s = (now - heard_at).total_seconds()
        if silent_s < LEAST_PATIENCE_S:
            break
        if silent_s >= stream.decoder.patience_s(name):
            yield name


def _close(stream: _Stream, names: Sequence[str]) -> list[Work]:
    """End the open epochs of these devices."""
    ready: list[Work] = []
    for name in names:
        del stream.heard[name]
        ready += _shared(stream.last, {name: stream.decoder.end_epoch(name)})
    return ready


def _shared(current: Work, found: Mapping[str, Decoded]) -> list[Work]:
    """A message a device and arrival; what no device is to blame for stands alone, each piece."""
    ready: dict[tuple[int, str], Work] = {}
    alone: list[Work] = []
    for name, decoded in found.items():
        ref = name if _REF.fullmatch(name) else ""

        def work_of(origin: object, name: str = name, ref: str = ref) -> Work:
            arrived = origin if isinstance(origin, Work) else current
            return ready.setdefault((id(arrived), name), _said_by(ref, arrived))

        for each in decoded.found:
            work_of(each.origin).readings.append(Reading(fix=each.fix, raw=each.raw))
        distribute_beside(decoded, work_of)
        for refused in decoded.refused:
            refusal = Refusal(raw=refused.raw, reason=refused.reason.value)
            if ref:
                work_of(refused.origin).refusals.append(refusal)
            else:
                alone.append(_said_by(ref, current))
                alone[-1].refusals.append(refusal)
    return [*ready.values(), *alone]


def _said_by(device_ref: str, origin: Work) -> Work:
    """A message of one device, which nobody wants acknowledged by itself."""
    arrival = origin.arrival
    return Work(
        origin.source,
        Arrival(
            payload=b"",
            received_at=arrival.received_at,
            department_ref=arrival.department_ref,
            device_ref=device_ref,
            whole=False,
            stream=arrival.stream,
        ),
    )


def _finished(stream: _Stream) -> list[Work]:
    return list(take_finished(stream.unfinished, stream.decoder.waits_for))
