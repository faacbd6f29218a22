"""Blurred positions, for those who may see about where a vehicle is and no more.

A position is told as the middle of a fixed cell of the earth. The cell depends on the place alone:
the same place gives the same answer every time, so no number of answers, averaged or not, tells
more than one. (Noise would not do: its mean is the place.) What moves still tells something with
the moment of each change of cell, which lies on their border: answers about a moving vehicle should
be given at times that do not follow its movement, minutes apart.

Cells are bands of latitude cut into equal pieces of longitude, no narrower than the size anywhere.
Metres of a degree on WGS 84: NGA.STND.0036, appendix B (radii of curvature).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import Floats
from geo.errors import BlurSizeError

#: Metres of a degree of latitude at the equator, where it is the shortest.
LAT_DEGREE_M: Final = 110_574.0
SEMI_MAJOR_M: Final = 6_378_137.0
ECCENTRICITY_SQUARED: Final = 6.694_379_990_141_3e-3
#: Between a street and a district: less hides nothing, more is not a place.
SMALLEST_M: Final = 50.0
LARGEST_M: Final = 100_000.0


class Cells(NamedTuple):
    """Borders of cells, WGS 84 degrees, as columns of one length; south and west are inside."""

    west: Floats
    south: Floats
    east: Floats
    north: Floats


def blurred(lon: npt.ArrayLike, lat: npt.ArrayLike, size_m: float) -> tuple[Floats, Floats]:
    """The middles (lon, lat) of the cells that positions lie in, cells at least `size_m` wide.

    Takes and gives columns of one length, WGS 84 degrees. Raises BlurSizeError.
    """
    cells = cells_of(lon, lat, size_m)
    return (cells.west + cells.east) / 2, (cells.south + cells.north) / 2


def cells_of(lon: npt.ArrayLike, lat: npt.ArrayLike, size_m: float) -> Cells:
    """The cells that positions lie in: all that `blurred` tells of them. Raises BlurSizeError."""
    if not SMALLEST_M <= size_m <= LARGEST_M:
        raise BlurSizeError(f"{size_m:g} m is not between {SMALLEST_M:g} and {LARGEST_M:g} m.")
    bands = int(180 * LAT_DEGREE_M / size_m)
    height_deg = 180 / bands
    band = np.clip(np.floor((np.asarray(lat) + 90) / height_deg), 0, bands - 1)
    south, north = band * height_deg - 90, (band + 1) * height_deg - 90
    pieces = _pieces(np.maximum(np.abs(south), np.abs(north)), size_m)
    width_deg = 360 / pieces
    piece = np.clip(np.floor((np.asarray(lon) + 180) % 360 / width_deg), 0, pieces - 1)
    return Cells(piece * width_deg - 180, south, (piece + 1) * width_deg - 180, north)


def _pieces(lat: Floats, size_m: float) -> Floats:
    """Into how many pieces a parallel may be cut, at a latitude where it is the shortest."""
    phi = np.radians(np.minimum(lat, 90))
    radius_m = SEMI_MAJOR_M * np.cos(phi) / np.sqrt(1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    return np.asarray(np.maximum(np.floor(2 * np.pi * radius_m / size_m), 1))
