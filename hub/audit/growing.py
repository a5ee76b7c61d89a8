"""The right edge of the growing tree: which tiles become full, which proofs a batch of entries gets."""

from collections.abc import MutableMapping
from typing import Final

from hub.audit.model import Receipt, StoredTile
from hub.proof.encoding import base64_text, malformed
from hub.proof.merkle import Frontier, Subtree, complete_root, largest_power_below, range_root
from hub.proof.tiles import HEIGHT, MAX_LEVEL, WIDTH, TileReader, subtree_reader
from hub.proof.tlogproof import HEADER

_MEMO_LIMIT: Final = 200_000
_TAILS_LIMIT: Final = 1_000


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
    """Receipts for entries of the tree of ``size`` under one signed note, sharing all work between them.

    ``memo`` may outlive the maker. Entries of one tile share every line above it, so a crowd of new entries costs each
    of them eight hashes.
    """

    def __init__(self, tiles: TileReader, size: int, note: str, memo: MutableMapping[tuple[int, int], bytes]) -> None:
        if len(memo) > _MEMO_LIMIT:
            memo.clear()
        self.size = size
        self.note = note
        self.subtree: Subtree = subtree_reader(tiles, size, memo)
        self._lines: dict[tuple[int, int], str] = {}
        self._tails: dict[int, tuple[int, str]] = {}

    def receipt(self, index: int) -> Receipt:
        """The receipt of the entry at ``index``.

        Raises:
            Malformed: the tree is not that large.
        """
        if not 0 <= index < self.size:
            raise malformed("index", "The index is not in the tree.", "索引不在树中。")
        first = index - index % WIDTH
        end, tail = self._tails.get(first) or self._tail(first)
        path = self._path(index, (first, end), 1)[0]
        return Receipt(index, f"{HEADER}\nindex {index}\n{''.join(path)}{tail}")

    def _tail(self, first: int) -> tuple[int, str]:
        """Where the tile that begins at ``first`` ends in this tree, and what follows its lines in every receipt."""
        lines, (_, end) = self._path(first, (0, self.size), WIDTH)
        if len(self._tails) > _TAILS_LIMIT:
            self._tails.clear()
        self._tails[first] = found = end, f"{''.join(lines)}\n{self.note}"
        return found

    def _path(self, index: int, within: tuple[int, int], least: int) -> tuple[list[str], tuple[int, int]]:
        """The siblings (RFC 6962 §2.1.1) on the way down to the subtree of at most ``least`` entries; and that one."""
        start, end = within
        lines = []
        while end - start > least:
            split = start + largest_power_below(end - start)
            if index < split:
                lines.append(self._line(split, end))
                end = split
            else:
                lines.append(self._line(start, split))
                start = split
        return lines[::-1], (start, end)

    def _line(self, start: int, end: int) -> str:
        line = self._lines.get((start, end))
        if line is None:
            line = self._lines[start, end] = base64_text(range_root(self.subtree, start, end)) + "\n"
        return line
