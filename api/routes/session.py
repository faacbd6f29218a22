"""Signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from api.caller import (
    COOKIE,
    OPEN,
    SECURE_COOKIE,
    SIGNED_IN,
    InCaller,
    cookie_of,
    csrf_of,
    is_secure,
    token_of,
    who,
    who_asks,
)
from api.errors import NoPasswordHere, NotFound, NotSignedIn, SignInClosed
from api.models import Department, Name
from api.service import InService, Service
from api.session_models import (
    Me,
    PasswordChange,
    SignInAsDepartment,
    SignInChoices,
    SignInWithKey,
    SignInWithPassword,
)
from api.settings import OidcSettings
from tracker import secrets, sessions
from tracker.audit import Entry
from tracker.reads import departments, installation
from tracker.sessions import Lasts

router = APIRouter(prefix="/v1", tags=["session"])

Credentials = Annotated[SignInAsDepartment | SignInWithKey | SignInWithPassword, Body()]
#: What one is in a demonstration who says nothing else.
_DEMO_ROLES: Final = {True: ("platform", "administrator"), False: ("administrator",)}


@router.get("/sign-in", openapi_extra=OPEN)
async def choices(service: InService) -> SignInChoices:
    """How to sign in here."""
    found = await installation(service.reader)
    offered = await departments(service.reader) if found["demo"] else []
    oidc = service.provider.settings if service.provider is not None else None
    return SignInChoices(
        mode="demo" if found["demo"] else "password",
        government=Name.model_validate(found["name"]),
        departments=[Department.model_validate(row) for row in offered],
        provider=_named(oidc),
    )


@router.post(
    "/session",
    status_code=204,
    openapi_extra=OPEN,
    responses={401: {}, 404: {}, 429: {}},
)
async def sign_in(request: Request, credentials: Credentials, service: InService) -> Response:
    """Start a session: the answer sets its cookie. One that the browser had ends."""
    if isinstance(credentials, SignInWithKey):
        secret = credentials.key.strip()
        caller = await service.callers.of(secret) if secrets.read(secret) else None
        if caller is None:
            raise NotSignedIn
        by = who(request, caller)
        await service.auditor.add(
            Entry(by=by, what="sign_in.key", departments=caller.department_ids)
        )
    elif isinstance(credentials, SignInWithPassword):
        user = await service.doorkeeper.admit(
            credentials.name.strip().lower(), credentials.password, who_asks(request, "nobody", "")
        )
        by = who_asks(request, f"user:{user.login}", user.name)
        secret = (await sessions.begin_user(service.reader, user, by, lasts(service))).text
    else:
        secret = await _demo_session(request, service, credentials)
    await end_session_of(request, service)
    return with_cookie(request, service, secret, Response(status_code=204))


@router.delete("/session", status_code=204, dependencies=[SIGNED_IN])
async def sign_out(request: Request, service: InService, everywhere: bool = False) -> Response:
    """End the session, or with `everywhere` all of the same person. A key stays valid."""
    await end_session_of(request, service, everywhere=everywhere)
    response = Response(status_code=204)
    secure = is_secure(request)
    response.delete_cookie(
        SECURE_COOKIE if secure else COOKIE, httponly=True, samesite="strict", secure=secure
    )
    return response


@router.get("/me", dependencies=[SIGNED_IN])
async def me(request: Request, caller: InCaller, service: InService) -> Me:
    """Who the caller is."""
    known = await departments(service.reader)
    seen = [row for row in known if row["department"] in caller.refs.values()]
    secret = token_of(request)
    shown = secrets.read(secret or "")
    return Me(
        id=caller.id,
        label=caller.label,
        platform=caller.platform,
        roles=caller.roles,
        permissions=sorted(caller.permissions),
        departments=[Department.model_validate(row) for row in seen],
        departments_in_all=len(known),
        ends_at=await sessions.ends_at(service.reader, shown) if shown is not None else None,
        csrf=csrf_of(secret) if secret and secret == cookie_of(request) else None,
    )


@router.put(
    "/me/password",
    status_code=204,
    dependencies=[SIGNED_IN],
    responses={409: {}, 429: {}},
)
async def change_password(
    request: Request, caller: InCaller, service: InService, change: PasswordChange
) -> Response:
    """Take another password, who signs in here by one: their other sessions end, this one stays."""
    secret = secrets.read(token_of(request) or "")
    kind, _, login = caller.id.partition(":")
    if kind != "user" or secret is None:
        raise NoPasswordHere
    await service.doorkeeper.change(login, change, secret, who(request, caller))
    service.callers.forget_all()
    return Response(status_code=204)


def _named(oidc: OidcSettings | None) -> Name | None:
    """What the other way in is called."""
    if oidc is None:
        return None
    return Name.model_validate({"en": oidc.name_en, "zh-Hant": oidc.name_zh_hant})


def lasts(service: Service) -> Lasts:
    """How long a session lasts here."""
    return Lasts(idle_s=service.settings.session_idle_s, whole_s=service.settings.session_s)


def with_cookie(request: Request, service: Service, secret: str, response: Response) -> Response:
    """The answer, with the session's cookie."""
    secure = is_secure(request)
    response.set_cookie(
        SECURE_COOKIE if secure else COOKIE,
        secret,
        max_age=service.settings.session_s,
        httponly=True,
        samesite="strict",
        secure=secure,
    )
    return response


async def end_session_of(request: Request, service: Service, *, everywhere: bool = False) -> None:
    """End the session that the request came with, if it did."""
    secret = secrets.read(token_of(request) or "")
    caller = await service.callers.of(secret.text) if secret is not None else None
    if secret is not None and caller is not None:
        by = who(request, caller)
        await sessions.end(service.reader, secret, by, everywhere=everywhere)
        service.callers.forget_all() if everywhere else service.callers.forget(secret.text)


async def _demo_session(request: Request, service: Service, asked: SignInAsDepartment) -> str:
    if not (await installation(service.reader))["demo"]:
        raise SignInClosed
    roles = (asked.role,) if asked.role else _DEMO_ROLES[asked.department == "*"]
    said = [f"{role}@{asked.department}" for role in roles]
    if len(await sessions.roles_said(service.reader, said)) != len(said):
        raise NotFound(f"(department {asked.department})")
    by = who_asks(request, f"demo:{said[0]}", "Demo 示範")
    return (await sessions.begin_guest(service.reader, by, said, lasts(service))).text
