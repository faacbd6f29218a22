"""`milepost retention …` and `milepost hold …`: how long things are kept, and what must stay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import TIME_FORMATS, as_owner_do, aware, escaped, me, moment

if TYPE_CHECKING:
    from tracker.keeping.plan import PartitionPlan

retention = typer.Typer(
    help="What is past its time leaves: look, let it go, see what went.", no_args_is_help=True
)
hold = typer.Typer(help="Legal holds: what nobody may delete.", no_args_is_help=True)

MEGABYTE = 2**20
JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines.")]
Who = Annotated[str, typer.Argument(metavar="DEPARTMENT[/VEHICLE]", help="FSD, or FSD/AMB-1.")]


@retention.command("plan")
def plan_(as_json: JsonOption = False) -> None:
    """Say what would go now and why the rest stays. Nothing is changed."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.keeping.plan import planned

    with database(DataFolder()) as addresses:
        found = asyncio.run(planned(addresses.require("milepost_owner")))
    for each in found:
        typer.echo(json.dumps(_plan_json(each)) if as_json else "\n".join(_plan_lines(each)))
    if not found and not as_json:
        typer.echo("Nothing is past its retention.")


@retention.command("run")
def run_() -> None:
    """Let everything go that is past its retention and not held. The worker does it daily."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.keeping.retention import run

    with database(DataFolder()) as addresses:
        outcome = asyncio.run(run(addresses.require("milepost_owner"), run_by=me()))
    for what, rows in sorted(_by_what(outcome.rows).items()):
        typer.echo(f"{what:<18} {rows:>10}")
    typer.echo(f"{len(outcome.left)} partitions have left: {', '.join(outcome.left) or 'none'}.")
    for error in outcome.errors:
        typer.echo(f"Not done: {error}.", err=True)
    raise typer.Exit(1 if outcome.errors else 0)


@retention.command("log")
def log_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The last so many runs.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List what left in the last runs, of which department, with counts."""
    from tracker.keeping import policy

    rows = as_owner_do(lambda connection: policy.runs(connection, limit))
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, default=str))
        return
    for line in _log_lines(rows):
        typer.echo(line)
    if not rows:
        typer.echo("Retention has not run yet: milepost retention run, or leave it to the worker.")


@retention.command("default")
def default(
    days: Annotated[int, typer.Argument(min=1, help="Days, for departments without their own.")],
) -> None:
    """Set how long data are kept where a department says nothing else (at first: 400 days)."""
    from tracker.keeping import policy

    as_owner_do(lambda connection: policy.keep_for(connection, None, days))
    typer.echo(f"Departments without a number of their own keep {days} days.")


def _by_what(rows: Mapping[tuple[str, int | None], int]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for (what, _), count in rows.items():
        name = "fix, by partition" if what == "partition" else what
        totals[name] = totals.get(name, 0) + count
    return totals


def _plan_lines(each: PartitionPlan) -> Iterator[str]:
    partition = each.partition
    verdict = "leaves as a whole" if each.whole else "stays"
    yield (
        f"{partition.name}  {partition.starts_at:%Y-%m-%d} to {partition.ends_at:%Y-%m-%d}"
        f"  {partition.bytes / MEGABYTE:.1f} MB  {verdict}"
    )
    for of in each.departments:
        held = f", {of.held} held" if of.held else ""
        yield f"  {of.department:<12} {of.rows:>10} rows: {of.going} go{held}"
    for reason in each.stays:
        yield f"  because {escaped(reason)}"


def _plan_json(each: PartitionPlan) -> dict[str, Any]:
    return {
        "partition": each.partition.name,
        "from": each.partition.starts_at.isoformat(),
        "to": each.partition.ends_at.isoformat(),
        "bytes": each.partition.bytes,
        "leaves": each.whole,
        "departments": {
            of.department: {"rows": of.rows, "go": of.going, "held": of.held}
            for of in each.departments
        },
        "stays_because": each.stays,
    }


def _log_lines(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    shown = None
    for row in rows:
        if row["id"] != shown:
            shown = row["id"]
            ended = f"to {moment(row['ended_at'])}" if row["ended_at"] else "and did not end"
            yield f"run {shown}  {moment(row['started_at'])} {ended}, by {escaped(row['run_by'])}"
            if row["error"]:
                yield f"  not done: {escaped(row['error'])}"
        if row["what"] is not None:
            what = row["partition"] or row["what"]
            yield f"  {what:<18} {row['department'] or '-':<12} {row['rows']:>10} rows"
        elif not row["error"]:
            yield "  nothing was past its time"


@hold.command("place")
def place(
    who: Who,
    since: Annotated[datetime, typer.Option("--from", formats=TIME_FORMATS, help="UTC; included.")],
    until: Annotated[datetime, typer.Option("--to", formats=TIME_FORMATS, help="Not included.")],
    reason: Annotated[str, typer.Option(help="Why: a case, an order.")],
    by: Annotated[str | None, typer.Option(help="Who orders it; without: who types it.")] = None,
) -> None:
    """Hold what a department or one vehicle left behind in a time: nothing of it is deleted."""
    from tracker.keeping import holds

    number = as_owner_do(
        lambda connection: holds.place(
            connection,
            who,
            since=aware(since),
            until=aware(until),
            reason=reason,
            by=by or me(),
        )
    )
    typer.echo(f"hold {number} is in force on {who}.")


@hold.command("lift")
def lift(
    number: Annotated[int, typer.Argument(help="Its number, as `hold list` has it.")],
    by: Annotated[str | None, typer.Option(help="Who orders it; without: who types it.")] = None,
) -> None:
    """End a hold: what is past its retention goes with the next run."""
    from tracker.keeping import holds

    as_owner_do(lambda connection: holds.lift(connection, number, by=by or me()))
    typer.echo(f"hold {number} is lifted.")


@hold.command("list")
def list_(
    lifted: Annotated[bool, typer.Option("--all", help="Lifted ones too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the holds in force."""
    from tracker.keeping import holds

    rows = as_owner_do(lambda connection: holds.holds(connection, lifted=lifted))
    for row in rows:
        typer.echo(json.dumps(row, default=str) if as_json else _hold_line(row))
    if not rows and not as_json:
        typer.echo("No hold is in force.")


def _hold_line(row: Mapping[str, Any]) -> str:
    ended = (
        f"; lifted {moment(row['lifted_at'])} by {escaped(row['lifted_by'])}"
        if row["lifted_at"]
        else ""
    )
    return (
        f"{row['id']:>4}  {row['on']:<16}  {moment(row['since'])} to {moment(row['until'])}"
        f"  by {escaped(row['placed_by'])}: {escaped(row['reason'])}{ended}"
    )
