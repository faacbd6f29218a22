"""People who sign in here by a password, and what they may do where."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from api.caller import InCaller, InScope, needs
from api.changing import Expected, InOnce, Made
from api.errors import NotFound
from api.inline import inline
from api.registry_models import Roles, User, UserEdit, Users, UserWithPassword
from api.service import InService
from tracker import users as domain
from tracker.reads import Caller, Scope
from tracker.users import NewUser

router = APIRouter(prefix="/v1", tags=["users"], dependencies=[needs("users:admin")])

Login = Annotated[str, Path(max_length=64)]


class _Keeping:
    """Who keeps users, in which transaction; what they change holds from the next request on."""

    def __init__(self, scope: InScope, caller: InCaller, service: InService) -> None:
        self.scope = scope
        self.caller: Caller = caller
        self._service = service

    async def made(self, login: str, *, password: str | None = None, new: bool = False) -> Made:
        """The user as they are now; a password is told to the first who asks."""
        self._service.callers.forget_all()
        found = await _one(self.scope, self.caller, login)
        first = None
        if password is not None:
            found = UserWithPassword(**found.model_dump(), password=None)
            first = found.model_copy(update={"password": password})
        location = f"/v1/users/{login}" if new else None
        status = HTTPStatus.CREATED if new else HTTPStatus.OK
        return Made(found, first=first, location=location, revision=found.revision, status=status)


InKeeping = Annotated[_Keeping, Depends(inline(_Keeping))]


@router.get("/users")
async def users(scope: InScope, caller: InCaller) -> Users:
    """Who holds or held a role in the caller's departments, and the roles that they have there."""
    rows = await domain.users(scope, caller)
    return Users(users=[User.model_validate(row) for row in rows])


@router.post("/users", status_code=201, response_model=UserWithPassword)
async def add(keeping: InKeeping, once: InOnce, given: NewUser) -> Response:
    """Let a person in. The answer alone has their password; asked again with the same key, null."""

    async def act() -> Made:
        password = await domain.add(keeping.scope, keeping.caller, given)
        return await keeping.made(given.login, password=password, new=True)

    return await once.do(min(keeping.caller.refs, default=None), act)


@router.get("/users/{login}", response_model=User)
async def user(scope: InScope, caller: InCaller, login: Login) -> Response:
    """One person. The ETag is their revision."""
    found = await _one(scope, caller, login)
    return Made(found, revision=found.revision, status=HTTPStatus.OK).response()


@router.put("/users/{login}", response_model=User)
async def rename(keeping: InKeeping, login: Login, expected: Expected, given: UserEdit) -> Response:
    """Give a person another name for others to read."""
    await domain.rename(keeping.scope, keeping.caller, login, given.name, expected)
    return (await keeping.made(login)).response()


@router.post("/users/{login}/roles", response_model=User)
async def give(keeping: InKeeping, login: Login, expected: Expected, given: Roles) -> Response:
    """Give a person more roles, from now on: none that you do not hold there yourself."""
    await domain.give(keeping.scope, keeping.caller, login, given.roles, expected)
    return (await keeping.made(login)).response()


@router.post("/users/{login}/roles/end", response_model=User)
async def take(keeping: InKeeping, login: Login, expected: Expected, given: Roles) -> Response:
    """End roles of a person, now. That they had them stays known."""
    await domain.take(keeping.scope, keeping.caller, login, given.roles, expected)
    return (await keeping.made(login)).response()


@router.post("/users/{login}/password", response_model=UserWithPassword)
async def new_password(keeping: InKeeping, login: Login, once: InOnce) -> Response:
    """Make another password of a person, told this once; their sessions end."""

    async def act() -> Made:
        password = await domain.set_password(keeping.scope, keeping.caller, login, None)
        return await keeping.made(login, password=password)

    return await once.do(min(keeping.caller.refs, default=None), act)


@router.post("/users/{login}/disable", response_model=User)
async def disable(keeping: InKeeping, login: Login, expected: Expected) -> Response:
    """Let a person in no more; who is signed in is out. What they did stays theirs."""
    await domain.set_disabled(
        keeping.scope, keeping.caller, login, disabled=True, expected=expected
    )
    return (await keeping.made(login)).response()


@router.post("/users/{login}/enable", response_model=User)
async def enable(keeping: InKeeping, login: Login, expected: Expected) -> Response:
    """Let a person in again, with the password and the roles that they had."""
    await domain.set_disabled(
        keeping.scope, keeping.caller, login, disabled=False, expected=expected
    )
    return (await keeping.made(login)).response()


async def _one(scope: Scope, caller: Caller, login: str) -> User:
    rows = await domain.users(scope, caller, login=login)
    if not rows:
        raise NotFound(f"(user {login})")
    return User.model_validate(rows[0])
