"""`milepost webhook add|list|test|rotate|off|on|dead|replay`: who is told, and how that goes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import escaped, moment, run_as_owner, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

group = typer.Typer(
    help="Who is told of events and alerts: webhooks, CAP, MQTT, e-mail.", no_args_is_help=True
)

LOOK_EVERY_S = 0.2

FullRef = Annotated[
    str, typer.Argument(metavar="DEPARTMENT/REF", help="The subscription: FSD/control-room.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON lines.")]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `webhook add` is told."""

    full_ref: FullRef
    target: Annotated[
        str, typer.Argument(help="A URL, or mail addresses apart by commas; nothing for mqtt.")
    ] = ""
    kind: Annotated[str, typer.Option(help="webhook, cap, mqtt or email.")] = "webhook"
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Only this: milepost.fence.*; several times. Without: all."),
    ] = field(default=None)
    severities: Annotated[
        list[str] | None, typer.Option("--severity", help="Only with alerts of this.")
    ] = field(default=None)
    rules: Annotated[
        list[str] | None, typer.Option("--rule", help="Only with alerts of this: FSD/border.")
    ] = field(default=None)
    vehicles: Annotated[
        list[str] | None, typer.Option("--vehicle", help="Only of this vehicle: FSD/AMB-1.")
    ] = field(default=None)


@takes(Options)
def add(said: Options) -> None:
    """Tell a receiver of what happens from now on; a webhook's secret is shown this once."""
    from pydantic import ValidationError

    from tracker import subscriptions
    from tracker.errors import BadInput

    department, _, ref = said.full_ref.partition("/")
    row = {key: value for key, value in asdict(said).items() if value is not None}
    del row["full_ref"]
    try:
        new = subscriptions.NewSubscription.model_validate(
            {**row, "ref": ref, "department": department}
        )
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"{faults}.") from None
    added = _do(lambda connection: subscriptions.add(connection, new))
    typer.echo(f"{said.full_ref} is told from now on.")
    if new.kind == "mqtt":
        typer.echo(
            f"Its reader signs in at the broker as gov-out/{said.full_ref}, for the topics"
            f" gov-out/1/{department}/#, with this password, shown only now:\n\n  {added.secret}\n"
        )
    elif added.secret is not None:
        typer.echo(f"It checks signatures with this secret, shown only now:\n\n  {added.secret}\n")


group.command("add")(add)


@group.command("list")
def list_(as_json: AsJson = False) -> None:
    """List who is told, what waits and what was given up."""
    from tracker import subscriptions

    rows = _do(subscriptions.subscriptions)
    for row in rows:
        typer.echo(_json(row) if as_json else _line(row))
    if not rows and not as_json:
        typer.echo("Nobody is told: milepost webhook add --help")


@group.command("test")
def try_(
    full_ref: FullRef,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="For how it goes.")
    ] = 15.0,
) -> None:
    """Send something that happened nowhere, and say how it went."""
    from tracker import subscriptions

    number = _do(lambda connection: subscriptions.send_test(connection, full_ref))
    deadline_s = time.monotonic() + wait_s
    while True:
        went = _do(lambda connection: subscriptions.how_it_went(connection, full_ref, number))
        if went["state"] != "waiting" or went["last_error"] or time.monotonic() > deadline_s:
            break
        time.sleep(LOOK_EVERY_S)
    error = f": {escaped(went['last_error'])}" if went["last_error"] else ""
    typer.echo(f"{full_ref}: {went['state']} after {went['attempts']} attempts{error}")
    raise typer.Exit(went["state"] != "sent")


@group.command()
def rotate(full_ref: FullRef) -> None:
    """Make another secret, shown this once; for a day the one of before signs too."""
    from tracker import subscriptions

    secret = _do(lambda connection: _rotate(connection, full_ref))
    hours = subscriptions.BOTH_SIGN.total_seconds() / 3600
    typer.echo(
        f"For {hours:g} hours both sign; a reader's password of before, for MQTT, has ended."
        f" The new one, shown only now:\n\n  {secret}\n"
    )


@group.command()
def off(full_ref: FullRef) -> None:
    """Tell it nothing more."""
    _switch(full_ref, on=False)


@group.command()
def on(full_ref: FullRef) -> None:
    """Tell it again, of what waited and of what happens from now on."""
    _switch(full_ref, on=True)


@group.command()
def dead(full_ref: FullRef, as_json: AsJson = False) -> None:
    """List what was given up, with the reason; newest last."""
    from tracker import subscriptions

    rows = _do(lambda connection: subscriptions.dead_letters(connection, full_ref))
    for row in rows:
        line = (
            f"{row['number']:>8}  {moment(row['created_at'])}  {row['type']}"
            f"  {row['vehicle'] or '-'}  {row['attempts']} attempts:"
            f" {escaped(row['last_error'] or '')}"
        )
        typer.echo(_json(row) if as_json else line)
    if not rows and not as_json:
        typer.echo("Nothing was given up.")


@group.command()
def replay(
    full_ref: FullRef,
    number: Annotated[
        list[int] | None, typer.Option("--number", help="Only this; several times. Without: all.")
    ] = None,
) -> None:
    """Try dead letters again, after the receiver was mended."""
    from tracker import subscriptions

    count = _do(lambda connection: subscriptions.replay(connection, full_ref, number))
    typer.echo(f"{count} dead letters wait again.")


def _switch(full_ref: str, *, on: bool) -> None:
    from tracker import subscriptions

    _do(lambda connection: subscriptions.switch(connection, full_ref, on=on))
    typer.echo(f"{full_ref} is {'on' if on else 'off'}.")


async def _rotate(connection: AsyncConnection, full_ref: str) -> str:
    from tracker import subscriptions
    from tracker.connect import set_scope

    await set_scope(connection, await subscriptions.department_ids(connection, full_ref))
    return await subscriptions.rotate(connection, full_ref)


def _do(work: Any) -> Any:  # noqa: ANN401  whatever the work gives
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        return run_as_owner(addresses, work)


def _line(row: Mapping[str, Any]) -> str:
    state = "on" if row["disabled_at"] is None else f"off ({row['disabled_reason'] or 'by hand'})"
    only = [*row["types"], *row["severities"], *row["rules"], *row["vehicles"]]
    error = f"  {escaped(row['last_error'])}" if row["last_error"] else ""
    return (
        f"{row['subscription']:<24}  {row['kind']:<8}  {state}  {escaped(row['target'])}"
        f"  {' '.join(only) or 'everything'}  {row['waiting']} waiting, {row['dead']} dead{error}"
    )


def _json(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row), ensure_ascii=False, default=str)
