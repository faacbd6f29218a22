"""The shapes of what the console asks beside the data: places, its own build, base maps."""

from __future__ import annotations

from typing import Literal

from api.models import Model, Name


class Place(Model):
    """A place in degrees of WGS 84 and, where it reaches, in metres of HK1980 Grid."""

    lon: float
    lat: float
    easting_m: float | None
    northing_m: float | None


class Places(Model):
    """The places that a text may mean, the likeliest first."""

    places: list[Place]


class Basemap(Model):
    """A base map beside the built-in one."""

    id: Literal["file", "online"]
    name: Name
    #: `raster`: pictures at `tiles`; `pmtiles`: one file, read by ranges.
    kind: Literal["raster", "pmtiles"]
    #: An address with `{z}`, `{x}`, `{y}`, or that of the file.
    tiles: str
    #: Pictures with names to lay on top, by language; none: they are in the tiles.
    labels: dict[Literal["en", "zh-Hant"], str]
    min_zoom: int
    max_zoom: int
    attribution: Name
    #: Where the attribution leads.
    terms: str | None
    #: Whether it answered when the service tried it last.
    answers: bool


class Console(Model):
    """The console that this service has, and the base maps that it may show."""

    version: str
    #: The scripts and styles that its page names: a page with others is an older one.
    assets: list[str]
    basemaps: list[Basemap]
