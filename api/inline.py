"""Dependencies that only put together what is there."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


def inline(made: Callable[..., T]) -> Callable[..., Awaitable[T]]:
    """A dependency made where it is asked for.

    What is no coroutine function FastAPI calls in a thread, one after the other: a class or a
    function that never waits is given as `Depends(inline(Place))`. `tests/unit/api/test_inline.py`
    finds one that is not.
    """

    async def called(*args: Any, **kwargs: Any) -> T:  # noqa: ANN401  whatever it takes
        return made(*args, **kwargs)

    called.__signature__ = inspect.signature(made, eval_str=True)  # type: ignore[attr-defined]  # read by inspect
    return called
