"""`milepost import`: a file is cut into numbered parts, which wait for ingest, and is followed."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Final

from devices.errors import BrokenRecordingError
from devices.recording import (
    HEAD_BYTES,
    FormatName,
    Item,
    Options,
    read_recording,
    sniffed,
)
from devices.recording.part import PART_BYTES, PART_ITEMS, part_payload, parts_of
from tracker import imports
from tracker.access import as_owner
from tracker.imports import ImportState, Target
from tracker.settings import DatabaseSettings

#: Parts that are put into the table in one transaction, and that may wait there while we read on.
AT_ONCE: Final = 20
WAITING: Final = 400
LOOK_EVERY_S: Final = 0.5
#: Without a part dealt with for so long, the person is told what may be wrong.
PATIENCE_S: Final = 20.0
_HASHED_BYTES: Final = 1024 * 1024

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody wants imported."""

    path: Path
    #: Full ref.
    device: str
    format: FormatName | None = None
    day: date | None = None
    waits: bool = True


@dataclass(slots=True)
class Tally:
    """What was found in a file, in the order of reading."""

    fixes: int = 0
    unreadable: int = 0
    parts: int = 0
    first: datetime | None = None
    last: datetime | None = None
    broken: str | None = None

    def counted(self, items: Iterator[Item]) -> Iterator[Item]:
        """The same items; where the file breaks off they end."""
        try:
            for item in items:
                if item.fix is None:
                    self.unreadable += 1
                else:
                    self._see(item.fix.fixed_at)
                yield item
        except BrokenRecordingError as error:
            self.broken = str(error)

    def _see(self, fixed_at: datetime) -> None:
        self.fixes += 1
        self.first = fixed_at if self.first is None else min(self.first, fixed_at)
        self.last = fixed_at if self.last is None else max(self.last, fixed_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How an import came out."""

    order: Order
    boot: str
    tally: Tally
    #: None: nobody waited for it.
    stored: int | None = None
    state: ImportState | None = None
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        """Whether everything in the file is stored, or will be."""
        return not (self.refused or self.tally.broken or (self.state and self.state.refused_parts))

    def lines(self) -> Iterator[str]:
        """For people."""
        tally, name, device = self.tally, self.order.path.name, self.order.device
        yield f"{name}: {tally.fixes} fixes in {tally.parts} parts for {device}, boot {self.boot}"
        if tally.broken:
            yield f"  {tally.broken}"
        if self.stored is None:
            waiting = "they wait" if tally.parts else "nothing waits"
            yield f"  {waiting} for ingest: milepost device receipt {device} --boot {self.boot}"
            return
        refused = sum(self.refused.values())
        before = max(tally.fixes + tally.unreadable - self.stored - refused, 0)
        yield f"  {self.stored} stored now, {before} were there before, {refused} refused"
        for reason, count in self.refused.items():
            yield f"    {count:>8}  {reason}{_cure(reason, device)}"


def _cure(reason: str, device: str) -> str:
    cures = {
        "clock": f"milepost device accept-from {device} DATE",
        "unassigned": f"milepost device assign {device} --vehicle REF",
    }
    if reason not in cures:
        return f" -> milepost rejects list --device {device} --reason {reason}"
    return f" -> {cures[reason]}, then milepost rejects replay --device {device}"


async def import_file(addresses: DatabaseSettings, order: Order, say: Say) -> Report:
    """Let a file's parts wait for ingest, and wait until it has dealt with them.

    `say` is told how far it is. Raises Unknown, OSError, RecordingError (then nothing waits, but
    for a file that breaks off).
    """
    async with as_owner(addresses) as connection:
        to = await imports.target(connection, order.device)
    format_, boot = await asyncio.to_thread(_identity, order, to)
    async with as_owner(addresses) as connection:
        state = await imports.import_state(connection, device_id=to.device_id, boot=boot)
    if state.asked_at is not None:  # an import that nobody waited for to its end goes on
        to = replace(to, now=state.asked_at)
    tally = Tally()
    options = Options(day=order.day, rollover=to.rollover == "on")
    with order.path.open("rb") as file:
        items = tally.counted(read_recording(file, format_, options))
        following = _Following(addresses, to, boot, say)
        numbered = enumerate(parts_of(items), 1)
        while parts := await asyncio.to_thread(_some, numbered, boot):
            tally.parts = parts[-1][0]
            async with as_owner(addresses) as connection:
                await imports.add_parts(
                    connection,
                    to=to,
                    boot=boot,
                    source=f"import:{order.path.name}",
                    parts=parts,
                )
            say(f"{tally.fixes:>10,} fixes read, {tally.parts:,} parts")
            if order.waits:
                await following.until_waiting(WAITING)
    if not order.waits:
        return Report(order=order, boot=boot, tally=tally)
    state = await following.until_waiting(0)
    return await _report(addresses, Report(order=order, boot=boot, tally=tally, state=state), to)


def _some(numbered: Iterator[tuple[int, list[Item]]], boot: str) -> list[tuple[int, bytes]]:
    """The next parts, made; none at the end."""
    made = []
    for seq, part in numbered:
        made.append((seq, part_payload(boot, seq, part)))
        if len(made) == AT_ONCE:
            break
    return made


def _identity(order: Order, to: Target) -> tuple[FormatName, str]:
    """What the file is, and the name of its parts: the same for the same bytes, read alike."""
    with order.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        format_ = order.format or sniffed(head)
        facts = f"{format_} {order.day} {to.rollover} {PART_ITEMS} {PART_BYTES}\n"
        digest = hashlib.sha256(facts.encode())
        digest.update(head)
        for portion in iter(lambda: file.read(_HASHED_BYTES), b""):
            digest.update(portion)
    return format_, f"import-{digest.hexdigest()[:24]}"


class _Following:
    """Looks how many parts wait, and says so."""

    def __init__(self, addresses: DatabaseSettings, to: Target, boot: str, say: Say) -> None:
        self._addresses, self._to, self._boot, self._say = addresses, to, boot, say
        self._waiting = -1
        self._since_s = time.monotonic()

    async def until_waiting(self, most: int) -> ImportState:
        """Until no more wait than that."""
        while True:
            async with as_owner(self._addresses) as connection:
                state = await imports.import_state(
                    connection, device_id=self._to.device_id, boot=self._boot
                )
            self._tell(state)
            if state.waiting <= most:
                return state
            await asyncio.sleep(LOOK_EVERY_S)

    def _tell(self, state: ImportState) -> None:
        now_s = time.monotonic()
        if state.waiting != self._waiting:
            self._waiting, self._since_s = state.waiting, now_s
            self._say(f"{state.dealt:>10,} parts dealt with, {state.waiting:,} wait")
        elif state.waiting and now_s - self._since_s > PATIENCE_S:
            self._since_s = now_s
            self._say("they wait for ingest: milepost run, milepost status. Ctrl-C: they go on.")


async def _report(addresses: DatabaseSettings, so_far: Report, to: Target) -> Report:
    """What the database says of an import when no part of it waits."""
    tally, stored = so_far.tally, 0
    async with as_owner(addresses) as connection:
        refused = await imports.refused(connection, device_id=to.device_id, boot=so_far.boot)
        if tally.first is not None and tally.last is not None:
            stored = await imports.stored(
                connection,
                device_id=to.device_id,
                since=to.now,
                first=tally.first,
                last=tally.last,
            )
    return replace(so_far, stored=stored, refused=refused)
