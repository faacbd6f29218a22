"""`milepost device show`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import DeviceArgument, escaped, moment, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row


def show(
    device: DeviceArgument,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say how a device goes: online or not, its receiver, and what it noticed in the last day."""
    from tracker import reads
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import Unknown

    department, _, ref = device.partition("/")

    async def read(connection: AsyncConnection) -> tuple[Row, dict[str, Any]]:
        found = await reads.device(connection, department=department, ref=ref)
        if found is None:
            raise Unknown(f"(device {device})")
        return found, await reads.device_health(connection, device_id=found["id"])

    with database(DataFolder()) as addresses:
        found, health = run_as_owner(addresses, read)
    if as_json:
        notices = [each._asdict() for each in health["notices"]]
        shown = {**found, **health, "notices": notices}
        typer.echo(json.dumps(shown, default=str, ensure_ascii=False))
        return
    typer.echo("\n".join(_lines(found, health)))


def _lines(found: Row, health: Mapping[str, Any]) -> Iterator[str]:
    yield found["device"]
    for name, value in (
        ("vehicle", found["vehicle"] or "none now"),
        ("MMSI", found["mmsi"]),
        ("last heard", moment(found["last_heard_at"]) if found["last_heard_at"] else "never"),
        ("state", _state(health["state"])),
        ("antenna", health["antenna"]),
        ("satellites", health["satellites"]),
        ("no fix", f"since {moment(health['no_fix_since'])}" if health["no_fix_since"] else None),
    ):
        if value is not None:
            yield f"  {name:<11} {value}"
    for each in health["notices"]:
        what = f"{each.kind} {escaped(each.detail)}".strip()
        yield f"  {moment(each.since)} to {moment(each.until)}  {what}"


def _state(state: Mapping[str, Any] | None) -> str:
    if state is None:
        return "it never said"
    told = {
        "boot": state["boot"],
        "firmware": state["firmware"],
        "configuration": state["config_rev"],
        "refuses its configuration:": state["config_error"],
    }
    said = [f"{name} {escaped(str(value))}" for name, value in told.items() if value is not None]
    return ", ".join(
        [f"{'online' if state['online'] else 'offline'} since {moment(state['since'])}", *said]
    )
