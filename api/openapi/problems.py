"""Which problems an operation answers with, and how they are described."""

from __future__ import annotations

from typing import Any, Final

from api.errors import PROBLEMS, ProblemBody

Json = dict[str, Any]

MEDIA_TYPE: Final = "application/problem+json"
#: Titles of a status; the first of PROBLEMS where no sentence says it better.
_SENTENCES: Final = {
    400: "The request, or its query, cannot be read.",
    401: "Nobody is signed in: send a valid key as `Authorization: Bearer mp_…`.",
    403: "Your role may not do this, or another site's page asked.",
    404: "There is no such thing for you here.",
    406: "There is nothing here of a kind that `Accept` names.",
    409: "The state of the thing does not allow this, or its name is in use.",
    412: "It has changed since you read it: read it again.",
    413: "The body is too long; nothing of it was used.",
    415: "The body is no JSON.",
    422: "The request cannot be used: `errors` or `detail` says why.",
    428: "Send the thing's ETag as `If-Match`.",
    429: "Too many requests; nothing was done. `Retry-After` says when there is one again.",
    431: "Address and headers are too long; nothing was done.",
    500: "A fault of the service; its log has the trace id.",
    503: "The database, or what else is needed, does not answer: try again.",
}
_WAITING: Final = (429, 503)


def statuses_of(method: str, path: str, operation: Json) -> set[int]:
    """Those that an operation may be answered with beside its own."""
    named = {each["name"] for each in operation.get("parameters", ())}
    asks = {each["in"] for each in operation.get("parameters", ())}
    needed = {each["name"] for each in operation.get("parameters", ()) if each["required"]}
    secured, writes = bool(operation["security"]), method != "get"
    found = {
        400: "requestBody" in operation,
        401: secured,
        403: secured or writes,
        404: "path" in asks or writes or bool(named & {"department", "vehicle", "before"}),
        409: secured and writes,
        412: "If-Match" in named,
        # Whatever is asked, a body that came with it is looked at first.
        413: True,
        415: True,
        422: bool(asks) or "requestBody" in operation,
        428: "If-Match" in needed,
        429: secured,
        431: True,
        500: True,
        503: True,
    }
    of_ogc = {400, 406} if path.startswith("/ogc") else set()
    return of_ogc | {status for status, applies in found.items() if applies}


def references(statuses: set[int]) -> Json:
    """Responses of an operation."""
    return {
        str(status): {"$ref": f"#/components/responses/Problem{status}"}
        for status in sorted(statuses)
    }


def components() -> Json:
    """What they refer to."""
    return {f"Problem{status}": _response(status) for status in _SENTENCES}


def _response(status: int) -> Json:
    slugs = {each.slug: each for each in PROBLEMS.values() if each.status == status}
    examples = {
        slug: {
            "value": {
                "type": f"/problems/{slug}",
                "title": problem.title["en"],
                "status": status,
                "detail": "What happened, whether anything was lost, what to do.",
                "trace_id": "0af7651916cd43dd8448eb211c80319c",
            }
        }
        for slug, problem in sorted(slugs.items())
    }
    content: Json = {"schema": {"$ref": f"#/components/schemas/{ProblemBody.__name__}"}}
    headers = {"Milepost-Trace-Id": {"$ref": "#/components/headers/TraceId"}}
    if status in _WAITING:
        headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
    return {
        "description": _SENTENCES[status],
        "headers": headers,
        "content": {MEDIA_TYPE: content | ({"examples": examples} if examples else {})},
    }
