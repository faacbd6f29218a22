"""The base maps beside the built-in one: which there are, whether they answer, and their tiles."""

from __future__ import annotations

import asyncio
import logging
import mimetypes
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from api.console_models import Basemap
from api.envelope import content_security_policy
from api.errors import ApiError
from api.settings import BasemapSettings

log = logging.getLogger(__name__)

#: A tile in the middle of Hong Kong that every server of its map has.
_TRIED: Final = {"z": 11, "x": 1673, "y": 893}
_WITHIN_S: Final = 3.0
#: What was found holds for so long.
_REMEMBERED_S: Final = 30.0
#: The Lands Department's map service, as its terms ask: portal.csdi.gov.hk, "Map API".
_LANDS: Final = "https://mapapi.geodata.gov.hk/gs/api/v1.0.0/xyz"
_LANDS_TERMS: Final = "https://api.portal.hkmapservice.gov.hk/disclaimer"
_FILE_PATH: Final = "/basemap/file.pmtiles"
_TILES_PATH: Final = "/basemap/{z}/{x}/{y}"
_MOST_ZOOM: Final = 22


class BasemapUnusable(ApiError):
    """`MILEPOST_BASEMAP_FILE` is no .pmtiles or .mbtiles file and no folder of z/x/y pictures."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile's bytes and what they are."""

    body: bytes
    media_type: str


class Basemaps:
    """What is configured; asks the online server now and then whether it answers."""

    def __init__(self, settings: BasemapSettings) -> None:
        """Raises BasemapUnusable."""
        self._settings = settings
        self._tried_at_s = float("-inf")
        self._answers = False
        self._trying = asyncio.Lock()
        if settings.file is not None and not _is_usable(settings.file):
            raise BasemapUnusable(f"({settings.file})")

    @property
    def file(self) -> Path | None:
        """The operator's own file or folder."""
        return self._settings.file

    @property
    def policy(self) -> str:
        """The console's content security policy: the online server alone is let in."""
        online = self._online(answers=False)
        addresses = [] if online is None else [online.tiles, *online.labels.values()]
        origins = {f"{each.scheme}://{each.netloc}" for each in map(urlsplit, addresses)}
        return content_security_policy(sorted(origins))

    async def all(self) -> list[Basemap]:
        """Those that are configured, the one to be shown first of all first."""
        online = self._online(answers=await self._does_answer())
        return [each for each in (online, self._own()) if each is not None]

    async def _does_answer(self) -> bool:
        online = self._online(answers=False)
        if online is None:
            return False
        async with self._trying:
            if time.monotonic() - self._tried_at_s > _REMEMBERED_S:
                self._answers = await _answers(online.tiles)
                self._tried_at_s = time.monotonic()
        return self._answers

    def _online(self, *, answers: bool) -> Basemap | None:
        said = self._settings
        if said.online == "off":
            return None
        if said.online == "lands-department":
            return _lands_department(answers=answers)
        return _basemap(
            id="online",
            name=(said.online_name_en, said.online_name_zh_hant),
            tiles=said.online,
            max_zoom=said.online_max_zoom,
            attribution=(said.online_attribution_en, said.online_attribution_zh_hant),
            answers=answers,
        )

    def _own(self) -> Basemap | None:
        said = self._settings
        if said.file is None:
            return None
        is_pmtiles = said.file.suffix == ".pmtiles"
        min_zoom, max_zoom = (0, _MOST_ZOOM) if is_pmtiles else _zooms(said.file)
        return _basemap(
            id="file",
            name=(said.file_name_en, said.file_name_zh_hant),
            kind="pmtiles" if is_pmtiles else "raster",
            tiles=_FILE_PATH if is_pmtiles else _TILES_PATH,
            min_zoom=min_zoom,
            max_zoom=max_zoom,
            attribution=(said.file_attribution_en, said.file_attribution_zh_hant),
        )

    def tile(self, z: int, x: int, y: int) -> Tile | None:
        """A picture of the operator's own map; None where it has none."""
        own = self.file
        if own is None or not (0 <= z <= _MOST_ZOOM and 0 <= x < 2**z and 0 <= y < 2**z):
            return None
        return _tile_in_folder(own, z, x, y) if own.is_dir() else _tile_in_mbtiles(own, z, x, y)


async def _answers(template: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=_WITHIN_S) as client:
            answer = await client.get(_at(template, _TRIED))
    except httpx.HTTPError as error:
        log.info("base map: %s does not answer (%s)", template, type(error).__name__)
        return False
    return answer.is_success


def _basemap(
    *,
    name: tuple[str, str],
    attribution: tuple[str, str],
    **said: Any,  # noqa: ANN401  its fields
) -> Basemap:
    names = {"name": _both(name), "attribution": _both(attribution)}
    usual: dict[str, Any] = {"kind": "raster", "labels": {}, "min_zoom": 0, "terms": None}
    return Basemap.model_validate({**usual, "answers": True, **names, **said})


def _both(words: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("en", "zh-Hant"), words, strict=True))


def _lands_department(*, answers: bool) -> Basemap:
    return _basemap(
        id="online",
        name=("Lands Department", "地政總署"),
        tiles=f"{_LANDS}/basemap/WGS84/{{z}}/{{x}}/{{y}}.png",
        labels={
            "en": f"{_LANDS}/label/hk/en/WGS84/{{z}}/{{x}}/{{y}}.png",
            "zh-Hant": f"{_LANDS}/label/hk/tc/WGS84/{{z}}/{{x}}/{{y}}.png",
        },
        min_zoom=10,
        max_zoom=19,
        attribution=("Map from Lands Department", "地圖資料由地政總署提供"),
        terms=_LANDS_TERMS,
        answers=answers,
    )


def _at(template: str, place: Mapping[str, int]) -> str:
    for name, number in place.items():
        template = template.replace(f"{{{name}}}", str(number))
    return template


def _is_usable(path: Path) -> bool:
    return path.is_dir() or (path.is_file() and path.suffix in (".pmtiles", ".mbtiles"))


def _zooms(path: Path) -> tuple[int, int]:
    """The least and the greatest zoom that there are pictures of."""
    if path.is_dir():
        levels = [int(each.name) for each in path.iterdir() if each.name.isdigit()]
        return (min(levels), max(levels)) if levels else (0, 0)
    with closing(_opened(path)) as found:
        least, most = found.execute("SELECT min(zoom_level), max(zoom_level) FROM tiles").fetchone()
    return least or 0, most or 0


def _tile_in_folder(folder: Path, z: int, x: int, y: int) -> Tile | None:
    for path in (folder / str(z) / str(x)).glob(f"{y}.*"):
        return Tile(path.read_bytes(), mimetypes.guess_type(path.name)[0] or "image/png")
    return None


def _tile_in_mbtiles(path: Path, z: int, x: int, y: int) -> Tile | None:
    """MBTiles 1.3 counts rows from the south, as TMS does."""
    with closing(_opened(path)) as found:
        row = found.execute(
            "SELECT tile_data FROM tiles WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?",
            (z, x, 2**z - 1 - y),
        ).fetchone()
        kind = found.execute("SELECT value FROM metadata WHERE name = 'format'").fetchone()
    if row is None:
        return None
    return Tile(row[0], f"image/{kind[0] if kind else 'png'}".replace("jpg", "jpeg"))


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
