"""The time of the database's machine: the one clock that all nodes share."""

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from hub.errors import Unavailable
from hub.storage.database import Database

CARRIED_SECONDS: Final = 10.0


class DatabaseClock:
    """The database's clock, looked at every ten seconds; in between, and while the database is away, this machine's
    steady clock carries it on. What this machine takes for the time of day changes nothing.
    """  # noqa: D205 - one sentence

    def __init__(self, database: Database, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._known: tuple[float, datetime] | None = None
        self._look_after = 0.0

    def now(self) -> datetime:
        """The present instant, aware, in UTC.

        Raises:
            Unavailable: the database is away, and was from the beginning.
        """
        known = self._known
        if known is None:
            known = self._known = self._looked()
        elif self._monotonic() > self._look_after:
            with suppress(Unavailable):
                known = self._known = self._looked()
        return known[1] + timedelta(seconds=self._monotonic() - known[0])

    def _looked(self) -> tuple[float, datetime]:
        at = self._monotonic()
        self._look_after = at + CARRIED_SECONDS  # before looking: one thread waits for a database that is away, not all
        with self._database.looking() as cursor:
            row = cursor.execute("SELECT clock_timestamp()").fetchone()
        told: datetime = row[0]  # type: ignore[index]  # a statement without a table gives its one row
        return at, told.astimezone(UTC)
