"""Stand-alone pages: plain data in, one HTML file out that needs no network and fetches nothing."""

from maps.views.data import (
    Asked,
    Crossing,
    Gap,
    HeatFacts,
    Language,
    Line,
    Names,
    NearFacts,
    Stop,
    TrackFacts,
    VehicleFacts,
    Visit,
    line_of,
)
from maps.views.heat import heat_page
from maps.views.near import near_page
from maps.views.track import track_page

__all__ = [
    "Asked",
    "Crossing",
    "Gap",
    "HeatFacts",
    "Language",
    "Line",
    "Names",
    "NearFacts",
    "Stop",
    "TrackFacts",
    "VehicleFacts",
    "Visit",
    "heat_page",
    "line_of",
    "near_page",
    "track_page",
]
