"""`milepost rule`: what a rule is told, and what it does in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tracker.cli.asking import JsonOption, say_json
from tracker.cli.shared import as_owner_do, escaped, me

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.fence_rows import Author

NAMELESS = ("", "")
Why = Annotated[str | None, typer.Option("--why", help="Why, for whoever reads it later.")]
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
    shadow: Annotated[
        bool, typer.Option("--shadow", help="On trial: it is counted, and nobody is told.")
    ] = False
    name: Annotated[
        tuple[str, str],
        typer.Option(metavar="ENGLISH 中文", help="The names that people read, in both languages."),
    ] = NAMELESS
    why: Why = None


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
        "shadow": said.shadow,
        "name": said.name,
    }


RuleArgument = Annotated[str, typer.Argument(metavar="DEPARTMENT/REF", help="FSD/depot-border.")]


def author(why: str | None) -> Author:
    """Whoever types."""
    from tracker.fence_rows import Author

    return Author(by=me(), why=why)


def end(rule: RuleArgument, *, why: Why = None) -> None:
    """Let a rule raise nothing more. Its alerts stay; `rule edit` switches it on again."""
    from tracker.rule_edits import disable

    department, _, ref = rule.partition("/")
    as_owner_do(lambda connection: disable(connection, (department, ref), author(why)))
    typer.echo(f"rule {rule} is off.")


def shadow(rule: RuleArgument, *, why: Why = None) -> None:
    """Put a rule on trial: what it raises from now on is counted, and told to nobody."""
    _set_shadow(rule, why, on=True)
    typer.echo(f"{rule} is on trial: `milepost rule show {rule}` counts what it would have raised.")


def go_live(rule: RuleArgument, *, why: Why = None) -> None:
    """End a rule's trial: what it raises from now on is told. What it raised before stays quiet."""
    _set_shadow(rule, why, on=False)
    typer.echo(f"{rule} is live.")


def _set_shadow(rule: str, why: str | None, *, on: bool) -> None:
    from tracker import rule_edits

    department, _, ref = rule.partition("/")
    name, by = (department, ref), author(why)
    as_owner_do(lambda connection: rule_edits.set_shadow(connection, name, by, on=on))


def show(
    rule: RuleArgument,
    days: Annotated[int, typer.Option(min=1, max=400, help="Of so many days.")] = 30,
    *,
    versions: Annotated[
        bool, typer.Option("--versions", help="What it said when: who changed what, and why.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Say how a rule goes: what it raised, what people made of that, and what it would have raised
    while it was on trial."""
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = rule.partition("/")
    if versions:
        _show_versions(rule, as_json=as_json)
        return

    async def found(connection: AsyncConnection) -> dict[str, Any] | None:
        row = await reads.rule_figures(connection, department=department, ref=ref, days=days)
        return None if row is None else dict(row)

    row = as_owner_do(found)
    if row is None:
        raise Unknown(f"No rule is called {rule}.")
    if as_json:
        say_json(row)
        return
    typer.echo(f"{rule}: {row['state']}, the last {days} days")
    for what, names in FIGURES.items():
        said = ", ".join(f"{row[name]} {words}" for name, words in names.items())
        typer.echo(f"  {what:<12}{said}")


def _show_versions(rule: str, *, as_json: bool) -> None:
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = rule.partition("/")
    rows = as_owner_do(lambda c: reads.rule_versions(c, department=department, ref=ref))
    if not rows:
        raise Unknown(f"No rule is called {rule}.")
    if as_json:
        say_json({"rule": rule, "versions": rows})
        return
    typer.echo(f"{rule}: {len(rows)} versions")
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        why = f": {row['why']}" if row["why"] else ""
        said = f"{row['version']:<4}{row['since']:%Y-%m-%d %H:%M:%S}Z  {row['state']:<7}"
        typer.echo(f"  {said} {escaped((row['made_by'] + why) or '-')}")
        if before is not None:
            typer.echo(f"      {escaped('; '.join(differences(before['terms'], row['terms'])))}")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What two versions of a rule say otherwise: "dwell_s 600 -> 900"."""
    return [
        f"{name} {_said(before.get(name))} -> {_said(after.get(name))}"
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    ]


def _said(value: object) -> str:
    return "-" if value is None else json.dumps(value, ensure_ascii=False)


FIGURES: Final = {
    "raised": {"alerts": "alerts", "suppressed": "held back by the cool-down"},
    "feedback": {"useful": "useful", "false": "false", "unsaid": "without a word"},
    "on trial": {
        "would_raise": "alerts it would have raised",
        "would_suppress": "held back by the cool-down",
        "shadow_events": "events of its own",
    },
}


def explain(rule: RuleArgument) -> None:
    """Say in words what a rule does, in both languages."""
    from tracker import reads
    from tracker.errors import Unknown

    department, _, ref = rule.partition("/")
    rows = as_owner_do(lambda c: reads.rules(c, department=department, ref=ref))
    if not rows:
        raise Unknown(f"No rule is called {rule}.")
    for said in rows[0]["explained"].values():
        typer.echo(said)
