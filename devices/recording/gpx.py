"""GPX 1.0 and 1.1: the points of its tracks.

Nothing that a file names is fetched or put in its place: no DTD, no entity, no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from lxml import etree

from devices.errors import BrokenRecordingError, DocumentTypeError
from devices.recording.item import Item, item_of, number_of

#: What a file may have many of.
_MANY: Final = ("trkpt", "trkseg", "trk", "wpt", "rtept", "rte")
_MODES: Final = {"2d": 2, "3d": 3, "dgps": 3}
#: Our member of an element of this name, in whatever namespace: GPX's own, Garmin's, ours.
_MEMBERS: Final = {
    "ele": "alt",
    "hdop": "hdop",
    "sat": "sat",
    "speed": "spd",
    "speed_mps": "spd",
    "course": "crs",
    "course_deg": "crs",
    "heading_deg": "hdg",
    "accuracy_m": "acc",
}


def read_gpx(file: BinaryIO) -> Iterator[Item]:
    """Each track point; routes and waypoints say where somebody might go, not where they were.

    Raises BrokenRecordingError where the XML breaks off, DocumentTypeError.
    """
    found = etree.iterparse(
        file,
        events=("end",),
        tag=[f"{{*}}{name}" for name in _MANY],
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    is_first = True
    try:
        for _, element in found:
            if is_first and element.getroottree().docinfo.internalDTD is not None:
                raise DocumentTypeError
            is_first = False
            if etree.QName(element).localname == "trkpt":
                yield _item(element)
            _forget(element)
    except etree.XMLSyntaxError as error:
        raise BrokenRecordingError(value=str(error)) from error


def _item(point: etree._Element) -> Item:
    member: dict[str, object] = {
        "lat": number_of(point.get("lat")),
        "lon": number_of(point.get("lon")),
    }
    mode = None
    for each in point.iter(etree.Element):
        name, said = etree.QName(each).localname, (each.text or "").strip()
        if name == "time":
            member["t"] = said
        elif name == "fix":
            mode = _MODES.get(said)
        elif name == "ignition":
            member["ign"] = {"true": True, "false": False}.get(said)
        elif name in _MEMBERS and said:
            member.setdefault(_MEMBERS[name], number_of(said))
    return item_of(member, etree.tostring(point, with_tail=False), mode)


def _forget(element: etree._Element) -> None:
    """Let go of what has been read, so that a long file fills no memory."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
