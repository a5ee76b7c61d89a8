"""The bridge from the event loop to the services, which are plain synchronous code on a bounded set of threads."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import ParamSpec, TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from fastapi import Request

P = ParamSpec("P")
T = TypeVar("T")


async def work(request: Request, deed: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What ``deed`` returns, run on a thread of the application's own limit."""
    limiter: CapacityLimiter = request.app.state.limiter
    return await to_thread.run_sync(partial(deed, *args, **kwargs), limiter=limiter)


async def work_on_body(request: Request, deed: Callable[[Iterator[bytes]], T]) -> T:
    """What ``deed`` makes of the request's body, which its thread asks for piece by piece.

    A slow deed slows the sender, and memory stays bounded. A sender that goes away ends the body with an error in the
    thread, so that the deed's transaction keeps nothing.
    """
    arriving = request.stream()
    with anyio.CancelScope(shield=True):
        made = await to_thread.run_sync(deed_on, deed, arriving, limiter=request.app.state.limiter)
    return made  # noqa: RET504 - to the type checker a cancel scope may swallow the return


def deed_on(deed: Callable[[Iterator[bytes]], T], arriving: AsyncIterator[bytes]) -> T:
    """Runs on the thread: ``deed`` over the pieces of the body."""
    return deed(_pieces(arriving))


def _pieces(arriving: AsyncIterator[bytes]) -> Iterator[bytes]:
    while (piece := from_thread.run(_next_of, arriving)) is not None:
        if piece:
            yield piece


async def _next_of(arriving: AsyncIterator[bytes]) -> bytes | None:
    return await anext(arriving, None)
