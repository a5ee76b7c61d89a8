"""How the log stands with its witnesses 见证方: since when it waits for them, what they hold that speaks against it."""

import time
from typing import Final

from hub.audit import refusals
from hub.audit.adoption import require_continued
from hub.audit.parts import LogParts
from hub.audit.store import LogStore
from hub.audit.tilestore import DatabaseTiles
from hub.errors import Broken, HubError
from hub.storage.database import Database

KNOWN_SECONDS: Final = 0.25


class Attesting:
    """Asks the witnesses of one log for this node, and keeps what came of it."""

    def __init__(self, database: Database, tiles: DatabaseTiles, parts: LogParts) -> None:
        self._database = database
        self._log = parts.signer.verifier
        self._tiles = tiles
        self._collector = parts.collector
        self._limit = parts.max_unwitnessed_seconds
        self._clock = parts.clock
        self._waiting: tuple[float, float | None] = (float("-inf"), None)
        self.denial: Broken | None = None
        self.fault: HubError | None = None

    def ask(self) -> None:
        """What the witnesses hold under the log's own signature was compared with the database.

        ``denial`` says what the database does not continue: it was restored from a backup, and signs a second history.
        """
        if self._collector is None:
            return
        known = self._collector.remembered(self._log).checkpoints
        try:
            require_continued(self._database, self._log.name, known)
        except Broken as fault:
            self.denial = fault
        else:
            self.denial = None

    def collect(self) -> None:
        """The newest checkpoint has its quorum, or who is away is asked again another time.

        A witness that was away when this node was elected may hold more than this node knew: it is asked what.
        """
        with self._database.reading() as session:
            published = LogStore(session, self._log.name).published()
        if self._collector is None or published is None or published.size == published.witnessed_size:
            return
        note = self._collector.cosigned(published.note, self._tiles.subtree(published.size))
        if self._collector.is_contradicted:
            self.ask()
        if note is not None and self.denial is None:
            with self._database.writing() as session:
                LogStore(session, self._log.name).keep_witnessed(published.size, note, self._clock.now())

    def told(self) -> dict[str, str]:
        """What there is to say of witnesses, by name, as far as this node asks them; of all of them under ``all``."""
        if self._collector is None:
            return {}
        return self._collector.told() | ({} if self.fault is None else {"all": self.fault.code})

    def require_witnessed(self) -> None:
        """Returns when the log is witnessed recently enough for evidence to be released.

        Raises:
            Unavailable: ``audit.unwitnessed``.
        """
        if self._limit is None:
            return
        since = self._waits_since()
        if since is not None and abs(self._clock.now().timestamp() - since) > self._limit:  # no future is recent
            raise refusals.unwitnessed()

    def _waits_since(self) -> float | None:
        """Since when the newest checkpoint waits for its quorum, as known at most a quarter of a second ago."""
        read_at, since = self._waiting
        if time.monotonic() - read_at > KNOWN_SECONDS:
            with self._database.reading() as session:
                published = LogStore(session, self._log.name).published()
            since = None if published is None else published.unwitnessed_since
            self._waiting = time.monotonic(), since
        return since
