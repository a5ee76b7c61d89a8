"""Entries that stand alone 独立条目 are written by one thread for all who bring them: a crowd shares one commit.

An entry that tells of a fact never comes here: it rides in the fact's own transaction (``hub.audit.store``).
"""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, NamedTuple

from hub.audit.model import Entry
from hub.audit.store import queue_all, reused
from hub.audit.waiting import Waiters, Waiting
from hub.errors import Broken, HubError
from hub.storage.database import Database

MOST_TOGETHER: Final = 1_000


class Brought(NamedTuple):
    """An entry, and the place of whoever waits for its receipt."""

    entry: Entry
    slot: Waiting


class Appender:
    """Queues what it is brought, durably; who brought an entry that was not queued hears why.

    Who brought the others stands among the ``waiters`` from then on, never before: under an id that is taken there is
    a receipt already, and it is somebody else's.
    """

    def __init__(self, database: Database, waiters: Waiters, *, wake: Callable[[], None]) -> None:
        self._database = database
        self._waiters = waiters
        self._wake = wake
        self._brought: SimpleQueue[Brought | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._is_open = False

    def open(self) -> None:
        """From now on ``run`` writes what is brought."""
        self._is_open = True

    def close(self) -> None:
        """What was brought is still written; what comes later is written by whoever brings it."""
        with self._lock:
            if self._is_open:
                self._is_open = False
                self._brought.put(None)

    def bring(self, brought: Brought) -> None:
        """The entry is queued soon, with those of others."""
        with self._lock:
            if self._is_open:
                self._brought.put(brought)
                return
        self._write([brought])

    def run(self) -> None:
        """Writes until closed."""
        is_open = True
        while is_open:
            batch, is_open = self._gathered()
            if batch:
                self._write(batch)

    def _gathered(self) -> tuple[list[Brought], bool]:
        """What was brought meanwhile, and whether more may come; waits for the first."""
        batch: list[Brought] = []
        while (one := self._brought.get()) is not None:
            batch.append(one)
            if len(batch) == MOST_TOGETHER or self._brought.empty():
                return batch, True
        return batch, False

    def _write(self, batch: Sequence[Brought]) -> None:
        try:
            refused = set(queue_all(self._database, [brought.entry for brought in batch]))
        except HubError as fault:
            _tell(batch, fault)
        except Exception as fault:  # noqa: BLE001 - the thread outlives whatever a library raises
            met = type(fault).__name__
            broken = Broken(
                "audit.not-queued",
                f"Queueing the entry met {met}; append it again.",
                f"条目入队遇到 {met}；请重新追加。",
            )
            _tell(batch, broken)
        else:
            self._waiters.stand_all(
                (each.entry.entry_id, each.slot) for at, each in enumerate(batch) if at not in refused
            )
            self._wake()
            _tell([batch[at] for at in refused], reused())


def _tell(batch: Sequence[Brought], fault: HubError) -> None:
    for brought in batch:
        brought.slot.answer(None, fault)
