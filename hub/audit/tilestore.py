"""Tiles of the log read from the database; full ones are kept in memory, for they never change."""

import threading
from collections import OrderedDict
from typing import Final

from sqlmodel import Session

from hub.audit.refusals import no_tile
from hub.audit.store import LogStore, full_tile
from hub.proof.merkle import HASH_BYTES, Subtree
from hub.proof.tiles import WIDTH, Tile, subtree_reader
from hub.storage.database import Database

KEPT_TILES: Final = 4_096


class KeptTiles:
    """Full tiles by level and index, the longest unused forgotten first; for many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, level: int, index: int) -> bytes | None:
        """The tile, or None when it is not kept."""
        with self._lock:
            kept = self._kept.get((level, index))
            if kept is not None:
                self._kept.move_to_end((level, index))
            return kept

    def keep(self, level: int, index: int, content: bytes) -> None:
        """The tile is kept for a while."""
        with self._lock:
            self._kept[level, index] = content
            if len(self._kept) > KEPT_TILES:
                self._kept.popitem(last=False)


class SessionTiles:
    """A tile reader inside one transaction."""

    def __init__(self, store: LogStore, kept: KeptTiles) -> None:
        self._store = store
        self._kept = kept

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of the tile.

        Raises:
            Missing: the log is not that large.
        """
        kept = self._kept.find(level, index)
        if kept is not None:
            return kept[: width * HASH_BYTES]
        found = self._store.hashes(level, index, width)
        if width == WIDTH:
            self._kept.keep(level, index, found)
        return found


class DatabaseTiles:
    """A tile reader for many threads; each read is its own short transaction, unless given one."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._origin = origin
        self._kept = KeptTiles()

    def forget(self) -> None:
        """Every tile is read anew."""
        self._kept = KeptTiles()

    def within(self, session: Session) -> SessionTiles:
        """The same tiles read inside the session's transaction."""
        return SessionTiles(LogStore(session, self._origin), self._kept)

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of the tile.

        Raises:
            Missing: the log is not that large.
        """
        kept = self._kept.find(level, index)
        if kept is not None:
            return kept[: width * HASH_BYTES]
        full = full_tile(self._database, level, index)
        if full is not None:
            self._kept.keep(level, index, full)
            return full[: width * HASH_BYTES]
        with self._database.reading() as session:
            return self.within(session).hashes(level, index, width)

    def bundle(self, tile: Tile) -> bytes:
        """The entry bundle ``tile``.

        Raises:
            Missing: the log is not that large.
        """
        start = tile.index * WIDTH
        with self._database.reading() as session:
            found = LogStore(session, self._origin).bundles(start, start + tile.width)
        if not found or len(found[0].leaves or b"") != tile.width * HASH_BYTES:
            raise no_tile()
        return found[0].content

    def subtree(self, size: int) -> Subtree:
        """Roots of complete subtrees of the tree of ``size``."""
        return subtree_reader(self, size)
