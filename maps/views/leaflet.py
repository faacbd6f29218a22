"""The map for the screen. Only this file knows folium, and what it is given is Html already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import folium
import numpy as np
from branca.element import Element, Figure, MacroElement
from folium.plugins import HeatMap
from folium.template import Template

from maps.text import Html, ours, text
from maps.views import assets
from maps.views.drawing import DIGITS, Box, Drawing, Heat, Mark, Ring, Stroke
from maps.views.speech import Speech

#: Pixels around a symbol's middle.
_ICON_PX: Final = 24
#: The zoom that the heat is made for: nearer, its spots only grow.
_HEAT_ZOOM: Final = 11
_NEAREST_ZOOM: Final = 19
#: Seen on light land and on dark; the legend in `page.css` shows the same.
_HEAT_COLOURS: Final = {0.2: "#f6a04d", 0.6: "#e6550d", 1.0: "#b30024"}


class Drawn(NamedTuple):
    """The parts of a page that folium makes."""

    html: Html
    script: Html


def draw(drawing: Drawing, speech: Speech) -> Drawn:
    """The map of a drawing. The same drawing gives the same text."""
    corners = _corners(drawing.bounds())
    chart = folium.Map(
        location=corners[0],
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        max_zoom=_NEAREST_ZOOM,
        zoom_snap=0.25,
        # The first fit would be flown to as well.
        zoom_animation=False,
    )
    for element in _elements(drawing, speech):
        element.add_to(chart)
    chart.fit_bounds(corners)
    return _rendered(chart)


def _elements(drawing: Drawing, speech: Speech) -> Iterable[Element]:
    yield _Ground(speech)
    if drawing.heat is not None:
        yield _heat(drawing.heat)
    if drawing.ring is not None:
        yield _ring(drawing.ring)
    yield from map(_line, drawing.strokes)
    # What comes first in a drawing is to lie on top.
    yield from map(_symbol, reversed(drawing.marks))


def _rendered(chart: folium.Map) -> Drawn:
    """Without folium's header: it names other hosts, and the page has its own."""
    figure = chart.get_root()
    if not isinstance(figure, Figure):
        raise TypeError("folium keeps a map in a figure")
    _number(figure)
    chart.render()
    return Drawn(ours(figure.html.render()), ours(_apart(figure.script.render())))


def _number(root: Element) -> None:
    """Names in order instead of by chance, so that a page can be made again and compared."""
    waiting, number = [root], 0
    while waiting:
        element = waiting.pop()
        element._id = f"{number}"
        number += 1
        waiting += element._children.values()
        icon = getattr(element, "icon", None)
        if icon is not None and icon not in waiting:
            waiting.append(icon)


def _apart(script: str) -> str:
    """The script without its indentation, which is a tenth of it."""
    return "\n".join(line.strip() for line in script.splitlines() if line.strip())


def _corners(box: Box) -> list[list[float]]:
    return [
        [round(box.south, DIGITS), round(box.west, DIGITS)],
        [round(box.north, DIGITS), round(box.east, DIGITS)],
    ]


def _line(stroke: Stroke) -> Element:
    lines = [np.round(line[:, ::-1], DIGITS).tolist() for line in stroke.lines]
    return folium.PolyLine(
        lines, class_name=f"way {stroke.look}", interactive=False, smooth_factor=0.5
    )


def _symbol(mark: Mark) -> Element:
    half = _ICON_PX // 2
    return folium.Marker(
        [round(mark.lat, DIGITS), round(mark.lon, DIGITS)],
        tooltip=folium.Tooltip(mark.told, sticky=False),
        icon=folium.DivIcon(
            html=mark.label,
            icon_size=(_ICON_PX, _ICON_PX),
            icon_anchor=(half, half),
            class_name=f"mark {mark.look}",
        ),
        # The tables say the same; two hundred stops of the Tab key would be in the way.
        keyboard=False,
    )


def _ring(ring: Ring) -> Element:
    return folium.Circle(
        [round(ring.lat, DIGITS), round(ring.lon, DIGITS)],
        radius=ring.radius_m,
        class_name="ring",
        interactive=False,
    )


def _heat(heat: Heat) -> Element:
    places = np.round(heat.places[:, ::-1], DIGITS)
    data = np.column_stack([places, np.round(heat.heat, 3)]).tolist()
    return HeatMap(
        data, min_opacity=0.3, max_zoom=_HEAT_ZOOM, radius=12, blur=10, gradient=_HEAT_COLOURS
    )


class _Ground(MacroElement):
    """The land, the names on it, and the map's controls in the page's language.

    folium gives a marker its icon only after it has been shown with Leaflet's own, which is a
    picture elsewhere: so that one is no picture here.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            L.Marker.prototype.options.icon = L.divIcon();
            L.control.zoom({
                zoomInTitle: {{ this.zoom_in|tojson }},
                zoomOutTitle: {{ this.zoom_out|tojson }}
            }).addTo({{ this._parent.get_name() }});
            L.control.scale({imperial: false}).addTo({{ this._parent.get_name() }});
            {{ this._parent.get_name() }}.createPane("ground").style.zIndex = 350;
            L.geoJSON(LAND, {pane: "ground", interactive: false, style: {className: "land"}})
                .addTo({{ this._parent.get_name() }});
            {{ this.names|tojson }}.forEach(function (each) {
                L.marker(each[0], {
                    pane: "ground", interactive: false, keyboard: false,
                    icon: L.divIcon({className: "district", iconSize: null, html: each[1]})
                }).addTo({{ this._parent.get_name() }});
            });
        {% endmacro %}
        """
    )

    def __init__(self, speech: Speech) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # branca has no types here
        self._name = "Ground"
        self.zoom_in = text(speech.say("map.zoom_in"))
        self.zoom_out = text(speech.say("map.zoom_out"))
        self.names = [
            [[each.lat, each.lon], f"<span>{text(speech.name(each.name, ''))}</span>"]
            for each in assets.districts()
        ]
