"""The right edge of the growing tree: which tiles become full, which proofs a batch of entries gets."""

from binascii import b2a_base64
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

from hub.audit.model import Receipt, StoredTile
from hub.proof.encoding import malformed
from hub.proof.merkle import Frontier, Subtree, largest_power_below, range_root
from hub.proof.tiles import HEIGHT, MAX_LEVEL, WIDTH, TileReader, subtree_reader
from hub.proof.tlogproof import HEADER

_NODES_LIMIT: Final = 200_000


Nodes = dict[tuple[int, int], bytes]
"""Roots of complete subtrees by the entries [start, end) that they span; they never change while the tree grows."""


class Edge:
    """The hashes of each level's partial tile, and the frontier over the whole tree."""

    def __init__(self, frontier: Frontier, levels: list[list[bytes]]) -> None:
        self.frontier = frontier
        self.levels = levels

    @classmethod
    def empty(cls) -> "Edge":
        """The edge of a tree without entries."""
        return cls(Frontier(), [[] for _ in range(MAX_LEVEL + 1)])

    def copy(self) -> "Edge":
        """An edge that grows on its own."""
        return Edge(self.frontier.copy(), [list(level) for level in self.levels])

    def grow(self, leaves: Sequence[bytes], nodes: Nodes) -> list[StoredTile]:
        """The tiles that ``leaves`` make full, in the order in which they become so.

        ``nodes`` knows every subtree that they make complete.
        """
        full: list[StoredTile] = []
        frontier, level = self.frontier, self.levels[0]
        for leaf in leaves:
            end = frontier.size + 1
            nodes[end - 1, end] = leaf
            for root, width in frontier.append(leaf):
                nodes[end - width, end] = root
            level.append(leaf)
            if not end % WIDTH:
                self._complete(end, nodes, full)
        return full

    def _complete(self, end: int, nodes: Nodes, full: list[StoredTile]) -> None:
        """The tiles that end with the entry before ``end`` are full, lowest first."""
        for level in range(MAX_LEVEL):
            span = WIDTH << (HEIGHT * level)
            if end % span:
                return
            root = nodes[end - span, end]
            full.append(StoredTile(level, end // span - 1, b"".join(self.levels[level]), root))
            self.levels[level].clear()
            self.levels[level + 1].append(root)


class EdgeTiles:
    """Tiles of which the partial ones lie in memory and the full ones are read."""

    def __init__(self, edge: Edge, full: TileReader) -> None:
        self._size = edge.frontier.size
        self._partial = [b"".join(level) for level in edge.levels]
        self._full = full

    def hashes(self, level: int, index: int, width: int) -> bytes:
        """The tile's hashes."""
        if index == self._size >> (HEIGHT * (level + 1)):
            return self._partial[level]
        return self._full.hashes(level, index, width)


class ProofMaker:
    """Receipts for entries of the tree of ``size`` under one signed note; ``nodes`` may outlive the maker."""

    def __init__(self, tiles: TileReader, size: int, note: str, nodes: Nodes) -> None:
        if len(nodes) > _NODES_LIMIT:
            nodes.clear()
        self.size = size
        self.note = note
        self._nodes = nodes
        self._subtree: Subtree = subtree_reader(tiles, size, nodes)

    def receipt(self, index: int) -> Receipt:
        """The receipt of the entry at ``index``.

        Raises:
            Malformed: the tree is not that large.
        """
        return self.receipts([index])[index]

    def receipts(self, indexes: Iterable[int]) -> dict[int, Receipt]:
        """The receipts of the entries at ``indexes``, which share whatever their paths share.

        Raises:
            Malformed: the tree is not that large.
        """
        wanted = sorted(set(indexes))
        if wanted and not 0 <= wanted[0] <= wanted[-1] < self.size:
            raise malformed("index", "The index is not in the tree.", "索引不在树中。")
        made: dict[int, Receipt] = {}
        if wanted:
            self._prove(wanted, (0, self.size), f"\n{self.note}", made)
        return made

    def _prove(self, wanted: list[int], within: tuple[int, int], above: str, made: dict[int, Receipt]) -> None:
        """Down from a subtree (RFC 6962 §2.1.1): each half has the other's root before what is ``above`` both."""
        start, end = within
        if end - start == 1:
            made[start] = Receipt(start, f"{HEADER}\nindex {start}\n{above}")
            return
        split = start + largest_power_below(end - start)
        cut = bisect_left(wanted, split)
        if cut:
            self._prove(wanted[:cut], (start, split), self._line(split, end) + above, made)
        if cut < len(wanted):
            self._prove(wanted[cut:], (split, end), self._line(start, split) + above, made)

    def _line(self, start: int, end: int) -> str:
        root = self._nodes.get((start, end)) or range_root(self._subtree, start, end)
        return b2a_base64(root).decode("ascii")
