"""What the API refuses: one table from errors to answers, each a problem of RFC 9457.

ApiError
├── NotSignedIn         401
│   ├── WrongPassword
│   └── SignInRefused
├── Forbidden           403
│   ├── CrossSite
│   └── SignInClosed
├── TooManyGuesses      429
├── WrongOldPassword    422
├── NoPasswordHere      409
├── ProviderAway        503
├── NotFound            404
├── ConsoleMissing      404
├── NotAcceptable       406
├── RevisionMissing     428
├── BadParameter        422
├── PurposeMissing      422
├── TooManyRequests     429
│   └── AddressTooBusy
└── BadQuery            400
"""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import JSONResponse, Response
from starlette.websockets import WebSocket

from api.envelope import envelope_headers, trace_id_of
from api.language import language_of
from api.shape_words import reason_in
from geo.errors import GeoError, OffGridError, ShapeError
from maps.errors import AssetsMissing
from tracker.errors import (
    BadInput,
    Beyond,
    DatabaseUnreachable,
    KeyReused,
    NotNow,
    SchemaForeign,
    SchemaMissing,
    Stale,
    Taken,
    TooLarge,
    Unknown,
)
from tracker.reads import NoLongerSeen, TooMuch, TooSlow, Unanswerable

log = logging.getLogger(__name__)

RETRY_AFTER_S = 5


class ApiError(Exception):
    """The service cannot do that."""

    #: Sent with this case alone.
    headers: Mapping[str, str] = MappingProxyType({})

    def __init__(self, detail: str = "") -> None:
        """Say what this case adds to the docstring."""
        sentence = inspect.cleandoc(self.__doc__ or "").replace("\n", " ")
        super().__init__(f"{sentence} {detail}".strip())


class NotSignedIn(ApiError):
    """Send a valid key as `Authorization: Bearer mp_…`, or sign in at the console."""


class WrongPassword(NotSignedIn):
    """The name or the password is not right; nothing was changed. After some tries each waits."""


class SignInRefused(NotSignedIn):
    """Signing in at the provider did not work: go back to the console and try it again."""


class Forbidden(ApiError):
    """Your role may not do this; ask the platform office."""


class CrossSite(Forbidden):
    """A page of another site may not use this session: open the console itself."""


class SignInClosed(Forbidden):
    """Only the demonstration lets anyone sign in as a department: use a name, or a key."""


class TooManyGuesses(ApiError):
    """Too many wrong tries: nothing was tried now. Wait, then try again."""

    def __init__(self, wait_s: float) -> None:
        """Say for how long."""
        seconds = str(max(1, math.ceil(wait_s)))
        super().__init__(f"({seconds} s)")
        self.headers = {"Retry-After": seconds}


class WrongOldPassword(ApiError):
    """The password that you have now is another one; nothing was changed. After some tries each waits."""  # noqa: E501  the sentence is the message


class NoPasswordHere(ApiError):
    """Nothing was changed: only who signs in here by name and password has a password here. Who signs in through another service changes it there; a key is made anew by an administrator."""  # noqa: E501  the sentence is the message


class ProviderAway(ApiError):
    """The OpenID provider does not answer as it should: try again, or use a name or a key."""


class NotFound(ApiError):
    """There is no such thing for you here."""


class ConsoleMissing(ApiError):
    """The console is not built: run `npm ci && npm run build` in maps/console, or scripts/demo."""


class NotAcceptable(ApiError):
    """There is nothing here of a kind that `Accept` names: leave it out, or name another."""


class RevisionMissing(ApiError):
    """Nothing was changed. Read the thing first, and send its ETag as If-Match, so that nobody's change is lost unseen."""  # noqa: E501  the sentence is the message


class BadParameter(ApiError):
    """Change the request: a parameter cannot be used."""


class PurposeMissing(BadParameter):
    """Say what for you read where vehicles were: the header `Milepost-Purpose` or `?purpose=`, 3 to 200 characters (in a header percent-encoded beyond ASCII). It stands in the audit."""  # noqa: E501  the sentence is the message


class TooManyRequests(ApiError):
    """More requests than this key, or its departments, have a minute; nothing was done."""

    def __init__(self, detail: str, retry_after_s: int) -> None:
        """Say when there is one again."""
        super().__init__(detail)
        self.headers = {"Retry-After": str(retry_after_s)}


class AddressTooBusy(TooManyRequests):
    """More requests than one address has a minute without sign-in; nothing was done."""


class FileRefused(ApiError):
    """Nothing was changed: mend what `errors` names, or leave it out with skip_bad=true."""

    def __init__(self, told: Callable[[str], list[dict[str, Any]]]) -> None:
        """Say what is refused, in a language."""
        super().__init__()
        self.told = told


class BadQuery(ApiError):
    """Change the request, as OGC API has it:"""


@dataclass(frozen=True, slots=True)
class Problem:
    """How an error is answered."""

    status: int
    #: The last part of the `type` URI.
    slug: str
    #: By language.
    title: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict)


class ProblemBody(BaseModel):
    """A problem as RFC 9457 has it. The title is in the language of `Accept-Language`."""

    type: str
    title: str
    status: int
    detail: str
    #: By which the service's log and audit know the request; also in each answer's header.
    trace_id: str
    #: Of a request that cannot be used: where, and what is wrong there.
    errors: list[dict[str, Any]] | None = None
    #: Of a shape that cannot be watched: which fault, `self-crossing`, and where, [lon, lat].
    reason: str | None = None
    place: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


def _problem(status: int, slug: str, en: str, zh_hant: str, **headers: str) -> Problem:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Problem(status, slug, {"en": en, "zh-Hant": zh_hant}, named)


_LATER = str(RETRY_AFTER_S)
_INVALID = _problem(422, "invalid-request", "The request cannot be used", "請求內容無效")
_BAD_SHAPE = _problem(422, "bad-shape", "The shape cannot be used", "圖形不能使用")
_INTERNAL = _problem(500, "internal-error", "Something went wrong here", "系統發生錯誤")
_FORBIDDEN = _problem(403, "forbidden", "Not allowed", "沒有權限")
_NOT_FOUND = _problem(404, "not-found", "Not found", "找不到資料")

#: The nearest base class in here decides; what is a fault of ours is also written to the log.
PROBLEMS: dict[type[Exception], Problem] = {
    NotSignedIn: _problem(
        401, "not-signed-in", "Please sign in", "請先登入", WWW_Authenticate="Bearer"
    ),
    WrongPassword: _problem(
        401,
        "wrong-password",
        "The name or the password is not right",
        "用戶名稱或密碼不正確",
        WWW_Authenticate="Bearer",
    ),
    SignInRefused: _problem(
        401, "sign-in-refused", "Signing in did not work", "登入失敗", WWW_Authenticate="Bearer"
    ),
    TooManyGuesses: _problem(
        429, "too-many-guesses", "Too many tries: please wait", "嘗試次數過多，請稍候再試"
    ),
    WrongOldPassword: _problem(
        422, "wrong-old-password", "The present password is not right", "目前的密碼不正確"
    ),
    NoPasswordHere: _problem(
        409, "no-password-here", "You have no password here", "你在本系統沒有密碼"
    ),
    ProviderAway: _problem(
        503,
        "provider-away",
        "The sign-in service does not answer",
        "登入服務沒有回應",
        Retry_After=_LATER,
    ),
    Forbidden: _FORBIDDEN,
    Beyond: _problem(403, "beyond-you", "More than you may decide", "超出你的權限範圍"),
    CrossSite: _problem(
        403, "cross-site", "Refused: sent by another site", "拒絕來自其他網站的請求"
    ),
    NotFound: _NOT_FOUND,
    Unknown: _NOT_FOUND,
    ConsoleMissing: _problem(404, "console-missing", "The console is not built", "控制台尚未建立"),
    NotAcceptable: _problem(406, "not-acceptable", "Not in that format", "不支援此格式"),
    AssetsMissing: _problem(503, "pages-not-built", "The pages are not built yet", "頁面尚未建立"),
    BadParameter: _INVALID,
    PurposeMissing: _problem(422, "purpose-missing", "A purpose is needed", "須說明用途"),
    TooManyRequests: _problem(429, "too-many-requests", "Too many requests", "請求過於頻繁"),
    FileRefused: _problem(
        422, "file-refused", "Some of the file cannot be fences", "檔案內有不能用作電子圍欄的項目"
    ),
    BadQuery: _problem(400, "bad-query", "The query cannot be used", "查詢條件無效"),
    RevisionMissing: _problem(
        428, "revision-missing", "Say which revision you change", "請註明所更改的版本"
    ),
    GeoError: _INVALID,
    ShapeError: _BAD_SHAPE,
    OffGridError: _BAD_SHAPE,
    BadInput: _INVALID,
    TooLarge: _problem(413, "file-too-large", "The file holds too much", "檔案內容過多"),
    NotNow: _problem(409, "not-now", "Its state does not allow this", "現時狀態不容許此操作"),
    Taken: _problem(409, "taken", "That name is in use", "名稱已被使用"),
    KeyReused: _problem(
        422,
        "key-reused",
        "That Idempotency-Key was used otherwise",
        "冪等鍵已用於其他請求",
    ),
    Stale: _problem(412, "stale", "It has changed since you read it", "資料已被更新，請重新讀取"),
    NoLongerSeen: _problem(409, "grant-ended", "The grant has ended", "授權已終止"),
    Unanswerable: _INVALID,
    TooMuch: _problem(422, "too-much", "The question covers too much", "查詢範圍過大"),
    RequestValidationError: _INVALID,
    WebSocketRequestValidationError: _INVALID,
    DatabaseUnreachable: _problem(
        503, "database-away", "The database does not answer", "資料庫沒有回應", Retry_After=_LATER
    ),
    SchemaMissing: _problem(
        503, "not-set-up", "The service is not set up yet", "系統尚未設定", Retry_After=_LATER
    ),
    SchemaForeign: _problem(503, "newer-schema", "The service is being updated", "系統正在更新"),
    TooSlow: _problem(
        503, "too-slow", "The answer took too long", "查詢需時過長", Retry_After=_LATER
    ),
    Exception: _INTERNAL,
}
#: What the framework itself refuses.
_BY_STATUS = {
    400: _problem(400, "bad-request", "The request cannot be read", "無法讀取請求"),
    403: _FORBIDDEN,
    404: _NOT_FOUND,
    405: _problem(405, "method-not-allowed", "This cannot be done here", "不支援此操作"),
    413: _problem(413, "too-long", "The request is too long", "請求內容過長"),
    415: _problem(415, "unsupported-media-type", "Not in that format", "不支援此內容格式"),
    422: _INVALID,
    431: _problem(
        431, "head-too-long", "The address or the headers are too long", "網址或標頭過長"
    ),
}


def known_problems() -> list[Problem]:
    """Each once, by status and slug."""
    by_slug = {each.slug: each for each in (*PROBLEMS.values(), *_BY_STATUS.values())}
    return sorted(by_slug.values(), key=lambda each: (each.status, each.slug))


def add_handlers(app: FastAPI) -> None:
    """Answer every error of the application as a problem."""
    for kind in PROBLEMS:
        app.add_exception_handler(kind, _answer)
    app.add_exception_handler(HTTPException, _answer)


async def _answer(connection: Request | WebSocket, error: Exception) -> Response:
    response = answer_of(connection, error)
    if isinstance(connection, WebSocket):
        await connection.send_denial_response(response)
    return response


def answer_of(connection: HTTPConnection, error: Exception) -> Response:
    """The problem that an error is answered with."""
    problem = problem_of(error)
    language = language_of(connection.headers.get("accept-language", ""))
    headers = {**envelope_headers(connection.scope), "Content-Language": language}
    headers |= {"Vary": "Accept-Language", **problem.headers, **_headers_of(error)}
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = connection.app.state.methods.allowed(connection.scope)
    trace_id = trace_id_of(connection.scope)
    if problem is _INTERNAL:
        log.error("%s %s failed, trace %s", *_asked(connection), trace_id, exc_info=error)
    body = {
        "type": f"/problems/{problem.slug}",
        "title": problem.title[language],
        "status": problem.status,
        "trace_id": trace_id,
        **_details(error, problem, language),
    }
    return JSONResponse(body, problem.status, headers, "application/problem+json")


def _headers_of(error: Exception) -> dict[str, str]:
    if isinstance(error, HTTPException | ApiError):
        return dict(error.headers or {})
    return {}


def _asked(connection: HTTPConnection) -> tuple[str, str]:
    """Method and path; a secret in the path is no matter of the log."""
    path = connection.url.path
    if secret := connection.scope.get("path_params", {}).get("token"):
        path = path.replace(str(secret), "…")
    return str(connection.scope.get("method", "WS")), path


def problem_of(error: Exception) -> Problem:
    """How that error is answered."""
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        slug = phrase.lower().replace(" ", "-")
        return _BY_STATUS.get(error.status_code) or _problem(
            error.status_code, slug, phrase, phrase
        )
    return next(PROBLEMS[kind] for kind in type(error).__mro__ if kind in PROBLEMS)


def _details(error: Exception, problem: Problem, language: str) -> dict[str, Any]:
    if isinstance(error, RequestValidationError | WebSocketRequestValidationError):
        return {
            "detail": "Change what `errors` names.",
            "errors": [
                {"at": [str(part) for part in each["loc"]], "detail": each["msg"]}
                for each in error.errors()
            ],
        }
    if isinstance(error, HTTPException):
        return {"detail": str(error.detail)}
    if problem is _BAD_SHAPE and isinstance(error, GeoError):
        place = getattr(error, "place", None)
        where = {"place": list(place)} if place else {}
        return {"detail": reason_in(error, language), "reason": error.reason, **where}
    if isinstance(error, FileRefused):
        return {"detail": str(error), "errors": error.told(language)}
    if problem is _INTERNAL:
        return {"detail": "It has been written to the service's log."}
    return {"detail": str(error)}
