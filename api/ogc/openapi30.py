"""This API in OpenAPI 3.0, which the standard's `oas30` class and its test suite want.

It has a path for each collection, so that each can say by what it may be filtered.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Final

from api.errors import ProblemBody
from api.language import Language
from api.ogc.asked import LIMIT, MOST
from api.ogc.crs import ALL, CRS84
from api.ogc.filters import LANGUAGES, LENGTH
from api.ogc.links import GEOJSON, HTML, JSON, MVT, OPENAPI, SCHEMA
from api.ogc.words import word
from tracker.reads import LAYERS, Kind, Layer

Json = dict[str, Any]

_SCHEMAS: Final[dict[Kind, Json]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
}
_STRING: Final[Json] = {"type": "string"}
_OBJECT: Final[Json] = {"type": "object"}
_LINK: Final[Json] = {
    "type": "object",
    "required": ["href", "rel"],
    "properties": {name: _STRING for name in ("href", "rel", "type", "title")},
}
_LINKS: Final[Json] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}


def document_of(root: str, language: Language) -> Json:
    """The description of the API whose landing page is `root`."""
    paths: Json = {
        "/": _get("landing", "landing", JSON, "landingPage"),
        "/api": _get("api", "api", OPENAPI),
        "/conformance": _get("conformance", "conformance", JSON, "confClasses"),
        "/collections": _get("collections", "collections", JSON, "collections"),
    }
    for layer in LAYERS.values():
        paths |= _paths_of(layer)
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
        "tags": [{"name": name} for name in ("ogc", *LAYERS)],
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
    values = [_value(each, kind) for each, kind in layer.properties.items()]
    in_path = [_in_path(each, _STRING) for each in ("featureId",)]
    numbers = [_in_path(each, {"type": "integer", "minimum": 0}) for each in "zxy"]
    path = f"/collections/{name}"
    return {
        path: _get(f"{name}.collection", "collection", JSON, "collection", tag=name),
        f"{path}/queryables": _get(f"{name}.queryables", "queryables", SCHEMA, tag=name),
        f"{path}/items": _get(
            f"{name}.items",
            "items",
            GEOJSON,
            "featureCollection",
            parameters=[*_refs("bbox", "bbox-crs", "crs", "limit", "after", *which), *values],
            tag=name,
        ),
        f"{path}/items/{{featureId}}": _get(
            f"{name}.item",
            "id",
            GEOJSON,
            "feature",
            parameters=[*in_path, *_refs("crs", "purpose")],
            tag=name,
        ),
        f"/tiles/{name}": _get(f"{name}.tileset", "tiles", JSON, tag=name),
        f"/tiles/{name}/{{z}}/{{x}}/{{y}}.mvt": _get(
            f"{name}.tile", "tiles", MVT, parameters=[*numbers, *_refs(*which), *values], tag=name
        ),
    }


def _get(
    operation: str,
    summary: str,
    media_type: str,
    schema: str | None = None,
    *,
    parameters: Sequence[Json] = (),
    tag: str = "ogc",
) -> Json:
    found = _OBJECT if schema is None else {"$ref": f"#/components/schemas/{schema}"}
    content: Json = {media_type: {"schema": found}, HTML: {"schema": _STRING}}
    if media_type == MVT:
        content = {MVT: {"schema": {"type": "string", "format": "binary"}}}
    answers = {"200": {"description": "OK", "content": content}}
    if media_type == MVT:
        answers["204"] = {"description": "Nothing is there"}
        answers["304"] = {"description": "As it was"}
    problem = {"$ref": "#/components/responses/problem"}
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": [tag],
            "parameters": [*parameters, *([] if media_type == MVT else _refs("f"))],
            "responses": {**answers, "400": problem, "default": problem},
        }
    }


def _refs(*names: str) -> list[Json]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _in_path(name: str, schema: Json) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _value(name: str, kind: Kind) -> Json:
    """A property as a parameter: features that have this value."""
    return _asked(name, _SCHEMAS[kind])


def _asked(name: str, schema: Json, **more: object) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


_WHY: Final = "what for; needed of `tracks`, here or in the header Milepost-Purpose"


def _parameters() -> Json:
    uri = {"type": "string", "format": "uri", "enum": [crs.uri for crs in ALL]}
    crs: Json = {**uri, "default": CRS84.uri}
    commas: Json = {"style": "form", "explode": False}
    numbers: Json = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}
    language = {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}
    found = (
        _asked("f", {"type": "string", "enum": ["json", "html"]}),
        _asked("bbox", numbers, **commas),
        _asked("bbox-crs", crs),
        _asked("crs", crs),
        _asked("datetime", _STRING, **commas),
        _asked("limit", limit, **commas),
        _asked("after", _STRING, description="from a link `next`"),
        _asked("filter", {"type": "string", "maxLength": LENGTH}, description="CQL2"),
        _asked("filter-lang", language),
        _asked("filter-crs", crs),
        _asked("purpose", {"type": "string", "minLength": 3, "maxLength": 200}, description=_WHY),
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

    strings = {"type": "array", "items": _STRING}
    collection = of("id", "links", id=_STRING, title=_STRING, links=_LINKS, extent=_OBJECT,
                    crs=strings, storageCrs=_STRING, itemType=_STRING)  # fmt: skip
    feature = of("type", "geometry", "properties", type={"type": "string", "enum": ["Feature"]},
                 id=_STRING, geometry={"type": "object", "nullable": True}, properties=_OBJECT,
                 links=_LINKS)  # fmt: skip
    return {
        "link": _LINK,
        "landingPage": of("links", title=_STRING, description=_STRING, links=_LINKS),
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
            **{name: {"type": "integer"} if name == "status" else _STRING
               for name in ProblemBody.model_fields if name != "errors"},
        ),
    }  # fmt: skip
