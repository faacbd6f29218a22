"""`milepost backtest`: what a rule or a fence would have raised over stored history."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from tracker.cli.asking import say_json, window
from tracker.cli.purpose import PurposeOption, note_read
from tracker.cli.shared import TIME_FORMATS, takes

if TYPE_CHECKING:
    from tracker.backtest import Answer
    from tracker.settings import DatabaseSettings

#: How often it says how far it has come.
SAY_EVERY_S: Final = 2.0


class Format(StrEnum):
    """How the answer is written."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    GEOJSON = "geojson"


@dataclass(frozen=True, kw_only=True)
class BacktestOptions:
    """What `backtest` is told."""

    subject: Annotated[
        str,
        typer.Argument(
            metavar="RULE[@VERSION]|FENCE[@VERSION]|FILE",
            help="FSD/night, a rule; FSD/depot, a fence as it was; FSD/depot@2 or FSD/night@2, had "
            "this version always been there; or a file with a rule (JSON as `rule import` takes "
            "it) or a shape (GeoJSON) that is not saved. rule: or fence: before it where both have "
            "that name.",
        ),
    ]
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=TIME_FORMATS, help="By default a day before --until."),
    ] = None
    until: Annotated[
        datetime | None, typer.Option(formats=TIME_FORMATS, help="By default now.")
    ] = None
    department: Annotated[
        str | None,
        typer.Option("--department", "-d", help="Whose vehicles: where a file does not say it."),
    ] = None
    vehicle: Annotated[
        list[str] | None, typer.Option(help="Only this one; may be given several times.")
    ] = None
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="RULE[@VERSION]|FENCE[@VERSION]|FILE", help="And how this one differs."
        ),
    ] = None
    format: Annotated[Format, typer.Option(help="csv and geojson hold the events.")] = Format.TEXT
    purpose: PurposeOption = None


@takes(BacktestOptions)
def backtest(said: BacktestOptions) -> None:
    """Tell what a rule or a fence would have raised over stored history.

    Nothing is stored, and nobody is told: the events are those that a live run with the same
    fixes gives.
    """
    from tracker.access import database
    from tracker.data_folder import DataFolder

    with database(DataFolder()) as addresses:
        found = asyncio.run(_answered(said, addresses))
    _SAY[said.format](found)


async def _answered(said: BacktestOptions, addresses: DatabaseSettings) -> Answer:
    from tracker.access import as_owner
    from tracker.backtest import Asked, answer, in_scope
    from tracker.errors import BadInput

    since, until = window(said.since, said.until, hours=24)
    department = said.department or said.subject.removeprefix("rule:").removeprefix("fence:")
    department = department.partition("/")[0]
    async with in_scope(addresses.require("milepost_api"), department) as reading:
        async with reading() as connection:
            subjects = [
                await _subject(text, department, connection)
                for text in (said.subject, said.compare)
                if text is not None
            ]
        try:
            asked = Asked.model_validate(
                {
                    "department": department,
                    "subject": subjects[0],
                    "compare": subjects[1] if len(subjects) > 1 else None,
                    "from": since,
                    "to": until,
                    "vehicles": [each.rpartition("/")[2] for each in said.vehicle or ()],
                }
            )
        except ValueError as error:
            raise BadInput(f"({error})") from error
        span = (asked.since, asked.until)
        async with as_owner(addresses) as owner:
            await note_read(owner, "backtest", said.purpose, span, department=department)
        return await answer(reading, asked, _Progress().say)


class _Progress:
    """Says how far it has come, to the side of the answer."""

    def __init__(self) -> None:
        self._said_s = time.monotonic()

    async def say(self, done: int, of: int) -> None:
        if time.monotonic() - self._said_s >= SAY_EVERY_S:
            self._said_s = time.monotonic()
            typer.echo(f"{done} of {of} vehicles", err=True)


async def _subject(text: str, department: str, connection: Any) -> dict[str, Any]:  # noqa: ANN401  a connection of asyncpg
    """What a text names: a file, a rule or a fence; raises Unknown or BadInput."""
    from tracker import sql
    from tracker.errors import BadInput, Unknown

    kind, colon, rest = text.partition(":")
    if colon and kind in ("rule", "fence"):
        return {kind: rest.removeprefix(f"{department}/")}
    if (said := _from_file(Path(text))) is not None:
        return said
    ref = text.removeprefix(f"{department}/")
    name, version, _ = ref.partition("@")
    named = await connection.fetchrow(sql.text("rule_or_fence"), name, bool(version))
    if named["rule"] and named["fence"]:
        raise BadInput(f"(both a rule and a fence are called {text}: say rule:{text} or fence:…)")
    if not (named["rule"] or named["fence"]):
        raise Unknown(f"(no rule and no fence is called {text}, and no file either)")
    return {"rule" if named["rule"] else "fence": ref}


def _from_file(path: Path) -> dict[str, Any] | None:
    """What a file says; None where there is none. Raises BadInput."""
    from tracker.errors import BadInput

    if not path.is_file():
        return None
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"({path}: {error})") from error
    if not isinstance(said, Mapping):
        raise BadInput(f"({path}: neither a rule nor a shape)")
    if said.get("type") == "Feature":
        said = said["geometry"]
    if "coordinates" in said:
        return {"fence": {"geometry": said}}
    if {"circle", "corridor", "geometry"} & said.keys():
        return {"fence": said}
    if "on" in said:
        return {"rule": {key: value for key, value in said.items() if key != "department"}}
    return dict(said)


def _say_json(found: Answer) -> None:
    say_json({"simulated": True, **asdict(found)})


def _say_csv(found: Answer) -> None:
    rows = [{"of": side.name, **event} for side in found.sides for event in side.events]
    names = list(rows[0]) if rows else ["of", "id", "kind", "vehicle", "fence", "at"]
    writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        times = {key: each.isoformat() for key, each in row.items() if isinstance(each, datetime)}
        writer.writerow(row | times)


def _say_geojson(found: Answer) -> None:
    features = [
        {
            "type": "Feature",
            "id": event["id"],
            "geometry": None
            if event["lon"] is None
            else {"type": "Point", "coordinates": [event["lon"], event["lat"]]},
            "properties": {"of": side.name, **event},
        }
        for side in found.sides
        for event in side.events
    ]
    say_json({"type": "FeatureCollection", "features": features})


def _say_text(found: Answer) -> None:
    from tracker.cli.backtest_text import lines

    for line in lines(found):
        typer.echo(line)


_SAY: Final = {
    Format.TEXT: _say_text,
    Format.JSON: _say_json,
    Format.CSV: _say_csv,
    Format.GEOJSON: _say_geojson,
}
