"""Parts of the OpenAPI 3.0 document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from api.ogc.links import HTML, MVT
from tracker.reads import Kind

Json = dict[str, Any]

SCHEMAS: Final[dict[Kind, Json]] = {
    "text": {"type": "string"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "time": {"type": "string", "format": "date-time"},
}
STRING: Final[Json] = {"type": "string"}
OBJECT: Final[Json] = {"type": "object"}


def get(
    operation: str,
    summary: str,
    media_type: str,
    schema: str | None = None,
    *,
    parameters: Sequence[Json] = (),
    tag: str = "ogc",
) -> Json:
    """A path that is read, also as a page; `summary` is a key of `api.ogc.words`."""
    found = OBJECT if schema is None else {"$ref": f"#/components/schemas/{schema}"}
    content: Json = {media_type: {"schema": found}, HTML: {"schema": STRING}}
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
            "parameters": [*parameters, *([] if media_type == MVT else refs("f"))],
            "responses": {**answers, "400": problem, "default": problem},
        }
    }


def refs(*names: str) -> list[Json]:
    """Parameters by name."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def in_path(name: str, schema: Json) -> Json:
    """A part of a path."""
    return {"name": name, "in": "path", "required": True, "schema": schema}


def value(name: str, kind: Kind) -> Json:
    """A property as a parameter: features that have this value."""
    return asked(name, SCHEMAS[kind])


def asked(name: str, schema: Json, **more: object) -> Json:
    """A parameter of a query."""
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}
