"""Makes `land.geojson` anew: `python -m maps.basemap.make`. The product only reads the result.

The land mask of PyPI's roaring-landmask is sampled on a grid and contoured. GSHHG's shore is the
finer one (about 100 m) and of the 1990s; OpenStreetMap's simplified land is coarser and newer, so
it is taken only where ground has been reclaimed since. Licences of both: README.md.
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import shapely
from contourpy import FillType, contour_generator
from numpy.typing import NDArray
from roaring_landmask import LandmaskProvider, RoaringLandmask

LAND = Path(__file__).with_name("land.geojson")
GRID_DEG = 0.00025  # about 26 m
TOLERANCE_DEG = 0.00015  # below the error of the shore itself
SMALLEST_DEG2 = 2e-7  # about 2,300 m²: smaller rocks are not worth their bytes
DECIMALS = 5  # about 1 m


class Box(NamedTuple):
    west: float
    south: float
    east: float
    north: float


HONG_KONG = Box(113.70, 22.05, 114.62, 22.65)
RECLAIMED = {
    "airport": Box(113.88, 22.285, 113.975, 22.335),
    "Penny's Bay": Box(114.03, 22.295, 114.06, 22.32),
}


def main() -> None:
    lon_deg = np.arange(HONG_KONG.west, HONG_KONG.east, GRID_DEG)
    lat_deg = np.arange(HONG_KONG.south, HONG_KONG.north, GRID_DEG)
    land = shapely.MultiPolygon(outlines(lon_deg, lat_deg, land_mask(lon_deg, lat_deg)))
    text = json.dumps(feature(land), separators=(",", ":"), ensure_ascii=False)
    LAND.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(land.geoms)} islands, {LAND.stat().st_size:,} bytes in {LAND}\n")


def land_mask(lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True where there is land; shape (len(lat_deg), len(lon_deg))."""
    lons, lats = np.meshgrid(lon_deg, lat_deg)
    shore = _sample(LandmaskProvider.Gshhg, lons, lats)
    newer = _sample(LandmaskProvider.Osm, lons, lats)
    for box in RECLAIMED.values():
        within = (lons >= box.west) & (lons <= box.east) & (lats >= box.south) & (lats <= box.north)
        shore |= newer & within
    return shore


def outlines(
    lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], mask: NDArray[np.bool_]
) -> list[shapely.Polygon]:
    """The mask's edge as polygons with holes (lon, lat), simplified and rounded."""
    contours = contour_generator(
        lon_deg, lat_deg, mask.astype(float), fill_type=FillType.OuterOffset
    ).filled(0.5, 2)
    polygons = []
    for points, offsets in zip(*contours, strict=True):
        rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
        rough = shapely.Polygon(rings[0], rings[1:]).simplify(TOLERANCE_DEG)
        polygon = shapely.set_precision(rough, 10.0**-DECIMALS)
        polygons += [p for p in shapely.get_parts(polygon) if p.area > SMALLEST_DEG2]
    return polygons


def feature(land: shapely.MultiPolygon) -> dict[str, Any]:
    """The GeoJSON Feature, with the attributions that its licences ask for."""
    rings = [
        [[[round(v, DECIMALS) for v in at] for at in ring.coords] for ring in _rings(polygon)]
        for polygon in land.geoms
    ]
    return {
        "type": "Feature",
        "properties": {"attribution": "GSHHG (LGPL) · © OpenStreetMap contributors (ODbL)"},
        "geometry": {"type": "MultiPolygon", "coordinates": rings},
    }


def _rings(polygon: shapely.Polygon) -> list[shapely.LinearRing]:
    oriented = shapely.orient_polygons(polygon)
    return [oriented.exterior, *oriented.interiors]


def _sample(
    provider: LandmaskProvider, lons: NDArray[np.float64], lats: NDArray[np.float64]
) -> NDArray[np.bool_]:
    mask = RoaringLandmask.new_with_provider(provider)
    return np.asarray(mask.contains_many(lons.ravel(), lats.ravel())).reshape(lons.shape)


if __name__ == "__main__":
    main()
