"""What retention would do: before when data of each department are past, and which partitions
of `fix` may leave whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg

from tracker import sql
from tracker.connect import told
from tracker.errors import SchemaMissing

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cutoff:
    """Before when a department's data are past."""

    #: None: data of no department that we know.
    department_id: int | None
    department: str | None
    days: int
    #: A midnight, UTC.
    cutoff: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition of `fix`, or what is left of one."""

    name: str
    #: False: detached, and still to be dropped.
    attached: bool
    #: Its detaching was broken off.
    pending: bool
    starts_at: datetime
    ends_at: datetime
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """Rows of one department in one partition."""

    department: str
    rows: int
    #: Past its retention, and not held: these go.
    going: int
    #: Past its retention, and held.
    held: int


@dataclass(slots=True, kw_only=True)
class PartitionPlan:
    """What would become of a partition that has rows past their retention."""

    partition: Partition
    #: It leaves as a whole.
    whole: bool
    departments: list[Going] = field(default_factory=list)
    #: Why it does not leave as a whole, one reason a line.
    stays: list[str] = field(default_factory=list)


async def cutoffs(connection: Connection) -> list[Cutoff]:
    """Of each department, and last of data that no department is known of; raises SchemaMissing."""
    rows = await connection.fetch(sql.text("cutoffs"))
    if not rows:
        raise SchemaMissing
    return [
        Cutoff(
            department_id=row["department_id"],
            department=row["ref"],
            days=row["days"],
            cutoff=row["cutoff"],
        )
        for row in rows
    ]


def oldest_cutoff(known: Sequence[Cutoff]) -> Cutoff:
    """That of the longest retention of all departments: what is older is past for everybody."""
    of_departments = [each for each in known if each.department_id is not None]
    return min(of_departments or known, key=lambda each: each.cutoff)


async def partitions(connection: Connection) -> list[Partition]:
    """All of them, oldest first."""
    return [Partition(**row) for row in await connection.fetch(sql.text("fix_partitions"))]


async def planned(dsn: str) -> list[PartitionPlan]:
    """`plan` on a connection of its own, as the owner at `dsn`; raises DatabaseUnreachable."""
    with told():
        connection = await asyncpg.connect(dsn, timeout=10)
    try:
        with told():
            return await plan(connection)
    finally:
        await connection.close(timeout=5)


async def plan(connection: Connection) -> list[PartitionPlan]:
    """The partitions that hold anything past its retention, and what would go. Changes nothing.

    Counts every row of them, so it takes its time over many.
    """
    known = await cutoffs(connection)
    oldest, newest = oldest_cutoff(known), max(each.cutoff for each in known)
    found = []
    for partition in await partitions(connection):
        if partition.starts_at >= newest:
            break
        planned = await _planned(connection, partition, known, oldest)
        if planned.whole or any(each.going or each.held for each in planned.departments):
            found.append(planned)
    return found


async def _planned(
    connection: Connection,
    partition: Partition,
    known: Sequence[Cutoff],
    oldest: Cutoff,
) -> PartitionPlan:
    rows = await connection.fetch(
        sql.text("plan_partition"),
        partition.starts_at,
        partition.ends_at,
        [each.department_id for each in known if each.department_id is not None],
        [each.cutoff for each in known if each.department_id is not None],
    )
    departments = [Going(**row) for row in rows]
    stays = []
    if partition.ends_at > oldest.cutoff:
        stays.append(
            f"{oldest.department or 'the installation'} keeps {oldest.days} days:"
            f" until {partition.ends_at:%Y-%m-%d} + {oldest.days} days"
        )
    held = any(each.held for each in departments)
    for hold in await connection.fetch(
        sql.text("holds_reaching"), partition.starts_at, partition.ends_at
    ):
        if held:
            stays.append(
                f"hold {hold['id']} on {hold['on']} by {hold['placed_by']}: {hold['reason']}"
            )
    return PartitionPlan(partition=partition, whole=not stays, departments=departments, stays=stays)
