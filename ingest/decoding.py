"""From arrivals to messages: one decoder a source and device, and nothing acknowledged too early.

A position whose date is not known yet waits in its decoder, and its message waits here with it: the
device gets its acknowledgement when all of the message is stored or refused.
"""

from __future__ import annotations

import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from devices.contract import Batch, Header, parse_batch, parse_state, split_header
from devices.gpsd import read_reports
from devices.nmea import Decoded, Decoder
from devices.owntracks import read_owntracks
from devices.payloads import State
from devices.recording.part import read_part
from devices.traccar import read_traccar
from ingest.arrival import Arrival
from tracker.message import Beside, DeviceSaid, Heard, Message, Notice, Reading, Refusal

#: How long a position waits for a date (NMEA rules, Dates 4).
WAIT_FOR_DATE = timedelta(seconds=30)
#: Decoders kept; the one unused longest goes first, with a date and half a line at most.
DECODERS_KEPT = 100_000

#: How long a silent stream keeps its date; later the time of day alone would not tell the day.
DATE_KEPT = timedelta(hours=1)

#: Why bytes are refused on which a decoder failed: a fault of ours costs one message.
UNREADABLE = "unreadable"

Rollover = Literal["auto", "on", "off"]

#: Source, department, device, and the stream where a source has several.
StreamKey = tuple[str, str, str, str | None]

#: Sources whose payloads are no NMEA, by the first word of their names.
READERS: Mapping[str, Callable[[bytes], Batch]] = {
    "gpsd": read_reports,
    "import": read_part,
    "owntracks": read_owntracks,
    "traccar": read_traccar,
}

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Work:
    """A message in the making: what of its arrival has been read, and what to acknowledge."""

    source: str
    arrival: Arrival
    header: Header | None = None
    readings: list[Reading] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    #: Of what carries its number otherwise: a batch of fixes, a portion of a file.
    boot: str | None = None
    seq: int | None = None
    #: What it says beside fixes of its device.
    beside: Beside | None = None
    #: Its last line may go on in the next arrival: acknowledged before that, a half would be lost.
    goes_on: bool = False

    def message(self) -> Message:
        """What is committed."""
        arrival, header = self.arrival, self.header
        return Message(
            source=self.source,
            topic=arrival.topic,
            department_ref=arrival.department_ref,
            device_ref=arrival.device_ref,
            received_at=arrival.received_at,
            readings=self.readings,
            refusals=self.refusals,
            payload=arrival.payload if arrival.whole else b"",
            boot=header.boot if header else self.boot,
            seq=header.seq if header else self.seq,
            replay=arrival.replay,
            beside=self.beside,
            handle=arrival.handle,
        )


@dataclass(slots=True)
class _Stream:
    """What is kept of one device on one source."""

    decoder: Decoder
    rollover: Rollover
    #: When bytes came last; None before the first.
    heard_at: datetime | None = None
    #: Work of which a position may still come, oldest first.
    unfinished: deque[Work] = field(default_factory=deque)


class Decoding:
    """Turns arrivals into work that is ready to be committed."""

    def __init__(self, rollover_of: Callable[[str, str], Rollover]) -> None:
        """`rollover_of` tells of a department's device whether its date may be put right."""
        self._rollover_of = rollover_of
        self._streams: OrderedDict[StreamKey, _Stream] = OrderedDict()
        #: Those of which work is unfinished.
        self._waiting: dict[StreamKey, _Stream] = {}

    def decode(self, source: str, arrival: Arrival) -> list[Work]:
        """The work that this arrival makes ready: its own, and earlier work that waited."""
        work = Work(source, arrival)
        try:
            return self._decode(work)
        except Exception:  # whatever it is: one message must neither stop us nor come back for ever
            log.exception("nothing can be made of %r", arrival.payload[:200])
            return self._refuse(work)

    def finish(self) -> list[Work]:
        """Ingest stops: close what is open on streams, which nobody will send again."""
        ready: list[Work] = []
        for stream in self._waiting.values():
            if not stream.unfinished[-1].arrival.whole:
                decoded = stream.decoder.end_epoch(line_complete=False)
                _distribute(decoded, stream.unfinished[-1])
                ready += _finished(stream)
        return ready

    def _decode(self, work: Work) -> list[Work]:
        arrival = work.arrival
        is_batch = arrival.kind == "fix"
        if arrival.refused is not None:
            _refuse_whole(work, arrival.refused, is_batch=is_batch)
            return [work]
        reader = parse_batch if is_batch else _reader(work)
        if reader is not None:
            _read_batch(work, reader)
            return [work]
        if arrival.kind == "state":
            _read_state(work)
            return [work]
        if arrival.replay is not None:
            _read_alone(Decoder(rollover=self._rollover(work)), work)
            return [work]
        key = _key(work)
        stream = self._stream(key, work)
        if arrival.whole:
            _read_whole(stream.decoder, work)
            if not stream.unfinished and not stream.decoder.waits_for(work):
                return [work]
        else:
            _read_portion(stream, work)
        stream.unfinished.append(work)
        if arrival.closes == "input":
            self._streams.pop(key)
        ready = list(_finished(stream))
        if stream.unfinished:
            self._waiting[key] = stream
        else:
            self._waiting.pop(key, None)
        return ready

    def _refuse(self, work: Work) -> list[Work]:
        """Give up a decoder that failed, the work in hand, and what waited in it."""
        given_up = [work]
        if work.arrival.replay is None:  # which has a decoder of its own
            key = _key(work)
            self._waiting.pop(key, None)
            if (stream := self._streams.pop(key, None)) is not None:
                given_up = [*stream.unfinished, work]
        for each in given_up:
            each.refusals.append(Refusal(raw=each.arrival.payload, reason=UNREADABLE))
        return given_up

    def expire(self, now: datetime) -> list[Work]:
        """Give up the dates that did not come in time."""
        ready: list[Work] = []
        for key, stream in list(self._waiting.items()):
            oldest = stream.unfinished[0]
            if now - oldest.arrival.received_at > WAIT_FOR_DATE:
                oldest.goes_on = False
                _distribute(stream.decoder.give_up(oldest), oldest)
                ready += _finished(stream)
                if not stream.unfinished:
                    del self._waiting[key]
        return ready

    def _stream(self, key: StreamKey, work: Work) -> _Stream:
        stream = self._streams.get(key)
        rollover = self._rollover(work)
        changed = stream is not None and stream.rollover != rollover and not stream.unfinished
        if stream is None or changed:
            decoder = _decoder(work, rollover)
            stream = self._streams[key] = _Stream(decoder, rollover)
            if len(self._streams) > DECODERS_KEPT:
                self._streams.popitem(last=False)
        self._streams.move_to_end(key)
        return stream

    def _rollover(self, work: Work) -> Rollover:
        rollover = self._rollover_of(work.arrival.department_ref, work.arrival.device_ref)
        return "off" if rollover == "auto" and not is_live(work) else rollover


def _key(work: Work) -> StreamKey:
    arrival = work.arrival
    return work.source, arrival.department_ref, arrival.device_ref, arrival.stream


def _decoder(work: Work, rollover: Rollover) -> Decoder:
    return Decoder(rollover=rollover, needs_checksum=work.arrival.needs_checksum)


def is_live(work: Work) -> bool:
    """Whether it is said now: a file may be of any year."""
    return not work.source.startswith("file:")


def _reader(work: Work) -> Callable[[bytes], Batch] | None:
    return READERS.get(work.source.partition(":")[0]) if work.arrival.topic is None else None


def _refuse_whole(work: Work, reason: str, *, is_batch: bool) -> None:
    """Refuse it unread but for its number, which its sender waits to see."""
    payload = work.arrival.payload
    work.refusals.append(Refusal(raw=payload, reason=reason))
    if is_batch:
        batch = parse_batch(payload)
        work.boot, work.seq = batch.boot, batch.seq
    else:
        work.header, _ = split_header(payload)


def _read_batch(work: Work, reader: Callable[[bytes], Batch]) -> None:
    batch = reader(work.arrival.payload)
    work.boot, work.seq = batch.boot, batch.seq
    work.readings = [Reading(fix=fix, raw=raw) for fix, raw in batch.fixes]
    work.refusals = [Refusal(raw=raw, reason=reason) for raw, reason in batch.refused]


def _read_state(work: Work) -> None:
    """What a device says of itself; an empty payload takes a retained one away, no more."""
    payload = work.arrival.payload
    said = parse_state(payload) if payload else None
    if isinstance(said, State):
        work.beside = Beside(
            said=DeviceSaid(
                online=said.online,
                boot=said.boot,
                firmware=said.firmware,
                protocol=said.protocol,
                config_rev=said.config_rev,
                config_error=said.config_error,
            )
        )
    elif said is not None:
        work.refusals.append(Refusal(raw=payload, reason=said))


def _read_whole(decoder: Decoder, work: Work) -> None:
    """A payload of whole lines and whole epochs: its end ends both."""
    work.header, body = split_header(work.arrival.payload)
    if work.header is None and body.startswith(b"#"):
        line, _, body = body.partition(b"\n")
        work.refusals.append(Refusal(raw=line, reason="header"))
    _distribute(decoder.whole(body, work.arrival.received_at, origin=work), work)


def _read_alone(decoder: Decoder, work: Work) -> None:
    """Bytes that nothing follows: what has no date in them will not get one."""
    _read_whole(decoder, work)
    _distribute(decoder.finish(), work)


def _read_portion(stream: _Stream, work: Work) -> None:
    """Some bytes of a stream, cut anywhere, or what closes its open epoch."""
    arrival = work.arrival
    work.boot, work.seq, work.goes_on = arrival.boot, arrival.seq, goes_on(arrival)
    silence = arrival.received_at - (stream.heard_at or arrival.received_at)
    if silence > DATE_KEPT and is_live(work) and not stream.unfinished:
        stream.decoder = _decoder(work, stream.rollover)
    decoder = stream.decoder
    if arrival.closes == "input":
        decoded = decoder.finish()
    elif arrival.closes == "break":
        decoded = decoder.end_epoch()
    elif arrival.closes == "silence":
        if silence.total_seconds() < decoder.patience_s:
            return
        decoded = decoder.end_epoch(line_complete=False)
    else:
        stream.heard_at = arrival.received_at
        received_at = arrival.received_at if is_live(work) else None
        decoded = decoder.feed(arrival.payload, received_at, origin=work)
    _distribute(decoded, work)


def _distribute(decoded: Decoded, current: Work) -> None:
    """Give each fix and refusal to the work whose bytes it began in."""
    for found in decoded.found:
        work = found.origin if isinstance(found.origin, Work) else current
        fix = work.header.applied_to(found.fix) if work.header else found.fix
        work.readings.append(Reading(fix=fix, raw=found.raw))
    for refused in decoded.refused:
        work = refused.origin if isinstance(refused.origin, Work) else current
        work.refusals.append(Refusal(raw=refused.raw, reason=refused.reason.value))
    if decoded.heard or decoded.notices or decoded.ais:
        distribute_beside(decoded, lambda origin: origin if isinstance(origin, Work) else current)


def distribute_beside(decoded: Decoded, work_of: Callable[[object], Work]) -> None:
    """What is said of others, and of the receiver itself, to the work of each origin."""
    for heard in decoded.heard:
        reading = Reading(fix=heard.fix, raw=heard.raw)
        _beside(work_of(heard.origin)).heard.append(Heard(mmsi=heard.mmsi, reading=reading))
    for notice in decoded.notices:
        work = work_of(notice.origin)
        at = notice.at or (work.arrival.received_at if is_live(work) else None)
        if at is not None:
            told = Notice(kind=notice.kind, detail=notice.detail, at=at)
            _beside(work).notices.append(told)
    for what, count in decoded.ais.items():
        counts = _beside(work_of(None)).ais
        counts[what] = counts.get(what, 0) + count


def _beside(work: Work) -> Beside:
    if work.beside is None:
        work.beside = Beside()
    return work.beside


def _finished(stream: _Stream) -> Iterator[Work]:
    """Take out the work, oldest first, that nothing more can come of."""
    return take_finished(stream.unfinished, stream.decoder.waits_for)


def take_finished(unfinished: deque[Work], waits_for: Callable[[object], bool]) -> Iterator[Work]:
    """Take out those, oldest first, that nothing waits for, up to the end of a line."""
    count = 0
    for number, work in enumerate(unfinished, 1):
        if waits_for(work):
            break
        if not work.goes_on:
            count = number
    for _ in range(count):
        yield unfinished.popleft()


def goes_on(arrival: Arrival) -> bool:
    """Whether its sender must keep it until the rest of its last line has come too."""
    wanted_back = arrival.handle is not None and arrival.payload
    return bool(wanted_back) and not arrival.payload.endswith((b"\n", b"\r"))
