"""Look-up keys of the living mentions, read and written anew by the portion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from hub.identity.store.index import IndexStore
from hub.storage.statements import cursor_of


@dataclass(frozen=True, slots=True)
class KeyedMention:
    """A living mention with its keys; ``added_at`` tells it from an earlier or later version of its record."""

    mention_id: bytes
    registry_id: str
    export: str
    record: str
    role: str
    kind: str
    likeness: bytes
    traits: bytes
    sealed: bytes
    keys: bytes
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Rekeyed:
    """What is kept of a mention instead; ``keys``, ``lost`` and ``come``: all of its keys, and what differs."""

    mention_id: bytes
    added_at: datetime
    likeness: bytes
    traits: bytes
    keys: bytes
    lost: tuple[bytes, ...]
    come: tuple[bytes, ...]


_COLUMNS: Final = ", ".join(KeyedMention.__slots__)
_WRITE: Final = (
    "UPDATE identity_mention m SET likeness = f.likeness, traits = f.traits, keys = f.keys"
    " FROM unnest(%s::bytea[], %s::timestamptz[], %s::bytea[], %s::bytea[], %s::bytea[])"
    " AS f(mention_id, added_at, likeness, traits, keys)"
    " WHERE m.mention_id = f.mention_id AND m.added_at = f.added_at AND m.gone_at IS NULL RETURNING m.mention_id"
)
_ADD: Final = (
    "INSERT INTO identity_key (key, mention_id) SELECT * FROM unnest(%s::bytea[], %s::bytea[]) ON CONFLICT DO NOTHING"
)


class KeyStore:
    """Keys inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)
        self._index = IndexStore(session)

    def count(self, after: bytes) -> int:
        """How many living mentions come after that one."""
        self._cursor.execute("SELECT count(*) FROM identity_mention WHERE mention_id > %s AND gone_at IS NULL", [after])
        row = self._cursor.fetchone()
        return row[0] if row else 0

    def mentions_after(self, last: bytes, limit: int) -> list[KeyedMention]:
        """The next living mentions, in the order of their ids."""
        self._cursor.execute(
            f"SELECT {_COLUMNS} FROM identity_mention WHERE mention_id > %s AND gone_at IS NULL"
            " ORDER BY mention_id LIMIT %s",
            [last, limit],
        )
        return [KeyedMention(*row) for row in self._cursor.fetchall()]

    def write(self, fresh: Sequence[Rekeyed]) -> list[bytes]:
        """The mentions that are looked up by those keys now; whoever was placed anew meanwhile is left alone."""
        columns = ("mention_id", "added_at", "likeness", "traits", "keys")
        self._cursor.execute(_WRITE, [[getattr(each, name) for each in fresh] for name in columns])
        written = {row[0] for row in self._cursor.fetchall()}
        kept = [each for each in fresh if each.mention_id in written]
        self._index.drop_keys([(key, each.mention_id) for each in kept for key in each.lost])
        come = [(key, each.mention_id) for each in kept for key in each.come]
        self._cursor.execute(_ADD, [[key for key, _ in come], [mention_id for _, mention_id in come]])
        return [each.mention_id for each in kept]
