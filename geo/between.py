"""Where a vehicle was between two fixes: straight on in (lon, lat) at an even speed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from geo.distance import Floats, unwrap_lon, wrap_lon


def place_between(
    share: npt.ArrayLike,
    lon: npt.ArrayLike,
    lat: npt.ArrayLike,
    to_lon: npt.ArrayLike,
    to_lat: npt.ArrayLike,
) -> tuple[Floats, Floats]:
    """The place (lon, lat; degrees) after a share (0..1) of the time from one fix to the next.

    Columns broadcast together; across the antimeridian where that is nearer.
    """
    share, lon, lat = (np.asarray(each, dtype=np.float64) for each in (share, lon, lat))
    east = unwrap_lon(to_lon, lon) - lon
    north = np.asarray(to_lat, dtype=np.float64) - lat
    return wrap_lon(lon + share * east), lat + share * north
