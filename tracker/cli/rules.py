"""`milepost rule`: what a rule is told, and what it does in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli.shared import as_owner_do, run_as_owner

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

NAMELESS = ("", "")
#: The help of `rule add`: an example of each kind.
TEACHES = """Register a rule: which events become alerts.

\b
  rule add border -d FSD --fence depot
  rule add night -d FSD --fence depot --on inside --from 18:00 --to 08:00
  rule add long -d FSD --on dwell --dwell-s 600
  rule add slow -d FSD --fence school --on speed --limit-kmh 50
  rule add lost -d FSD --on silent --days working --from 08:00 --to 18:00
  rule add sos -d HKPF --on duress
  rule add dumping -d EPD --on sensor --sensor 'bottom_door is open' \\
      --fence grounds --outside
  rule add cold -d FEHD --on sensor --sensor 'temp_c > 8' --for-s 300
  rule add meeting -d HKPF --on proximity --radius-m 100 --vehicles launches

`milepost rule explain DEPARTMENT/REF` then says it in words.
"""


@dataclass(frozen=True, kw_only=True)
class RuleOptions:
    """What `rule add` is told."""

    ref: Annotated[str, typer.Argument(help="Its public name, never used twice.")]
    department: Annotated[str, typer.Option("--department", "-d", help="Ref of its department.")]
    on: Annotated[
        str,
        typer.Option(
            help="enter, exit, present, inside, dwell, speed: apart by spaces;"
            " or one of silent, duress, sensor, proximity."
        ),
    ] = "enter exit"
    fence: Annotated[
        str | None,
        typer.Option(
            help="Only this fence, or group of fences; without: all, and of the last four anywhere."
        ),
    ] = None
    outside: Annotated[
        bool, typer.Option("--outside", help="Of the last four: only outside of --fence.")
    ] = False
    vehicles: Annotated[
        str, typer.Option(help="Only these vehicles and groups, apart by spaces; without: all.")
    ] = ""
    days: Annotated[
        str, typer.Option(help="Only on these: mon … sun, or working; apart by spaces.")
    ] = ""
    from_: Annotated[str, typer.Option("--from", help="Only from this time of day: 18:00.")] = ""
    to: Annotated[str, typer.Option(help="And to this one, perhaps of the next day.")] = ""
    dwell_s: Annotated[float | None, typer.Option(help="On dwell: so many seconds inside.")] = None
    limit_kmh: Annotated[float | None, typer.Option(help="On speed: the limit.")] = None
    silent_s: Annotated[
        float | None,
        typer.Option(
            help="On silent: so many seconds; without: three intervals of the vehicle, five minutes"
            " at least; with its ignition off two heartbeats."
        ),
    ] = None
    sensor: Annotated[
        str | None,
        typer.Option(
            metavar="COMPARISON",
            help="On sensor: 'bottom_door is open', 'temp_c > 8'. On duress: the button, unless"
            " 'duress is on'.",
        ),
    ] = None
    for_s: Annotated[
        float | None, typer.Option(help="On sensor: only once it has been so for so many seconds.")
    ] = None
    radius_m: Annotated[
        float | None, typer.Option(help="On proximity: nearer to each other than this.")
    ] = None
    near: Annotated[
        str,
        typer.Option(
            help="On proximity: near to these vehicles and groups, apart by spaces; without:"
            " the rule's vehicles among each other."
        ),
    ] = ""
    cooldown_s: Annotated[
        float | None,
        typer.Option(
            "--cooldown", metavar="SECONDS", min=0,
            help="So long further events of a vehicle and fence join the alert instead.",
        ),
    ] = None  # fmt: skip
    escalate_after_s: Annotated[
        int | None,
        typer.Option(
            "--escalate", metavar="SECONDS", min=1, help="Escalate what nobody acknowledges in it."
        ),
    ] = None  # fmt: skip
    severity: Annotated[
        str | None,
        typer.Option(help="info, warning or critical; without: warning, on duress critical."),
    ] = None
    name: Annotated[
        tuple[str, str],
        typer.Option(metavar="ENGLISH 中文", help="The names that people read, in both languages."),
    ] = NAMELESS


def row_of(said: RuleOptions) -> dict[str, Any]:
    """The rule as it is to be stored."""
    window: dict[str, Any] = {}
    if said.days:
        window["days"] = said.days.split()
    if said.from_:
        window["from"] = said.from_
    if said.to:
        window["to"] = said.to
    return {
        "ref": said.ref,
        "department": said.department,
        "on": said.on,
        "fence": said.fence,
        "outside": said.outside,
        "vehicles": said.vehicles.split(),
        "window": window or None,
        "dwell_s": said.dwell_s,
        "limit_kmh": said.limit_kmh,
        "silent_s": said.silent_s,
        "sensor": said.sensor,
        "for_s": said.for_s,
        "radius_m": said.radius_m,
        "near": said.near.split(),
        "cooldown_s": said.cooldown_s,
        "escalate_after_s": said.escalate_after_s,
        "severity": said.severity,
        "name": said.name,
    }


def end(
    rule: Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/depot-border.")],
) -> None:
    """Let a rule raise nothing more. Its alerts stay; `rule edit` switches it on again."""
    from tracker.rule_edits import disable

    department, _, ref = rule.partition("/")
    as_owner_do(lambda connection: disable(connection, (department, ref)))
    typer.echo(f"rule {rule} is off.")


def explain(
    rule: Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/depot-border.")],
) -> None:
    """Say in words what a rule does, in both languages."""
    from sqlalchemy import text

    from tracker import sql
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import Unknown
    from tracker.explain import LANGUAGES
    from tracker.explain import explain as in_words

    department, _, ref = rule.partition("/")

    async def found(connection: AsyncConnection) -> dict[str, Any]:
        asked = {"department": department, "rule": ref}
        row = (await connection.execute(text(sql.text("explain_rule")), asked)).mappings().first()
        if row is None:
            raise Unknown(f"No rule is called {rule}.")
        return dict(row)

    with database(DataFolder()) as addresses:
        row = run_as_owner(addresses, found)
    for language in LANGUAGES:
        names = {key: row[key][language] for key in ("department", "fence") if row[key] is not None}
        typer.echo(in_words({**row, **names}, language))
