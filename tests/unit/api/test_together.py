"""The same question at once is read once, and nobody gets what was read before they asked."""

from __future__ import annotations

import asyncio

import pytest

from api.together import Together


class Read:
    """A read that ends when it is let go; it returns which one it was."""

    def __init__(self) -> None:
        self.begun = 0
        self.ended = 0
        self.let_go = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.let_go.wait()
        self.ended += 1
        return number


async def asked(together: Together, read: Read, question: str = "where") -> asyncio.Task[int]:
    """One who asks, and waits by now."""
    task = asyncio.create_task(together.answer(question, read))
    for _ in range(3):
        await asyncio.sleep(0)
    return task


async def test_a_hundred_at_once_cost_two_reads_and_none_gets_an_older_one() -> None:
    together, read = Together(), Read()
    first = await asked(together, read)
    later = [await asked(together, read) for _ in range(99)]
    assert read.begun == 1
    read.let_go.set()
    assert await first == 1
    assert set(await asyncio.gather(*later)) == {2}
    assert read.begun == read.ended == 2
    assert await (await asked(together, read)) == 3


async def test_other_questions_do_not_wait() -> None:
    together, slow, quick = Together(), Read(), Read()
    waiting = await asked(together, slow)
    quick.let_go.set()
    assert await (await asked(together, quick, "who")) == 1
    slow.let_go.set()
    assert await waiting == 1


async def test_an_error_reaches_all_that_wait_and_nobody_later() -> None:
    together, read = Together(), Read()

    async def failing() -> int:
        await read()
        raise TimeoutError

    first = asyncio.create_task(together.answer("where", failing))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second = asyncio.create_task(together.answer("where", failing))
    third = asyncio.create_task(together.answer("where", failing))
    await asyncio.sleep(0)
    read.let_go.set()
    for each in (first, second, third):
        with pytest.raises(TimeoutError):
            await each
    assert read.begun == 2
    assert await (await asked(together, read)) == 3


async def test_who_leaves_does_not_take_the_answer_from_the_others() -> None:
    together, read = Together(), Read()
    leaving = await asked(together, read)
    staying = await asked(together, read)
    other = await asked(together, read)
    leaving.cancel()
    other.cancel()
    await asyncio.gather(leaving, other, return_exceptions=True)
    read.let_go.set()
    assert await staying == 2
