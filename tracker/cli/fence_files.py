"""`milepost fence import|export|sync`: fences read from files, and written to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tracker.cli.shared import as_owner_do, escaped, me, takes

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.fence_files.drawn import Drawn, Fields
    from tracker.fence_files.formats import Reading
    from tracker.fence_plan import Plan

#: So often it is said how far it has come.
SAID_EACH = 5_000
DepartmentOption = Annotated[
    str, typer.Option("--department", "-d", help="Ref of the department whose fences they are.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@dataclass(frozen=True, kw_only=True)
class Importing:
    """What `fence import` is told."""

    file: Annotated[
        Path,
        typer.Argument(help=".geojson, .geojsonl, .kml, .gpx, .shp, .zip of one, or its folder."),
    ]
    department: DepartmentOption
    dry_run: DryRun = False
    replace: Annotated[
        bool, typer.Option("--replace", help="Edit fences that are there under the same ref.")
    ] = False
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Store the others; else one that is bad stops all.")
    ] = False
    crs: Annotated[
        str | None, typer.Option(help="Where the file does not say it: EPSG:2326, EPSG:4326 …")
    ] = None
    radius_m: Annotated[
        float, typer.Option("--radius", metavar="METRES", help="Of a GPX waypoint's circle.")
    ] = 100.0
    each_side_m: Annotated[
        float, typer.Option("--each-side", metavar="METRES", help="Of a GPX track's corridor.")
    ] = 50.0
    ref_field: Annotated[str | None, typer.Option(help="The attribute that is the ref.")] = None
    name_en_field: Annotated[str | None, typer.Option(help="… the English name.")] = None
    name_zh_field: Annotated[str | None, typer.Option(help="… the Chinese name.")] = None
    about_field: Annotated[str | None, typer.Option(help="… the English description.")] = None
    about_zh_field: Annotated[str | None, typer.Option(help="… the Chinese description.")] = None
    why: Annotated[str | None, typer.Option(help="Why, for whoever reads it later.")] = None

    @property
    def fields(self) -> Fields:
        """Which attribute says what: those named, else the usual names."""
        from tracker.fence_files.drawn import Fields

        named = {
            "ref": self.ref_field,
            "name_en": self.name_en_field,
            "name_zh_hant": self.name_zh_field,
            "description_en": self.about_field,
            "description_zh_hant": self.about_zh_field,
        }
        return replace(Fields(), **{key: (said,) for key, said in named.items() if said})

    @property
    def reading(self) -> Reading:
        """How the file is to be read."""
        from tracker.fence_files.formats import Reading
        from tracker.fence_files.gpx import Widths

        widths = Widths(radius_m=self.radius_m, each_side_m=self.each_side_m)
        return Reading(crs=self.crs, widths=widths)


@takes(Importing)
def import_(said: Importing) -> None:
    """Register many fences from a file, in one transaction.

    Without --skip-bad all or nothing: what cannot be a fence is listed with reason and place.
    """
    from tracker.fence_edits import territory_of
    from tracker.fence_files import formats
    from tracker.fence_plan import apply, plan, wanted
    from tracker.fence_rows import Author

    async def work(connection: AsyncConnection) -> Plan:
        features = formats.read(said.file, said.reading)
        box = await territory_of(connection)
        asked = wanted(features, said.department, box, said.fields, _progress("read"))
        made = await plan(connection, said.department, asked)
        if not said.replace:
            made.refuse_known(said.file.name)
        if not said.dry_run and (said.skip_bad or not made.refused):
            author = Author(by=me(), why=said.why)
            await apply(connection, said.department, made, author, _progress("stored"))
        return made

    made = as_owner_do(work)
    _say(made, brief=not said.dry_run)
    done = said.skip_bad or not made.refused
    _close(made, dry_run=said.dry_run, done=done)


def sync(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of GeoJSON files.")],
    department: DepartmentOption,
    *,
    dry_run: DryRun = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Also end fences that people made and no file has.")
    ] = False,
    crs: Annotated[
        str | None, typer.Option(help="Of the files: EPSG:2326 for HK1980 Grid.")
    ] = None,
    why: Annotated[str | None, typer.Option(help="Why, for whoever reads it later.")] = None,
) -> None:
    """Let a department's fences be as the GeoJSON files of a folder say, in one transaction.

    `+` is made, `~` edited, `-` ended; run again it does nothing. What people made by hand stays,
    unless a file has its ref. One feature that cannot be a fence stops all.
    """
    from tracker.fence_edits import territory_of
    from tracker.fence_files.formats import Reading
    from tracker.fence_plan import apply, plan, wanted
    from tracker.fence_rows import Author

    async def work(connection: AsyncConnection) -> Plan:
        features = _of_folder(folder, Reading(crs=crs))
        asked = wanted(
            features, department, await territory_of(connection), None, _progress("read")
        )
        made = await plan(connection, department, asked, managed_by="sync", prune=prune)
        if not dry_run and not made.refused:
            author = Author(by=me(), why=why, managed_by="sync")
            await apply(connection, department, made, author, _progress("done"))
        return made

    made = as_owner_do(work)
    _say(made, brief=False)
    _close(made, dry_run=dry_run, done=not made.refused)


def export(
    file: Annotated[Path, typer.Argument(help=".geojson, .kml, .gpx, .shp, or .zip of one.")],
    department: DepartmentOption,
    *,
    state: Annotated[
        Literal["in_force", "planned", "ended", "all"], typer.Option(help="Which of them.")
    ] = "in_force",
) -> None:
    """Write a department's fences to a file, which `fence import` reads again."""
    from tracker import reads
    from tracker.fence_files import formats
    from tracker.models import Department
    from tracker.rows import id_of

    async def read(connection: AsyncConnection) -> list[reads.Row]:
        department_id = await id_of(connection, Department, department)
        asked = None if state == "all" else state
        return await reads.fences(connection, department_id=department_id, state=asked)

    rows = as_owner_do(read)
    formats.write(file, rows)
    typer.echo(f"{len(rows)} × fence written to {file}.")


def _of_folder(folder: Path, how: Reading) -> Iterator[Drawn]:
    from tracker.errors import BadInput
    from tracker.fence_files import formats

    files = sorted(
        path for path in folder.rglob("*") if path.suffix.lower() in (".geojson", ".json")
    )
    if not files:
        raise BadInput(f"({folder} holds no .geojson file; an empty folder would end everything)")
    for path in files:
        yield from formats.read(path, how)


def _progress(verb: str) -> Callable[[int], None]:
    def told(count: int) -> None:
        if count % SAID_EACH == 0:
            typer.echo(f"… {count} {verb}", err=True)

    return told


def _say(made: Plan, *, brief: bool) -> None:
    """The plan like a diff, and what was refused."""
    for new, _ in () if brief else made.create:
        typer.echo(f"+ {new.ref:<24} {new.kind}")
    for new, changes in () if brief else made.edit:
        typer.echo(f"~ {new.ref:<24} {', '.join(changes)}")
    for ref in made.end:
        typer.echo(f"- {ref}")
    for ref in made.left:
        typer.echo(f"  {ref:<24} made by hand and in no file: stays (--prune ends it)")
    for each in made.refused:
        place = f" [{each.place[0]:.6f},{each.place[1]:.6f}]" if each.place else ""
        ref = f" ({each.ref})" if each.ref else ""
        typer.echo(
            f"! {escaped(each.where)}{escaped(ref)}: {escaped(each.reason)}{place}", err=True
        )


def _close(made: Plan, *, dry_run: bool, done: bool) -> None:
    counts = (
        f"{len(made.create)} to make, {len(made.edit)} to edit, {len(made.end)} to end,"
        f" {len(made.unchanged)} unchanged, {len(made.refused)} refused"
    )
    if dry_run:
        typer.echo(f"{counts}. Nothing was changed: --dry-run.")
    elif not done:
        typer.echo(f"{counts}. Nothing was changed: mend what was refused first.")
    else:
        typer.echo(counts.replace(" to make", " made").replace(" to edit", " edited")
                   .replace(" to end", " ended") + ".")  # fmt: skip
    if made.refused:
        raise typer.Exit(1)
