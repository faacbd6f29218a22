"""`milepost alert list|show|ack|assign|note|snooze|close|reopen`: alerts and their life."""

from __future__ import annotations

import getpass
import json
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from tracker.cli.shared import TIME_FORMATS, aware, escaped, moment, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


group = typer.Typer(help="Alerts: what wants a person, and what was done.", no_args_is_help=True)

Ids = Annotated[list[UUID], typer.Argument(metavar="ID…", help="One or more alerts.")]
Note = Annotated[str | None, typer.Option("--note", help="In your own words.")]
By = Annotated[str | None, typer.Option("--by", help="Who does it; without: your user name here.")]


@group.command("list")
def list_(
    state: Annotated[
        str | None, typer.Option(help="open, acknowledged or closed; without: all.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
) -> None:
    """List alerts, newest last."""
    from tracker.reads import alerts

    rows = _do(lambda connection: alerts(connection, state=state, limit=limit))
    for row in reversed(rows):
        typer.echo(_json(row) if as_json else _line(row))
    if not rows and not as_json:
        typer.echo("No alerts.")


@group.command()
def show(
    alert_id: Annotated[UUID, typer.Argument(metavar="ID")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show one alert and all that was done to it."""
    row, changes = _do(lambda connection: _read(connection, alert_id))
    if as_json:
        typer.echo(_json({**row, "changes": changes}))
        return
    for name, value in row.items():
        if value is not None:
            typer.echo(f"{name:<16} {_text(value)}")
    for change in changes:
        note = f": {escaped(change['note'])}" if change["note"] else ""
        detail = " ".join(f"{key} {_text(value)}" for key, value in change["detail"].items())
        by = escaped(change["by"] or "Milepost")
        typer.echo(f"{moment(change['at'])}  {change['what']} {detail} by {by}{note}")


@group.command()
def ack(ids: Ids, note: Note = None, by: By = None) -> None:
    """Acknowledge: say that somebody has seen it."""
    _change(ids, {"what": "acknowledged", "note": note}, by)


@group.command()
def assign(
    ids: Ids,
    to: Annotated[str | None, typer.Option("--to", help="To whom; without: to nobody.")] = None,
    note: Note = None,
    by: By = None,
) -> None:
    """Say whose it is."""
    _change(ids, {"what": "assigned", "to": to, "note": note}, by)


@group.command("note")
def note_(
    ids: Ids, note: Annotated[str, typer.Option("--note", help="The words.")], by: By = None
) -> None:
    """Say something about it."""
    _change(ids, {"what": "noted", "note": note}, by)


@group.command()
def snooze(
    ids: Ids,
    until: Annotated[
        datetime | None,
        typer.Option(formats=TIME_FORMATS, help="Until then, UTC; without: wake it."),
    ] = None,
    note: Note = None,
    by: By = None,
) -> None:
    """Let it sleep, for seven days at most: until then it is not escalated."""
    _change(ids, {"what": "snoozed", "until": aware(until), "note": note}, by)


@group.command()
def close(
    ids: Ids,
    reason: Annotated[str, typer.Option(help="handled, false or duplicate.")] = "handled",
    note: Note = None,
    by: By = None,
) -> None:
    """Close it; `false` counts against its rule's precision."""
    _change(ids, {"what": "closed", "reason": reason, "note": note}, by)


@group.command()
def reopen(ids: Ids, note: Note = None, by: By = None) -> None:
    """Open it again."""
    _change(ids, {"what": "reopened", "note": note}, by)


def _change(ids: list[UUID], said: Mapping[str, Any], by: str | None) -> None:
    """Do it to each, all or nothing."""
    from tracker.alert_life import Change, change

    who = by or getpass.getuser()
    wanted = Change(**said)

    async def work(connection: AsyncConnection) -> None:
        # In one order, so that two who do this at once do not wait for each other.
        for alert_id in sorted(ids):
            await change(connection, alert_id, wanted, by=who)

    _do(work)
    typer.echo(f"{wanted.what}: {len(ids)} alert{'s' if len(ids) > 1 else ''}.")


async def _read(
    connection: AsyncConnection, alert_id: UUID
) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
    from tracker.errors import Unknown
    from tracker.reads import alert_changes, alerts_by_id

    rows = await alerts_by_id(connection, [alert_id])
    if not rows:
        raise Unknown(f"(alert {alert_id})")
    return rows[0], await alert_changes(connection, alert_id)


def _do(work: Any) -> Any:  # noqa: ANN401  whatever the work gives
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        return run_as_owner(addresses, work)


def _line(row: Mapping[str, Any]) -> str:
    more = [row["close_reason"] or "", f"+{row['suppressed']}" if row["suppressed"] else ""]
    if row["event_status"] == "withdrawn":
        more.append("(event withdrawn)")
    if row["escalated_at"] is not None:
        more.append("(escalated)")
    at = moment(row["time"] or row["not_after"])
    return (
        f"{row['id']}  {at}  {row['state']:<12}  {row['severity']:<8}  {row['kind']:<7}"
        f"  {row['vehicle']}  {row['fence']}  {' '.join(each for each in more if each)}"
    ).rstrip()


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, dict):
        return " / ".join(escaped(str(each)) for each in value.values())
    return escaped(str(value))


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(
        dict(row),
        ensure_ascii=False,
        default=lambda value: value.isoformat() if hasattr(value, "isoformat") else str(value),
    )
