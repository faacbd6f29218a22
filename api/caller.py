"""Who calls: a bearer token, or the console's session cookie."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Final
from urllib.parse import urlsplit

from fastapi import Depends, Security
from fastapi.security import APIKeyCookie, HTTPBearer
from starlette.requests import HTTPConnection

from api.envelope import mark_scoped, trace_id_of
from api.errors import CrossSite, Forbidden, NotFound, NotSignedIn
from api.service import service_of
from tracker import tokens
from tracker.audit import Who, named
from tracker.reads import Caller, Scope

COOKIE: Final = "milepost_session"
#: Only for the OpenAPI document; `token_of` reads the request.
SCHEMES: Final = [
    Security(HTTPBearer(auto_error=False)),
    Security(APIKeyCookie(name=COOKIE, auto_error=False)),
]
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


def token_of(connection: HTTPConnection) -> str | None:
    """The token that came along; a bearer's goes before the cookie's."""
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        return bearer.strip() if scheme.lower() == "bearer" else ""
    return connection.cookies.get(COOKIE)


async def signed_in(connection: HTTPConnection) -> Caller:
    """The caller; raises NotSignedIn, or TooManyRequests."""
    service = service_of(connection)
    token = token_of(connection)
    caller = await service.callers.of(token) if token else None
    if caller is None:
        raise NotSignedIn
    mark_scoped(connection.scope)
    await service.quotas.take(connection.scope, key_of(connection), caller, "requests")
    return caller


def key_of(connection: HTTPConnection) -> str:
    """The key that came along, as audit and quotas name it: `key:mp_0123abcd`."""
    return f"key:{tokens.prefix_of(token_of(connection) or '')}"


def who(connection: HTTPConnection, caller: Caller) -> Who:
    """Who does what this request asks for, as the audit has it."""
    scope = connection.scope
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    return Who(
        who=key_of(connection),
        label=caller.label,
        path=f"{scope.get('method', 'WS')} {path.decode('ascii', 'replace')}",
        trace_id=trace_id_of(scope),
        address=connection.client.host if connection.client else None,
    )


InCaller = Annotated[Caller, Depends(signed_in)]


async def platform_office(caller: InCaller) -> Caller:
    """The caller, who is the platform office; raises Forbidden."""
    if not caller.platform:
        raise Forbidden
    return caller


async def _scope(connection: HTTPConnection, caller: InCaller) -> AsyncIterator[Scope]:
    async with service_of(connection).reader.scope(caller.department_ids) as scope:
        if connection.scope.get("method") not in _SAFE_METHODS:
            await named(scope, who(connection, caller))
        yield scope


#: One transaction a request, over before the answer's first byte.
InScope = Annotated[Scope, Depends(_scope, scope="function")]


def _chosen_department(caller: InCaller, department: str | None = None) -> int | None:
    """The id of `?department=`; raises NotFound if this caller has no such department."""
    if department is None:
        return None
    for number, ref in caller.refs.items():
        if ref == department:
            return number
    raise NotFound(f"(department {department})")


ChosenDepartment = Annotated[int | None, Depends(_chosen_department)]


def refuse_cross_site(connection: HTTPConnection) -> None:
    """Refuse what a page of another site makes a browser send: writing, and the live socket.

    Browsers say where a request comes from, by `Sec-Fetch-Site` or `Origin`; what says neither is
    no browser, and a bearer token is not sent by itself.
    """
    reading = connection.scope["type"] == "http" and connection.scope["method"] in _SAFE_METHODS
    if reading or "authorization" in connection.headers:
        return
    site = connection.headers.get("sec-fetch-site", "same-origin")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host")
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != host):
        raise CrossSite
