"""The time of the database's machine: the one clock that all nodes share."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.errors import Unavailable
from hub.storage.database import Database

CARRIED_SECONDS: Final = 10.0
MOST_SECONDS: Final = 1.0
"""A look that took longer says too little of when the answer was true; the time known before it stays."""


class DatabaseClock:
    """The database's clock, looked at every ten seconds by a thread for which nobody waits; in between, and while the
    database is away, this machine's steady clock carries it on. What this machine takes for the time of day changes
    nothing.
    """  # noqa: D205 - one sentence

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._known: tuple[float, datetime] | None = None
        self._look_after = 0.0
        self._is_looking = threading.Lock()

    def now(self) -> datetime:
        """The present instant, aware, in UTC; only the first call waits for the database.

        Raises:
            Unavailable: the database is away, and was from the beginning.
        """
        known = self._known
        if known is None:
            at, told, _took = self._look()
            known = self._known = at, told
        elif self._monotonic() > self._look_after and self._is_looking.acquire(blocking=False):
            threading.Thread(target=self._look_again, name="clock", daemon=True).start()
        return known[1] + timedelta(seconds=self._monotonic() - known[0])

    def _look_again(self) -> None:
        try:
            with suppress(Unavailable):
                at, told, took = self._look()
                if took <= MOST_SECONDS:
                    self._known = at, told
        finally:
            self._is_looking.release()

    def _look(self) -> tuple[float, datetime, float]:
        """A moment of the steady clock, what the database's clock showed then, and how long the look took."""
        began = self._monotonic()
        self._look_after = began + CARRIED_SECONDS
        with self._database.looking() as cursor:
            row = cursor.execute("SELECT clock_timestamp()").fetchone()
        ended = self._monotonic()
        told: datetime = row[0]  # type: ignore[index]  # a statement without a table gives its one row
        return (began + ended) / 2, told.astimezone(UTC), ended - began
