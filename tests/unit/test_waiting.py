"""Who waits for news and is told to end, ends: also where the news comes in the same moment.

Or a service that is told to stop goes on until it is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import pytest

from api.live.viewer import Viewer
from tracker.live import Wakeups

LONG_S: Final = 3600.0
#: How many turns of the loop may lie between the news and the end.
TURNS: Final = range(6)

Waiting = tuple[Coroutine[object, object, None], Callable[[], None]]


def hub() -> Waiting:
    """Waits for a notice of the database."""
    wakeups = Wakeups("postgresql://nowhere")
    return wakeups.wait(LONG_S), wakeups.notice


def viewer() -> Waiting:
    """Waits for something to send."""
    watching = Viewer(alerts=True)
    return watching.woken(LONG_S), watching.resync


@pytest.mark.parametrize("turns", TURNS)
@pytest.mark.parametrize("of", [hub, viewer])
async def test_news_and_the_end_together_are_the_end(of: Callable[[], Waiting], turns: int) -> None:
    waiting, tell = of()
    task = asyncio.create_task(waiting)
    for _ in TURNS:
        await asyncio.sleep(0)
    tell()
    for _ in range(turns):
        await asyncio.sleep(0)
    if task.done():
        assert task.exception() is None, "the news came first, and was heard"
        return
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
