"""Log entries 日志条目: codes, digests and salted commitments, never personal data."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from itertools import count
from ssl import RAND_bytes
from typing import Any, Final, NamedTuple

from hub.audit import rules
from hub.kernel.ids import base32
from hub.proof.merkle import Frontier, leaf_hash

SALT_BYTES: Final = 32


def new_salt() -> bytes:
    """32 random bytes; whoever erases them erases what the commitments under them mean."""
    return RAND_bytes(SALT_BYTES)


_RANDOM_BITS: Final = 88
_NUMBER_BITS: Final = 40
_PAIR_BITS: Final = 10
_numbers = count()


def new_entry_id() -> str:
    """The id of one entry, which it carries inside: 88 random bits of this process's own, then a running number.

    Ids of one process lie side by side, so that an index over a large log is written at its edge and not all over.
    """
    high, low = divmod(next(_numbers), 1 << _PAIR_BITS)
    return _beginning(os.getpid(), high) + _pair(low)


@lru_cache(maxsize=64)
def _beginning(process: int, high: int) -> str:
    """All but the last two characters, which a thousand ids share."""
    return f"ent_{base32(_random_bits(process) << _NUMBER_BITS | high << _PAIR_BITS)[:-2]}"


@lru_cache
def _random_bits(_process: int) -> int:
    return secrets.randbits(_RANDOM_BITS)


@lru_cache(maxsize=1 << _PAIR_BITS)
def _pair(low: int) -> str:
    return base32(low)[-2:]


@dataclass(frozen=True)
class Entry:
    """What is to be logged: its kind, its claims, and the salt of its commitments, which stays out of the log."""

    kind: str
    claims: Mapping[str, Any]
    salt: bytes = field(default_factory=new_salt, repr=False)
    entry_id: str = field(default_factory=new_entry_id)

    def commit(self, text: str) -> str:
        """The commitment to ``text`` under this entry's salt."""
        return rules.commit(self.salt, text)

    def content(self) -> bytes:
        """The bytes to log: canonical JSON of at most 4 KB.

        Raises:
            Broken: an unknown kind, or claims that are not codes.
        """
        return self._content

    @cached_property
    def _content(self) -> bytes:
        return rules.entry_content(self.entry_id, self.kind, self.claims)

    def leaf(self) -> bytes:
        """The leaf hash of the content."""
        return leaf_hash(self.content())

    def with_claims(self, **more: Any) -> "Entry":
        """The same entry saying more."""
        return replace(self, claims={**self.claims, **more})

    def chained(self, count: int, last_leaf: bytes) -> "Entry":
        """The same entry as number ``count`` about its subject, tied to the leaf of the one before (empty: none)."""
        return self.with_claims(n=count, prev=rules.chain_link(self.salt, last_leaf))


@dataclass(frozen=True)
class Receipt:
    """The proof that an entry is in the log at ``index``: a tlog-proof, as text."""

    index: int
    proof_text: str


@dataclass(frozen=True)
class PlacedEntry:
    """An entry's bytes, and the path that leads from ``index`` to the root of one tree."""

    entry_id: str
    index: int
    content: bytes = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)


class StoredEntry(NamedTuple):
    """An entry as it lies in the log, ``at`` its index."""

    at: int
    entry_id: str
    content: bytes
    leaf: bytes


@dataclass(frozen=True)
class StoredBundle:
    """Up to 256 entries as they are kept: their bundle, their tile of leaves where there is one; and, in the hub's own
    tables, the leaves and ids (one space between) kept beside them.
    """  # noqa: D205 - one sentence

    index: int
    content: bytes = field(repr=False)
    leaf_tile: bytes | None = field(default=None, repr=False)
    leaves: bytes | None = field(default=None, repr=False)
    entry_ids: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Finding:
    """What was changed, and where; ``index`` is the entry's, None when no single entry can be named."""

    step: int
    index: int | None
    en: str
    zh: str


@dataclass(frozen=True)
class Bookkeeping:
    """What the hub's tables say beside the entries: where indexes have a gap or lie beyond the head, the roots kept
    with the full tiles of each level, and the head (None: it contradicts itself).
    """  # noqa: D205 - one sentence

    misplaced: tuple[int, ...]
    roots: tuple[bytes, ...] = field(repr=False)
    head: Frontier | None


@dataclass(frozen=True)
class StoredTile:
    """A full tile: 256 hashes and the root over them."""

    level: int
    index: int
    hashes: bytes = field(repr=False)
    root: bytes = field(repr=False)


@dataclass(frozen=True)
class Published:
    """The newest signed checkpoint, and the newest that the witnesses' quorum cosigned."""

    size: int
    note: str
    published_at: float
    witnessed_size: int | None
    witnessed_note: str | None
    witnessed_at: float | None
    unwitnessed_since: float | None
