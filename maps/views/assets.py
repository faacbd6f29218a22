"""What every page carries inside itself: Leaflet, our style, and the built-in land."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import shapely
from shapely.geometry import shape

from maps.errors import AssetsMissing
from maps.text import Html, ours

_MAPS: Final = Path(__file__).parents[1]
#: Built from the locked npm packages (maps/console/view-assets.ts).
_BUILT: Final = _MAPS / "static" / "views"
_LAND: Final = _MAPS / "basemap" / "land.geojson"
_DISTRICTS: Final = _MAPS / "basemap" / "districts.json"
#: A third of the shore's own error (basemap/README.md).
_TOLERANCE_DEG: Final = 0.0003
_GRID_DEG: Final = 1e-4
#: Smaller rocks are not worth their bytes.
_LEAST_DEG2: Final = 1e-6


class Land(NamedTuple):
    """The built-in basemap."""

    area: shapely.MultiPolygon
    #: As a GeoJSON geometry.
    geojson: str
    attribution: str


class District(NamedTuple):
    """A name on the map."""

    name: dict[str, str]
    lon: float
    lat: float


@cache
def script(name: str) -> Html:
    """A library of ours: `leaflet.js`, `leaflet-heat.js`; raises AssetsMissing."""
    said = _built(name)
    if "</script" in said.lower() or "<!--" in said:
        raise ValueError(f"{name} cannot stand inside a page")
    return ours(said)


@cache
def style() -> Html:
    """Leaflet's style and our own; raises AssetsMissing."""
    page = Path(__file__).with_name("page.css").read_text("utf-8")
    return ours(f"{_built('leaflet.css')}\n{page}")


def _built(name: str) -> str:
    try:
        return (_BUILT / name).read_text("utf-8")
    except FileNotFoundError:
        raise AssetsMissing(f"({_BUILT / name})") from None


@cache
def land() -> Land:
    """The land, as coarse as a page needs it."""
    feature: dict[str, Any] = json.loads(_LAND.read_text("utf-8"))
    fine = shapely.set_precision(shape(feature["geometry"]).simplify(_TOLERANCE_DEG), _GRID_DEG)
    kept = [part for part in shapely.get_parts(fine) if part.area > _LEAST_DEG2]
    area = shapely.MultiPolygon(kept)
    # Written without the last digits of binary fractions.
    rings = [
        [
            [[round(value, 4) for value in place] for place in ring.coords]
            for ring in (part.exterior, *part.interiors)
        ]
        for part in kept
    ]
    text = json.dumps({"type": "MultiPolygon", "coordinates": rings}, separators=(",", ":"))
    return Land(area, text, str(feature["properties"]["attribution"]))


@cache
def districts() -> tuple[District, ...]:
    """The names of the 18 districts."""
    read = json.loads(_DISTRICTS.read_text("utf-8"))
    return tuple(District(each["name"], each["lon"], each["lat"]) for each in read)
