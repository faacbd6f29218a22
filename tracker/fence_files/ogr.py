"""KML and shapefiles, by GDAL (pyogrio): polygons, in whatever system the file says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyogrio
import shapely
from pyogrio import raw
from pyogrio.errors import DataLayerError, DataSourceError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from geo.errors import GeoError, MalformedShapeError, UnknownReferenceError
from geo.reference import Turned, to_degrees
from tracker.errors import BadInput
from tracker.fence_files.drawn import Drawn
from tracker.fence_files.sniff import must_be_kml, must_be_shapefile

#: So many features are in memory at once.
PORTION: Final = 1_000
DRIVERS: Final = {".kml": "LIBKML", ".shp": "ESRI Shapefile", ".zip": "ESRI Shapefile"}
#: A text of a shapefile holds so many bytes.
MOST_BYTES: Final = 254


def read(path: Path, crs: str | None) -> Iterator[Drawn]:
    """Each feature of each layer, in degrees; `crs` where the file does not say it.

    Raises BadInput, or UnknownReferenceError for a shapefile without .prj.
    """
    if path.suffix.lower() in (".kml", ".zip"):
        (must_be_kml if path.suffix.lower() == ".kml" else must_be_shapefile)(path)
    source = f"/vsizip/{path}" if path.suffix.lower() == ".zip" else str(path)
    number = 0
    try:
        for layer in pyogrio.list_layers(source)[:, 0].tolist():
            for drawn in _layer(source, layer, crs):
                number += 1
                where = f"{path.name}, feature {number}"
                yield _drawn(where, f"{path.stem}-{number}", *drawn)
    except (DataSourceError, DataLayerError) as error:
        raise BadInput(f"({path}: {error})") from None


def _layer(
    source: str, layer: str, crs: str | None
) -> Iterator[tuple[dict[str, Any], bytes | None, Turned]]:
    said = pyogrio.read_info(source, layer=layer)
    known = crs or said["crs"]
    if known is None:
        raise UnknownReferenceError(f"{layer} has no .prj")
    turned = to_degrees(known)
    begin = 0
    while True:
        meta, _, geometries, columns = raw.read(
            source, layer=layer, skip_features=begin, max_features=PORTION
        )
        for row in range(len(geometries)):
            values = zip(meta["fields"].tolist(), columns, strict=True)
            yield {name: _value(column[row]) for name, column in values}, geometries[row], turned
        if len(geometries) < PORTION:
            return
        begin += PORTION


def _value(said: Any) -> Any:  # noqa: ANN401  whatever numpy holds
    if said is None or (isinstance(said, float) and np.isnan(said)):
        return None
    if isinstance(said, np.datetime64):
        return None if np.isnat(said) else f"{said}Z"
    return said.item() if isinstance(said, np.generic) else said


def _drawn(
    where: str, number: str, said: dict[str, Any], geometry: bytes | None, turned: Turned
) -> Drawn:
    try:
        drawn: Mapping[str, Any] | GeoError = _shape(said, geometry, turned)
    except GeoError as error:
        drawn = error
    return Drawn(where=where, number=number, attributes=said, shape=drawn)


def _shape(said: dict[str, Any], geometry: bytes | None, turned: Turned) -> Mapping[str, Any]:
    """The circle or corridor that an attribute of ours tells of, else the polygon."""
    ours = said.pop("definition", None) or said.pop("definitio", None)
    if ours:
        try:
            return dict(json.loads(ours))
        except ValueError as error:
            raise MalformedShapeError(f"definition: {error}") from error
    if geometry is None:
        raise MalformedShapeError("no geometry")
    try:
        found = shapely.force_2d(shapely.from_wkb(geometry))
    except shapely.errors.GEOSException as error:
        raise MalformedShapeError(str(error)) from error
    return {"geometry": json.loads(shapely.to_geojson(turned(_areas(found))))}


def _areas(found: BaseGeometry) -> BaseGeometry:
    """Polygons of a collection as one; KML wraps several so."""
    if not isinstance(found, shapely.GeometryCollection):
        return found
    return shapely.MultiPolygon([each for each in found.geoms if isinstance(each, shapely.Polygon)])


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of `tracker.reads.fences` into a new file: degrees, polygons, our attributes.

    A shapefile's texts hold 254 bytes: a longer corridor becomes its outline there.
    """
    listed = list(rows)
    driver = DRIVERS[path.suffix.lower()]
    most = MOST_BYTES if driver == "ESRI Shapefile" else None
    columns = {
        "ref": [row["ref"] for row in listed],
        "name_en": [row["name"].get("en", "") for row in listed],
        "name_zh": [row["name"].get("zh-Hant", "") for row in listed],
        "desc": [row["description"].get("en", "") for row in listed],
        "desc_zh": [row["description"].get("zh-Hant", "") for row in listed],
        "definition": [_definition(row, most) for row in listed],
        "valid_from": [row["valid_from"] and row["valid_from"].isoformat() for row in listed],
        "valid_to": [row["valid_until"] and row["valid_until"].isoformat() for row in listed],
    }
    if driver == "LIBKML":
        columns["Name"] = columns["name_en"]
    raw.write(
        str(path),
        geometry=shapely.to_wkb(
            np.array([_multi(row["geometry"]) for row in listed], dtype=object)
        ),
        field_data=[np.array(values, dtype=object) for values in columns.values()],
        fields=np.array(list(columns), dtype=object),
        geometry_type="MultiPolygon",
        crs="EPSG:4326",
        driver=driver,
        encoding="UTF-8",
    )


def _multi(geometry: Mapping[str, Any]) -> BaseGeometry:
    drawn = shape(dict(geometry))
    return shapely.MultiPolygon([drawn]) if isinstance(drawn, shapely.Polygon) else drawn


def _definition(row: Mapping[str, Any], most: int | None) -> str | None:
    if "geometry" in row["definition"]:
        return None
    text = json.dumps(row["definition"], separators=(",", ":"))
    return text if most is None or len(text.encode()) <= most else None
