"""Sorting a batch of messages: which fixes may be stored for which vehicle, and what is refused.

Pure: the registry comes as a snapshot, and time as each message's `received_at`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from operator import attrgetter
from typing import Final, NamedTuple
from zlib import crc32

from geo.fix import Fix, unix_ms
from tracker.device_news import News
from tracker.directory import Device, Directory
from tracker.message import Message, Reading, Refusal, Replay
from tracker.private_times import Keeps, PrivateTimes

#: A fix further ahead of our clock than this is from a wrong clock (MQTT contract, Clock).
FUTURE_LIMIT_MS = 60_000
#: Rows kept of what one sender is refused on one day; more is only counted.
REJECTS_KEPT_A_DAY = 1000
#: How reports by AIS of nobody that we know are counted.
UNREGISTERED = "unregistered"
#: Unknown senders share this many bounds: a flood of made-up names stays small, and one that is
#: loud takes the room of few others.
STRANGERS = 16

ReceiptKey = tuple[int, str]


class Refused(StrEnum):
    """Why the registry or the clock refuses a message or a fix that could be read."""

    UNKNOWN_DEVICE = "unknown_device"
    DEPARTMENT = "department"
    UNASSIGNED = "unassigned"
    CLOCK = "clock"
    NULL_ISLAND = "null_island"
    SHARD = "shard"


#: What registering a device, assigning it or accepting older fixes can change.
CURABLE: Final = (
    Refused.UNKNOWN_DEVICE,
    Refused.UNASSIGNED,
    Refused.DEPARTMENT,
    Refused.CLOCK,
)


class Placed(NamedTuple):
    """A fix of a known vehicle."""

    vehicle_id: int
    device_id: int
    department_id: int
    received_at: datetime
    fixed_ms: int
    fix: Fix


def stranger(claimed_ref: str | None) -> str:
    """Whose bound a device counts against that is not registered."""
    return f"strangers {crc32((claimed_ref or '').encode()) % STRANGERS + 1}/{STRANGERS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectRow:
    """What will stand in the reject table."""

    message: Message
    department_id: int | None
    device_id: int | None
    reason: str
    raw: bytes

    @property
    def claimed_ref(self) -> str | None:
        """The full ref of the device that it says it is from."""
        message = self.message
        return f"{message.department_ref}/{message.device_ref}" if message.device_ref else None

    @property
    def sender(self) -> str:
        """Whose daily bound it counts against."""
        if self.device_id is not None:
            return f"device:{self.device_id}"
        if self.reason == Refused.SHARD:
            return f"moved:{self.claimed_ref}"
        return stranger(self.claimed_ref)

    @property
    def day(self) -> date:
        """The day it counts for, UTC."""
        return self.message.received_at.date()


@dataclass(slots=True)
class Dealt:
    """Message numbers of one device and boot that this batch deals with."""

    device: Device
    boot: str
    #: When the first and the last of them arrived.
    first_at: datetime
    last_at: datetime
    dealt: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)
    #: Refused by an earlier commit, and now stored whole.
    redeemed: set[int] = field(default_factory=set)
    #: Of which a fix fell into a private time.
    suppressed: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Sorted:
    """A batch, sorted out."""

    #: At most one a vehicle and instant; the first one said stays.
    placed: list[Placed] = field(default_factory=list)
    rejects: list[RejectRow] = field(default_factory=list)
    dealt: dict[ReceiptKey, Dealt] = field(default_factory=dict)
    #: Messages dealt with before, which only want their acknowledgement again, and fixes of an
    #: instant that this batch has already.
    repeated: int = 0
    #: Rejects that were read again, and whether what they hold is stored now.
    replayed: dict[int, bool] = field(default_factory=dict)
    #: What devices say beside fixes.
    news: News = field(default_factory=News)
    #: Fixes of private times: of these only inside which fences they lie is kept, …
    present: list[Placed] = field(default_factory=list)
    #: … and how many there were in all.
    suppressed: int = 0
    private: PrivateTimes = field(default_factory=PrivateTimes)

    def days(self) -> set[date]:
        """The days of the fixes, for the partitions."""
        return {each.fix.fixed_at.date() for each in self.placed}

    def by_vehicle(self) -> dict[int, list[Placed]]:
        """The fixes of each vehicle in the order of their time."""
        grouped: dict[int, list[Placed]] = defaultdict(list)
        for each in self.placed:
            grouped[each.vehicle_id].append(each)
        for fixes in grouped.values():
            if len(fixes) > 1:
                fixes.sort(key=attrgetter("fixed_ms"))
        return grouped


def receipt_keys(messages: Sequence[Message], directory: Directory) -> set[ReceiptKey]:
    """The receipts that the messages belong to."""
    keys = set()
    for message in messages:
        device = directory.device(message.department_ref, message.device_ref)
        if device is not None and message.boot is not None and message.seq is not None:
            keys.add((device.id, message.boot))
    return keys


def sort(
    messages: Sequence[Message],
    directory: Directory,
    receipts: Mapping[ReceiptKey, Container[int]],
) -> Sorted:
    """Sort a batch; `receipts` holds what earlier commits dealt with."""
    result = Sorted(private=directory.private)
    seen: set[tuple[int, int]] = set()
    for message in messages:
        device = directory.device(message.department_ref, message.device_ref)
        if message.replay is not None:
            result.replayed[message.replay.reject_id] = device is not None and _redeem(
                message,
                message.replay,
                device,
                result,
                seen,
                _overheard(message, directory),
            )
        elif device is None:
            _refuse_stranger(message, directory, result)
            if message.beside is not None and not message.device_ref:
                _place_overheard(message, directory, result, seen)
        elif _is_repeated(message, device, receipts, result):
            result.repeated += 1
        else:
            refused, _ = _place(message, device, result, seen)
            _refuse(message, device, refused, result)
            if message.beside is not None:
                _place_overheard(message, directory, result, seen)
                result.news.take(message, message.beside, device)
    return result


def _refuse_stranger(message: Message, directory: Directory, result: Sorted) -> None:
    known = directory.is_known_elsewhere(message.device_ref)
    if known and not directory.serves(message.department_ref):
        # That shard's holder has it too, or a numbered one is sent again, or it reads the reject.
        if message.boot is None or message.seq is None:
            result.rejects += _whole(message, Refused.SHARD)
        return
    reason: str = Refused.DEPARTMENT if known else Refused.UNKNOWN_DEVICE
    if not message.device_ref and message.refusals:
        reason = message.refusals[0].reason
    result.rejects += _whole(message, reason)


def _whole(message: Message, reason: str) -> Iterator[RejectRow]:
    """All of a message as one reject of nobody; none where it holds nothing."""
    said: list[Reading | Refusal] = [*message.readings, *message.refusals]
    if raw := message.payload or b"\n".join(each.raw for each in said):
        yield RejectRow(message=message, department_id=None, device_id=None, reason=reason, raw=raw)


def _is_repeated(
    message: Message,
    device: Device,
    receipts: Mapping[ReceiptKey, Container[int]],
    result: Sorted,
) -> bool:
    """Note the number as dealt with; True when it was already, in this batch or before."""
    if message.boot is None or message.seq is None:
        return False
    dealt = _dealt(message, message.boot, device, result).dealt
    repeated = message.seq in dealt or message.seq in receipts.get((device.id, message.boot), ())
    dealt.add(message.seq)
    return repeated


def _dealt(message: Message, boot: str, device: Device, result: Sorted) -> Dealt:
    """Where the message's number belongs; its time is noted."""
    at, key = message.received_at, (device.id, boot)
    found = result.dealt.get(key)
    if found is None:
        found = result.dealt[key] = Dealt(device, boot, at, at)
    elif at > found.last_at:
        found.last_at = at
    elif at < found.first_at:
        found.first_at = at
    return found


def _place(
    message: Message, device: Device, result: Sorted, seen: set[tuple[int, int]]
) -> tuple[list[Refusal], int]:
    """Place the fixes of one message; returns what of it is refused, and how many fixes are not.

    What can be cured is kept as the whole payload, to be read again: once a reason, however many
    of its fixes are concerned.
    """
    refused = list(message.refusals)
    received_at = message.received_at
    received_ms = unix_ms(received_at)
    kept_whole: set[Refused] = set()
    taken, suppressed = 0, result.suppressed
    for reading in message.readings:
        fix = reading.fix
        fixed_ms = unix_ms(fix.fixed_at)
        vehicle_id = device.vehicle_at(fixed_ms)
        reason = _impossible(fix, fixed_ms, received_ms, device)
        if reason is None and vehicle_id is None:
            reason = Refused.UNASSIGNED
        if reason is None and vehicle_id is not None:
            taken += 1
            if (vehicle_id, fixed_ms) in seen:
                result.repeated += 1
                continue
            seen.add((vehicle_id, fixed_ms))
            placed = Placed(vehicle_id, device.id, device.department_id, received_at, fixed_ms, fix)
            if keeps := result.private.keeps(vehicle_id, fixed_ms):
                _suppress(placed, keeps, result)
            else:
                result.placed.append(placed)
        elif reason not in CURABLE or not message.payload:
            refused.append(Refusal(reading.raw, str(reason)))
        elif reason not in kept_whole:
            kept_whole.add(reason)
            refused.append(Refusal(message.payload, reason))
    if result.suppressed > suppressed and message.boot is not None and message.seq is not None:
        _dealt(message, message.boot, device, result).suppressed.add(message.seq)
    if refused and (result.suppressed > suppressed or _is_private(device, received_ms, result)):
        # Its bytes tell where the vehicle was.
        refused = [Refusal(b"", each.reason) for each in refused]
    return refused, taken


def _suppress(placed: Placed, keeps: Keeps, result: Sorted) -> None:
    result.suppressed += 1
    if keeps == "presence":
        result.present.append(placed)


def _is_private(device: Device, moment_ms: int, result: Sorted) -> bool:
    """Whether the vehicle that it is in at that time is private then."""
    vehicle_id = device.vehicle_at(moment_ms)
    return vehicle_id is not None and result.private.keeps(vehicle_id, moment_ms) is not None


def _refuse(message: Message, device: Device, refused: Sequence[Refusal], result: Sorted) -> None:
    """Keep what is refused, and its number."""
    for refusal in refused:
        result.rejects.append(
            RejectRow(
                message=message,
                department_id=device.department_id,
                device_id=device.id,
                reason=refusal.reason,
                raw=refusal.raw,
            )
        )
    if refused and message.boot is not None and message.seq is not None:
        result.dealt[device.id, message.boot].refused.add(message.seq)


def _redeem(
    message: Message,
    replay: Replay,
    device: Device,
    result: Sorted,
    seen: set[tuple[int, int]],
    overheard: Sequence[tuple[Device, Message]],
) -> bool:
    """Place what may be stored now; True when the reject has nothing left that may be later."""
    refusals, taken = _place(message, device, result, seen)
    if message.beside is not None:
        result.news.take(message, message.beside, device)
        taken += message.beside.said is not None
    for other, its_message in overheard:
        more, also_taken = _place(its_message, other, result, seen)
        refusals, taken = [*refusals, *more], taken + also_taken
    refused = {refusal.reason for refusal in refusals}
    if not taken or refused & {replay.reason, Refused.UNASSIGNED}:
        return False
    if message.boot is not None and message.seq is not None:
        numbers = _dealt(message, message.boot, device, result)
        numbers.dealt.add(message.seq)
        (numbers.refused if refused else numbers.redeemed).add(message.seq)
    return True


def _place_overheard(
    message: Message, directory: Directory, result: Sorted, seen: set[tuple[int, int]]
) -> None:
    """Place what a device heard of registered transponders; of others it is only counted."""
    unknown = len(message.beside.heard) if message.beside is not None else 0
    for device, overheard in _overheard(message, directory):
        unknown -= len(overheard.readings)
        refused, _ = _place(overheard, device, result, seen)
        _refuse(overheard, device, refused, result)
    if unknown:
        result.news.ais[message.source, UNREGISTERED] += unknown


def _overheard(message: Message, directory: Directory) -> list[tuple[Device, Message]]:
    """What a device, or a gateway, heard by AIS of others, each of them as a message of its own.

    Only transponders of the listener's department are known to it: whoever may write on one line
    must not move the vessels of another department.
    """
    readings: dict[str, list[Reading]] = defaultdict(list)
    for heard in message.beside.heard if message.beside is not None else ():
        readings[heard.mmsi].append(heard.reading)
    found = []
    for mmsi, those in readings.items():
        device = directory.transponder(mmsi)
        if device is not None and device.department_ref == message.department_ref:
            found.append((device, _of_transponder(message, device, those)))
    return found


def _of_transponder(message: Message, device: Device, readings: Sequence[Reading]) -> Message:
    """Without payload and number, which are the listener's."""
    return Message(
        source=message.source,
        department_ref=device.department_ref,
        device_ref=device.ref,
        received_at=message.received_at,
        readings=readings,
        topic=message.topic,
    )


def _impossible(fix: Fix, fixed_ms: int, received_ms: int, device: Device) -> Refused | None:
    if fixed_ms > received_ms + FUTURE_LIMIT_MS or fixed_ms < device.accept_from_ms:
        return Refused.CLOCK
    if fix.lon == 0.0 and fix.lat == 0.0:
        return Refused.NULL_ISLAND
    return None
