"""The lane of exchanges 交换通道: few threads, first come first served, and no thread waits for a receipt 回执.

A thread decides, signs and keeps all that came while the threads were at work: who comes alone waits for nobody, and a
crowd shares statements and commits. The log's own thread has the receipts later, and wakes the event loop once for all
that have theirs. Whoever waits here costs no thread.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

from anyio import to_thread

from hub.audit.model import Receipt
from hub.audit.service import Log
from hub.audit.waiting import no_receipt_yet
from hub.errors import Broken
from hub.exchange.model import Answered, Exchanged, KeptExchange
from hub.exchange.service import ExchangeService

MOST_TOGETHER: Final = 16
LOOK_SECONDS: Final = 1.0
"""A look asks the database: a crowd that waits because there is a crowd must not add to it."""


class Landing:
    """Results on their way from threads to the event loop, which is woken once for all that come together."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._landed: deque[tuple[asyncio.Future[Any], Any, BaseException | None]] = deque()
        self._is_awake = False

    def land(self, future: "asyncio.Future[Any]", result: Any, fault: BaseException | None = None) -> None:
        """The future is done soon, on its loop; on any thread."""
        self._landed.append((future, result, fault))
        if not self._is_awake:
            self._is_awake = True
            with suppress(RuntimeError):  # the loop has ended, and nobody waits in it
                self._loop.call_soon_threadsafe(self._unload)

    def _unload(self) -> None:
        self._is_awake = False
        while self._landed:
            future, result, fault = self._landed.popleft()
            if future.done():  # its caller went away
                continue
            if fault is None:
                future.set_result(result)
            else:
                future.set_exception(fault)


class _Underway:
    """One exchange: kept at some time, and answered with its receipt at a later one, each on some thread."""

    __slots__ = ("_landing", "future", "is_replay", "kept")

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self.future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.kept: KeptExchange | None = None
        self.is_replay = False

    def answer(self, receipt: Receipt | None, fault: BaseException | None = None) -> None:
        """The receipt is there, or never will be."""
        if receipt is None and fault is None:
            fault = Broken("audit.no-receipt", "The log gave no receipt.", "日志未给出回执。")
        self._landing.land(self.future, receipt, fault)

    def exchanged(self, receipt: Receipt) -> Exchanged:
        assert self.kept is not None  # noqa: S101 - a receipt is of what was kept
        return self.kept.exchanged(receipt.proof_text, is_replay=self.is_replay)


class Lane:
    """The exchanges of one process; belongs to the event loop that made it."""

    def __init__(self, service: ExchangeService, log: Log, *, threads: int, receipt_seconds: float) -> None:
        self._service = service
        self._log = log
        self._receipt_seconds = receipt_seconds
        self._landing = Landing(asyncio.get_running_loop())
        self._queue: SimpleQueue[tuple[_Underway, bytes] | None] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=f"exchange-{n}", daemon=True) for n in range(threads)]
        for thread in self._threads:
            thread.start()

    async def exchanged(self, request_jws: bytes) -> Exchanged:
        """What ``ExchangeService.exchange`` makes of the request, without a thread that waits for it.

        Raises:
            HubError: what that raises.
        """
        underway = _Underway(self._landing)
        self._queue.put((underway, request_jws))
        ends = None
        while not (await asyncio.wait((underway.future,), timeout=LOOK_SECONDS))[0]:
            if (kept := underway.kept) is None:
                continue
            now = time.monotonic()
            ends = ends or now + self._receipt_seconds
            found = await to_thread.run_sync(self._log.found_receipt, kept.entry_id)
            if found is not None or now >= ends:
                self._log.waiters.leave(kept.entry_id, underway)
                return underway.exchanged(found or no_receipt_yet())
        return underway.exchanged(underway.future.result())

    def _work(self) -> None:
        """On a thread of the lane, until closed."""
        while came := self._gathered():
            self._answer([underway for underway, _ in came], [request_jws for _, request_jws in came])

    def _gathered(self) -> list[tuple[_Underway, bytes]]:
        """Who came meanwhile, the first awaited; nobody once the lane is closed."""
        came: list[tuple[_Underway, bytes]] = []
        one = self._queue.get()
        while one is not None:
            came.append(one)
            if len(came) == MOST_TOGETHER:
                return came
            try:
                one = self._queue.get_nowait()
            except Empty:
                return came
        if came:
            self._queue.put(None)  # met on the way: this thread ends the next time
        return came

    def _answer(self, underway: Sequence[_Underway], requests: Sequence[bytes]) -> None:
        try:
            answers: Sequence[Answered | BaseException] = self._service.answer_all(requests)
        except BaseException as fault:  # noqa: BLE001 - whatever it is, the callers are told
            answers = [fault] * len(underway)
        for each, answered in zip(underway, answers, strict=True):
            try:
                self._await(each, answered)
            except BaseException as fault:  # noqa: BLE001 - as above, and the thread goes on
                each.answer(None, fault)

    def _await(self, underway: _Underway, answered: Answered | BaseException) -> None:
        if isinstance(answered, BaseException):
            raise answered
        underway.kept, underway.is_replay = answered.kept, answered.is_replay
        entry_id = answered.kept.entry_id
        found = self._log.found_receipt(entry_id) if answered.is_replay else None
        if found is None:
            self._log.await_receipt(entry_id, underway)
        else:
            underway.answer(found)

    def close(self) -> None:
        """What was asked before is done, and no thread is left."""
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join()
