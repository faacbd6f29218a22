"""The same question asked many times at once is answered by one read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Together:
    """Each who asks gets what was read after they asked, never before: while one read runs, all
    that come wait for the next. So nothing is older than without it, and a hundred who ask at once
    cost two reads."""

    def __init__(self) -> None:
        self._reading: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def answer(self, question: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        """What `read`, or that of another with the same question, returns or raises.

        The question holds everything that the answer depends on, first of all what its asker may
        see.
        """
        task: asyncio.Task[T] | None = self._next.get(question)
        if task is None:
            task = asyncio.create_task(self._turn(question, read))
            task.add_done_callback(_looked_at)
            self._next[question] = task
        # Who leaves does not take the answer from the others.
        return await asyncio.shield(task)

    async def _turn(self, question: Hashable, read: Callable[[], Awaitable[T]]) -> T:
        if (before := self._reading.get(question)) is not None:
            await asyncio.wait((before,))
        self._reading[question] = self._next.pop(question)
        try:
            return await read()
        finally:
            if self._reading.get(question) is asyncio.current_task():
                del self._reading[question]


def _looked_at(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to hear of an error."""
    if not task.cancelled():
        task.exception()
