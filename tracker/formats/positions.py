"""Where vehicles are now, as a table or for a map: whole documents of some thousand vehicles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tracker.formats.base import degrees, instant
from tracker.formats.kml import KML
from tracker.formats.table import GRID, NAMES, grid_cells, table
from tracker.formats.xml_text import element, text

#: A row of `tracker.reads.positions`, with `name` of `tracker.reads.vehicles`.
Position = Mapping[str, Any]

_SAID: Final = (
    *("department", "fixed_at", "received_at", "age_s", "speed_mps", "course_deg", "heading_deg"),
    *("accuracy_m", "altitude_m", "ignition", "motion", "source"),
)


def positions_csv(positions: Sequence[Position]) -> bytes:
    """CSV with a row a vehicle, degrees and HK1980 Grid side by side."""
    places = grid_cells([each["lon"] for each in positions], [each["lat"] for each in positions])
    header = ("vehicle", *NAMES, "lat", "lon", *GRID, *_SAID)
    return table(
        [
            header,
            *(
                (
                    each["vehicle"],
                    *_names(each),
                    *(degrees(each["lat"]), degrees(each["lon"])),
                    *metres,
                    *(each[name] for name in _SAID),
                )
                for each, metres in zip(positions, zip(*places, strict=True), strict=True)
            ),
        ]
    )


def positions_kml(positions: Sequence[Position]) -> bytes:
    """KML 2.2 with a point a vehicle, at the time of its fix."""
    marks = "".join(_placemark(each) for each in positions)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<kml xmlns="{KML}"><Document>\n{marks}</Document></kml>\n'
    ).encode()


def _placemark(position: Position) -> str:
    names = dict.fromkeys(each for each in _names(position) if each)
    title = text(" · ".join((position["vehicle"], *names)))
    where = f"{degrees(position['lon'])},{degrees(position['lat'])}"
    said = "".join(
        f'<Data name="{name}">{element("value", text(str(position[name])))}</Data>'
        for name in ("department", "motion", "speed_mps", "course_deg", "accuracy_m")
        if position[name] is not None
    )
    return (
        f"<Placemark><name>{title}</name>"
        f"<TimeStamp>{element('when', instant(position['fixed_at']))}</TimeStamp>"
        f"<ExtendedData>{said}</ExtendedData>"
        f"<Point><coordinates>{where}</coordinates></Point></Placemark>\n"
    )


def _names(position: Position) -> tuple[str, str]:
    name = position["name"]
    return name.get("en", ""), name.get("zh-Hant", "")
