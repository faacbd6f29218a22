"""This API in OpenAPI 3.0, which the standard's `oas30` class and its test suite want.

It has a path for each collection, so that each can say by what it may be filtered.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Final

from api.errors import ProblemBody
from api.language import Language
from api.ogc.asked import LIMIT, MOST
from api.ogc.crs import ALL, CRS84
from api.ogc.filters import LANGUAGES, LENGTH
from api.ogc.links import GEOJSON, JSON, MVT, OPENAPI, SCHEMA
from api.ogc.moving.collection import NAME
from api.ogc.moving.openapi import moving_parameters, moving_paths
from api.ogc.openapi_parts import OBJECT, STRING, Json, asked, get, in_path, refs, value
from api.ogc.words import word
from tracker.reads import LAYERS, Layer

_LINK: Final[Json] = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {name: STRING for name in ("href", "rel", "type", "title")},
}
_LINKS: Final[Json] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}


def document_of(root: str, language: Language) -> Json:
    """The description of the API whose landing page is `root`."""
    paths: Json = {
        "/": get("landing", "landing", JSON, "landingPage"),
        "/api": get("api", "api", OPENAPI),
        "/conformance": get("conformance", "conformance", JSON, "confClasses"),
        "/collections": get("collections", "collections", JSON, "collections"),
    }
    for layer in LAYERS.values():
        paths |= _paths_of(layer)
    paths |= moving_paths()
    for path in paths.values():
        path["get"]["summary"] = word(path["get"]["summary"], language)
    return {
        "openapi": "3.0.3",
        "info": {
            "title": word("title", language),
            "description": word("description", language),
            "version": version("milepost"),
        },
        "servers": [{"url": root}],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in ("ogc", *LAYERS, NAME)],
        "paths": paths,
        "components": {
            "schemas": _schemas(),
            "parameters": PARAMETERS,
            "responses": {"problem": _problem()},
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths_of(layer: Layer) -> Json:
    name = layer.name
    which = ["datetime", "filter", "filter-lang", "filter-crs", "purpose"]
    values = [value(each, kind) for each, kind in layer.properties.items()]
    feature_id = in_path("featureId", STRING)
    numbers = [in_path(each, {"type": "integer", "minimum": 0}) for each in "zxy"]
    path = f"/collections/{name}"
    return {
        path: get(f"{name}.collection", "collection", JSON, "collection", tag=name),
        f"{path}/queryables": get(f"{name}.queryables", "queryables", SCHEMA, tag=name),
        f"{path}/items": get(
            f"{name}.items",
            "items",
            GEOJSON,
            "featureCollection",
            parameters=[*refs("bbox", "bbox-crs", "crs", "limit", "after", *which), *values],
            tag=name,
        ),
        f"{path}/items/{{featureId}}": get(
            f"{name}.item",
            "id",
            GEOJSON,
            "feature",
            parameters=[feature_id, *refs("crs", "purpose")],
            tag=name,
        ),
        f"/tiles/{name}": get(f"{name}.tileset", "tiles", JSON, tag=name),
        f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt": get(
            f"{name}.tile", "tiles", MVT, parameters=[*numbers, *refs(*which), *values], tag=name
        ),
    }


_WHY: Final = (
    "what for; needed of `tracks` and moving features, here or in the header Milepost-Purpose"
)


def _parameters() -> Json:
    uri = {"type": "string", "format": "uri", "enum": [crs.uri for crs in ALL]}
    crs: Json = {**uri, "default": CRS84.uri}
    commas: Json = {"style": "form", "explode": False}
    numbers: Json = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}
    language = {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}
    found = (
        asked("f", {"type": "string", "enum": ["json", "html"]}),
        asked("bbox", numbers, **commas),
        asked("bbox-crs", crs),
        asked("crs", crs),
        asked("datetime", STRING, **commas),
        asked("limit", limit, **commas),
        asked("after", STRING, description="from a link `next`"),
        asked("filter", {"type": "string", "maxLength": LENGTH}, description="CQL2"),
        asked("filter-lang", language),
        asked("filter-crs", crs),
        *moving_parameters(),
        asked("purpose", {"type": "string", "minLength": 3, "maxLength": 200}, description=_WHY),
    )
    return {each["name"]: each for each in found}


#: What is asked, by name.
PARAMETERS: Final = _parameters()


def _problem() -> Json:
    schema = {"$ref": "#/components/schemas/problem"}
    return {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": schema}},
    }


def _schemas() -> Json:
    def of(*required: str, **properties: Json) -> Json:
        return {"type": "object", "required": list(required), "properties": properties}

    strings = {"type": "array", "items": STRING}
    collection = of("id", "links", id=STRING, title=STRING, links=_LINKS, extent=OBJECT,
                    crs=strings, storageCrs=STRING, itemType=STRING)  # fmt: skip
    feature = of("type", "geometry", "properties", type={"type": "string", "enum": ["Feature"]},
                 id=STRING, geometry={"type": "object", "nullable": True}, properties=OBJECT,
                 links=_LINKS)  # fmt: skip
    return {
        "link": _LINK,
        "landingPage": of("links", title=STRING, description=STRING, links=_LINKS),
        "confClasses": of("conformsTo", conformsTo=strings),
        "collection": collection,
        "collections": of(
            "links",
            "collections",
            links=_LINKS,
            collections={"type": "array", "items": {"$ref": "#/components/schemas/collection"}},
        ),
        "feature": feature,
        "featureCollection": of(
            "type",
            "features",
            type={"type": "string", "enum": ["FeatureCollection"]},
            features={"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
            links=_LINKS,
            timeStamp={"type": "string", "format": "date-time"},
            numberMatched={"type": "integer", "minimum": 0},
            numberReturned={"type": "integer", "minimum": 0},
        ),
        "problem": of(
            "type", "title", "status", "detail",
            **{name: {"type": "integer"} if name == "status" else STRING
               for name in ProblemBody.model_fields if name != "errors"},
        ),
    }  # fmt: skip
