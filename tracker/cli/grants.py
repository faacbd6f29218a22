"""`milepost grant ask|approve|add|list|show|revoke`: what one department sees of another."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from tracker.cli.shared import TIME_FORMATS, as_owner_do, aware, escaped, me, moment, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.grants import NewGrant

group = typer.Typer(
    help="Grants: one department lets another see some of its vehicles, for a purpose, until a"
    " time.",
    no_args_is_help=True,
)

GrantId = Annotated[UUID, typer.Argument(metavar="ID", help="As `grant list` shows it.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; without: your user name here.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines.")]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is asked for."""

    owner: Annotated[str, typer.Argument(metavar="FROM", help="Whose vehicles they are: FSD.")]
    viewer: Annotated[str, typer.Argument(metavar="TO", help="Who is to see them: AFCD.")]
    purpose: Annotated[str, typer.Option(help="What for, in your own words.")]
    until: Annotated[
        datetime, typer.Option(formats=TIME_FORMATS, help="Until when, UTC: 366 days at most.")
    ]
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=TIME_FORMATS, help="Fixes from then on; without: now."),
    ] = None
    level: Annotated[
        str,
        typer.Option(
            help="position; blurred (a cell of 1 km, each ten minutes); or presence (in or out of"
            " the fences named)."
        ),
    ] = "position"
    vehicles: Annotated[
        list[str] | None, typer.Option("--vehicle", help="FSD/AMB-1; several times.")
    ] = field(default=None)
    groups: Annotated[
        list[str] | None, typer.Option("--group", help="A group of vehicles: FSD/pumps.")
    ] = field(default=None)
    fences: Annotated[
        list[str] | None,
        typer.Option("--fence", help="Tell who enters and leaves: FSD/depot."),
    ] = field(default=None)
    area: Annotated[
        Path | None,
        typer.Option(help="A file with a Polygon of GeoJSON: only what happens in it."),
    ] = None
    hours: Annotated[
        str | None,
        typer.Option(help="Only then: `mon-fri 08:00-18:00, sat 09:00-13:00`, local time."),
    ] = None
    legal_basis: Annotated[str | None, typer.Option(help="The law or agreement.")] = None
    by: By = None


def _ask(said: Options) -> None:
    """Ask for a grant: nothing is seen before another person approves it."""
    from tracker import grants

    new, who = _new(said), said.by or me()
    made = as_owner_do(lambda connection: grants.ask(connection, new, by=who))
    typer.echo(f"{made} is asked for. `milepost grant approve {made}` says yes.")


@dataclass(frozen=True, kw_only=True)
class AddOptions(Options):
    """What is granted at once, and who approved it."""

    approver: Annotated[str, typer.Option(help="Who approved it: another person than asks (--by).")]


def _add(said: AddOptions) -> None:
    """Ask for a grant that another person has approved: it is in force at once."""
    from tracker import grants

    new, who = _new(said), said.by or me()

    async def work(connection: AsyncConnection) -> UUID:
        made = await grants.ask(connection, new, by=who)
        await grants.approve(connection, made, by=said.approver)
        return made

    typer.echo(f"{as_owner_do(work)} is granted, until {moment(new.valid_until)}.")


group.command("ask")(takes(Options)(_ask))
group.command("add")(takes(AddOptions)(_add))


@group.command()
def approve(grant_id: GrantId, by: By = None) -> None:
    """Say yes to a grant, as another person than asked for it."""
    from tracker import grants

    who = by or me()
    as_owner_do(lambda connection: grants.approve(connection, grant_id, by=who))
    typer.echo(f"{grant_id} is approved.")


@group.command()
def revoke(
    grant_id: GrantId,
    why: Annotated[str | None, typer.Option(help="In your own words.")] = None,
    by: By = None,
) -> None:
    """End a grant at once, wherever it is being looked at; or refuse what was asked."""
    from tracker import grants

    who = by or me()
    as_owner_do(lambda connection: grants.revoke(connection, grant_id, by=who, why=why))
    typer.echo(f"{grant_id} is revoked: nothing is seen through it any more.")


@group.command("list")
def list_(as_json: AsJson = False) -> None:
    """List grants, the newest first."""
    from tracker import grants

    rows = as_owner_do(grants.grants)
    for row in rows:
        typer.echo(_json(row) if as_json else _line(row))
    if not rows and not as_json:
        typer.echo("No grants.")


@group.command()
def show(grant_id: GrantId, as_json: AsJson = False) -> None:
    """Show all of one grant."""
    from tracker import grants
    from tracker.errors import Unknown

    rows = as_owner_do(lambda connection: grants.grants(connection, grant_id=grant_id))
    if not rows:
        raise Unknown(f"(grant {grant_id})")
    if as_json:
        typer.echo(_json(rows[0]))
        return
    for name, value in rows[0].items():
        if value not in (None, []):
            typer.echo(f"{name:<15} {_text(value)}")


def _new(said: Options) -> NewGrant:
    from pydantic import ValidationError

    from tracker.errors import BadInput
    from tracker.grants import NewGrant

    try:
        return NewGrant.model_validate(
            {
                **{name: getattr(said, name) for name in ("owner", "viewer", "level", "hours")},
                **{name: getattr(said, name) for name in ("purpose", "legal_basis")},
                "vehicles": said.vehicles or [],
                "vehicle_groups": said.groups or [],
                "fences": said.fences or [],
                "area": None if said.area is None else json.loads(said.area.read_text("utf-8")),
                "valid_from": aware(said.since),
                "valid_until": aware(said.until),
            }
        )
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"{faults}.") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"({said.area}: {error})") from None


def _line(row: Mapping[str, Any]) -> str:
    of = ", ".join((*row["vehicles"], *(f"group {each}" for each in row["vehicle_groups"])))
    return (
        f"{row['id']}  {row['state']:<8}  {row['from']} → {row['to']}  {row['level']:<8}"
        f"  until {moment(row['valid_until'])}  {of}: {escaped(row['purpose'])}"
    )


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return escaped(json.dumps(value) if isinstance(value, dict) else str(value))


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(
        dict(row),
        ensure_ascii=False,
        default=lambda value: value.isoformat() if isinstance(value, datetime) else str(value),
    )
