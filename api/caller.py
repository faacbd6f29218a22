"""Who calls, and whether they may: by a bearer's key or JWT, or by the session of a cookie."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Annotated, Final, cast
from urllib.parse import urlsplit

from fastapi import Depends, Security
from fastapi.openapi.models import APIKey
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.openapi.models import SecurityBase as SecurityBaseModel
from fastapi.params import Security as SecurityParam
from fastapi.security.base import SecurityBase
from starlette.requests import HTTPConnection

from api.envelope import mark_scoped, trace_id_of
from api.errors import CrossSite, Forbidden, NotFound, NotSignedIn
from api.service import service_of
from tracker.audit import Who, named
from tracker.permissions import Permission
from tracker.reads import Caller, Scope

#: By plain HTTP, which is for loopback.
COOKIE: Final = "milepost_session"
#: By TLS: no other host, path or plain connection can set or read it (RFC 6265bis 4.1.3.2).
SECURE_COOKIE: Final = "__Host-milepost_session"
#: The header in which a page says that it could read what it was told of the session.
CSRF_HEADER: Final = "X-CSRF-Token"
#: A WebSocket's subprotocol with the token behind it: browsers let a script set no other header.
BEARER_PROTOCOL: Final = "milepost.bearer."
LIVE_PROTOCOL: Final = "milepost.live"
#: For a route that anybody may ask: it says so in the OpenAPI document.
OPEN: Final[dict[str, object]] = {"security": []}
_SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")


def is_secure(connection: HTTPConnection) -> bool:
    """Whether the browser speaks TLS, to us or to the proxy before us."""
    settings = service_of(connection).settings
    return settings.cookie_secure or connection.url.scheme in ("https", "wss")


def cookie_of(connection: HTTPConnection) -> str | None:
    """The session's secret, if the browser sent one."""
    return connection.cookies.get(SECURE_COOKIE if is_secure(connection) else COOKIE)


def _bearer_of(connection: HTTPConnection) -> str | None:
    """What stands behind `Bearer`, or in a subprotocol; "" for another scheme."""
    scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        return bearer.strip() if scheme.lower() == "bearer" else ""
    if connection.scope["type"] == "websocket":
        for protocol in connection.scope["subprotocols"]:
            if protocol.startswith(BEARER_PROTOCOL):
                return str(protocol.removeprefix(BEARER_PROTOCOL))
    return None


def token_of(connection: HTTPConnection) -> str | None:
    """What the caller shows; a bearer's goes before the cookie's."""
    bearer = _bearer_of(connection)
    return cookie_of(connection) if bearer is None else bearer


def needs(permission: Permission) -> SecurityParam:
    """Declares what a route's caller must be allowed: `dependencies=[needs("alerts:act")]`."""
    declared: SecurityParam = Security(_allowed, scopes=[permission])
    return declared


def permission_of(connection: HTTPConnection) -> Permission | None:
    """What the route needs that this connection came to; None: only to be signed in."""
    declared = [
        scope
        for each in connection.scope["route"].dependencies
        if isinstance(each, SecurityParam)
        for scope in each.scopes or ()
    ]
    return cast(Permission, declared[-1]) if declared else None  # `needs` took nothing else


async def anybody(connection: HTTPConnection) -> Caller:
    """The caller with all that they are; raises NotSignedIn, or TooManyRequests."""
    service = service_of(connection)
    token = token_of(connection)
    caller = await service.callers.of(token) if token else None
    if caller is None or token is None:
        raise NotSignedIn
    if connection.scope["type"] == "http" and _bearer_of(connection) is None:
        _refuse_forged(connection, token)
    mark_scoped(connection.scope)
    await service.quotas.take(connection.scope, caller, "requests")
    return caller


def _refuse_forged(connection: HTTPConnection, secret: str) -> None:
    """Who writes by a cookie shows what only a page of our own can have read.

    Beside `refuse_cross_site`, for browsers and proxies that leave out what it looks at, and for
    pages of a sibling host, which count as the same site for the cookie.
    """
    shown = connection.headers.get(CSRF_HEADER, "").encode()
    if _may_change(connection) and not hmac.compare_digest(shown, csrf_of(secret).encode()):
        raise CrossSite(f"(`{CSRF_HEADER}` is not this session's: read it from /v1/me)")


def _may_change(connection: HTTPConnection) -> bool:
    """Whether it is more than a question: it writes, or it is a socket, which no header keeps."""
    return connection.scope["type"] == "websocket" or (
        connection.scope["method"] not in _SAFE_METHODS
    )


async def signed_in(
    connection: HTTPConnection, caller: Annotated[Caller, Depends(anybody)]
) -> Caller:
    """The caller within what the route needs: in the departments where they may do it.

    Raises NotSignedIn, and Forbidden where they may do it in none.
    """
    return allowed(caller, permission_of(connection))


def allowed(caller: Caller, permission: Permission | None) -> Caller:
    """The caller within a permission; raises Forbidden."""
    if permission is None:
        return caller
    if permission not in caller.permissions:
        raise Forbidden(f"(it needs {permission})")
    return caller.within(permission)


def may_hear_alerts(caller: Caller) -> bool:
    """Whether streams of positions tell of alerts too: a key may be narrowed to positions."""
    return "alerts:read" in caller.permissions


def who(connection: HTTPConnection, caller: Caller) -> Who:
    """Who does what this request asks for, as the audit has it."""
    return who_asks(connection, caller.id, caller.label)


def who_asks(connection: HTTPConnection, id: str, label: str) -> Who:
    """The same of somebody who is not signed in yet."""
    scope = connection.scope
    path = scope.get("raw_path") or scope["path"].encode("utf-8", "replace")
    return Who(
        who=id,
        label=label,
        path=f"{scope.get('method', 'WS')} {path.decode('ascii', 'replace')}",
        trace_id=trace_id_of(scope),
        address=connection.client.host if connection.client else None,
    )


InCaller = Annotated[Caller, Depends(signed_in)]


class _Shown(SecurityBase):
    """A way to show who one is, for the OpenAPI document; `token_of` reads the request."""

    def __init__(self, model: SecurityBaseModel, scheme_name: str) -> None:
        self.model = model
        self.scheme_name = scheme_name

    async def __call__(self) -> None:
        """Nothing: it is documented."""


_BEARER: Final = _Shown(HTTPBearerModel(description="a key, or a JWT of the issuer"), "bearer")
_COOKIE: Final = _Shown(
    APIKey.model_validate(
        {
            "in": "cookie",
            "name": COOKIE,
            "description": "of the console; what writes shows `csrf` of `/v1/me` as X-CSRF-Token",
        }
    ),
    "session",
)


async def _allowed(
    caller: InCaller,
    bearer: Annotated[None, Security(_BEARER)],
    cookie: Annotated[None, Security(_COOKIE)],
) -> None:
    """Refuse whoever may not."""


#: For a route that needs nothing but somebody who is signed in.
SIGNED_IN: Final = Security(_allowed)


async def _scope(connection: HTTPConnection, caller: InCaller) -> AsyncIterator[Scope]:
    async with service_of(connection).reader.scope(*caller.sight) as scope:
        if connection.scope.get("method") not in _SAFE_METHODS:
            await named(scope, who(connection, caller))
        yield scope


#: One transaction a request, over before the answer's first byte.
InScope = Annotated[Scope, Depends(_scope, scope="function")]


async def _chosen_department(caller: InCaller, department: str | None = None) -> int | None:
    """The id of `?department=`; raises NotFound if this caller has no such department."""
    if department is None:
        return None
    for number, ref in caller.refs.items():
        if ref == department:
            return number
    raise NotFound(f"(department {department})")


ChosenDepartment = Annotated[int | None, Depends(_chosen_department)]


def csrf_of(secret: str) -> str:
    """What a page shows in `X-CSRF-Token`: made of the session's secret, and no way back to it."""
    digest = hmac.digest(secret.encode(), b"csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def refuse_cross_site(connection: HTTPConnection) -> None:
    """Refuse what a page of another site makes a browser send: writing, and the live socket.

    Browsers say where a request comes from, by `Sec-Fetch-Site` or `Origin`. A bearer's token is
    not sent by itself.
    """
    if not _may_change(connection) or _bearer_of(connection) is not None:
        return
    site = connection.headers.get("sec-fetch-site", "same-origin")
    origin = connection.headers.get("origin")
    host = connection.headers.get("host")
    if site != "same-origin" or (origin is not None and urlsplit(origin).netloc != host):
        raise CrossSite
