"""The Merkle tree of RFC 6962 §2.1: what makes one signed root answer for every entry below it."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Final, Self

from hub.errors import Malformed
from hub.proof.encoding import malformed

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()

Subtree = Callable[[int, int], bytes]
"""The root of the entries [start, end), where the range is a complete subtree (a power of two, aligned)."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def largest_power_below(size: int) -> int:
    """The largest power of two below ``size`` (at least 2): where RFC 6962 splits a tree."""
    return 1 << ((size - 1).bit_length() - 1)


def complete_root(hashes: bytes) -> bytes:
    """The root over ``hashes``, a power of two of them side by side as a tile holds them."""
    if len(hashes) % HASH_BYTES or len(hashes).bit_count() != 1:
        raise malformed("tree", "The hashes are not those of a complete subtree.", "哈希个数不构成完整子树。")
    while len(hashes) > HASH_BYTES:
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + 64]).digest() for at in range(0, len(hashes), 64)])
    return hashes


class Frontier:
    """The complete subtrees along the right edge of a growing tree, largest first."""

    __slots__ = ("_roots", "size")

    def __init__(self, size: int = 0, roots: Iterable[bytes] = ()) -> None:
        self.size = size
        self._roots = list(roots)
        if size < 0 or len(self._roots) != size.bit_count() or any(len(root) != HASH_BYTES for root in self._roots):
            raise malformed("frontier", "The frontier does not fit its size.", "前沿与树大小不符。")

    def append(self, leaf: bytes) -> list[tuple[bytes, int]]:
        """The tree holds one more leaf hash; the subtrees that it completes, lowest first: root and width."""
        size, width = self.size, 1
        complete = []
        while size & 1:
            leaf = sha256(b"\x01" + self._roots.pop() + leaf).digest()
            size, width = size >> 1, width << 1
            complete.append((leaf, width))
        self._roots.append(leaf)
        self.size += 1
        return complete

    def append_complete(self, root: bytes, leaves: int) -> None:
        """The tree holds a complete subtree of ``leaves`` (a power of two) more; its size must be a multiple of it."""
        if leaves.bit_count() != 1 or self.size % leaves:
            raise malformed("frontier", "The subtree does not fit here.", "子树位置不符。")
        size = self.size // leaves
        while size & 1:
            root = node_hash(self._roots.pop(), root)
            size >>= 1
        self._roots.append(root)
        self.size += leaves

    def root(self) -> bytes:
        """The root of the tree."""
        if not self._roots:
            return EMPTY_ROOT
        root = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            root = node_hash(left, root)
        return root

    @classmethod
    def of(cls, subtree: Subtree, size: int) -> Self:
        """The frontier of a tree of ``size`` whose complete subtrees are known."""
        roots, start = [], 0
        for power in (1 << bit for bit in range(size.bit_length() - 1, -1, -1)):
            if size & power:
                roots.append(subtree(start, start + power))
                start += power
        return cls(size, roots)

    def to_bytes(self) -> bytes:
        """Eight bytes of size, then the subtree roots, largest first."""
        return self.size.to_bytes(8, "big") + b"".join(self._roots)

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The frontier that ``to_bytes`` wrote."""
        roots = [content[at : at + HASH_BYTES] for at in range(8, len(content), HASH_BYTES)]
        return cls(int.from_bytes(content[:8], "big"), roots)

    def copy(self) -> "Frontier":
        """A frontier that grows on its own."""
        return Frontier(self.size, self._roots)


# --- proofs made ---------------------------------------------------------------------------------------------------


def range_root(subtree: Subtree, start: int, end: int) -> bytes:
    """The root of the entries [start, end)."""
    if end == start:
        return EMPTY_ROOT
    size = end - start
    if size.bit_count() == 1 and start % size == 0:
        return subtree(start, end)
    split = start + largest_power_below(size)
    return node_hash(range_root(subtree, start, split), range_root(subtree, split, end))


def inclusion_proof(subtree: Subtree, index: int, size: int) -> list[bytes]:
    """The audit path of entry ``index`` in the tree of ``size`` entries, leaf's sibling first (§2.1.1)."""
    if not 0 <= index < size:
        raise malformed("index", "The index is not in the tree.", "索引不在树中。")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + largest_power_below(end - start)
        if index < split:
            path.append(range_root(subtree, split, end))
            end = split
        else:
            path.append(range_root(subtree, start, split))
            start = split
    return path[::-1]


def consistency_proof(subtree: Subtree, old: int, size: int) -> list[bytes]:
    """The proof that the first ``old`` of ``size`` entries did not change (§2.1.2); empty for 0 and for ``size``."""
    if not 0 <= old <= size:
        raise malformed("index", "The old size is not below the size.", "旧树大小超过新树。")
    return [] if old in (0, size) else subtree_consistency_proof(subtree, 0, old, size)


def subtree_consistency_proof(subtree: Subtree, start: int, end: int, size: int) -> list[bytes]:
    """The proof that [start, end) is a subtree of the tree of ``size`` entries (Merkle Tree Certificates §4.4.1)."""
    path: list[bytes] = []
    low, high, is_whole = 0, size, True
    while not (low == start and high == end):
        split = low + largest_power_below(high - low)
        if end <= split:
            path.append(range_root(subtree, split, high))
            high = split
        elif start >= split:
            path.append(range_root(subtree, low, split))
            low = split
        else:
            path.append(range_root(subtree, low, split))
            start = low = split
            is_whole = False
    if not is_whole:
        path.append(range_root(subtree, low, high))
    return path[::-1]


# --- proofs checked ------------------------------------------------------------------------------------------------


def _bad_proof() -> Malformed:
    return malformed(
        "tree",
        "The proof does not lead from what it claims to the root.",
        "证明路径无法推导至所称的根。",
    )


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Returns when the leaf hash is entry ``index`` of the tree of ``size`` entries with ``root`` (RFC 9162 §2.1.3.2).

    Raises:
        Malformed: ``proof.tree``.
    """
    verify_subtree_inclusion(leaf=leaf, index=index, start=0, end=size, proof=proof, root=root)


def verify_subtree_inclusion(  # noqa: PLR0913 - the statement proven has this many terms
    *, leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Returns when the leaf hash is entry ``index`` of the subtree [start, end) with ``root``.

    Raises:
        Malformed: ``proof.tree``.
    """
    _check_hashes([leaf, root, *proof])
    if not (is_subtree(start, end) and start <= index < end):
        raise _bad_proof()
    first, last, found = index - start, end - start - 1, leaf
    for sibling in proof:
        if last == 0:
            raise _bad_proof()
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    if last or found != root:
        raise _bad_proof()


def verify_consistency(*, old: int, size: int, old_root: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Returns when the tree of ``size`` entries begins with the tree of ``old`` (RFC 9162 §2.1.4.2).

    Raises:
        Malformed: ``proof.tree``; also for an empty old tree, which proves nothing unless both are empty.
    """
    if old == 0 and (size or root != EMPTY_ROOT):
        raise _bad_proof()
    verify_subtree_consistency(start=0, end=old, size=size, subtree_root=old_root, root=root, proof=proof)


def verify_subtree_consistency(  # noqa: C901, PLR0913 - one loop as the draft gives it; the statement has these terms
    *, start: int, end: int, size: int, subtree_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Returns when [start, end) with ``subtree_root`` is a subtree of the tree of ``size`` entries with ``root``.

    Raises:
        Malformed: ``proof.tree``.
    """
    if not proof and 0 <= start == end <= size and subtree_root == EMPTY_ROOT:
        return
    if not proof and start == 0 and 0 < end == size and subtree_root == root:
        return
    _check_hashes([subtree_root, root, *proof])
    if not (is_subtree(start, end) and end <= size):
        raise _bad_proof()
    first, edge, last = _risen(start, end - 1, size - 1)
    path = [subtree_root, *proof] if first == edge else list(proof)
    if not path:
        raise _bad_proof()
    old_found = new_found = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise _bad_proof()
        if edge & 1 or edge == last:
            if first < edge:
                old_found = node_hash(sibling, old_found)
            new_found = node_hash(sibling, new_found)
            while not edge & 1 and edge:
                first, edge, last = first >> 1, edge >> 1, last >> 1
        else:
            new_found = node_hash(new_found, sibling)
        first, edge, last = first >> 1, edge >> 1, last >> 1
    if last or old_found != subtree_root or new_found != root:
        raise _bad_proof()


def _risen(first: int, edge: int, last: int) -> tuple[int, int, int]:
    """The level at which the proof begins: as high as the subtree's right edge is complete."""
    while first != edge and (edge & 1 or edge == last):
        first, edge, last = first >> 1, edge >> 1, last >> 1
    return first, edge, last


def is_subtree(start: int, end: int) -> bool:
    """True when [start, end) is a subtree: start a multiple of the least power of two that is at least its size."""
    return 0 <= start < end and start % (1 << (end - start - 1).bit_length()) == 0


def _check_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(each) != HASH_BYTES for each in hashes):
        raise _bad_proof()
