"""What a set of fences asks of a department: made, edited, ended, left alone; and doing it.

An import and `fence sync` are such sets. A plan is made and done in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas import Area
from geo.errors import GeoError, ShapeError
from geo.shapes import Territory, build_shape
from tracker import fence_edits
from tracker.edits import clock
from tracker.errors import BadInput, TooLarge
from tracker.fence_edits import NewFence
from tracker.fence_files.drawn import Drawn, Fields, fence_of
from tracker.fence_rows import Author, changes
from tracker.models import Department, Fence, FenceVersion
from tracker.rows import id_of

#: So many are stored by one statement.
PORTION: Final = 500
#: More do not come in one file.
MOST_FENCES: Final = 50_000


#: Why a feature is refused: its shape, its attributes, another feature has its ref, its end has
#: passed, another department's fence is followed, the ref is in use.
Code = Literal["shape", "feature", "twice", "past", "shared", "taken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A feature that cannot be a fence here."""

    where: str
    ref: str | None
    reason: str
    place: tuple[float, float] | None = None
    code: Code = "feature"
    #: What is wrong with its shape.
    fault: GeoError | None = None


@dataclass(slots=True)
class Wanted:
    """The fences that files ask for, and what in them cannot be one."""

    fences: dict[str, tuple[NewFence, Area, str]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """What is to be done to a department's fences."""

    create: list[tuple[NewFence, Area]] = field(default_factory=list)
    #: With what changes.
    edit: list[tuple[NewFence, list[str]]] = field(default_factory=list)
    end: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    #: In no file, and made by people: they stay.
    left: list[str] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)

    def refuse_known(self, where: str) -> None:
        """Only new ones are wanted: refuse those whose ref is in use."""
        why = "That ref is in use: --replace (replace=true) edits it."
        known = (*(new.ref for new, _ in self.edit), *self.unchanged)
        self.refused += [Refused(where=where, ref=ref, reason=why, code="taken") for ref in known]
        self.edit, self.unchanged = [], []

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.create or self.edit or self.end)


def wanted(
    features: Iterable[Drawn],
    department: str,
    territory: Territory,
    fields: Fields | None = None,
    told: Callable[[int], None] = lambda count: None,
) -> Wanted:
    """The fences of features, their shapes built; `told` hears how many were read so far.

    Raises BadInput, or TooLarge of more than MOST_FENCES.
    """
    found, fields = Wanted(), fields or Fields()
    for count, drawn in enumerate(features, start=1):
        ref = None
        try:
            new = fence_of(drawn, department, fields)
            ref = new.ref
            if ref in found.fences:
                why = f"The ref is that of {found.fences[ref][2]} too."
                found.refused.append(Refused(where=drawn.where, ref=ref, reason=why, code="twice"))
            else:
                area = build_shape(new.definition, territory)
                found.fences[ref] = (new, area, drawn.where)
        except (GeoError, BadInput) as error:
            found.refused.append(_refused(drawn.where, ref, error))
        if count > MOST_FENCES:
            raise TooLarge(f"(there are more than {MOST_FENCES:,} fences in it)")
        told(count)
    return found


def _refused(where: str, ref: str | None, error: GeoError | BadInput) -> Refused:
    if not isinstance(error, GeoError):
        return Refused(where=where, ref=ref, reason=str(error))
    place = error.place if isinstance(error, ShapeError) else None
    return Refused(where=where, ref=ref, reason=str(error), place=place, code="shape", fault=error)


async def plan(
    connection: AsyncConnection,
    department: str,
    asked: Wanted,
    *,
    managed_by: str | None = None,
    prune: bool = False,
) -> Plan:
    """What the files ask for; with `managed_by` they are the truth, and what it manages and is in
    none of them ends; with `prune` whoever made it. Raises Unknown."""
    now = await clock(connection)
    made = Plan(refused=list(asked.refused))
    known = await _known(connection, department)
    for ref, (new, area, where) in asked.fences.items():
        standing = known.pop(ref, None)
        if new.valid_until is not None and new.valid_until <= now:
            why = "`valid_until` has passed: give a later one, or leave the fence out."
            made.refused.append(Refused(where=where, ref=ref, reason=why, code="past"))
        elif standing is None:
            made.create.append((new, area))
        elif standing.shared_from is not None:
            why = f"{department}/{ref} follows {standing.shared_from}: only there it is changed"
            made.refused.append(Refused(where=where, ref=ref, reason=why, code="shared"))
        elif found := changes(standing, standing, new, now, managed_by):
            made.edit.append((new, found))
        else:
            made.unchanged.append(ref)
    if managed_by is not None:
        _sort_others(made, known, now, managed_by if not prune else None)
    return made


def _sort_others(
    made: Plan, known: Mapping[str, Any], now: datetime, managed_by: str | None
) -> None:
    """Of those that no file has, which end; `managed_by` None: all that are its own."""
    for ref, standing in known.items():
        until = standing.in_force.upper
        if standing.shared_from is not None or (until is not None and until <= now):
            continue
        whose = managed_by is None or standing.managed_by == managed_by
        (made.end if whose else made.left).append(ref)


async def apply(
    connection: AsyncConnection,
    department: str,
    made: Plan,
    author: Author,
    told: Callable[[int], None] = lambda count: None,
) -> None:
    """Do it; `told` hears how much is done so far."""
    for begin in range(0, len(made.create), PORTION):
        await fence_edits.create_all(connection, made.create[begin : begin + PORTION], author)
        told(min(begin + PORTION, len(made.create)))
    for count, (new, _) in enumerate(made.edit, start=1):
        await fence_edits.put(connection, new, author)
        told(len(made.create) + count)
    for ref in made.end:
        await fence_edits.end(connection, (department, ref), author=author)


async def _known(connection: AsyncConnection, department: str) -> dict[str, Any]:
    """By ref a department's fences, each with its newest version that was or will be in force."""
    query = (
        select(
            *(Fence.ref, Fence.name, Fence.description, Fence.kind, Fence.managed_by),
            *(Fence.shared_from, FenceVersion.definition, FenceVersion.in_force),
        )
        .ext(distinct_on(Fence.id))
        .join(FenceVersion, FenceVersion.fence_id == Fence.id)
        .where(
            Fence.department_id == await id_of(connection, Department, department),
            ~func.isempty(FenceVersion.in_force),
        )
        .order_by(Fence.id, FenceVersion.version.desc())
    )
    return {row.ref: row for row in await connection.execute(query)}
