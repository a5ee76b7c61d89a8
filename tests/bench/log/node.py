"""One API node of the log in a process of its own, with clients that append and wait for their receipts.

Run as ``python -m tests.bench.log.node DATABASE_URL FOLDER CLIENTS SECONDS WAY``; says ``ready``, begins at the first
line it reads, and then prints what its clients saw as JSON. The folder holds ``key.pem`` and ``last-signed``.
"""

import asyncio
import json
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hub.audit.lastsigned import SignedFile
from hub.audit.model import Entry, Receipt
from hub.audit.parts import LogParts
from hub.audit.service import Log
from hub.audit.store import AuditStore
from hub.errors import HubError
from hub.kernel.clock import SystemClock
from hub.proof.keys import FileSigner
from hub.proof.note import NoteSigner
from hub.storage.database import Database
from tests.support.log import ORIGIN, entry

INSERT = "INSERT INTO log_queue (entry_id, content, leaf) VALUES (%s, %s, %s)"
PATIENCE = 60

Client = Callable[[Entry], Any]


def by_append(log: Log, _database: Database) -> Client:
    """An entry that stands alone: the log's own thread commits it with those of others."""
    return lambda made: log.append(made, PATIENCE)


def by_session(log: Log, database: Database) -> Client:
    """As the hub's deeds do it: the entry rides in the fact's transaction."""

    def keep(made: Entry) -> None:
        with database.writing() as session:
            AuditStore(session).append(made)
        log.receipt_for(made.entry_id, PATIENCE)

    return keep


def by_statement(log: Log, database: Database) -> Client:
    """The least a client can do with a transaction of its own: one statement, one commit, its own connection."""
    held: Any = database.engine.raw_connection()
    held.driver_connection.autocommit = True

    def keep(made: Entry) -> None:
        held.driver_connection.execute(INSERT, (made.entry_id, made.content(), made.leaf()))
        log.receipt_for(made.entry_id, PATIENCE)

    return keep


WAYS = {"append": by_append, "session": by_session, "statement": by_statement}
LOOP = "loop"


class Landing:
    """Receipts on their way from the log's thread to the event loop, which is woken once for all that come together."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._landed: deque[tuple[asyncio.Future[Receipt], Receipt | None, HubError | None]] = deque()
        self._is_awake = False

    def land(self, future: "asyncio.Future[Receipt]", receipt: Receipt | None, fault: HubError | None) -> None:
        """On any thread."""
        self._landed.append((future, receipt, fault))
        if not self._is_awake:
            self._is_awake = True
            self._loop.call_soon_threadsafe(self._unload)

    def _unload(self) -> None:
        self._is_awake = False
        while self._landed:
            future, receipt, fault = self._landed.popleft()
            if receipt is None:
                future.set_exception(fault or RuntimeError("neither receipt nor fault"))
            else:
                future.set_result(receipt)


class Place:
    """Where a client of the event loop waits."""

    def __init__(self, landing: Landing) -> None:
        self._landing = landing
        self.future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

    def answer(self, receipt: Receipt | None, fault: HubError | None = None) -> None:
        """On the thread of the log."""
        self._landing.land(self.future, receipt, fault)


async def in_loop(log: Log, clients: int, end: float, waits: list[float]) -> None:
    """Clients as an API node has them: none of them holds a thread while it waits."""
    landing = Landing()

    async def one() -> None:
        while (start := time.perf_counter()) < end:
            place = Place(landing)
            log.bring(entry(), place)
            await place.future
            waits.append(time.perf_counter() - start)

    await asyncio.wait_for(asyncio.gather(*(one() for _ in range(clients))), PATIENCE)


def in_threads(keeps: Sequence[Client], end: float, waits: list[float]) -> None:
    """A thread for each client."""
    threads = [threading.Thread(target=client, args=(keep, end, waits)) for keep in keeps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def client(keep: Client, end: float, waits: list[float]) -> None:
    """Appends and waits until ``end``."""
    while (start := time.perf_counter()) < end:
        keep(entry())
        waits.append(time.perf_counter() - start)


def main(url: str, folder: Path, clients: int, seconds: float, way: str) -> None:
    """Runs the node and its clients once."""
    database = Database(url, pool_size=clients + 8)
    signer = NoteSigner(ORIGIN, FileSigner.from_pem(folder / "key.pem"))
    log = Log(database, LogParts(signer, SignedFile(folder / "last-signed"), SystemClock()))
    log.start()
    keeps = [WAYS[way](log, database) for _ in range(clients)] if way != LOOP else []
    log.append(entry(), PATIENCE)
    print("ready", flush=True)  # noqa: T201 - the bench reads it
    sys.stdin.readline()
    waits: list[float] = []
    start, spent = time.perf_counter(), time.process_time()
    if keeps:
        in_threads(keeps, start + seconds, waits)
    else:
        asyncio.run(in_loop(log, clients, start + seconds, waits))
    told = {"waits": waits, "seconds": time.perf_counter() - start, "cpu": time.process_time() - spent}
    told["sequenced"] = log.is_sequencing
    print(json.dumps(told), flush=True)  # noqa: T201 - the bench reads it
    log.stop()
    database.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]), sys.argv[5])
