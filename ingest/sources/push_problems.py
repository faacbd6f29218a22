"""What a push is refused for, each an answer of RFC 9457.

The docstring is the `detail` and names the cure.

PushRefused
├── NotSignedIn      401
├── Throttled        429
├── NotYours         403
├── NotHere          404
├── TooSlow          408
├── TooLarge         413
├── Unreadable       422
├── Crowded          503
└── Away             503
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from starlette.responses import JSONResponse

from ingest.errors import IngestError

#: What each reason means that no later edit of the registry can cure.
UNREADABLE: Mapping[str, str] = {
    "json": "it is no JSON",
    "form": "a member is missing or of another form: OwnTracks needs _type, tst, lat and lon,"
    " Traccar position.fixTime, latitude and longitude",
    "range": "a number is outside what it can be",
    "encrypted": "it is encrypted: clear the encryption key in the app, TLS protects the way",
    "unreadable": "a fault of ours; tell us",
    "unstorable": "a fault of ours; tell us",
}


class PushRefused(IngestError):
    """The push was not taken."""

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "push-refused"
    #: English, Traditional Chinese.
    titles: ClassVar[tuple[str, str]] = ("Not taken", "未能接收")
    headers: ClassVar[Mapping[str, str]] = {}

    def response(self, accept_language: str) -> JSONResponse:
        """The answer, with its title in the language that is asked for."""
        chinese = accept_language.strip().lower().startswith("zh")
        body = {
            "type": f"/problems/{self.slug}",
            "title": self.titles[chinese],
            "status": self.status,
            "detail": str(self),
        }
        language = {"Content-Language": "zh-Hant" if chinese else "en", "Vary": "Accept-Language"}
        return JSONResponse(
            body, self.status, {**language, **self.headers}, "application/problem+json"
        )


class NotSignedIn(PushRefused):
    """Sign in with HTTP Basic: the device's full ref (FSD/phone-1) as the name, and its password (`milepost device password FSD/phone-1` makes a new one)."""  # noqa: E501  the sentence is the message

    status, slug, titles = 401, "not-signed-in", ("Please sign in", "請先登入")
    headers: ClassVar[Mapping[str, str]] = {"WWW-Authenticate": 'Basic realm="Milepost"'}


class Throttled(PushRefused):
    """Too many wrong passwords of this name from this address: wait a minute, and correct the password."""  # noqa: E501  the sentence is the message

    status, slug, titles = (
        429,
        "too-many-requests",
        ("Too many wrong passwords", "密碼錯誤次數過多"),
    )
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "60"}


class NotYours(PushRefused):
    """A device pushes to its own address (/push/DEPARTMENT/DEVICE) and for itself; only one that this source names in `gateways` pushes for the other devices of its department."""  # noqa: E501  the sentence is the message

    status, slug, titles = 403, "forbidden", ("Not allowed", "沒有權限")


class NotHere(PushRefused):
    """Positions are sent with POST to /push/DEPARTMENT/DEVICE (docs/push.md)."""

    status, slug, titles = 404, "not-found", ("Not found", "找不到資料")


class TooSlow(PushRefused):
    """The body did not come in time: send it again."""

    status, slug, titles = 408, "request-timeout", ("Too slow", "傳送逾時")


class TooLarge(PushRefused):
    """A push holds at most 64 KiB, and nothing of this was kept: send fewer positions at once."""

    status, slug, titles = 413, "content-too-large", ("Too large", "內容過大")


class Unreadable(PushRefused):
    """The bytes are kept as a reject (`milepost rejects list` shows them), and what of them could be read is stored; sending them again changes nothing. What is wrong:"""  # noqa: E501  the sentence is the message

    status, slug, titles = 422, "unreadable", ("It cannot be read", "內容無法讀取")

    @classmethod
    def for_reasons(cls, reasons: Sequence[str]) -> Unreadable:
        """Naming what is wrong."""
        return cls("; ".join(UNREADABLE.get(each, each) for each in dict.fromkeys(reasons)))


class Crowded(PushRefused):
    """Too many pushes wait for the database, and this one was not taken: send it again."""

    status, slug, titles = 503, "crowded", ("Busy", "系統繁忙")
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "5"}


class Away(PushRefused):
    """The database does not answer, so it is not certain that this is stored: keep it, and send it again later. What was stored already is not stored twice."""  # noqa: E501  the sentence is the message

    status, slug, titles = 503, "unavailable", ("Not available", "服務暫停")
    headers: ClassVar[Mapping[str, str]] = {"Retry-After": "30"}
