"""Subscriptions: who is told of what leaves the house, dead letters, replay."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.caller import InCaller, InScope, needs
from api.changing import Expected, Made
from api.errors import NotFound
from api.inline import inline
from api.subscription_models import (
    AddedSubscription,
    DeadLetter,
    DeadLetters,
    Replay,
    Replayed,
    Secret,
    Subscription,
    Subscriptions,
    Telling,
)
from tracker import subscriptions as domain
from tracker.errors import BadInput
from tracker.reads import Scope
from tracker.subscriptions import NewSubscription

router = APIRouter(prefix="/v1", tags=["subscriptions"])

_Limit = Annotated[int, Query(ge=1, le=1_000)]


def _full_ref(caller: InCaller, department: str, ref: str) -> str:
    """Of one that may be the caller's; raises NotFound."""
    if department not in caller.refs.values():
        raise NotFound(f"(subscription {department}/{ref})")
    return f"{department}/{ref}"


InFullRef = Annotated[str, Depends(inline(_full_ref))]


@router.get("/subscriptions", dependencies=[needs("subscriptions:read")])
async def subscriptions(scope: InScope) -> Subscriptions:
    """Who is told of what, and how that goes."""
    rows = await domain.subscriptions(scope)
    return Subscriptions(subscriptions=[Subscription.model_validate(row) for row in rows])


@router.post("/subscriptions", dependencies=[needs("subscriptions:write")], status_code=201)
async def add(scope: InScope, caller: InCaller, new: NewSubscription) -> AddedSubscription:
    """Tell a receiver of what happens from now on. The answer alone has the secret."""
    full_ref = _full_ref(caller, new.department, new.ref)
    added = await domain.add(scope, new)
    made = await _one(scope, full_ref)
    return AddedSubscription(**made.model_dump(), secret=added.secret)


@router.get(
    "/subscriptions/{department}/{ref}",
    dependencies=[needs("subscriptions:read")],
    response_model=Subscription,
)
async def subscription(scope: InScope, full_ref: InFullRef) -> Response:
    """One subscription. The ETag is its revision."""
    return await _edited(scope, full_ref)


@router.put(
    "/subscriptions/{department}/{ref}",
    dependencies=[needs("subscriptions:write")],
    response_model=Subscription,
)
async def edit(
    scope: InScope, full_ref: InFullRef, expected: Expected, new: NewSubscription
) -> Response:
    """Tell it of other things, or elsewhere, from now on. What waits already goes there too."""
    if f"{new.department}/{new.ref}" != full_ref:
        raise BadInput(f"The body names {new.department}/{new.ref}, the path {full_ref}.")
    await domain.edit(scope, new, expected)
    return await _edited(scope, full_ref)


@router.delete("/subscriptions/{department}/{ref}", dependencies=[needs("subscriptions:write")])
async def switch_off(scope: InScope, full_ref: InFullRef) -> Subscription:
    """Tell it nothing more. What waits goes when it is switched on again; its name stays its."""
    await domain.switch(scope, full_ref, on=False)
    return await _one(scope, full_ref)


@router.post(
    "/subscriptions/{department}/{ref}/enable", dependencies=[needs("subscriptions:write")]
)
async def switch_on(scope: InScope, full_ref: InFullRef) -> Subscription:
    """Tell it again, of what waited and of what happens from now on."""
    await domain.switch(scope, full_ref, on=True)
    return await _one(scope, full_ref)


@router.post(
    "/subscriptions/{department}/{ref}/rotate", dependencies=[needs("subscriptions:write")]
)
async def rotate(scope: InScope, full_ref: InFullRef) -> Secret:
    """Another secret; for a day the one of before signs beside it."""
    return Secret(secret=await domain.rotate(scope, full_ref))


@router.post(
    "/subscriptions/{department}/{ref}/test",
    dependencies=[needs("subscriptions:write")],
    status_code=202,
)
async def test(scope: InScope, full_ref: InFullRef) -> Telling:
    """Send it a `milepost.test.v1`, which happened nowhere."""
    number = await domain.send_test(scope, full_ref)
    return Telling(number=number, **await domain.how_it_went(scope, full_ref, number))


@router.get(
    "/subscriptions/{department}/{ref}/tellings/{number}",
    dependencies=[needs("subscriptions:read")],
)
async def telling(scope: InScope, full_ref: InFullRef, number: int) -> Telling:
    """How one telling went so far."""
    return Telling(number=number, **await domain.how_it_went(scope, full_ref, number))


@router.get("/subscriptions/{department}/{ref}/dead", dependencies=[needs("subscriptions:read")])
async def dead(scope: InScope, full_ref: InFullRef, limit: _Limit = 100) -> DeadLetters:
    """What was given up: refused for good, or not taken for days."""
    rows = await domain.dead_letters(scope, full_ref, limit)
    return DeadLetters(dead=[DeadLetter.model_validate(row) for row in rows])


@router.post(
    "/subscriptions/{department}/{ref}/replay", dependencies=[needs("subscriptions:write")]
)
async def replay(scope: InScope, full_ref: InFullRef, which: Replay) -> Replayed:
    """Try dead letters again, in their order."""
    return Replayed(replayed=await domain.replay(scope, full_ref, which.numbers))


async def _edited(scope: Scope, full_ref: str) -> Response:
    made = await _one(scope, full_ref)
    return Made(made, revision=made.revision, status=HTTPStatus.OK).response()


async def _one(scope: Scope, full_ref: str) -> Subscription:
    department, _, ref = full_ref.partition("/")
    rows = await domain.subscriptions(scope, department=department, ref=ref)
    if not rows:
        raise NotFound(f"(subscription {full_ref})")
    return Subscription.model_validate(rows[0])
