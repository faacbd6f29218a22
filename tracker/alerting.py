"""Alerts as a commit makes and changes them: opening, cool-down, amendment, and the visit's end.

What people do to alerts is in alert_life.py.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID, uuid5

from geo.fix import from_unix_ms, unix_ms
from tracker import sql
from tracker.rules import Rule
from tracker.told import Told

if TYPE_CHECKING:
    from tracker.connect import Connection


#: What a cool-down is kept for: rule, vehicle, and fence if there is one.
Cooled: TypeAlias = tuple[int, int, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The feed, its number for this commit, and the database's time."""

    feed: int
    n: int
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An event that matched a rule: it opens an alert, or joins the standing one."""

    told: Told
    rule: Rule

    @property
    def key(self) -> Cooled:
        """What a cool-down is kept for."""
        return self.rule.id, self.told.event.vehicle_id, self.told.event.fence_id

    @property
    def at_ms(self) -> int:
        """Where the event stands in order: its time, or the end of its gap."""
        return self.told.event.at_ms


@dataclass(frozen=True, slots=True)
class Join:
    """A candidate that opens no alert of its own."""

    candidate: Candidate
    #: The event whose alert of that rule it joins.
    opened_by: UUID


#: By rule, vehicle and fence: when each alerting event was, and its id.
Standing: TypeAlias = defaultdict[Cooled, list[tuple[int, UUID]]]


async def raise_alerts(
    connection: Connection, candidates: Sequence[Candidate], stamp: Stamp
) -> int:
    """Open the alerts of these, or count them where a cool-down runs; how many were opened, without
    those of rules on trial."""
    if not candidates:
        return 0
    opening, joining = await _cool_down(connection, candidates)
    opened: list[Any] = []
    if opening:
        rows = [_alert_row(each, stamp) for each in opening]
        opened = await connection.fetch(sql.text("store_alerts"), rows, stamp.feed, stamp.n)
        await _note(connection, "reopened", [row["id"] for row in opened if row["again"]])
    if joining:
        rows = [_join_row(each) for each in joining]
        joined = await connection.fetch(sql.text("join_alerts"), rows)
        await _recount(connection, {row["alert_id"] for row in joined}, stamp)
        for row in joined:
            await _note(
                connection, "joined", [row["alert_id"]], detail={"event": str(row["event_id"])}
            )
    return sum(not row["shadow"] for row in opened)


async def amend(
    connection: Connection, withdrawn: Mapping[UUID, UUID | None], stamp: Stamp
) -> set[tuple[int, UUID]]:
    """Move or close the alerts of withdrawn events, and let go what had joined others.

    Returns (rule, event) of those events that have their alert by this already.
    """
    if not withdrawn:
        return set()
    pairs = [
        {"id": str(old), "amended_by": str(new) if new else None} for old, new in withdrawn.items()
    ]
    await connection.execute(sql.text("move_joined"), pairs)
    rows = await connection.fetch(sql.text("amend_alerts"), pairs, stamp.feed, stamp.n)
    for moves, what in ((True, "moved"), (False, "withdrawn")):
        await _note(connection, what, [row["id"] for row in rows if row["moves"] is moves])
    touched = [*withdrawn, *(new for new in withdrawn.values() if new)]
    joined = await connection.fetch(sql.text("load_joined"), touched)
    await _recount(connection, {row["alert_id"] for row in joined} | _moved(rows), stamp)
    return {(row["rule_id"], row["event_id"]) for row in (*rows, *joined)}


def _moved(rows: Iterable[Any]) -> set[UUID]:
    return {row["id"] for row in rows if row["moves"]}


async def close_over(connection: Connection, changed: Iterable[UUID], stamp: Stamp) -> None:
    """Close what is acknowledged and over (reading 18) at the visits that these events are of."""
    await _close(connection, "close_over", stamp, list(changed))


async def close_with_fences(connection: Connection, stamp: Stamp) -> None:
    """Close the alerts from before the end of fences that ended."""
    await _close(connection, "end_fences", stamp)


async def close_with_windows(connection: Connection, stamp: Stamp) -> None:
    """Close the alerts of rules whose window ended."""
    await _close(connection, "end_windows", stamp)


async def _close(connection: Connection, how: str, stamp: Stamp, *more: Any) -> None:  # noqa: ANN401  of the statement
    rows = await connection.fetch(sql.text(how), stamp.feed, stamp.n, *more)
    for row in rows:
        detail = {"reason": row["close_reason"]}
        await _note(connection, "closed", [row["id"]], detail=detail)
        if row["shadow"]:
            continue  # nobody was told of it
        await connection.execute(sql.text("raise_revisions"), [row["event_id"]])
        await connection.execute(
            sql.text("store_outbox"),
            [row["event_id"]],
            "milepost.alert.closed.v1",
            json.dumps({"what": "closed", "alert": str(row["id"]), "by": None, **detail}),
            stamp.feed,
            stamp.n,
        )


async def _cool_down(
    connection: Connection, candidates: Sequence[Candidate]
) -> tuple[list[Candidate], list[Join]]:
    """Which of them open an alert, and which join one, of those that stand too."""
    standing: Standing = defaultdict(list)
    if rows := [_cooldown_row(each) for each in candidates if each.rule.cooldown_s]:
        for row in await connection.fetch(sql.text("load_standing_alerts"), rows):
            key = row["rule_id"], row["vehicle_id"], row["fence_id"]
            standing[key].append((unix_ms(row["at"]), row["event_id"]))
    return cool_down(candidates, standing)


def cool_down(
    candidates: Sequence[Candidate], standing: Standing
) -> tuple[list[Candidate], list[Join]]:
    """Which of them open an alert, and which join one: rule R34, in fix time, the earliest first.

    An event joins while it is before the alerting event's time plus the cool-down. Late data can
    only add: an event earlier than the one that alerted opens an alert of its own. `standing` has
    the alerts of before, and afterwards those that open.
    """
    cooled = [each for each in candidates if each.rule.cooldown_s]
    opening = [each for each in candidates if not each.rule.cooldown_s]
    joining: list[Join] = []
    for each in sorted(cooled, key=lambda one: one.at_ms):
        cooldown_ms = (each.rule.cooldown_s or 0.0) * 1000.0
        runs = [one for one in standing[each.key] if one[0] <= each.at_ms < one[0] + cooldown_ms]
        if runs:
            joining.append(Join(each, max(runs)[1]))
        else:
            opening.append(each)
            standing[each.key].append((each.at_ms, each.told.id))
    return opening, joining


async def _recount(connection: Connection, alert_ids: set[UUID], stamp: Stamp) -> None:
    if alert_ids:
        await connection.execute(sql.text("count_joined"), list(alert_ids), stamp.feed, stamp.n)


async def _note(
    connection: Connection,
    what: str,
    alert_ids: Sequence[UUID],
    *,
    detail: Mapping[str, str] | None = None,
) -> None:
    """A row of history for each, by the service."""
    if alert_ids:
        said = json.dumps(detail or {})
        await connection.execute(
            sql.text("note_changes"), list(alert_ids), what, None, None, said, None
        )


def _alert_row(candidate: Candidate, stamp: Stamp) -> dict[str, Any]:
    told, rule = candidate.told, candidate.rule
    end_ms = None if rule.window is None else rule.window.end_ms(told.event.at_ms)
    return {
        "id": str(uuid5(told.id, f"{rule.full_ref} {stamp.feed} {stamp.n}")),
        "department_id": told.department_id,
        "rule_id": rule.id,
        "event_id": str(told.id),
        "vehicle_id": told.event.vehicle_id,
        "fence_id": told.event.fence_id,
        "severity": rule.severity,
        "shadow": rule.shadow,
        "rule_version": rule.version,
        "ends_at": None if end_ms is None else from_unix_ms(end_ms).isoformat(),
    }


def _cooldown_row(candidate: Candidate) -> dict[str, Any]:
    rule_id, vehicle_id, fence_id = candidate.key
    return {
        "rule_id": rule_id,
        "vehicle_id": vehicle_id,
        "fence_id": fence_id,
        "at": from_unix_ms(candidate.at_ms).isoformat(),
        "cooldown_s": candidate.rule.cooldown_s,
        "shadow": candidate.rule.shadow,
    }


def _join_row(join: Join) -> dict[str, Any]:
    return {
        "rule_id": join.candidate.rule.id,
        "opened_by": str(join.opened_by),
        "event_id": str(join.candidate.told.id),
    }
