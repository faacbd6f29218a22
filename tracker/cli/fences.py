"""`milepost fence add|show|edit|end|share|unshare`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import TIME_FORMATS, as_owner_do, aware, escaped, me, moment, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.edits import Name
    from tracker.fence_edits import NewFence
    from tracker.fence_rows import Author

NAMELESS = ("", "")
FullRef = Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="Its full ref: FSD/depot.")]
Why = Annotated[str | None, typer.Option("--why", help="Why, for whoever reads it later.")]
At = Annotated[
    datetime | None, typer.Option("--at", formats=TIME_FORMATS, help="When; by default now.")
]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What `fence add` and `fence edit` are told beside the name."""

    circle: Annotated[
        str | None, typer.Option(metavar="LON,LAT,RADIUS_M", help="A circle on the ground.")
    ] = None
    geometry: Annotated[
        Path | None,
        typer.Option(help="A file with a GeoJSON Polygon, MultiPolygon, or LineString."),
    ] = None
    each_side_m: Annotated[
        float | None,
        typer.Option("--each-side", metavar="METRES", help="Of a LineString: a corridor so wide."),
    ] = None
    grid: Annotated[
        bool,
        typer.Option("--grid", help="Coordinates are HK1980 Grid: easting, then northing, metres."),
    ] = False
    name: Annotated[
        tuple[str, str],
        typer.Option(metavar="ENGLISH 中文", help="The names that people read, in both languages."),
    ] = NAMELESS
    about: Annotated[
        tuple[str, str],
        typer.Option(metavar="ENGLISH 中文", help="What it is for, in both languages."),
    ] = NAMELESS
    valid_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=TIME_FORMATS, help="In force from then; default now."),
    ] = None
    valid_until: Annotated[
        datetime | None,
        typer.Option("--until", formats=TIME_FORMATS, help="In force until then; else for ever."),
    ] = None
    why: Why = None


@dataclass(frozen=True, kw_only=True)
class Adding(Shape):
    """What `fence add` is told."""

    ref: Annotated[str, typer.Argument(help="Its public name, never used twice: depot.")]
    department: Annotated[str, typer.Option("--department", "-d", help="Ref of its department.")]


@dataclass(frozen=True, kw_only=True)
class Editing(Shape):
    """What `fence edit` is told; what it is not told stays."""

    fence: FullRef


@takes(Adding)
def add(said: Adding) -> None:
    """Register a fence: an area whose border is watched."""
    from tracker.fence_edits import create

    definition = _definition(said)
    if definition is None:
        raise typer.BadParameter("Give either --circle or --geometry.")
    new = _new((said.department, said.ref), definition, said)
    as_owner_do(lambda connection: create(connection, new, _author(said.why)))
    typer.echo(f"fence {said.ref} is registered.")


@takes(Editing)
def edit(said: Editing) -> None:
    """Give a fence another shape, name or time. Each other shape is a new version of it."""
    from tracker import reads
    from tracker.errors import Unknown
    from tracker.fence_edits import put

    name, definition = name_of(said.fence), _definition(said)

    async def work(connection: AsyncConnection) -> bool:
        row = await reads.fence(connection, department=name[0], ref=name[1])
        if row is None:
            raise Unknown(f"(fence {said.fence})")
        new = _new(name, definition or row["definition"], said, row)
        return await put(connection, new, _author(said.why))

    changed = as_owner_do(work)
    typer.echo(f"fence {said.fence} is {'changed' if changed else 'as it was'}.")


def end(fence: FullRef, *, at: At = None, why: Why = None) -> None:
    """End a fence: vehicles in it are let go, its alerts close. Its name stays its for ever."""
    from tracker.edits import not_past
    from tracker.fence_edits import end as end_

    name = name_of(fence)

    async def work(connection: AsyncConnection) -> None:
        await end_(connection, name, at=await not_past(connection, aware(at)), author=_author(why))

    as_owner_do(work)
    typer.echo(f"fence {fence} {'ends at ' + moment(aware(at)) if at else 'has ended'}.")


def share(
    fence: FullRef,
    to: Annotated[str, typer.Argument(metavar="DEPARTMENT", help="Whose vehicles it watches too.")],
    *,
    since: Annotated[datetime | None, typer.Option(formats=TIME_FORMATS)] = None,
    until: Annotated[datetime | None, typer.Option(formats=TIME_FORMATS)] = None,
    why: Why = None,
) -> None:
    """Share a fence: another department gets one of its own that follows it, for its rules."""
    from tracker.fence_shares import share as share_

    name = name_of(fence)
    as_owner_do(
        lambda connection: share_(
            connection, name, to, since=aware(since), until=aware(until), author=_author(why)
        )
    )
    typer.echo(f"fence {fence} is shared with {to}, where it is called {to}/{name[0]}.{name[1]}.")


def unshare(
    fence: FullRef,
    to: Annotated[str, typer.Argument(metavar="DEPARTMENT", help="With whom it was shared.")],
    *,
    at: At = None,
    why: Why = None,
) -> None:
    """End the sharing of a fence with a department: its vehicles are let go."""
    from tracker.fence_shares import unshare as unshare_

    name = name_of(fence)
    as_owner_do(
        lambda connection: unshare_(connection, name, to, at=aware(at), author=_author(why))
    )
    typer.echo(f"fence {fence} is shared with {to} no more.")


def show(
    fence: FullRef,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show a fence, its versions (who, when, why), and with whom it is shared."""
    from tracker import reads
    from tracker.errors import Unknown

    name = name_of(fence)

    async def read(connection: AsyncConnection) -> dict[str, Any]:
        row = await reads.fence(connection, department=name[0], ref=name[1])
        if row is None:
            raise Unknown(f"(fence {fence})")
        versions = await reads.fence_versions(connection, row["id"])
        shares = await reads.fence_shares(connection, row["id"])
        return {**row, "versions": versions, "shares": shares}

    found = as_owner_do(read)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, default=str))
        return
    for line in _lines(found):
        typer.echo(line)


def _lines(found: Mapping[str, Any]) -> list[str]:
    names = f"{found['name'].get('en', '')} ({found['name'].get('zh-Hant', '')})"
    lines = [f"{found['fence']}  {escaped(names)}", f"  {found['kind']}, {found['state']}"]
    if found["shared_from"]:
        lines.append(f"  follows {found['shared_from']}")
    if found["description"]:
        lines.append("  " + escaped(found["description"].get("en", "")))
    lines += ["  version  in force" + " " * 38 + "by, why"]
    for each in found["versions"]:
        span = " to ".join(_time(each[key]) for key in ("valid_from", "valid_until"))
        why = f": {each['why']}" if each["why"] else ""
        ended = f"; ended by {each['ended_by']}" if each["ended_by"] else ""
        ended += f": {each['ended_why']}" if each["ended_why"] else ""
        lines.append(f"  {each['version']:<8} {span:<46} {escaped(each['made_by'] + why + ended)}")
    lines += [
        f"  shared with {each['to']} from {_time(each['since'])} to {_time(each['until'])}"
        for each in found["shares"]
    ]
    return lines


def _time(when: datetime | None) -> str:
    return "-" if when is None else moment(when)


def name_of(full_ref: str) -> Name:
    """Department and ref."""
    department, slash, ref = full_ref.partition("/")
    if not slash:
        raise typer.BadParameter(f"{full_ref} is no full ref: DEPARTMENT/REF.")
    return department, ref


def _author(why: str | None) -> Author:
    from tracker.fence_rows import Author

    return Author(by=me(), why=why)


def _new(
    name: Name, definition: Mapping[str, Any], said: Shape, known: Mapping[str, Any] | None = None
) -> NewFence:
    """What is to be stored: what is said, else what is known. Raises BadInput."""
    from pydantic import ValidationError

    from tracker.errors import BadInput
    from tracker.fence_edits import NewFence

    before = known or {"name": {}, "description": {}, "valid_until": None}
    texts = {
        f"{column}_{language}": given or before[column].get(key, "")
        for column, both in (("name", said.name), ("description", said.about))
        for language, key, given in (("en", "en", both[0]), ("zh_hant", "zh-Hant", both[1]))
    }
    until = aware(said.valid_until) or before["valid_until"]
    times = {"valid_from": aware(said.valid_from), "valid_until": until}
    values = {"department": name[0], "ref": name[1], "definition": definition, **texts, **times}
    try:
        return NewFence.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"({faults})") from None


def _definition(said: Shape) -> dict[str, Any] | None:
    """The shape that is drawn, in degrees; None for none."""
    from geo.places import definition_from_grid

    if said.circle is not None and said.geometry is not None:
        raise typer.BadParameter("Give either --circle or --geometry.")
    if said.circle is not None:
        definition = _circle(said.circle)
    elif said.geometry is not None:
        definition = _drawn(said.geometry, said.each_side_m)
    else:
        return None
    return definition_from_grid(definition) if said.grid else definition


def _circle(said: str) -> dict[str, Any]:
    try:
        lon, lat, radius_m = (float(part) for part in said.split(","))
    except ValueError:
        raise typer.BadParameter(f"{said} is not LON,LAT,RADIUS_M.") from None
    return {"circle": {"center": [lon, lat], "radius_m": radius_m}}


def _drawn(path: Path, each_side_m: float | None) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise typer.BadParameter(f"{path}: {error}") from None
    if isinstance(said, dict) and said.get("type") == "Feature":
        said = said.get("geometry")
    if not isinstance(said, dict):
        raise typer.BadParameter(f"{path} holds no GeoJSON geometry.")
    if said.get("type") != "LineString":
        return {"geometry": said}
    if each_side_m is None:
        raise typer.BadParameter("A LineString is a corridor: say how wide with --each-side.")
    return {"corridor": {"line": said.get("coordinates"), "each_side_m": each_side_m}}
