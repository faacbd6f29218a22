"""Backtests that callers ask for over HTTP: rows that wait, and the job that answers them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import func, insert, null, select, update

from geo.errors import GeoError
from geo.shapes import build_shape
from tracker import sql
from tracker.backtest.answer import Answer, answer, in_scope
from tracker.backtest.difference import Difference
from tracker.backtest.question import Asked, Subject
from tracker.connect import told
from tracker.errors import BadInput, DatabaseUnreachable, NotNow, TrackerError
from tracker.models import Backtest, Department
from tracker.reads.errors import TooMuch
from tracker.reads.session import Row, Scope, rows_of

if TYPE_CHECKING:
    from tracker.connect import Pool

#: One question is about so much time at most.
MOST_WINDOW: Final = timedelta(days=93)
#: And is worked on so long.
MOST_S: Final = 300.0
#: That wait or are worked on, of one department.
MOST_WAITING: Final = 10
#: Events, alerts and differences that are kept each; the figures count all.
MOST_ROWS: Final = 2_000
#: How long an answer is kept.
KEPT: Final = timedelta(days=7)
#: Without a word for so long a worker is taken for dead.
LEASE: Final = timedelta(seconds=30)
WAITING: Final = ("queued", "running")


async def ask(scope: Scope, asked: Asked, by: str) -> UUID:
    """Let the worker answer it; raises BadInput, a ShapeError, or TooMuch."""
    if asked.until - asked.since > MOST_WINDOW:
        raise BadInput(f"(ask for {MOST_WINDOW.days} days at most)")
    for subject in (asked.subject, asked.compare):
        if subject is not None:
            _check_shape(subject)
    department_id = select(Department.id).where(Department.ref == asked.department)
    waiting = (
        select(func.count())
        .where(Backtest.department_id == department_id.scalar_subquery())
        .where(Backtest.state.in_(WAITING))
    )
    if (await scope.scalar(waiting) or 0) >= MOST_WAITING:
        raise TooMuch(f"({MOST_WAITING} backtests wait already: let them end, or cancel some)")
    made = await scope.scalar(
        insert(Backtest)
        .values(
            department_id=department_id.scalar_subquery(),
            asked_by=by,
            question=asked.model_dump(mode="json", by_alias=True),
        )
        .returning(Backtest.id)
    )
    assert isinstance(made, UUID)  # noqa: S101  the key of the row that was added
    return made


def _check_shape(subject: Subject) -> None:
    if isinstance(subject.fence, Mapping):
        build_shape({key: value for key, value in subject.fence.items() if key != "ref"})


async def backtests(scope: Scope, *, limit: int, id_: UUID | None = None) -> list[Row]:
    """The newest first, without results; or one, with its own.

    id, department, asked_by, asked_at, question, state, vehicles_done, vehicles, ended_at, error,
    result.
    """
    result = Backtest.result if id_ is not None else null().label("result")
    query = (
        select(
            *(Backtest.id, Department.ref.label("department"), Backtest.asked_by),
            *(Backtest.asked_at, Backtest.question, Backtest.state, Backtest.vehicles_done),
            *(Backtest.vehicles, Backtest.ended_at, Backtest.error, result),
        )
        .join(Department, Department.id == Backtest.department_id)
        .order_by(Backtest.asked_at.desc())
        .limit(limit)
    )
    if id_ is not None:
        query = query.where(Backtest.id == id_)
    return await rows_of(scope, query)


async def cancel(scope: Scope, id_: UUID) -> None:
    """End one that waits or is worked on; raises NotNow where it has ended."""
    done = await scope.execute(
        update(Backtest)
        .where(Backtest.id == id_, Backtest.state.in_(WAITING))
        .values(state="cancelled", ended_at=func.milepost_now())
    )
    if not done.rowcount:
        raise NotNow(f"(backtest {id_} has ended)")


class _Ended(Exception):
    """Nobody wants the answer any more."""


class BacktestJob:
    """Answers what waits, one after the other; reads as the API's role, in one department."""

    def __init__(self, pool: Pool, api_dsn: str, *, most_s: float = MOST_S) -> None:
        self._pool = pool
        self._api_dsn = api_dsn
        self._most_s = most_s
        self.counters = {"answered": 0, "failed": 0}

    async def run(self) -> bool:
        """Answer the one that has waited longest; False where none waits."""
        with told():
            await self._pool.execute(sql.text("expire_backtests"), KEPT)
            row = await self._pool.fetchrow(sql.text("take_backtest"), LEASE)
        if row is None:
            return False
        await self._answer(row["id"], Asked.model_validate(row["question"]))
        return True

    async def _answer(self, id_: UUID, asked: Asked) -> None:
        async def note(done: int, of: int) -> None:
            row = await self._pool.fetchrow(sql.text("note_backtest"), id_, done, of, LEASE)
            if row is None:
                raise _Ended
            if row["took_s"] > self._most_s:
                raise TooMuch(f"(over {self._most_s:g} s: take less time, or fewer vehicles)")

        result, error = None, None
        try:
            async with in_scope(self._api_dsn, asked.department) as reading:
                result = as_json(await answer(reading, asked, note))
        except _Ended:
            return
        except DatabaseUnreachable:
            raise
        except (TrackerError, GeoError) as found:
            error = str(found)
        self.counters["failed" if error else "answered"] += 1
        with told():
            await self._pool.execute(sql.text("end_backtest"), id_, result, error)


def as_json(found: Answer) -> dict[str, Any]:
    """An answer for keeping: long lists are cut, the figures are of all."""
    sides = [
        replace(side, events=side.events[:MOST_ROWS], alerts=side.alerts[:MOST_ROWS])
        for side in found.sides
    ]
    kept = replace(found, sides=sides, difference=found.difference and _cut(found.difference))
    read: dict[str, Any] = json.loads(json.dumps(asdict(kept), default=_in_json))
    return read


def _cut(found: Difference) -> Difference:
    return replace(
        found,
        both=found.both[:MOST_ROWS],
        only_a=found.only_a[:MOST_ROWS],
        only_b=found.only_b[:MOST_ROWS],
    )


def _in_json(value: datetime) -> str:
    return value.isoformat()
