"""What people type for a place, in degrees and in HK1980 Grid."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.caller import SIGNED_IN
from api.console_models import Place, Places
from geo import hk1980
from geo.places import readings

router = APIRouter(prefix="/v1", tags=["near"], dependencies=[SIGNED_IN])


@router.get("/places")
def places(
    text: Annotated[
        str,
        Query(
            max_length=100,
            description="`22.3, 114.17` (latitude first), `114.17E 22.3N`, or HK1980 Grid:"
            " `832591.3E 820351.4N`",
        ),
    ],
) -> Places:
    """Every place that the text may mean, the likeliest first.

    Metres of HK1980 Grid without their letters may mean two: easting first and northing first.
    """
    return Places(places=[_place(lon, lat) for lon, lat in readings(text)])


def _place(lon: float, lat: float) -> Place:
    easting_m, northing_m = (each.round(1) for each in hk1980.to_grid([lon], [lat]))
    reached = bool(easting_m[0] == easting_m[0])  # NaN beyond the grid's reach
    return Place(
        lon=round(lon, 7),
        lat=round(lat, 7),
        easting_m=float(easting_m[0]) if reached else None,
        northing_m=float(northing_m[0]) if reached else None,
    )
