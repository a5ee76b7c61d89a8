"""Looks of many calls taken together: one statement for all that wait, begun after the last of them came."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from anyio import CapacityLimiter, to_thread

K = TypeVar("K")
V = TypeVar("V")
MOST: Final = 32


class Together(Generic[K, V]):
    """Answers each call out of a look that began after the call came, so that it misses nothing committed before.

    While one look is on its way, those who come wait and share the next. It has a thread of its own: calls that hold
    theirs while they wait for a receipt do not keep it.
    """

    def __init__(self, look: Callable[[Sequence[K]], Sequence[V]]) -> None:
        self._look = look
        self._waiting: list[tuple[K, asyncio.Future[V]]] = []
        self._looking: asyncio.Task[None] | None = None
        self._limiter = CapacityLimiter(1)

    async def ask(self, key: K) -> V:
        """What the look says about ``key``, or the fault that the whole look ended with."""
        answer: asyncio.Future[V] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_on())
        return await answer

    async def _look_on(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._answer(taken)
        finally:
            self._looking = None

    async def _answer(self, taken: Sequence[tuple[K, asyncio.Future[V]]]) -> None:
        try:
            said = await to_thread.run_sync(self._look, [key for key, _ in taken], limiter=self._limiter)
        except Exception as fault:  # noqa: BLE001 - every caller gets it, and answers it as its own
            for _, answer in taken:
                if not answer.done():
                    answer.set_exception(fault)
            return
        for (_, answer), each in zip(taken, said, strict=True):
            if not answer.done():  # its caller may have gone
                answer.set_result(each)
