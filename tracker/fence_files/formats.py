"""Which format a file is, by its name; reading it, and writing it whole or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tracker.errors import BadInput
from tracker.fence_files import geojson, gpx
from tracker.fence_files.drawn import Drawn
from tracker.fence_files.gpx import Widths

_GEOJSON: Final = (".geojson", ".json", *geojson.LINES)
_OGR: Final = (".kml", ".shp", ".zip")
KNOWN: Final = "give a .geojson, .geojsonl, .kml, .gpx, .shp or .zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is to be read, where it does not say so itself."""

    #: `EPSG:2326`; None: as the file says, and degrees where it cannot say.
    crs: str | None = None
    widths: Widths = field(default_factory=Widths)


def read(path: Path, how: Reading) -> Iterator[Drawn]:
    """Each feature of a file, or of a folder with a shapefile; raises BadInput or a GeoError."""
    if path.is_dir():
        found = sorted(path.glob("*.shp"))
        if not found:
            raise BadInput(f"({path} holds no .shp)")
        for each in found:
            yield from read(each, how)
        return
    suffix = path.suffix.lower()
    if suffix in _GEOJSON:
        yield from geojson.read(path, how.crs)
    elif suffix == ".gpx":
        yield from gpx.read(path, how.widths)
    elif suffix in _OGR:
        yield from _ogr().read(path, how.crs)
    else:
        raise BadInput(f"({path}: {KNOWN})")


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows of `tracker.reads.fences`; what was there is replaced at the end. A .zip holds a
    shapefile. Raises BadInput."""
    suffix = path.suffix.lower()
    if suffix not in (".geojson", ".json", ".gpx", ".kml", ".zip", ".shp"):
        raise BadInput(f"({path}: {KNOWN})")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".milepost-") as folder:
        made = Path(folder) / path.name
        if suffix in (".geojson", ".json", ".gpx"):
            with made.open("wb") as file:
                (gpx if suffix == ".gpx" else geojson).write(file, rows)
        elif suffix == ".zip":
            inner = Path(folder) / "shapefile"
            inner.mkdir()
            _ogr().write(inner / f"{path.stem}.shp", rows)
            shutil.make_archive(str(made.with_suffix("")), "zip", inner)
            shutil.rmtree(inner)
        else:
            _ogr().write(made, rows)
        for each in Path(folder).iterdir():
            each.replace(path.parent / each.name)


def _ogr() -> Any:  # noqa: ANN401  a module is returned
    """Imported when it is needed: GDAL takes a third of a second."""
    from tracker.fence_files import ogr  # noqa: PLC0415  see above

    return ogr
