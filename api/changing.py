"""What routes that change things share: whose they may be, at which revision, and done once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from api.caller import InCaller, InScope
from api.errors import NotFound, RevisionMissing
from api.inline import inline
from tracker import once
from tracker.edits import Name
from tracker.errors import Stale
from tracker.fence_rows import Author
from tracker.reads import Caller, Scope

#: A text that says why something is changed.
MOST_WHY: Final = 500

#: Marks for the document what must be sent: its lack is 428, and not the framework's 422.
NEEDED: Final = "x-needed"


def _if_match(**said: Any) -> Any:  # noqa: ANN401  of FastAPI's Header, and what that gives
    words = 'only at this revision: the ETag, `"3"`, or `*` for any'
    return Header(alias="If-Match", description=words, max_length=100, **said)


IfMatch = Annotated[str | None, _if_match()]
_IfMatchNeeded = Annotated[str | None, _if_match(json_schema_extra={NEEDED: True})]


def may_change(caller: Caller, department: str, what: str) -> int:
    """The id of a department of which the caller may change things of a kind (`fences`, `rules`).

    Raises NotFound for a department that is not the caller's. The one place that asks.
    """
    for number, ref in caller.refs.items():
        if ref == department:
            return number
    raise NotFound(f"({what} of department {department})")


def author(caller: Caller, why: str | None) -> Author:
    """Who changes something, and why."""
    return Author(by=caller.label, why=why)


@dataclass(frozen=True, slots=True)
class Own:
    """A thing of a department that the caller may change, and the transaction to do it in."""

    scope: Scope
    caller: Caller
    name: Name

    @property
    def full_ref(self) -> str:
        """As others call it."""
        return "/".join(self.name)


def own(what: str) -> Callable[..., Awaitable[Own]]:
    """A dependency: the thing of a kind that the path names; raises as `may_change` does."""

    async def named(scope: InScope, caller: InCaller, department: str, ref: str) -> Own:
        may_change(caller, department, what)
        return Own(scope, caller, (department, ref))

    return named


def etag(revision: int) -> str:
    """A revision as a header has it."""
    return f'"{revision}"'


def revision_of(said: str | None) -> int:
    """The revision that an ETag names; raises Stale for what can be none of ours."""
    number = (said or "").strip().removeprefix("W/").removeprefix('"').removesuffix('"')
    if not (number.isascii() and number.isdecimal() and len(number) < 10):  # noqa: PLR2004  an integer's digits
        raise Stale(f"(If-Match: {said})")
    return int(number)


async def _expected(if_match: _IfMatchNeeded = None) -> int | None:
    if if_match is None:
        raise RevisionMissing
    return None if if_match.strip() == "*" else revision_of(if_match)


#: At which revision a thing is to be changed; None: at any. Raises RevisionMissing or Stale.
Expected = Annotated[int | None, Depends(_expected)]


@dataclass(frozen=True, slots=True)
class Made:
    """What is answered to a change."""

    model: BaseModel
    location: str | None = None
    revision: int | None = None
    media_type: str = "application/json"
    status: int = 201
    #: With what is told this once, and not kept: instead of `model` for the first who asks.
    first: BaseModel | None = None

    def kept(self) -> dict[str, object]:
        """As JSON, for whoever asks again."""
        headers = {"Location": self.location} if self.location else {}
        if self.revision is not None:
            headers["ETag"] = etag(self.revision)
        return {
            "status": self.status,
            "headers": headers,
            "media_type": self.media_type,
            "body": self.model.model_dump_json(by_alias=True),
        }

    def response(self) -> Response:
        """The answer itself."""
        answer = self.kept()
        if self.first is not None:
            answer["body"] = self.first.model_dump_json(by_alias=True)
        return _response(answer)


class _Once:
    """A request that may come twice, and is done once where it has a key."""

    def __init__(
        self,
        request: Request,
        scope: InScope,
        idempotency_key: Annotated[
            str | None,
            Header(
                alias="Idempotency-Key",
                description="the same request with it is done once and answered alike for a day",
                min_length=1,
                max_length=200,
            ),
        ] = None,
    ) -> None:
        self._request = request
        self._scope = scope
        self._key = idempotency_key

    async def do(self, department_id: int | None, act: Callable[[], Awaitable[Made]]) -> Response:
        """Do it, or answer as the first time; raises KeyReused and what the act raises.

        Keys are a department's: where there is none yet, it is done.
        """
        if self._key is None or department_id is None:
            return (await act()).response()
        asked = await self._asked()
        answer = await once.claim(self._scope, department_id, self._key, asked)
        if answer is not None:
            return _response(answer)
        made = await act()
        await once.answered(self._scope, department_id, self._key, made.kept())
        return made.response()

    async def _asked(self) -> bytes:
        """What makes two requests the same."""
        url = self._request.url
        head = f"{self._request.method} {url.path}?{url.query}\n".encode()
        return hashlib.sha256(head + await self._request.body()).digest()


InOnce = Annotated[_Once, Depends(inline(_Once))]


def _response(answer: dict[str, object]) -> Response:
    headers = answer["headers"]
    assert isinstance(headers, dict)  # noqa: S101  as `kept` makes it
    return Response(
        content=str(answer["body"]),
        status_code=int(str(answer["status"])),
        headers=headers,
        media_type=str(answer["media_type"]),
    )
