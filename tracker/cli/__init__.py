"""The verbs of the tracker: init, migrate, status, the registry's, and those of files beside."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli import (
    alerts,
    assign,
    audit,
    backtest,
    contractor,
    duty,
    export,
    grants,
    journal,
    keeping,
    keys,
    private,
    receipt,
    rejects,
    shards,
    show,
    subscriptions,
    tracks,
    usage,
    users,
    where,
    worker,
)
from tracker.cli import groups as groups_
from tracker.cli.panels import INNER, QUESTIONS, REGISTERED, SERVICE
from tracker.cli.registry import mount
from tracker.cli.shared import DataOption, escaped, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from geo.shapes import Territory
    from tracker.data_folder import DataFolder
    from tracker.install import Status

#: A commit that takes longer is worth a word.
LONG_COMMIT_S = 5.0

app = typer.Typer()
#: By kind (`device`, …): another folder's verbs about such a thing go in here.
groups = mount(app)
groups["device"].command("assign")(assign.assign)
groups["device"].command("receipt")(receipt.receipt)
groups["device"].command("show")(show.show)
groups["vehicle"].command("duty")(duty.duty)
groups["vehicle"].command("contractor")(contractor.contractor)
groups["department"].command("retention")(private.retention)
groups["department"].command("off-duty")(private.off_duty)
groups["vehicle"].command("private")(private.private)
groups["vehicle"].command("presence")(private.presence)
for name, group in {
    "group": groups_.group,
    "scope": groups_.scope,
    "alert": alerts.group,
    "webhook": subscriptions.group,
    "grant": grants.group,
    "user": users.group,
    "key": keys.group,
}.items():
    app.add_typer(group, name=name, rich_help_panel=REGISTERED)
for name, verb in {
    "where": where.where,
    "near": where.near,
    "track": tracks.track,
    "visits": tracks.visits,
    "trips": journal.trips,
    "days": journal.days,
    "export": export.export,
    "backtest": backtest.backtest,
}.items():
    app.command(name, rich_help_panel=QUESTIONS)(verb)
for name, group in {
    "rejects": rejects.group,
    "audit": audit.group,
    "retention": keeping.retention,
    "hold": keeping.hold,
    "shard": shards.group,
}.items():
    app.add_typer(group, name=name, rich_help_panel=SERVICE)
app.command(rich_help_panel=SERVICE)(usage.usage)
app.command(rich_help_panel=SERVICE)(users.demo)
app.command(rich_help_panel=INNER)(worker.worker)


@app.command(rich_help_panel=INNER)
def migrate(
    data: DataOption = None,
    print_superuser_sql: Annotated[
        bool,
        typer.Option(
            "--print-superuser-sql",
            help="Only print what a database administrator must run where Milepost has no"
            " superuser (MILEPOST_DATABASE_SUPERUSER_URL).",
        ),
    ] = False,
) -> None:
    """Bring the database to this version's schema. Safe to run again."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.schema import migrate as bring
    from tracker.schema import superuser_sql

    if print_superuser_sql:
        typer.echo(superuser_sql())
        return
    with database(DataFolder(data)) as addresses:
        revision = asyncio.run(
            bring(addresses.require("milepost_owner"), addresses.address("postgres"))
        )
    typer.echo(f"The schema stands at {revision}.")


@app.command(rich_help_panel=SERVICE)
def init(
    data: DataOption = None,
    name_en: Annotated[str, typer.Option(help="The government's name in English.")] = "Milepost",
    name_zh_hant: Annotated[str, typer.Option(help="And in Traditional Chinese.")] = "",
    demo: Annotated[
        bool, typer.Option("--demo", help="Let anyone on this machine sign in without a password.")
    ] = False,
    territory: Annotated[
        str | None,
        typer.Option(
            metavar="WEST,SOUTH,EAST,NORTH",
            help="The box, in degrees, that fences must lie in: 113.8,22.1,114.5,22.6.",
        ),
    ] = None,
) -> None:
    """Make an empty service, and the administrator's key, which is shown this once."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.schema import migrate as bring

    name = {"en": name_en, "zh-Hant": name_zh_hant or name_en}
    box = None if territory is None else _territory(territory)
    with database(DataFolder(data)) as addresses:
        asyncio.run(bring(addresses.require("milepost_owner"), addresses.address("postgres")))

        async def begin(connection: AsyncConnection) -> str | None:
            from tracker.audit.key import ensure_key
            from tracker.install import set_name
            from tracker.people import add_key, has_keys

            ensure_key(DataFolder(data))

            await set_name(connection, name, demo=demo, territory=box)
            if demo or await has_keys(connection):
                return None
            roles = ["platform@*", "administrator@*"]
            return await add_key(connection, label="first administrator", roles=roles, days=365)

        key = run_as_owner(addresses, begin)
    typer.echo("The service is ready and empty.")
    if key is not None:
        typer.echo(f"The platform office's key, shown only now (valid for a year):\n\n  {key}\n")
    typer.echo(
        "Next: milepost department add, vehicle add, device add, user add; then milepost run."
    )


def _territory(said: str) -> Territory:
    from geo.shapes import Territory

    try:
        west, south, east, north = (float(part) for part in said.split(","))
    except ValueError:
        raise typer.BadParameter(f"{said} is not WEST,SOUTH,EAST,NORTH.") from None
    return Territory(west, south, east, north)


@app.command(rich_help_panel=SERVICE)
def status(data: DataOption = None) -> None:
    """Say how the service goes: addresses, what is registered, what arrives."""
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import DatabaseUnreachable
    from tracker.install import status as read

    folder = DataFolder(data)
    try:
        with database(folder) as addresses:
            found = run_as_owner(addresses, read)
    except DatabaseUnreachable as error:
        lines = [*_places(folder), f"database   away: {error}", *_without_database(folder)]
        typer.echo("\n  ".join(["Milepost", *lines]))
        raise typer.Exit(1) from None
    typer.echo(f"{found.name.get('en', 'Milepost')} ({found.name.get('zh-Hant', '')})")
    registered = ", ".join(f"{n} {table}" for table, n in found.counts.items())
    warnings = [f"warning    {said}" for said in found.warnings]
    lines = [*_places(folder), f"registered {registered}", *_arriving(found)]
    for line in [*lines, *_told(found), *warnings]:
        typer.echo(f"  {line}")


def _served(found: Status, shard: int) -> str:
    """By whom, and since when."""
    served = found.served.get(shard)
    return f"served by {served[0]} since {served[1]}" if served else "served by nobody"


def _told(found: Status) -> list[str]:
    """Receivers that have not taken all; how many there are."""
    if not found.tellings:
        return []
    behind = [row for row in found.tellings if row["waiting"] or row["dead"]]
    lines = [f"telling    {len(found.tellings)} subscriptions, {len(behind)} have not taken all"]
    for row in behind:
        counts = f"{row['waiting']} wait ({row['failing']} tried), {row['dead']} dead letters"
        why = f": {escaped(row['last_error'])}" if row["last_error"] else ""
        lines.append(f"           {row['subscription']}: {counts}{why}")
    return lines


def _refused_by_broker(counts: Mapping[str, Any]) -> list[str]:
    """What never reached ingest, and whose it was; nothing where there is nothing."""
    told = {
        "oversized": "over 256 KiB",
        "not_authorised": "not signed in",
        "denied": "on a topic not their own",
    }
    said = [f"{counts[key]} {words}" for key, words in told.items() if counts.get(key)]
    if not said:
        return []
    clients = Counter({name: sum(each.values()) for name, each in counts["clients"].items()})
    worst = ", ".join(f"{escaped(name)} {count}" for name, count in clients.most_common(5))
    return [f"broker     refused {', '.join(said)}; most of {worst}"]


def _places(folder: DataFolder) -> list[str]:
    """Whether it runs, and where."""
    if folder.holder() is None:
        return ["service    not running: milepost run"]
    ports = folder.ports()
    return [
        "service    running",
        *([f"MQTT       127.0.0.1:{ports['mqtt']}"] if "mqtt" in ports else []),
        *([f"web        http://127.0.0.1:{ports['web']}/"] if "web" in ports else []),
    ]


def _without_database(folder: DataFolder) -> list[str]:
    """What ingest says of itself while the database is away."""
    from tracker.health_file import read_health

    lines = []
    for said in read_health(folder.run):
        if name := said.get("unreadable"):
            lines.append(f"ingest     {name} cannot be read")
            continue
        age_s = (datetime.now(UTC) - said["at"]).total_seconds()
        lines.append(f"ingest     heard {age_s:.0f} s ago: {said['accepted']} fixes stored")
        lines += _held_up(said)
    return lines


def _held_up(counters: Mapping[str, Any]) -> list[str]:
    """Why ingest acknowledges nothing now, if so."""
    if since := counters.get("database_away_since"):
        return [f"           nothing is acknowledged: the database is away since {since}"]
    waits_s = counters.get("commit_waits_s", 0.0)
    if waits_s < LONG_COMMIT_S:
        return []
    return [f"           nothing is acknowledged: a commit has been waiting for {waits_s:.0f} s"]


def _arriving(found: Status) -> list[str]:
    """What comes in, in sentences."""
    newest = found.newest_fix_at
    if newest is None:
        lines = ["fixes      none yet"]
    else:
        age_s = (found.now - newest).total_seconds()
        lines = [f"newest fix {newest:%Y-%m-%d %H:%M:%S}Z, {age_s:.0f} s ago"]
    online, offline = (found.online.get(is_so, 0) for is_so in (True, False))
    if online or offline:
        lines.append(f"devices    {online} online, {offline} offline, by their own word")
    for shard in found.ingest:
        counters = shard["counters"]
        heard_s = (found.now - shard["at"]).total_seconds()
        refused = sum(counters.get("rejected", {}).values())
        lines.append(
            f"ingest     shard {shard['shard']}, {_served(found, shard['shard'])}, "
            f"heard {heard_s:.0f} s ago, {counters.get('commit_lag_s', 0):.1f} s behind: "
            f"{counters.get('accepted', 0)} fixes stored, "
            f"{counters.get('implausible', 0)} implausible, {refused} refused, "
            f"{counters.get('suppressed', 0)} suppressed, "
            f"{counters.get('alerts', 0)} alerts"
        )
        if waiting := counters.get("past_waiting"):
            lines.append(f"           late fixes of {waiting} vehicles are being gone over")
        for source, ais in counters.get("ais", {}).items():
            if unknown := ais.get("unregistered"):
                lines.append(f"           {unknown} reports by AIS of others from {source}")
        lines += [
            f"source     {name}: "
            + ", ".join(f"{what} {value}" for what, value in told.items() if value is not None)
            for name, told in counters.get("sources", {}).items()
            if told
        ]
        lines += _refused_by_broker(counters.get("refused_by_broker") or {})
        lines += _held_up(counters)
    return lines + worker.told_of(found)
