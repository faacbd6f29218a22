"""Signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Request
from starlette.responses import Response

from api.caller import COOKIE, SCHEMES, InCaller, token_of
from api.errors import NotFound, NotSignedIn, SignInClosed
from api.models import Department, Me, Name, SignInAsDepartment, SignInChoices, SignInWithToken
from api.service import InService, Service
from tracker import tokens
from tracker.reads import demo_sign_in, departments, end_session, installation

router = APIRouter(prefix="/v1", tags=["session"])

Credentials = Annotated[SignInAsDepartment | SignInWithToken, Body()]


@router.get("/sign-in")
async def choices(service: InService) -> SignInChoices:
    """How to sign in here."""
    found = await installation(service.reader)
    offered = await departments(service.reader) if found["demo"] else []
    return SignInChoices(
        mode="demo" if found["demo"] else "token",
        government=Name.model_validate(found["name"]),
        departments=[Department.model_validate(row) for row in offered],
    )


@router.post("/sign-in", status_code=204)
async def sign_in(request: Request, credentials: Credentials, service: InService) -> Response:
    """Start a session of the console: the answer sets its cookie."""
    if isinstance(credentials, SignInWithToken):
        token = credentials.token.strip()
        if await service.callers.of(token) is None:
            raise NotSignedIn
    else:
        token = await _demo_token(service, credentials.department)
    response = Response(status_code=204)
    response.set_cookie(
        COOKIE,
        token,
        max_age=service.settings.cookie_s,
        httponly=True,
        samesite="strict",
        secure=service.settings.cookie_secure or request.url.scheme == "https",
    )
    return response


@router.post("/sign-out", status_code=204)
async def sign_out(request: Request, service: InService) -> Response:
    """End the session. A token that was pasted in stays valid elsewhere."""
    token = token_of(request)
    if token:
        await end_session(service.reader, tokens.digest(token))
        service.callers.forget(token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


@router.get("/me", dependencies=SCHEMES)
async def me(caller: InCaller, service: InService) -> Me:
    """Who the caller is."""
    seen = await departments(service.reader, caller.department_ids)
    return Me(
        label=caller.label,
        platform=caller.platform,
        departments=[Department.model_validate(row) for row in seen],
    )


async def _demo_token(service: Service, department_ref: str) -> str:
    token = tokens.make()
    done = await demo_sign_in(
        service.reader,
        token_hash=token.digest,
        token_prefix=token.prefix,
        department_ref=department_ref,
    )
    if done:
        return token.text
    if (await installation(service.reader))["demo"]:
        raise NotFound(f"(department {department_ref})")
    raise SignInClosed
