"""What devices say of themselves, beside fixes: their state, how their receivers go, AIS counts.

Pure but for `store`, which writes it in the transaction of the commit.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import asyncpg

from geo.fix import unix_ms
from tracker import sql
from tracker.directory import Device
from tracker.message import Beside, DeviceSaid, Message, Notice
from tracker.ranges import Ranges

if TYPE_CHECKING:
    from tracker.connect import Connection

MINUTE_MS = 60_000
#: A receiver's clock that is further ahead of ours is wrong.
FUTURE_LIMIT = timedelta(seconds=60)
#: Different notices kept of one device and day.
NOTICES_A_DAY = 64
#: Boots remembered by which late news of an old one is known.
EARLIER_BOOTS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeKey:
    """What a set of minutes is kept for."""

    device_id: int
    department_id: int
    day: date
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How a device goes as far as it said."""

    online: bool
    since: datetime
    boot: str
    state_at: datetime
    firmware: str | None = None
    protocol: int | None = None
    config_rev: int | None = None
    config_error: str | None = None
    earlier_boots: Sequence[str] = ()


@dataclass(slots=True)
class News:
    """Of one batch."""

    minutes: dict[NoticeKey, Ranges] = field(default_factory=dict)
    #: In the order of arrival.
    said: dict[int, list[tuple[DeviceSaid, datetime]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    departments: dict[int, int] = field(default_factory=dict)
    #: AIS messages that made no fix, by (source, what).
    ais: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, message: Message, beside: Beside, device: Device) -> None:
        """Take in what a registered device's message says beside fixes."""
        if beside.said is not None:
            self.said[device.id].append((beside.said, message.received_at))
            self.departments[device.id] = device.department_id
        for notice in beside.notices:
            if _is_possible(notice, message, device):
                self._note(notice, device)
        for what, count in beside.ais.items():
            self.ais[message.source, what] += count

    def _note(self, notice: Notice, device: Device) -> None:
        key = NoticeKey(
            device_id=device.id,
            department_id=device.department_id,
            day=notice.at.date(),
            kind=notice.kind,
            detail=notice.detail,
        )
        self.minutes.setdefault(key, Ranges()).add(unix_ms(notice.at) // MINUTE_MS)


def _is_possible(notice: Notice, message: Message, device: Device) -> bool:
    """Not by a clock that runs ahead of ours, nor by one that has not been set."""
    return (
        notice.at <= message.received_at + FUTURE_LIMIT
        and unix_ms(notice.at) >= device.accept_from_ms
    )


def settled(known: State | None, said: DeviceSaid, at: datetime) -> State:
    """The state after a device said something at a time of ours.

    A repetition changes nothing, nor does what still comes of an earlier boot: a boot is new at
    each start and never used again. So a last will of the boot before takes no device offline, nor
    does a message that was kept as a reject and is read again.
    """
    if known is None:
        return State(since=at, state_at=at, **_members(said))
    if at < known.state_at or said.boot in known.earlier_boots:
        return known
    if said.boot == known.boot:
        told = {name: value for name, value in _members(said).items() if value is not None}
        changed = replace(known, **told)
        if said.online and said.config_error is None and said.config_rev is not None:
            changed = replace(changed, config_error=None)
        if changed == known:
            return known
        since = known.since if said.online == known.online else at
        return replace(changed, since=since, state_at=at)
    if not said.online:
        return known
    earlier = (*known.earlier_boots, known.boot)[-EARLIER_BOOTS:]
    return State(since=at, state_at=at, earlier_boots=earlier, **_members(said))


def _members(said: DeviceSaid) -> dict[str, Any]:
    return {
        "online": said.online,
        "boot": said.boot,
        "firmware": said.firmware,
        "protocol": said.protocol,
        "config_rev": said.config_rev,
        "config_error": said.config_error,
    }


async def store(connection: Connection, news: News) -> None:
    """Write a batch's news, in the caller's transaction."""
    if news.minutes:
        await connection.execute(
            sql.text("store_notices"), _bounded(news.minutes.items()), NOTICES_A_DAY
        )
    if news.said:
        await _store_states(connection, news)


def _bounded(noted: Iterable[tuple[NoticeKey, Ranges]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    kept: Counter[tuple[int, date]] = Counter()
    for key, minutes in noted:
        kept[key.device_id, key.day] += 1
        if kept[key.device_id, key.day] <= NOTICES_A_DAY:
            rows.append(
                {
                    "device_id": key.device_id,
                    "department_id": key.department_id,
                    "day": key.day.isoformat(),
                    "kind": key.kind,
                    "detail": key.detail,
                    "minutes": minutes.to_multirange(),
                }
            )
    return rows


async def _store_states(connection: Connection, news: News) -> None:
    rows = await connection.fetch(sql.text("load_device_states"), list(news.said))
    known = {row["device_id"]: _state(row) for row in rows}
    changed = []
    for device_id, said in news.said.items():
        state = known.get(device_id)
        for what, at in said:
            state = settled(state, what, at)
        if state is not None and state != known.get(device_id):
            changed.append(_row(device_id, news.departments[device_id], state))
    if changed:
        await connection.execute(sql.text("store_device_states"), changed)


def _state(row: asyncpg.Record) -> State:
    members = {name: value for name, value in row.items() if name != "device_id"}
    return State(**members | {"earlier_boots": tuple(row["earlier_boots"])})


def _row(device_id: int, department_id: int, state: State) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "department_id": department_id,
        "online": state.online,
        "since": state.since.isoformat(),
        "boot": state.boot,
        "firmware": state.firmware,
        "protocol": state.protocol,
        "config_rev": state.config_rev,
        "config_error": state.config_error,
        "state_at": state.state_at.isoformat(),
        "earlier_boots": list(state.earlier_boots),
    }
