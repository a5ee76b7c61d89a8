"""The right edge of the growing tree: which tiles become full, which proofs a batch of entries gets."""

from collections.abc import MutableMapping
from typing import Final

from hub.audit.model import Receipt, StoredTile
from hub.proof.encoding import base64_text
from hub.proof.merkle import Frontier, Subtree, complete_root, inclusion_proof
from hub.proof.tiles import HEIGHT, WIDTH, TileReader, subtree_reader
from hub.proof.tlogproof import HEADER

_MEMO_LIMIT: Final = 200_000


class Edge:
    """The hashes of each level's partial tile, and the frontier over the whole tree."""

    def __init__(self, frontier: Frontier, levels: list[list[bytes]]) -> None:
        self.frontier = frontier
        self.levels = levels

    def copy(self) -> "Edge":
        """An edge that grows on its own."""
        return Edge(self.frontier.copy(), [list(level) for level in self.levels])

    def grow(self, leaves: list[bytes]) -> list[StoredTile]:
        """The tiles that ``leaves`` make full, in the order in which they become so."""
        full: list[StoredTile] = []
        for leaf in leaves:
            self.frontier.append(leaf)
            self._add(0, leaf, full)
        return full

    def _add(self, level: int, value: bytes, full: list[StoredTile]) -> None:
        hashes = self.levels[level]
        hashes.append(value)
        if len(hashes) < WIDTH:
            return
        root = complete_root(hashes)
        index = (self.frontier.size >> (HEIGHT * (level + 1))) - 1
        full.append(StoredTile(level, index, b"".join(hashes), root))
        hashes.clear()
        self._add(level + 1, root, full)


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
    """Receipts for entries of the tree of ``size`` under one signed note, sharing all work between them."""

    def __init__(self, tiles: TileReader, size: int, note: str, memo: MutableMapping[tuple[int, int], bytes]) -> None:
        if len(memo) > _MEMO_LIMIT:
            memo.clear()
        self.size = size
        self.subtree: Subtree = subtree_reader(tiles, size, memo)
        self._note = note
        self._lines: dict[bytes, str] = {}

    def receipt(self, index: int) -> Receipt:
        """The receipt of the entry at ``index``.

        Raises:
            Malformed: the tree is not that large.
        """
        lines = [self._line(node) for node in inclusion_proof(self.subtree, index, self.size)]
        return Receipt(index, "\n".join([HEADER, f"index {index}", *lines, "", self._note]))

    def _line(self, node: bytes) -> str:
        line = self._lines.get(node)
        if line is None:
            line = self._lines[node] = base64_text(node)
        return line
