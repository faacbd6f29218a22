"""GPX 1.1: tracks and routes are corridors, waypoints circles; a closed track may be a polygon.

Widths, and what GPX has no word for, stand in `extensions`; nothing that a file names is fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from lxml import etree

from tracker.errors import BadInput
from tracker.fence_files.drawn import Drawn
from tracker.formats.xml_text import text

GPX: Final = "http://www.topografix.com/GPX/1/1"
OURS: Final = "urn:milepost:fence"
_KINDS: Final = ("wpt", "rte", "trk")
_SAID: Final = ("name", "desc", "cmt", "ref", "name_zh_hant", "description_zh_hant", "radius_m",
                "each_side_m", "polygon", "valid_from", "valid_until")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Widths:
    """Of what says none itself, metres."""

    radius_m: float = 100.0
    each_side_m: float = 50.0


def read(path: Path, widths: Widths) -> Iterator[Drawn]:
    """Each waypoint, route and segment of a track; raises BadInput where the XML breaks off."""
    names = [f"{{*}}{name}" for name in _KINDS]
    number = 0
    try:
        with path.open("rb") as file:
            for _, element in etree.iterparse(
                file, events=("end",), tag=names, resolve_entities=False, load_dtd=False,
                no_network=True, remove_comments=True, remove_pis=True,
            ):  # fmt: skip
                if element.getroottree().docinfo.internalDTD is not None:
                    raise BadInput(f"({path}: a document type is not read)")
                for drawn in _of(element, widths):
                    number += 1
                    yield _drawn(path, number, *drawn)
                element.clear()
    except (OSError, etree.XMLSyntaxError) as error:
        raise BadInput(f"({path}: {error})") from None


def _drawn(path: Path, number: int, said: dict[str, str], shape: dict[str, Any]) -> Drawn:
    where = f"{path.name}, feature {number}"
    return Drawn(where=where, number=f"{path.stem}-{number}", attributes=said, shape=shape)


def _of(element: etree._Element, widths: Widths) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    said = _said(element)
    if etree.QName(element).localname == "wpt":
        radius_m = float(said.pop("radius_m", widths.radius_m))
        yield said, {"circle": {"center": _place(element), "radius_m": radius_m}}
        return
    each_side_m = float(said.pop("each_side_m", widths.each_side_m))
    is_polygon = said.pop("polygon", "") == "true"
    lines = _lines(element)
    if is_polygon:
        yield said, {"geometry": {"type": "Polygon", "coordinates": lines}}
        return
    for number, line in enumerate(lines, start=1):
        more = {"ref": f"{said['ref']}-{number}"} if len(lines) > 1 and "ref" in said else {}
        if len(lines) > 1 and "ref" not in said and "name" in said:
            more = {"name": f"{said['name']} {number}"}
        yield said | more, {"corridor": {"line": line, "each_side_m": each_side_m}}


def _said(element: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for child in element.iterchildren(etree.Element):
        inner = child.iterchildren(etree.Element) if _local(child) == "extensions" else (child,)
        for each in inner:
            if _local(each) in _SAID and each.text and each.text.strip():
                found[_local(each)] = each.text.strip()
    return found


def _local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def _lines(element: etree._Element) -> list[list[list[Any]]]:
    """The route, or each segment of the track, as places."""
    kind = _local(element)
    segments = [element] if kind == "rte" else list(element.iterchildren("{*}trkseg"))
    point = "{*}rtept" if kind == "rte" else "{*}trkpt"
    return [[_place(each) for each in segment.iterchildren(point)] for segment in segments]


def _place(element: etree._Element) -> list[Any]:
    """What cannot be read as a number stays what it is, and is refused with the shape."""
    return [_number(element.get("lon")), _number(element.get("lat"))]


def _number(said: str | None) -> float | str | None:
    try:
        return None if said is None else float(said)
    except ValueError:
        return said


def write(file: BinaryIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """Rows of `tracker.reads.fences`: waypoints, then routes, then tracks, as the schema orders."""
    ordered: dict[str, list[str]] = {"circle": [], "corridor": [], "polygon": []}
    for row in rows:
        ordered[row["kind"]] += _WRITERS[row["kind"]](row)
    file.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<gpx version="1.1" creator="Milepost" xmlns="{GPX}" xmlns:m="{OURS}">\n'.encode()
    )
    for written in ordered.values():
        file.write("".join(written).encode())
    file.write(b"</gpx>\n")


def _head(row: Mapping[str, Any], *, ref: str | None = None) -> str:
    said = row["description"].get("en")
    about = f"<desc>{text(said)}</desc>" if said else ""
    return f"<name>{text(row['name'].get('en', row['ref']))}</name>{about}<extensions>" + "".join(
        f"<m:{name}>{text(str(value))}</m:{name}>"
        for name, value in (
            ("ref", ref or row["ref"]),
            ("name_zh_hant", row["name"].get("zh-Hant")),
            ("description_zh_hant", row["description"].get("zh-Hant")),
            ("valid_from", row["valid_from"] and row["valid_from"].isoformat()),
            ("valid_until", row["valid_until"] and row["valid_until"].isoformat()),
        )
        if value
    )


def _circle(row: Mapping[str, Any]) -> list[str]:
    circle = row["definition"]["circle"]
    lon, lat = circle["center"]
    return [
        f'<wpt lat="{lat!r}" lon="{lon!r}">{_head(row)}<m:radius_m>{circle["radius_m"]!r}'
        "</m:radius_m></extensions></wpt>\n"
    ]


def _corridor(row: Mapping[str, Any]) -> list[str]:
    corridor = row["definition"]["corridor"]
    return [
        f"<rte>{_head(row)}<m:each_side_m>{corridor['each_side_m']!r}</m:each_side_m></extensions>"
        f"{_points('rtept', corridor['line'])}</rte>\n"
    ]


def _polygon(row: Mapping[str, Any]) -> list[str]:
    """A track a part: its rings are the segments."""
    geometry = row["geometry"]
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    written = []
    for number, rings in enumerate(parts, start=1):
        ref = row["ref"] if len(parts) == 1 else f"{row['ref']}-{number}"
        segments = "".join(f"<trkseg>{_points('trkpt', ring)}</trkseg>" for ring in rings)
        head = _head(row, ref=ref)
        written.append(f"<trk>{head}<m:polygon>true</m:polygon></extensions>{segments}</trk>\n")
    return written


def _points(name: str, line: Iterable[Iterable[float]]) -> str:
    return "".join(f'<{name} lat="{lat!r}" lon="{lon!r}"/>' for lon, lat, *_ in line)


_WRITERS: Final = {"circle": _circle, "corridor": _corridor, "polygon": _polygon}
