"""How one device goes: its state, its receiver, and the notices of the last day, in one scope."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from geo.fix import from_unix_ms
from tracker.device_news import MINUTE_MS
from tracker.models import DeviceNotice, DeviceState, Fix, Latest
from tracker.ranges import Ranges
from tracker.reads.session import Row, Scope, rows_of

SHOWN = timedelta(days=1)
#: Minutes without a word between two of the same notice that do not part it: slow reporters.
JOINED_MINUTES = 5


class Period(NamedTuple):
    """A time in which a receiver was seen to be so, to the minute; `until` is its last minute."""

    kind: str
    detail: str
    since: datetime
    until: datetime


async def device_health(scope: Scope, *, device_id: int) -> dict[str, Any]:
    """How a device goes.

    state: a row of online, since, boot, firmware, protocol, config_rev, config_error, state_at, or
    None where it never said; satellites: used in its vehicle's latest fix, if that is its; antenna:
    what was said of it last; no_fix_since: None while fixes come; notices: Periods of the last day,
    the newest first.
    """
    now: datetime = (await scope.execute(select(func.milepost_now()))).scalar_one()
    states = await rows_of(scope, _state_of(device_id))
    latest = await _latest_of(scope, device_id)
    kept = select(DeviceNotice.kind, DeviceNotice.detail, DeviceNotice.minutes).where(
        DeviceNotice.device_id == device_id,
        DeviceNotice.day >= (now - SHOWN).astimezone(UTC).date(),
    )
    found = periods(await rows_of(scope, kept), since=now - SHOWN)
    return {
        "state": states[0] if states else None,
        "satellites": latest["satellites"] if latest else None,
        "antenna": next((each.detail for each in found if each.kind == "antenna"), None),
        "no_fix_since": _no_fix_since(found, latest["fixed_at"] if latest else None),
        "notices": found,
    }


def periods(rows: Iterable[Row], *, since: datetime) -> list[Period]:
    """Rows of `device_notice` as times, those that lasted until `since` or later, newest first."""
    minutes: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        minutes[row["kind"], row["detail"]] += Ranges.from_multirange(row["minutes"])
    found = [
        Period(kind, detail, _moment(first), _moment(last))
        for (kind, detail), ranges in minutes.items()
        for first, last in _joined(sorted(ranges))
    ]
    shown = [each for each in found if each.until >= since]
    return sorted(shown, key=lambda each: (each.until, each.since, each), reverse=True)


def _joined(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for first, last in ranges:
        if joined and first - joined[-1][1] <= JOINED_MINUTES:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def _moment(minute: int) -> datetime:
    return from_unix_ms(minute * MINUTE_MS)


def _no_fix_since(found: Sequence[Period], fixed_at: datetime | None) -> datetime | None:
    """A fix within the last minute without one, or after it, ends the time without."""
    last = next((each for each in found if each.kind == "no_fix"), None)
    if last is None or (fixed_at is not None and fixed_at >= last.until):
        return None
    return last.since


def _state_of(device_id: int) -> Select[*tuple[Any, ...]]:
    return select(
        *(DeviceState.online, DeviceState.since, DeviceState.boot, DeviceState.firmware),
        *(DeviceState.protocol, DeviceState.config_rev, DeviceState.config_error),
        DeviceState.state_at,
    ).where(DeviceState.device_id == device_id)


async def _latest_of(scope: Scope, device_id: int) -> Row | None:
    """Its vehicle's latest fix, if it is of this device; `latest` itself holds no satellites."""
    newest = (
        select(Latest.vehicle_id, Latest.fixed_at)
        .where(Latest.device_id == device_id)
        .order_by(Latest.fixed_at.desc())
        .limit(1)
    )
    for row in await rows_of(scope, newest):
        key = (Fix.vehicle_id == row["vehicle_id"], Fix.fixed_at == row["fixed_at"])
        found = await rows_of(scope, select(Fix.fixed_at, Fix.satellites).where(*key))
        return next(iter(found), None)
    return None
