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
from maps.views.heat import heat_view
from maps.views.near import near_view
from maps.views.track import track_view

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
    "heat_view",
    "line_of",
    "near_view",
    "track_view",
]
