"""Webhooks: a signed POST of a CloudEvent, or of a CAP alert."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from api.outgoing import cloud_event
from api.outgoing.errors import Gone, Refused, TryLater
from api.outgoing.http import Poster, Reply
from api.outgoing.signing import signed_headers
from tracker.outbox import Subscription, Telling

#: A 4xx says that this one is wrong; these say that the moment is.
_LATER: Final = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
}

Body = Callable[[Telling, Subscription], Awaitable[tuple[str, bytes]]]


class Webhook:
    """Posts what `body` makes of a telling: its content type, and its bytes."""

    def __init__(self, poster: Poster, body: Body) -> None:
        self._poster = poster
        self._body = body

    async def send(self, telling: Telling, subscription: Subscription) -> None:
        """Return when it was taken; raises TryLater, Refused or Gone."""
        content_type, body = await self._body(telling, subscription)
        headers = signed_headers(str(telling.id), body, subscription.secrets, now_s=time.time())
        headers["Content-Type"] = content_type
        _judge(await self._poster.post(subscription.target, body, headers))


async def cloud_event_body(telling: Telling, subscription: Subscription) -> tuple[str, bytes]:
    """The usual body."""
    return cloud_event.CONTENT_TYPE, cloud_event.as_json(telling, subscription)


def _judge(reply: Reply) -> None:
    status = reply.status
    if status // 100 == 2:  # noqa: PLR2004  the class of a status
        return
    said = f"it answered {status}"
    if status == HTTPStatus.GONE:
        raise Gone(said)
    if status // 100 == 4 and status not in _LATER:  # noqa: PLR2004  the class of a status
        raise Refused(said)
    if status // 100 == 3:  # noqa: PLR2004  the class of a status
        said += ": redirects are not followed, give the final URL"
    raise TryLater(said, after_s=reply.retry_after_s)
