"""`milepost group` and `milepost scope`: groups, who is in them, and who is watched by what."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tracker.cli.fences import NAMELESS, At, name_of
from tracker.cli.shared import TIME_FORMATS, as_owner_do, aware, moment

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row

group = typer.Typer(
    help="Groups of vehicles and of fences, and who is in them.", no_args_is_help=True
)
scope = typer.Typer(
    help="Which groups of fences watch which groups of vehicles. In a department that has any"
    " scope, nothing else is watched.",
    no_args_is_help=True,
)

Kind = Annotated[Literal["vehicle", "fence"], typer.Argument(help="Of what it is a group.")]
GroupRef = Annotated[str, typer.Argument(metavar="DEPARTMENT/GROUP", help="FSD/night-shift")]
Department = Annotated[str, typer.Option("--department", "-d", help="Ref of the department.")]
Since = Annotated[
    datetime | None, typer.Option(formats=TIME_FORMATS, help="From when on; by default now.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines.")]
Name = Annotated[
    tuple[str, str],
    typer.Option(metavar="ENGLISH 中文", help="The names that people read, in both languages."),
]


@group.command("add")
def add_group(
    kind: Kind,
    ref: Annotated[str, typer.Argument(help="Its public name, never used twice.")],
    department: Department,
    *,
    name: Name = NAMELESS,
) -> None:
    """Make a group of vehicles or of fences, empty."""
    from tracker.rows import add
    from tracker.rule_edits import NewFenceGroup, NewVehicleGroup

    model = NewVehicleGroup if kind == "vehicle" else NewFenceGroup
    new = model(ref=ref, department=department, name_en=name[0], name_zh_hant=name[1])
    as_owner_do(lambda connection: add(new, connection))
    typer.echo(f"{kind} group {ref} is made: milepost group join {kind} {department}/{ref} …")


@group.command("list")
def list_groups(as_json: AsJson = False) -> None:
    """List the groups, and who is in them now or will be."""
    from tracker import reads

    async def read(connection: AsyncConnection) -> list[tuple[str, Row]]:
        return [
            (kind, row)
            for kind in ("vehicle", "fence")
            for row in await reads.groups(connection, kind)
        ]

    for kind, row in as_owner_do(read):
        if as_json:
            typer.echo(json.dumps({"kind": kind, **row}, ensure_ascii=False, default=str))
            continue
        ended = f"  ended {moment(row['ended_at'])}" if row["ended_at"] else ""
        members = " ".join(each["member"] for each in row["members"]) or "nobody"
        typer.echo(f"{kind:<8} {row['group']:<24} {members}{ended}")


@group.command("rename")
def rename_group(kind: Kind, group: GroupRef, name: Name) -> None:
    """Give a group other names."""
    from tracker.group_edits import rename

    names = {"en": name[0], "zh-Hant": name[1]}
    as_owner_do(lambda connection: rename(connection, kind, name_of(group), names))
    typer.echo(f"{kind} group {group} is renamed.")


@group.command("join")
def join_group(
    kind: Kind,
    group: GroupRef,
    members: Annotated[list[str], typer.Argument(help="Refs of vehicles or fences.")],
    *,
    since: Since = None,
) -> None:
    """Put vehicles or fences into a group, from now or a later time on."""
    from tracker.group_edits import add_members

    as_owner_do(
        lambda connection: add_members(
            connection, kind, name_of(group), members, since=aware(since)
        )
    )
    typer.echo(f"{len(members)} × {kind} in {group}.")


@group.command("leave")
def leave_group(
    kind: Kind, group: GroupRef, member: Annotated[str, typer.Argument()], *, at: At = None
) -> None:
    """Take a vehicle or fence out of a group."""
    from tracker.group_edits import remove_member

    as_owner_do(
        lambda connection: remove_member(connection, kind, name_of(group), member, at=aware(at))
    )
    typer.echo(f"{member} leaves {group}.")


@group.command("end")
def end_group(kind: Kind, group: GroupRef) -> None:
    """End a group, with who is in it and the scopes that go by it."""
    from tracker.group_edits import end_group as end

    as_owner_do(lambda connection: end(connection, kind, name_of(group)))
    typer.echo(f"{kind} group {group} has ended.")


VehiclesOption = Annotated[str, typer.Option(help="Ref of a group of vehicles.")]
FencesOption = Annotated[str, typer.Option(help="Ref of a group of fences that watch them.")]


@scope.command("add")
def add_scope(
    department: Department, vehicles: VehiclesOption, fences: FencesOption, *, since: Since = None
) -> None:
    """Let the fences of a group watch the vehicles of another."""
    from tracker.group_edits import begin_scope
    from tracker.rule_edits import NewScope

    new = NewScope(department=department, vehicles=vehicles, fences=fences)
    as_owner_do(lambda connection: begin_scope(connection, new, since=aware(since)))
    typer.echo(f"{fences} watches {vehicles} in {department}.")


@scope.command("end")
def end_scope(
    department: Department, vehicles: VehiclesOption, fences: FencesOption, *, at: At = None
) -> None:
    """End a scope: vehicles that nothing else watches are let go."""
    from tracker.group_edits import end_scope as end
    from tracker.rule_edits import NewScope

    ended = NewScope(department=department, vehicles=vehicles, fences=fences)
    as_owner_do(lambda connection: end(connection, ended, at=aware(at)))
    typer.echo(f"{fences} watches {vehicles} in {department} no more.")


@scope.command("list")
def list_scopes(as_json: AsJson = False) -> None:
    """List which fences watch which vehicles, now and later."""
    from tracker import reads

    for row in as_owner_do(reads.scopes):
        if as_json:
            typer.echo(json.dumps(row, ensure_ascii=False, default=str))
        else:
            typer.echo(f"{row['fences']:<24} watches {row['vehicles']}")
