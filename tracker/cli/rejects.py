"""`milepost rejects list|replay`: what was refused, and reading it again."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import TIME_FORMATS, aware, escaped, moment, run_as_owner

if TYPE_CHECKING:
    from tracker.rejects import Which
    from tracker.settings import DatabaseSettings

group = typer.Typer(help="What was refused: list it, read it again.", no_args_is_help=True)

LOOK_EVERY_S = 0.5
RAW_SHOWN = 100  # characters of a line's end; --json shows all

DeviceOption = Annotated[
    str | None,
    typer.Option(metavar="DEPARTMENT/REF", help="Only what claims to be from this device."),
]
ReasonOption = Annotated[
    list[str] | None,
    typer.Option(help="Only what was refused for this; may be given several times."),
]
SinceOption = Annotated[
    datetime | None,
    typer.Option(
        formats=TIME_FORMATS,
        help="Only what arrived since then, UTC.",
    ),
]


@group.command("list")
def list_(
    device: DeviceOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="The newest so many.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
) -> None:
    """List what was refused, with the reason and the bytes; newest last."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.rejects import only_counted, rejects

    which = _which(device, reason, since)
    with database(DataFolder()) as addresses:
        rows = run_as_owner(addresses, lambda connection: rejects(connection, which, limit))
        days = run_as_owner(addresses, lambda connection: only_counted(connection, which))
    for row in rows:
        typer.echo(json.dumps(_as_json(row), ensure_ascii=False) if as_json else _line(row))
    for day in days:
        typer.echo(json.dumps(_as_json(day), ensure_ascii=False) if as_json else _day_line(day))
    if not (rows or days or as_json):
        typer.echo("Nothing was refused.")


@group.command()
def replay(
    device: DeviceOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be.")] = False,
    wait_s: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="For how it comes out.")
    ] = 30.0,
) -> None:
    """Read what was refused again, after its device was registered or assigned.

    Without --reason: unknown_device, unassigned, department and clock, which such edits can cure.
    The running service reads them; what can be stored now is stored late, with its events, once.
    """
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.rejects import ask_replay, replayable
    from tracker.sorting import CURABLE

    which = _which(device, reason or [*CURABLE], since)
    with database(DataFolder()) as addresses:
        if dry_run:
            found = run_as_owner(addresses, lambda connection: replayable(connection, which))
            for row in found:
                who = escaped(row["device"] or "-")
                typer.echo(f"{row['count']:>7}  {row['reason']:<16}  {who}")
            typer.echo(f"{sum(row['count'] for row in found)} rejects would be read again.")
            return
        ids = run_as_owner(addresses, lambda connection: ask_replay(connection, which))
        state = _wait(addresses, ids, wait_s)
    typer.echo(
        f"Read again: {state['stored']} stored now, {state['refused']} refused again for the"
        " same reason or another."
    )
    if state["waiting"]:
        typer.echo(f"{state['waiting']} wait for ingest: milepost run, milepost status.")


def _wait(addresses: DatabaseSettings, ids: list[int], wait_s: float) -> dict[str, int]:
    from tracker.rejects import replay_state

    deadline_s = time.monotonic() + wait_s
    while True:
        state = run_as_owner(addresses, lambda connection: replay_state(connection, ids))
        if not state["waiting"] or time.monotonic() > deadline_s:
            return state
        time.sleep(LOOK_EVERY_S)


def _which(device: str | None, reasons: list[str] | None, since: datetime | None) -> Which:
    from tracker.rejects import Which

    return Which(device=device, reasons=reasons or None, since=aware(since))


def _line(row: Mapping[str, Any]) -> str:
    who = escaped(row["device"] or row["topic"] or row["source"])
    number = f"#{escaped(row['boot'])},{row['seq']}" if row["boot"] else "-"
    raw = escaped(row["raw"])
    raw = raw if len(raw) <= RAW_SHOWN else f"{raw[:RAW_SHOWN]}… ({len(row['raw'])} bytes)"
    state = ""
    if row["replayed_at"] is not None:
        state = f"  (stored later, {moment(row['replayed_at'])})"
    elif row["replay_asked_at"] is not None:
        state = "  (waits to be read again)"
    return (
        f"{moment(row['received_at'])}  {who:<20}  {number:<12}  {row['reason']:<14}  {raw}{state}"
    )


def _day_line(day: Mapping[str, Any]) -> str:
    return (
        f"{day['day']}  {escaped(day['sender'])}: {day['refused']} refused,"
        f" {day['only_counted']} of them only counted"
    )


def _as_json(row: Mapping[str, Any]) -> dict[str, Any]:
    """As JSON has it: bytes escaped for people, and in base64 for programs."""
    told: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, bytes):
            told[name] = escaped(value)
            told[f"{name}_base64"] = base64.b64encode(value).decode()
        else:
            told[name] = value.isoformat() if hasattr(value, "isoformat") else value
    return told
