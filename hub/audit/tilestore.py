"""Tiles of the log read from the database; full ones are kept in memory, for they never change."""

import threading
from collections import OrderedDict
from typing import Final

from hub.audit.store import LogStore
from hub.errors import Missing
from hub.proof.merkle import HASH_BYTES, Subtree
from hub.proof.tiles import WIDTH, Tile, subtree_reader
from hub.storage.database import Database

KEPT_TILES: Final = 1_024


class DatabaseTiles:
    """A tile reader for many threads; each read is its own short transaction."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._origin = origin
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """The first ``width`` hashes of the tile.

        Raises:
            Missing: the log is not that large.
        """
        with self._lock:
            kept = self._kept.get((level, index))
            if kept is not None:
                self._kept.move_to_end((level, index))
                return kept[: width * HASH_BYTES]
        with self._database.reading() as session:
            found = LogStore(session, self._origin).hashes(level, index, width)
        if width == WIDTH:
            with self._lock:
                self._kept[level, index] = found
                if len(self._kept) > KEPT_TILES:
                    self._kept.popitem(last=False)
        return found

    def bundle(self, tile: Tile) -> bytes:
        """The entry bundle ``tile``.

        Raises:
            Missing: the log is not that large.
        """
        start = tile.index * WIDTH
        with self._database.reading() as session:
            found = LogStore(session, self._origin).bundles(start, start + tile.width)
        if not found or found[0][1] != tile.width:
            raise Missing("audit.no-such-tile", "The log holds no such tile.", "日志中无此分片。")
        return found[0][2]

    def subtree(self, size: int) -> Subtree:
        """Roots of complete subtrees of the tree of ``size``."""
        return subtree_reader(self, size)
