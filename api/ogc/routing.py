"""What the routes under `/ogc` have in common: GET, HEAD and OPTIONS, and a bounded scope."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Annotated, Any, Final, TypeVar

from fastapi import APIRouter, Depends
from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.caller import InCaller, needs
from api.errors import BadQuery
from api.inline import inline
from api.ogc.links import HTML, JSON, Place
from api.ogc.openapi30 import PARAMETERS
from api.service import service_of
from tracker.permissions import Permission
from tracker.reads import Scope, Unanswerable, give_up_after

#: A statement that takes longer is given up: a filter may ask for much.
GIVE_UP_MS: Final = 5_000

router = APIRouter(prefix="/ogc", tags=["ogc"])

InPlace = Annotated[Place, Depends(inline(Place))]
NONE: Final[Mapping[int | str, str]] = {}
JSON_OBJECT: Final = {JSON: {"type": "object"}}
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


async def _scope(connection: HTTPConnection, caller: InCaller) -> AsyncIterator[Scope]:
    try:
        async with service_of(connection).reader.scope(*caller.sight) as scope:
            await give_up_after(scope, GIVE_UP_MS)
            yield scope
    except Unanswerable as error:
        raise BadQuery(str(error)) from error


#: One transaction a request, over before the answer's first byte.
OgcScope = Annotated[Scope, Depends(_scope, scope="function")]


def reading(
    path: str,
    content: Mapping[str, object] = JSON_OBJECT,
    asked: Sequence[str] = (),
    others: Mapping[int | str, str] = NONE,
    *,
    to: APIRouter = router,
    permission: Permission = "layers:read",
) -> Callable[[Endpoint], Endpoint]:
    """A route that is read: documented for GET, there for HEAD and OPTIONS too.

    `content` has the schemas of its media types beside HTML, `asked` names its parameters beside
    `f`, for the document alone: `Place` and its layer know what there is. `others` are statuses
    beside 200, and what they mean.
    """
    described = {kind: {"schema": schema} for kind, schema in content.items()}
    needed = [needs(permission)]
    taken = {"parameters": [PARAMETERS[name] for name in ("f", *asked)]}

    def added(endpoint: Endpoint) -> Endpoint:
        to.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            dependencies=needed,
            response_class=Response,
            openapi_extra=taken,
            responses={status: {"description": words} for status, words in others.items()}
            | {200: {"content": {**described, HTML: {"schema": {"type": "string"}}}}},
        )
        hidden: Any = {"include_in_schema": False, "response_class": Response}
        to.add_api_route(path, endpoint, methods=["HEAD"], dependencies=needed, **hidden)
        to.add_api_route(path, _options, methods=["OPTIONS"], **hidden)
        if not path:
            to.add_api_route("/", endpoint, methods=["GET"], dependencies=needed, **hidden)
        return endpoint

    return added


async def _options() -> Response:
    return Response(status_code=204, headers={"Allow": "GET, HEAD, OPTIONS"})
