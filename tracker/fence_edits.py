"""Fences as managed things: made, replaced, ended, from a time on (rules R12 to R14).

The one door to a fence: the verbs come in as the schema's owner, the API in its caller's scope, and
what a scope does not hold is Unknown. What has been told is not told otherwise: a time that has
passed is now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Self

import shapely
from geoalchemy2.shape import from_shape
from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, func, insert, literal_column, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.areas import Area
from geo.shapes import WORLD, Territory, build_shape
from tracker import models
from tracker.edits import Name, clock
from tracker.errors import BadInput, NotNow, Taken
from tracker.fence_rows import (
    NEEDS_VERSION,
    NOBODY,
    Author,
    changes,
    locked,
    must_be_own,
)
from tracker.fence_shares import end_shares
from tracker.moments import Moment
from tracker.rows import New, Ref, add, id_of, table_of

FENCE, VERSION = models.Fence, models.FenceVersion
MILLISECOND = timedelta(milliseconds=1)
#: Of what is planned and taken back before it begins.
NEVER: Final[ColumnElement[Any]] = literal_column("'empty'::tstzrange")
#: In force at any time.
ALWAYS: Final[Range[datetime]] = Range(None, None)


class NewFence(New):
    """A fence, by one of three shapes, for as long as it is valid."""

    department: Ref
    #: GeoJSON Polygon or MultiPolygon under `geometry`, or {"circle": …}, or {"corridor": …}.
    definition: Mapping[str, Any]
    description_en: str = Field(default="", max_length=2_000)
    description_zh_hant: str = Field(default="", max_length=2_000)
    #: By default, and where it has passed, now.
    valid_from: Moment | None = None
    #: By default for ever.
    valid_until: Moment | None = None

    @model_validator(mode="after")
    def _lasts(self) -> Self:
        since, until = self.valid_from, self.valid_until
        if since is not None and until is not None and until <= since:
            raise ValueError("`valid_until` must be later than `valid_from`")
        return self

    @property
    def description(self) -> dict[str, str]:
        """What it is for, by language; a missing one is the other."""
        either = self.description_en or self.description_zh_hant
        if not either:
            return {}
        return {"en": either, "zh-Hant": self.description_zh_hant or either}

    @property
    def kind(self) -> str:
        """Which of the three shapes it is drawn as."""
        drawn = (each for each in ("circle", "corridor") if self.definition.get(each) is not None)
        return next(drawn, "polygon")


async def territory_of(connection: AsyncConnection) -> Territory:
    """The box in which this installation's fences lie."""
    box = await connection.scalar(select(models.Installation.territory))
    return WORLD if box is None else Territory(*box)


@add.register
async def _fence(new: NewFence, connection: AsyncConnection) -> int:
    return await create(connection, new)


async def create(
    connection: AsyncConnection,
    new: NewFence,
    author: Author = NOBODY,
    *,
    in_force: Range[datetime] | None = None,
) -> int:
    """Make a fence, in force as it says or as `in_force` does; its id. Raises as `create_all`."""
    shape = await built(connection, new.definition)
    return (await create_all(connection, [(new, shape)], author, in_force=in_force))[0]


async def create_all(
    connection: AsyncConnection,
    drawn: Sequence[tuple[NewFence, Area]],
    author: Author = NOBODY,
    *,
    in_force: Range[datetime] | None = None,
) -> list[int]:
    """Make fences of one department whose shapes were built already; their ids, in order.

    Raises Unknown, Taken, or BadInput for a time that has passed.
    """
    if not drawn:
        return []
    department_id = await id_of(connection, models.Department, drawn[0][0].department)
    now = await clock(connection)
    spans = [in_force or _span(new, now) for new, _ in drawn]
    rows = [
        {
            **{"department_id": department_id, "ref": new.ref, "name": new.name},
            **{"kind": new.kind, "description": new.description, "managed_by": author.managed_by},
        }
        for new, _ in drawn
    ]
    made = insert(table_of(FENCE)).returning(FENCE.id, sort_by_parameter_order=True)
    try:
        ids = [int(each) for each in (await connection.execute(made, rows)).scalars()]
    except IntegrityError as error:
        raise Taken(await _which_is_taken(error, drawn)) from error
    versions = [
        _version(fence_id, 1, department_id, drawing, span, author)
        for fence_id, drawing, span in zip(ids, drawn, spans, strict=True)
    ]
    await connection.execute(insert(table_of(VERSION)), versions)
    return ids


async def put(
    connection: AsyncConnection,
    new: NewFence,
    author: Author = NOBODY,
    *,
    expected: int | None = None,
) -> bool:
    """Let the fence of that name be what `new` says from now on; whether that changes anything.

    Another shape, or another beginning, is a new version; another end is the end of the newest.
    Raises Unknown, a ShapeError, Stale at another revision than `expected`, NotNow where it follows
    another department's, or BadInput.
    """
    shape = await built(connection, new.definition)
    fence = await locked(connection, (new.department, new.ref), expected)
    must_be_own(fence)
    now = await clock(connection)
    newest = await _newest(connection, fence.id)
    found = changes(fence, newest, new, now, author.managed_by)
    if not found:
        return False
    span = _span(new, now)
    if not NEEDS_VERSION.isdisjoint(found):
        await _replace(connection, fence, (new, shape), span, author)
    elif "end" in found:
        await _last_until(connection, newest, span.upper, author)
    told = {"name": new.name, "description": new.description, "kind": new.kind}
    changed = told | ({"managed_by": author.managed_by} if author.managed_by else {})
    await _changed(connection, fence.id, **changed)
    return True


async def edit(
    connection: AsyncConnection,
    fence: Name,
    definition: Mapping[str, Any],
    *,
    at: datetime,
    author: Author = NOBODY,
) -> int:
    """Give a fence (department, ref) another shape from a time on; returns the new version.

    Raises a ShapeError when it cannot be watched, Unknown, NotNow where it follows another
    department's, or BadInput when a later version stands.
    """
    shape = await built(connection, definition)
    found = await locked(connection, fence)
    must_be_own(found)
    new = NewFence(ref=fence[1], department=fence[0], definition=definition)
    version = await _replace(connection, found, (new, shape), Range(at, None), author)
    await _changed(connection, found.id, kind=new.kind)
    return version


async def end(
    connection: AsyncConnection,
    fence: Name,
    *,
    at: datetime | None = None,
    author: Author = NOBODY,
    expected: int | None = None,
) -> None:
    """End a fence (department, ref) at a time, by default now: what is inside then is let go.

    Of one that follows another department's, the share ends. Raises Unknown, Stale, NotNow where it
    has ended already, or BadInput when a later version stands.
    """
    found = await locked(connection, fence, expected)
    at = at or await clock(connection)
    if found.shared_from is not None:
        await end_shares(connection, models.FenceShare.follower_id == found.id, at, author)
        return
    newest = await _newest(connection, found.id)
    if newest is None or (newest.in_force.upper is not None and newest.in_force.upper <= at):
        raise NotNow(f"({fence[0]}/{fence[1]} has ended)")
    at = await _end(connection, found.id, at, author)
    await connection.execute(
        update(VERSION)
        .where(VERSION.fence_id == found.id, func.upper(VERSION.in_force) == at)
        .values(ended_by=author.by, ended_why=author.why)
    )
    await _changed(connection, found.id)


async def built(connection: AsyncConnection, definition: Mapping[str, Any]) -> Area:
    """In a thread, because a long corridor takes longer than others may wait."""
    return await asyncio.to_thread(build_shape, definition, await territory_of(connection))


async def _newest(connection: AsyncConnection, fence_id: int) -> Any:  # noqa: ANN401  a row, or None
    query = (
        select(VERSION.fence_id, VERSION.version, VERSION.definition, VERSION.in_force)
        .where(VERSION.fence_id == fence_id, ~func.isempty(VERSION.in_force))
        .order_by(VERSION.version.desc())
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()


async def _replace(
    connection: AsyncConnection,
    fence: Any,  # noqa: ANN401  a row of the driver
    drawing: tuple[NewFence, Area],
    span: Range[datetime],
    author: Author,
) -> int:
    assert span.lower is not None  # noqa: S101  only a first version was there always
    at = await _end(connection, fence.id, span.lower, author)
    newest = select(func.max(VERSION.version)).where(VERSION.fence_id == fence.id)
    version = int(await connection.scalar(newest) or 0) + 1
    span = Range(at, span.upper)
    row = _version(fence.id, version, fence.department_id, drawing, span, author)
    await connection.execute(insert(table_of(VERSION)).values(row))
    return version


async def _end(
    connection: AsyncConnection, fence_id: int, at: datetime, author: Author
) -> datetime:
    """End what is in force then, and take back what is planned for later; returns when: a version
    lasts a millisecond at least."""
    starts = func.lower(VERSION.in_force)
    planned = (VERSION.fence_id == fence_id, starts >= at, starts > func.milepost_now())
    taken_back = {"in_force": NEVER, "ended_by": author.by, "ended_why": author.why}
    await connection.execute(update(VERSION).where(*planned).values(taken_back))
    begun = await connection.scalar(select(func.max(starts)).where(VERSION.fence_id == fence_id))
    if begun is not None and begun > at:
        raise BadInput("(a later version of the fence stands: choose a later time)")
    if begun == at:
        at += MILLISECOND
    await connection.execute(
        update(VERSION)
        .where(VERSION.fence_id == fence_id, func.coalesce(func.upper(VERSION.in_force) > at, True))
        .where(~func.isempty(VERSION.in_force))
        .values(in_force=func.tstzrange(starts, at))
    )
    return at


async def _last_until(
    connection: AsyncConnection,
    version: Any,  # noqa: ANN401  a row of the driver
    until: datetime | None,
    author: Author,
) -> None:
    who = {"ended_by": author.by, "ended_why": author.why} if until is not None else {}
    await connection.execute(
        update(VERSION)
        .where(VERSION.fence_id == version.fence_id, VERSION.version == version.version)
        .values(in_force=func.tstzrange(func.lower(VERSION.in_force), until), **who)
    )


async def _changed(connection: AsyncConnection, fence_id: int, **values: object) -> None:
    """A further revision, which fences that follow it take over."""
    more = {**values, "revision": FENCE.revision + 1}
    await connection.execute(update(FENCE).where(FENCE.id == fence_id).values(more))
    await connection.execute(select(func.follow_shares(fence_id)))


def _span(new: NewFence, now: datetime) -> Range[datetime]:
    since = max(new.valid_from or now, now)
    if new.valid_until is not None and new.valid_until <= since:
        raise BadInput(f"(`valid_until` of {new.ref} has passed)")
    return Range(since, new.valid_until)


def _version(
    fence_id: int,
    version: int,
    department_id: int,
    drawing: tuple[NewFence, Area],
    span: Range[datetime],
    author: Author,
) -> dict[str, Any]:
    return {
        **{"fence_id": fence_id, "version": version, "department_id": department_id},
        "geom": from_shape(shapely.force_2d(drawing[1]), srid=4326),
        "definition": dict(drawing[0].definition),
        "in_force": span,
        **{"made_by": author.by, "why": author.why},
    }


async def _which_is_taken(error: IntegrityError, drawn: Sequence[tuple[NewFence, Area]]) -> str:
    names = f"fence {drawn[0][0].department}/{drawn[0][0].ref}"
    return f"({names})" if len(drawn) == 1 else f"(one of {len(drawn)} fences: {error.orig})"
