"""Writing a commit's rows: fixes by COPY into staging, states and rejects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geo.crossing import FixKey, VehicleState
from geo.fix import from_unix_ms
from geo.memory import to_json
from tracker import sql
from tracker.memories import checkpoint_of
from tracker.sorting import REJECTS_KEPT_A_DAY, Placed, Refused, RejectRow

if TYPE_CHECKING:
    from tracker.connect import Connection

STAGED_COLUMNS = (
    *("vehicle_id", "device_id", "department_id", "fixed_at", "received_at", "lon", "lat"),
    *("altitude_m", "speed_mps", "course_deg", "heading_deg", "accuracy_m", "hdop"),
    *("satellites", "mode", "rollover_weeks", "ignition", "inputs", "ais", "implausible"),
)


async def store_fixes(
    connection: Connection,
    fixes: Sequence[Placed],
    implausible: Collection[FixKey],
    feed: int,
    n: int,
) -> int:
    """Store fixes and the newest plausible of each vehicle; returns how many were new."""
    if not fixes:
        return 0
    await connection.execute(sql.text("stage_fixes"))
    await connection.copy_records_to_table(
        "staged_fix", records=[_record(each, implausible) for each in fixes], columns=STAGED_COLUMNS
    )
    row = await connection.fetchrow(sql.text("store_fixes"), feed, n)
    return int(row["stored"]) if row else 0


async def store_marks(
    connection: Connection,
    marks: Mapping[FixKey, bool],
    newest_ms: Mapping[int, int],
    feed: int,
    n: int,
) -> None:
    """Mark stored fixes anew, and give vehicles the stored fix of that time as their latest."""
    if marks:
        times = [from_unix_ms(fixed_ms) for _, fixed_ms in marks]
        await connection.execute(
            sql.text("mark_fixes"),
            [vehicle_id for vehicle_id, _ in marks],
            times,
            list(marks.values()),
            min(times),
            max(times),
        )
    if newest_ms:
        times = [from_unix_ms(fixed_ms) for fixed_ms in newest_ms.values()]
        await connection.execute(sql.text("move_latest"), feed, n, list(newest_ms), times)


async def note_duty(connection: Connection, fixes: Sequence[Placed], feed: int, n: int) -> None:
    """Store what crews said they were doing, as of the fix that said it."""
    said = [each for each in fixes if each.fix.duty is not None]
    if said:
        await connection.execute(
            sql.text("note_duty"),
            [each.vehicle_id for each in said],
            [each.department_id for each in said],
            [each.fix.fixed_at for each in said],
            [each.fix.duty for each in said],
            ["device"] * len(said),
            feed,
            n,
        )


async def note_past(connection: Connection, past: Mapping[int, tuple[int, int]]) -> None:
    """Tell the worker which vehicles' past changed, from when until when."""
    if past:
        await connection.execute(
            sql.text("note_past"),
            list(past),
            [from_unix_ms(first_ms) for first_ms, _ in past.values()],
            [from_unix_ms(last_ms) for _, last_ms in past.values()],
        )


def _record(placed: Placed, implausible: Collection[FixKey]) -> tuple[Any, ...]:
    fix = placed.fix
    return (
        placed.vehicle_id,
        placed.device_id,
        placed.department_id,
        fix.fixed_at,
        placed.received_at,
        fix.lon,
        fix.lat,
        fix.altitude_m,
        fix.speed_mps,
        fix.course_deg,
        fix.heading_deg,
        fix.accuracy_m,
        fix.hdop,
        fix.satellites,
        fix.mode,
        fix.rollover_weeks,
        fix.ignition,
        dict(fix.inputs) if fix.inputs else None,
        fix.ais,
        (placed.vehicle_id, placed.fixed_ms) in implausible,
    )


async def store_states(
    connection: Connection,
    changed: Mapping[int, VehicleState],
    known: Mapping[int, VehicleState],
) -> None:
    """Store those that `latest` alone does not tell: another inside, or a judging then or since."""
    rows = {
        vehicle_id: state
        for vehicle_id, state in changed.items()
        if state.judged_ms > state.fixed_ms or _is_told_wrong(state, known.get(vehicle_id))
    }
    if rows:
        states = rows.values()
        await connection.execute(
            sql.text("store_states"),
            list(rows),
            [state.department_id for state in states],
            # As text: arrays of arrays are of one length.
            [f"{{{','.join(map(str, sorted(state.inside)))}}}" for state in states],
            [from_unix_ms(state.judged_ms) for state in states],
            [to_json(state.memory) for state in states],
        )


def _is_told_wrong(state: VehicleState, before: VehicleState | None) -> bool:
    """Whether what is stored of the state before says something else."""
    if before is None:
        return to_json(state.memory) is not None
    if state.judged_ms < before.judged_ms:
        return True
    if state.memory is before.memory:
        return False
    return state.memory[:5] != before.memory[:5]


async def store_checkpoints(
    connection: Connection,
    states: Mapping[int, VehicleState],
    untrue: Sequence[tuple[int, datetime, datetime]],
) -> None:
    """Keep whole states for late fixes to begin at, and drop those that these disproved."""
    if untrue:
        columns = [list(column) for column in zip(*untrue, strict=True)]
        await connection.execute(sql.text("drop_fence_checkpoints"), *columns)
    if states:
        rows = [
            {
                "vehicle_id": vehicle_id,
                "fixed_at": from_unix_ms(state.fixed_ms).isoformat(),
                "department_id": state.department_id,
                "state": checkpoint_of(state),
            }
            for vehicle_id, state in states.items()
        ]
        await connection.execute(sql.text("store_fence_checkpoints"), rows)


async def store_rejects(connection: Connection, rejects: Sequence[RejectRow]) -> None:
    """Count all, and keep the rows of each sender up to the bound of its day."""
    if not rejects:
        return
    counted = Counter((each.day, each.sender) for each in rejects)
    departments = {each.sender: each.department_id for each in rejects}
    totals = await connection.fetch(
        sql.text("count_rejects"),
        [
            {
                "day": day.isoformat(),
                "sender": sender,
                "department_id": departments[sender],
                "refused": count,
            }
            for (day, sender), count in counted.items()
        ],
    )
    room = {
        (row["day"], row["sender"]): REJECTS_KEPT_A_DAY
        - (row["refused"] - counted[row["day"], row["sender"]])
        for row in totals
    }
    kept = []
    for each in rejects:
        if room[each.day, each.sender] > 0:
            room[each.day, each.sender] -= 1
            kept.append(_reject_record(each))
    if kept:
        await connection.executemany(
            "INSERT INTO reject (received_at, department_id, device_id, source, topic, boot, seq,"
            " reason, raw, claimed_ref, replay_asked_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            kept,
        )


def _reject_record(reject: RejectRow) -> tuple[Any, ...]:
    message = reject.message
    return (
        message.received_at,
        reject.department_id,
        reject.device_id,
        message.source,
        message.topic,
        message.boot,
        message.seq,
        str(reject.reason),
        reject.raw,
        reject.claimed_ref,
        message.received_at if reject.reason == Refused.SHARD else None,
    )


async def settle_replays(connection: Connection, replayed: Mapping[int, bool]) -> None:
    """Write down of rejects that were read again whether they are stored now."""
    if replayed:
        await connection.execute(
            sql.text("settle_replays"), list(replayed), list(replayed.values())
        )
