"""`milepost device receipt`: which messages of a device are dealt with, durably."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import DeviceArgument, escaped, moment, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row


def receipt(
    device: DeviceArgument,
    boot: Annotated[str | None, typer.Option(help="Only this start of the device.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Say which messages of a device are dealt with for good, which were refused, which miss."""
    from tracker import reads
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import Unknown

    department, _, ref = device.partition("/")

    async def read(connection: AsyncConnection) -> tuple[Row, list[Row]]:
        found = await reads.device(connection, department=department, ref=ref)
        if found is None:
            raise Unknown(f"(device {device})")
        return found, await reads.receipts(connection, device_id=found["id"], boot=boot)

    with database(DataFolder()) as addresses:
        found, boots = run_as_owner(addresses, read)
    if as_json:
        typer.echo(json.dumps({"device": found["device"], "boots": boots}, default=_in_json))
        return
    vehicle = f"in {found['vehicle']}" if found["vehicle"] else "in no vehicle now"
    heard = found["last_heard_at"]
    typer.echo(f"{found['device']}  {vehicle}, {_heard(heard)}")
    for each in boots:
        typer.echo("\n".join(_lines(each)))
    if not boots:
        typer.echo("  no numbered message of it is dealt with: the first line is #boot,seq")


def _heard(at: Any) -> str:  # noqa: ANN401  a time of a row, or None
    return f"last heard {moment(at)}" if at is not None else "never heard"


def _lines(boot: Row) -> Iterator[str]:
    yield f"boot {escaped(boot['boot'])}  {moment(boot['first_at'])} to {moment(boot['last_at'])}"
    yield f"  durable up to  {boot['upto']}{_more(', also ', boot['also'])}"
    yield (
        f"  dealt with     {boot['dealt']} = {boot['stored']} stored whole"
        f" + {boot['refused']} with something refused"
        + (f" + {boot['suppressed']} of private times" if boot["suppressed"] else "")
    )
    if boot["missing"]:
        yield f"  missing        {boot['holes']}: {_listed(boot['missing'])}"
    if boot["refused_ranges"]:
        yield f"  refused        {_listed(boot['refused_ranges'])}"
    for reject in boot["rejects"]:
        later = reject["replayed_at"]
        state = f", stored later {moment(later)}" if later is not None else ""
        yield f"    {reject['seq']:>6}  {moment(reject['received_at'])}  {reject['reason']}{state}"


def _more(word: str, ranges: Sequence[tuple[int, int]]) -> str:
    return f"{word}{_listed(ranges)}" if ranges else ""


def _listed(ranges: Sequence[tuple[int, int]]) -> str:
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges)


def _in_json(value: Any) -> str:  # noqa: ANN401  what json does not know: times
    return str(value.isoformat())
