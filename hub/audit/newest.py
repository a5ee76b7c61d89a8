"""The newest published tree as this node knows it: receipts 回执 and proofs from memory, not from a walk of the tables.

This node's memory owns it and nothing rests on it: it is rebuilt from the database when the node starts, or when what
was published does not continue what was known.
"""

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.audit.growing import Edge, EdgeTiles, Nodes, ProofMaker
from hub.audit.model import Receipt
from hub.audit.sequencer import Turn
from hub.audit.store import Grown, LogStore
from hub.audit.tilestore import DatabaseTiles
from hub.errors import Broken
from hub.proof.checkpoint import parse_checkpoint
from hub.proof.merkle import HASH_BYTES, Frontier
from hub.proof.tiles import subtree_reader
from hub.storage.database import Database

RECENT_ENTRIES: Final = 50_000
MOST_AT_ONCE: Final = 20_000
FRESH_SECONDS: Final = 1.0


@dataclass(frozen=True)
class KnownTree:
    """One published tree: its edge, and who proves what is in it, under the newest note and under a quorum's."""

    edge: Edge
    newest: ProofMaker
    witnessed: ProofMaker | None


class NewestTree:
    """For many threads; what is published is told by the sequencer beside it, or read."""

    def __init__(self, database: Database, origin: str, tiles: DatabaseTiles) -> None:
        self._database = database
        self._origin = origin
        self._tiles = tiles
        self._known: KnownTree | None = None
        self._fresh_until = float("-inf")
        self._recent: dict[str, int] = {}
        self._nodes: Nodes = {}
        self._lock = threading.Lock()

    def distrust(self) -> None:
        """Something newer may be published: who asks next reads it."""
        self._fresh_until = float("-inf")

    def take(self, turn: Turn) -> None:
        """This node published what ``turn`` says."""
        with self._lock:
            self._nodes.update(turn.nodes)
            self._learn(turn.edge, turn.note, turn.entry_ids)

    def receipts_of(self, entry_ids: Iterable[str]) -> dict[str, Receipt]:
        """The receipts of those that were sequenced lately, under the tree known; the database is not asked."""
        known, recent = self._known, self._recent
        if known is None:
            return {}
        indexes = {entry_id: recent[entry_id] for entry_id in entry_ids if entry_id in recent}
        receipts = known.newest.receipts(index for index in indexes.values() if index < known.newest.size)
        return {entry_id: receipts[index] for entry_id, index in indexes.items() if index in receipts}

    def index_of(self, entry_id: str) -> int | None:
        """Where an entry that was sequenced lately is; None when that is not known here."""
        return self._recent.get(entry_id)

    def known(self) -> KnownTree | None:
        """The newest published tree; None when none is published.

        Raises:
            Unavailable: the database is away.
            Broken: the leaves stored do not give the root that was signed.
        """
        if time.monotonic() > self._fresh_until:
            with self._lock:
                if time.monotonic() > self._fresh_until:
                    self._refresh()
        return self._known

    def _refresh(self) -> None:
        self._fresh_until = time.monotonic() + FRESH_SECONDS  # before reading: whoever rings meanwhile ends it
        try:
            edge = Edge.empty() if self._known is None else self._known.edge.copy()
            with self._database.reading() as session:
                store = LogStore(session, self._origin)
                grown = store.grown(edge.frontier.size, most=MOST_AT_ONCE)
                if grown is not None:
                    edge, entry_ids = self._continued(store, edge, grown)
                    self._learn(edge, grown.note, entry_ids, (grown.witnessed_size, grown.witnessed_note))
        except BaseException:
            self.distrust()
            raise

    def _continued(self, store: LogStore, edge: Edge, grown: Grown) -> tuple[Edge, list[str]]:
        """The edge of the tree that is published, grown from ``edge`` or built anew; and the ids of the entries new."""
        checkpoint = parse_checkpoint(grown.note)[1]
        leaves = [grown.leaves[at : at + HASH_BYTES] for at in range(0, len(grown.leaves), HASH_BYTES)]
        if edge.frontier.size + len(leaves) == checkpoint.size:
            edge.grow(leaves, self._nodes)
            if edge.frontier.root() == checkpoint.root:
                return edge, grown.entry_ids.split()
        self._known, self._recent = None, {}
        self._nodes.clear()
        self._tiles.forget()
        frontier = Frontier.of(subtree_reader(store, checkpoint.size), checkpoint.size)
        if frontier.root() != checkpoint.root:
            raise Broken(
                "audit.tree-damaged",
                "What is stored of the log does not give the root that was signed; run the verification.",
                "日志存储内容无法推导出已签名的根；请运行核验。",
            )
        return Edge(frontier, store.edge(checkpoint.size)), []

    def _learn(
        self, edge: Edge, note: str, entry_ids: Sequence[str], witnessed: tuple[int | None, str | None] | None = None
    ) -> None:
        size = edge.frontier.size
        if len(self._recent) > RECENT_ENTRIES:
            self._recent = {}
        self._recent.update(zip(entry_ids, range(size - len(entry_ids), size), strict=True))
        tiles = EdgeTiles(edge, self._tiles)
        newest, quorum = (self._known.newest, self._known.witnessed) if self._known else (None, None)
        newest = self._proofs(tiles, size, note, newest)
        if witnessed is not None and witnessed[0] and witnessed[1]:
            quorum = self._proofs(tiles, witnessed[0], witnessed[1], quorum)
        self._known = KnownTree(edge, newest, quorum)

    def _proofs(self, tiles: EdgeTiles, size: int, note: str, before: ProofMaker | None) -> ProofMaker:
        if before is not None and (before.size, before.note) == (size, note):
            return before
        return ProofMaker(tiles, size, note, self._nodes)
