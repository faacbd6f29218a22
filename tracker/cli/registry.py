"""`milepost department|vehicle|device|fence|rule add|list|import`."""

from __future__ import annotations

import csv
import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tracker.cli import devices, fence, fence_files, fences, publishing, rules
from tracker.cli.panels import REGISTERED
from tracker.cli.shared import T, as_owner_do, run_as_owner, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.registry import New
    from tracker.rule_edits import NewRule

Name = Annotated[
    tuple[str, str],
    typer.Option(metavar="ENGLISH 中文", help="The names that people read, in both languages."),
]
NAMELESS = ("", "")
Department = Annotated[str, typer.Option("--department", "-d", help="Ref of its department.")]
Ref = Annotated[str, typer.Argument(help="Its public name, never used twice: AMB-012.")]

#: What each kind is, for who has not met it yet.
HELP = {
    "department": "Departments: who owns vehicles, devices, fences and rules.",
    "contractor": "Contractors: firms that drive vehicles of a department, and see those only.",
    "application": "Applications: what vehicles are used for, and what of it everybody may see.",
    "vehicle": "Vehicles: what is seen on the map, who drives it, what it is doing.",
    "device": "Devices: receivers, their passwords, and what was received of them.",
    "fence": "Fences: areas on the map, drawn, imported, edited, ended, tried out.",
    "rule": "Rules: what at a fence, or at a vehicle, becomes an alert.",
}


def mount(app: typer.Typer) -> dict[str, typer.Typer]:
    """Put the verbs under the command; returns the group of each kind, for more verbs."""
    groups = {}
    for kind, add in ADDERS.items():
        groups[kind] = group = typer.Typer(help=HELP[kind], no_args_is_help=True)
        group.command("add")(add)
        group.command("list")(lister(kind))
        if kind != "fence":
            group.command("import")(_importer(kind))
        for name, verb in MORE.get(kind, {}).items():
            group.command(name)(verb)
        app.add_typer(group, name=kind, rich_help_panel=REGISTERED)
    return groups


def _add_department(
    ref: Ref,
    name: Name = NAMELESS,
    *,
    shard: Annotated[
        int, typer.Option(min=1, help="Which shard of ingest serves it: see docs/operations.md.")
    ] = 1,
) -> None:
    """Register a department: an owner of vehicles, devices, fences and rules."""
    _add("department", {"ref": ref, "name": name, "shard": shard})


def _add_contractor(ref: Ref, department: Department, name: Name = NAMELESS) -> None:
    """Register a firm that drives vehicles of a department: its users see those only."""
    _add("contractor", {"ref": ref, "department": department, "name": name})


def _add_application(
    ref: Ref,
    department: Department,
    name: Name = NAMELESS,
    *,
    stage: Annotated[str, typer.Option(help="planned, being_built, implemented.")] = "planned",
    cluster: Annotated[str | None, typer.Option(help="Ref of the group it belongs to.")] = None,
) -> None:
    """Register a department's use of the platform. Its vehicles are shown to nobody else."""
    told = {"ref": ref, "department": department, "name": name, "stage": stage, "cluster": cluster}
    _add("application", told)


@dataclass(frozen=True, kw_only=True)
class VehicleOptions:
    """What `vehicle add` is told."""

    ref: Ref
    department: Department
    name: Name = NAMELESS
    plate: Annotated[str | None, typer.Option(help="Registration mark.")] = None
    vehicle_class: Annotated[str, typer.Option("--class", help="ambulance, boat …")] = "vehicle"
    capabilities: Annotated[str, typer.Option(help="What it can do, apart by spaces.")] = ""
    application: Annotated[
        str | None, typer.Option(help="Ref of the department's application that it serves.")
    ] = None
    contractor: Annotated[
        str | None, typer.Option(help="Ref of the department's contractor who drives it.")
    ] = None


@takes(VehicleOptions)
def _add_vehicle(said: VehicleOptions) -> None:
    """Register a vehicle of a department."""
    _add("vehicle", asdict(said))


@dataclass(frozen=True, kw_only=True)
class DeviceOptions:
    """What `device add` is told."""

    ref: Ref
    department: Department
    vehicle: Annotated[str | None, typer.Option(help="Ref of the vehicle it is in.")] = None
    since: Annotated[str | None, typer.Option(help="Since when; by default always.")] = None
    accept_from: Annotated[
        str | None, typer.Option(help="Refuse fixes older than this (default 2000-01-01).")
    ] = None
    mmsi: Annotated[
        str | None,
        typer.Option(help="Nine digits: an AIS transponder, which devices of its department hear."),
    ] = None
    password: Annotated[
        bool, typer.Option(help="Make its password. Not for a device on a cable, nor for AIS.")
    ] = True


@takes(DeviceOptions)
def _add_device(said: DeviceOptions) -> None:
    """Register a device, say which vehicle it is in, and show its password this once."""
    from tracker.accounts import set_password

    full_ref = f"{said.department}/{said.ref}"
    row = {name: value for name, value in asdict(said).items() if name != "password"}
    signs_in = said.password and said.mmsi is None

    async def sign_in(connection: AsyncConnection) -> str | None:
        return await set_password(connection, full_ref) if signs_in else None

    made = _store("device", [("device", row)], sign_in)
    typer.echo(f"device {said.ref} is registered.")
    if made is not None:
        typer.echo(
            f"It signs in at the broker as {full_ref} with this password, shown only now:\n\n"
            f"  {made}\n"
        )


@takes(rules.RuleOptions)
def _add_rule(said: rules.RuleOptions) -> None:
    from tracker.rule_edits import create

    new, by = _rule_of(said), rules.author(said.why)
    as_owner_do(lambda connection: create(connection, new, by))
    typer.echo(f"rule {said.ref} is registered.")


@takes(rules.RuleOptions)
def _edit_rule(said: rules.RuleOptions) -> None:
    """Let a rule be as the options say, and be on. What they do not say is as in `rule add`."""
    from tracker.rule_edits import replace

    new, by = _rule_of(said), rules.author(said.why)
    as_owner_do(lambda connection: replace(connection, new, by))
    typer.echo(f"rule {said.ref} is changed.")


def _rule_of(said: rules.RuleOptions) -> NewRule:
    from tracker.rule_edits import NewRule

    row = rules.row_of(said)
    english, chinese = row.pop("name")
    new = _checked("rule", said.ref, row | {"name_en": english, "name_zh_hant": chinese})
    assert isinstance(new, NewRule)  # noqa: S101  it was checked as one
    return new


_add_rule.__doc__ = rules.TEACHES


ADDERS: dict[str, Callable[..., None]] = {
    "department": _add_department,
    "contractor": _add_contractor,
    "application": _add_application,
    "vehicle": _add_vehicle,
    "device": _add_device,
    "fence": fences.add,
    "rule": _add_rule,
}


#: Verbs that only some kinds have.
MORE: dict[str, dict[str, Callable[..., None]]] = {
    "fence": {
        **{"show": fences.show, "edit": fences.edit, "end": fences.end},
        **{"share": fences.share, "unshare": fences.unshare},
        **{"import": fence_files.import_, "export": fence_files.export, "sync": fence_files.sync},
        "judge": fence.judge,
    },
    "rule": {
        **{"explain": rules.explain, "show": rules.show, "edit": _edit_rule, "end": rules.end},
        **{"shadow": rules.shadow, "go-live": rules.go_live},
    },
    "application": {"publish": publishing.publish, "unpublish": publishing.unpublish},
    "device": {
        "password": devices.password,
        "retire": devices.retire,
        "accept-from": devices.accept_from,
    },
}


def _add(kind: str, row: Mapping[str, Any]) -> None:
    english, chinese = row.get("name", NAMELESS)
    row = {key: value for key, value in row.items() if key != "name"}
    _store(kind, [(kind, row | {"name_en": english, "name_zh_hant": chinese})], _nothing)
    typer.echo(f"{kind} {row['ref']} is registered.")


def _importer(kind: str) -> Callable[..., None]:
    def import_(
        file: Annotated[Path, typer.Argument(help="CSV.")],
    ) -> None:
        rows = list(_rows(kind, file))
        _store(kind, rows, _nothing)
        typer.echo(f"{len(rows)} × {kind} registered from {file}.")

    import_.__doc__ = (
        f"Register many at once, all or nothing: the columns are the options of `{kind} add`,"
        " with name_en and name_zh_hant; vehicle_class for --class."
    )
    return import_


def _rows(kind: str, file: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each row and where it stands, for messages."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{file}: {error}") from None
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        yield f"line {number}", {key: value for key, value in row.items() if value}


async def _nothing(connection: AsyncConnection) -> None:
    pass


def _store(
    kind: str,
    rows: Iterable[tuple[str, Mapping[str, Any]]],
    then: Callable[[AsyncConnection], Awaitable[T]],
) -> T:
    """Check every row, then store all and do what is to follow, in one transaction."""
    from geo.errors import GeoError
    from tracker.access import database
    from tracker.data_folder import DataFolder
    from tracker.errors import BadInput, TrackerError
    from tracker.registry import add

    checked = [(where, _checked(kind, where, row)) for where, row in rows]

    async def work(connection: AsyncConnection) -> T:
        for where, new in checked:
            try:
                await add(new, connection)
            except (TrackerError, GeoError) as error:
                raise BadInput(f"{where}: {error}") from error
        return await then(connection)

    with database(DataFolder()) as addresses:
        return run_as_owner(addresses, work)


def _checked(kind: str, where: str, row: Mapping[str, Any]) -> New:
    from pydantic import ValidationError

    from tracker import registry
    from tracker.errors import BadInput

    model: type[New] = getattr(registry, f"New{kind.capitalize()}")
    given = {key: value for key, value in row.items() if value is not None}
    for several in ("on", "vehicles", "near"):
        if isinstance(given.get(several), str):
            given[several] = given[several].split()
    try:
        return model.model_validate(given)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise BadInput(f"{where}: {faults}.") from None


def lister(kind: str) -> Callable[..., None]:
    """A verb that shows the rows of `list_{kind}.sql`."""

    def list_(
        as_json: Annotated[bool, typer.Option("--json", help="JSON lines.")] = False,
    ) -> None:
        from tracker.access import database
        from tracker.data_folder import DataFolder
        from tracker.listing import listed

        with database(DataFolder()) as addresses:
            rows = run_as_owner(addresses, lambda connection: listed(connection, kind))
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
        if not rows and not as_json:
            typer.echo(f"No {kind} yet: milepost {kind} add --help")

    list_.__doc__ = f"List: {kind}."
    return list_


def _line(row: Mapping[str, Any]) -> str:
    return "  ".join(f"{'-' if value is None else value!s:<16}" for value in row.values()).rstrip()
