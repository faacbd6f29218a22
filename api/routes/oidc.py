"""Signing in at the OpenID provider: there and back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from api.caller import OPEN, is_secure, who_asks
from api.errors import NotFound, SignInRefused
from api.identity.bearer import label_of, roles_of, subject_of
from api.identity.keys import Provider
from api.identity.oidc import ATTEMPT_S, Attempt, address_to_sign_in, claims_for
from api.routes.session import end_session_of, lasts, with_cookie
from api.service import InService, Service
from tracker import sessions
from tracker.audit import Entry

router = APIRouter(prefix="/v1/oidc", tags=["session"])


@router.get(
    "/start",
    openapi_extra=OPEN,
    response_class=RedirectResponse,
    status_code=303,
    responses={404: {}},
)
async def start(request: Request, service: InService) -> Response:
    """Go to the provider; it sends the browser back to `/v1/oidc/callback`."""
    provider, attempt = _provider(service), Attempt.new()
    where = await address_to_sign_in(provider, attempt, _back_to(request, provider))
    response = RedirectResponse(where, 303)
    response.set_cookie(
        _cookie(request),
        attempt.kept,
        max_age=ATTEMPT_S,
        httponly=True,
        samesite="lax",  # coming back is a link on the provider's page
        secure=is_secure(request),
    )
    return response


@router.get(
    "/callback",
    openapi_extra=OPEN,
    response_class=RedirectResponse,
    status_code=303,
    responses={401: {}, 404: {}},
)
async def callback(request: Request, service: InService) -> Response:
    """Come back from the provider: a session, and on to the console."""
    provider = _provider(service)
    attempt = Attempt.read(request.cookies.get(_cookie(request)))
    claims = await claims_for(
        provider, attempt, dict(request.query_params), _back_to(request, provider)
    )
    roles = roles_of(provider, claims)
    by = who_asks(request, subject_of(claims), label_of(claims))
    if not await sessions.roles_said(service.reader, roles):
        await service.auditor.add(Entry(by=by, what="sign_in.refused", departments=()))
        raise SignInRefused("(you are known, and have no role here: ask the platform office)")
    made = await sessions.begin_guest(service.reader, by, roles, lasts(service))
    await end_session_of(request, service)
    home = RedirectResponse(request.scope.get("root_path", "") + "/", 303)
    home.delete_cookie(_cookie(request), httponly=True, secure=is_secure(request), samesite="lax")
    return with_cookie(request, service, made.text, home)


def _provider(service: Service) -> Provider:
    if service.provider is None:
        raise NotFound("(no OpenID provider is set: MILEPOST_OIDC_ISSUER)")
    return service.provider


def _back_to(request: Request, provider: Provider) -> str:
    set_one = provider.settings.redirect_uri
    return str(set_one or request.url_for("callback"))


def _cookie(request: Request) -> str:
    return "__Host-milepost_oidc" if is_secure(request) else "milepost_oidc"
