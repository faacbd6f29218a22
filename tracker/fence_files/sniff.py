"""Whether a file is what its name says: GDAL goes by content, and some of what it knows names other
files and addresses, which it would then read."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from lxml import etree

from tracker.errors import BadInput, TooLarge

#: What a shapefile's parts are called.
PARTS: Final = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".xml", ".txt")
#: The first bytes of a .shp: ESRI's white paper of 1998, the main file header.
SHP_HEAD: Final = bytes.fromhex("0000270a")
#: Unpacked, a shapefile is no larger.
MOST_BYTES: Final = 500_000_000


def must_be_kml(path: Path) -> None:
    """Raises BadInput unless the outermost element is KML's, without a document type."""
    try:
        with path.open("rb") as file:
            events = etree.iterparse(
                file, events=("start",), resolve_entities=False, load_dtd=False, no_network=True
            )
            _, root = next(iter(events))
    except (OSError, etree.XMLSyntaxError, StopIteration) as error:
        raise BadInput(f"({path.name} is no KML: {error})") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise BadInput(f"({path.name}: a document type is not read)")
    if etree.QName(root).localname != "kml":
        raise BadInput(f"({path.name} is no KML: it begins with {etree.QName(root).localname})")


def must_be_shapefile(path: Path) -> None:
    """Raises BadInput unless a .zip holds shapefiles alone, TooLarge of more than is read.

    By what its directory says: GDAL reads no more of a part than stands there.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            names = {Path(each.filename).suffix.lower() for each in members}
            if ".shp" not in names or not names <= set(PARTS):
                raise BadInput(f"({path.name} must hold a shapefile and nothing else)")
            if sum(each.file_size for each in members) > MOST_BYTES:
                raise TooLarge(f"({path.name} unpacks to more than {MOST_BYTES:,} bytes)")
            for each in members:
                if each.filename.lower().endswith(".shp"):
                    with archive.open(each) as file:
                        head = file.read(len(SHP_HEAD))
                    if head != SHP_HEAD:
                        raise BadInput(f"({each.filename} in {path.name} is no .shp)")
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise BadInput(f"({path.name} is no .zip: {error})") from error
