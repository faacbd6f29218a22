"""The map for paper, and for who runs no script: the same drawing as an SVG, without a library."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from geo.distance import degree_lengths_m, destination
from maps.text import Html, tag, text
from maps.views import assets
from maps.views.drawing import Box, Drawing, Heat, Mark, Points, Ring, Stroke
from maps.views.speech import Speech

#: The SVG's own units; it is as wide as its place allows.
_WIDE: Final = 720.0
_LEAST_HIGH: Final = 300.0
_MOST_HIGH: Final = 560.0
#: A scale bar is at most so long.
_BAR: Final = 150.0
_MARK: Final = 9.0
_LINE_HEIGHT: Final = 14


class _Paper(NamedTuple):
    """A plane in which a metre is equally long both ways in the middle of the map."""

    box: Box
    #: Units a degree.
    lon_scale: float
    lat_scale: float
    high: float
    #: Metres a unit.
    unit_m: float

    def place(self, points: Points) -> Points:
        """Units from the upper left corner."""
        x = (points[:, 0] - self.box.west) * self.lon_scale
        y = (self.box.north - points[:, 1]) * self.lat_scale
        return np.column_stack([np.round(x, 1), np.round(y, 1)])


def sketch(drawing: Drawing, speech: Speech, title: Html) -> Html:
    """The map of a drawing as an SVG element with a name."""
    paper = _paper(drawing.bounds())
    return tag(
        "svg",
        tag("title", title),
        *_ground(paper, speech),
        *([_heat(paper, drawing.heat)] if drawing.heat is not None else []),
        *([_ring(paper, drawing.ring)] if drawing.ring is not None else []),
        *(_stroke(paper, stroke) for stroke in drawing.strokes),
        *(_mark(paper, mark) for mark in reversed(drawing.marks)),
        *_frame(paper, speech),
        class_="sketch",
        viewBox=f"0 0 {_WIDE:.0f} {paper.high:.0f}",
        role="img",
    )


def _paper(box: Box) -> _Paper:
    """The box, made wider or higher until it has a shape that fits a page."""
    lon_m, lat_m = (float(m) for m in degree_lengths_m((box.south + box.north) / 2))
    wide_m, high_m = (box.east - box.west) * lon_m, (box.north - box.south) * lat_m
    unit_m = max(wide_m / _WIDE, high_m / _MOST_HIGH)
    high = max(high_m / unit_m, _LEAST_HIGH)
    more_lon = (_WIDE * unit_m - wide_m) / lon_m / 2
    more_lat = (high * unit_m - high_m) / lat_m / 2
    larger = Box(
        box.west - more_lon, box.south - more_lat, box.east + more_lon, box.north + more_lat
    )
    return _Paper(larger, lon_m / unit_m, lat_m / unit_m, high, unit_m)


def _ground(paper: _Paper, speech: Speech) -> Iterator[Html]:
    yield tag("rect", class_="water", width=f"{_WIDE:.0f}", height=f"{paper.high:.0f}")
    seen = shapely.clip_by_rect(assets.land().area, *paper.box)
    rings = [
        ring
        for part in shapely.get_parts(seen)
        if isinstance(part, shapely.Polygon)
        for ring in (part.exterior, *part.interiors)
    ]
    if rings:
        paths = " ".join(_path(paper.place(np.asarray(ring.coords))) + "z" for ring in rings)
        yield tag("path", class_="land", d=paths)
    for each in assets.districts():
        if (
            paper.box.west < each.lon < paper.box.east
            and paper.box.south < each.lat < paper.box.north
        ):
            x, y = _xy(paper, each.lon, each.lat)
            name = text(speech.name(each.name, ""))
            yield tag("text", name, class_="district", x=x, y=y, text_anchor="middle")


def _stroke(paper: _Paper, stroke: Stroke) -> Html:
    paths = " ".join(_path(paper.place(line)) for line in stroke.lines if len(line))
    return tag("path", class_=f"way {stroke.look}", d=paths)


def _path(points: npt.NDArray[np.float64]) -> str:
    """`M` and all the points; those that fall on the one before are left out."""
    moved = np.ones(len(points), dtype=bool)
    moved[1:] = np.any(points[1:] != points[:-1], axis=1)
    kept = points[moved]
    # A line of one place shows as a dot.
    kept = np.concatenate([kept, kept]) if len(kept) == 1 else kept
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in kept.tolist())


def _ring(paper: _Paper, ring: Ring) -> Html:
    lon, lat = destination(ring.lon, ring.lat, np.arange(0.0, 360.0, 5.0), ring.radius_m)
    return tag("path", class_="ring", d=_path(paper.place(np.column_stack([lon, lat]))) + "z")


def _heat(paper: _Paper, heat: Heat) -> Html:
    half = heat.cell_deg / 2
    corners = paper.place(heat.places + np.array([-half, half]))
    wide = max(round(heat.cell_deg * paper.lon_scale, 1), 1.5)
    high = max(round(heat.cell_deg * paper.lat_scale, 1), 1.5)
    cells = (
        tag("rect", x=x, y=y, width=wide, height=high, opacity=round(0.2 + 0.8 * hot, 2))
        for (x, y), hot in zip(corners.tolist(), heat.heat.tolist(), strict=True)
    )
    return tag("g", *cells, class_="cells")


def _mark(paper: _Paper, mark: Mark) -> Html:
    x, y = _xy(paper, mark.lon, mark.lat)
    if mark.look in ("cross", "start", "end"):
        side = 2 * _MARK
        symbol = tag("rect", x=x - _MARK, y=y - _MARK, width=side, height=side, rx=2)
    else:
        symbol = tag("circle", cx=x, cy=y, r=_MARK)
    label = tag("text", mark.label, x=x, y=y, dy="0.36em", text_anchor="middle")
    return tag("g", tag("title", mark.told), symbol, label, class_=f"mark {mark.look}")


def _xy(paper: _Paper, lon: float, lat: float) -> tuple[float, float]:
    ((x, y),) = paper.place(np.array([[lon, lat]])).tolist()
    return float(x), float(y)


def _frame(paper: _Paper, speech: Speech) -> Iterable[Html]:
    """A scale bar, north, and where two corners are."""
    bar_m = _round_down(_BAR * paper.unit_m)
    bar, low = bar_m / paper.unit_m, paper.high - 12
    west, south, east, north = paper.box
    yield tag(
        "g",
        tag("path", d=f"M12,{low - 5:.1f}v5h{bar:.1f}v-5"),
        tag("text", text(speech.distance(bar_m)), x=18, y=f"{low - 4:.1f}"),
        tag("path", d=f"M{_WIDE - 18:.0f},34v-20l-5,8m5,-8l5,8"),
        tag("text", text(speech.say("map.north")), x=_WIDE - 18, y=46, text_anchor="middle"),
        tag("text", text(speech.place(west, north)), x=12, y=_LINE_HEIGHT + 4),
        tag("text", text(speech.place(east, south)), x=_WIDE - 12, y=low, text_anchor="end"),
        class_="frame",
    )


def _round_down(metres: float) -> float:
    """The next 1, 2 or 5 times a power of ten below."""
    power = 10.0 ** math.floor(math.log10(metres))
    return next(power * step for step in (5, 2, 1) if power * step <= metres)
