"""The document: FastAPI's, with names, words, problems, headers and examples."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.changing import NEEDED
from api.errors import ProblemBody
from api.openapi import names, problems
from api.openapi.chinese import SUMMARIES
from api.openapi.examples import EXAMPLES
from api.openapi.tags import TAGS

Json = dict[str, Any]

_ABOUT: Final = """\
Where the vehicles of a government's departments are and were, which fences they crossed, and who
may know it. Every answer is read as one caller, who sees their own departments and what others
granted; what they may not see answers 404, as if it were not there.

Send a key as `Authorization: Bearer mp_…`. Times are ISO 8601 with their offset, answers in UTC;
coordinates are (longitude, latitude) of WGS 84; things are called by full refs, `FSD/AMB-012`.
Reads of where vehicles *were* want a purpose, in the header `Milepost-Purpose`. Every error is a
problem of RFC 9457. What the service tells by itself (server-sent events, the WebSocket
`/v1/live`, webhooks) stands in `/v1/asyncapi.json`; examples that run, in docs/api.md and at
`/developers`."""
_HEADERS: Final = {
    "TraceId": ("By which the service's log and audit know this request.", {"type": "string"}),
    "RateLimit": ("How many requests are surely left, and in how many seconds there are more.",
                  {"type": "string"}),
    "RetryAfter": ("In how many seconds it is worth asking again.", {"type": "integer"}),
    "ETag": ("The revision: send it back as If-Match or If-None-Match.", {"type": "string"}),
    "Location": ("Where what was made is.", {"type": "string", "format": "uri-reference"}),
}  # fmt: skip


def document_of(app: FastAPI) -> Json:
    """What the API can be asked, without `servers`. The same for everybody."""
    made = get_openapi(
        title="Milepost",
        version=version("milepost"),
        summary="The location service that all departments of a government share",
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=app.routes,
        tags=TAGS,
    )
    operations = list(_operations(made))
    _name(operations)
    revised = {path for _, path, each in operations if "If-Match" in _named(each)}
    for method, path, operation in operations:
        _say(operation)
        _mend_parameters(operation)
        _describe_answers(method, path, operation, revised)
    components = made["components"]
    components["responses"] = problems.components()
    components["headers"] = {
        name: {"description": words, "schema": schema} for name, (words, schema) in _HEADERS.items()
    }
    _describe_schemas(components["schemas"])
    return made


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _named(operation: Json) -> set[str]:
    return {each["name"] for each in operation.get("parameters", ())}


def _name(operations: list[tuple[str, str, Json]]) -> None:
    taken: set[str] = set()
    for method, path, operation in operations:
        name = names.operation_id(method, path)
        operation["operationId"] = names.apart(name, path) if name in taken else name
        taken.add(operation["operationId"])


def _say(operation: Json) -> None:
    """The first sentence of a route's docstring is its summary."""
    text = operation.get("description", "").replace("\n\n", "\0").replace("\n", " ")
    text = text.replace("\0", "\n\n")
    first, _, _ = text.partition("\n\n")
    sentence, _, _ = first.partition(". ")
    operation["summary"] = sentence.removesuffix(".")
    needed = {each for way in operation["security"] for scopes in way.values() for each in scopes}
    if needed:
        text += f"\n\nNeeds the permission `{needed.pop()}`."
    elif not operation["security"]:
        text += "\n\nAnybody may ask."
    operation["description"] = text
    if chinese := SUMMARIES.get(operation["operationId"]):
        operation["x-summary-zh-Hant"] = chinese


def _mend_parameters(operation: Json) -> None:
    for each in operation.get("parameters", ()):
        each["schema"] = _without_null(each["schema"])
        if each["schema"].pop(NEEDED, False):
            each["required"] = True


def _without_null(schema: Json) -> Json:
    """A parameter that is not given is not there: nothing in an address is null."""
    kinds = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{name: said for name, said in schema.items() if name != "anyOf"}}


def _describe_answers(method: str, path: str, operation: Json, revised: set[str]) -> None:
    own = {status: said for status, said in operation["responses"].items() if status < "400"}
    more = {int(status) for status in operation["responses"] if "400" <= status < "600"}
    declared = more - {422}
    for status, said in own.items():
        said.setdefault("description", "Done.")
        said["headers"] = _headers_of(method, path, operation, revised) | said.get("headers", {})
        if status == "201":
            said["headers"]["Location"] = {"$ref": "#/components/headers/Location"}
    if "If-None-Match" in _named(operation):
        own["304"] = {"description": "It is as you have it."}
    statuses = problems.statuses_of(method, path, operation) | declared
    operation["responses"] = own | problems.references(statuses)


def _headers_of(method: str, path: str, operation: Json, revised: set[str]) -> Json:
    told = {"Milepost-Trace-Id": "TraceId"}
    if operation["security"]:
        told["RateLimit"] = "RateLimit"
    names_of_it = _named(operation)
    is_revised = method == "get" and path.endswith("}") and any(r.startswith(path) for r in revised)
    if names_of_it & {"If-Match", "If-None-Match"} or is_revised:
        told["ETag"] = "ETag"
    return {name: {"$ref": f"#/components/headers/{ref}"} for name, ref in told.items()}


def _describe_schemas(schemas: Json) -> None:
    schemas[ProblemBody.__name__] = ProblemBody.model_json_schema(mode="serialization")
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, example in EXAMPLES.items():
        if name in schemas:
            schemas[name]["examples"] = [example]
    for name, schema in schemas.items():
        # A name in the document is title enough.
        schema.pop("title", None)
        for each in schema.get("properties", {}).values():
            each.pop("title", None)
        schema.setdefault("description", name)
