"""Mentions registry by registry, for whoever looks through all that one owner said."""

from collections.abc import Iterable
from typing import Final

from sqlmodel import Session

from hub.identity.store.rows import KeptMention
from hub.storage.statements import cursor_of

_KEPT: Final = ", ".join(KeptMention.__slots__)


class OwnerStore:
    """The index as the owner of one registry may have it read."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)

    def mentions_after(self, registry: str, last: bytes, limit: int) -> list[KeptMention]:
        """The next living mentions of that registry, in the order of their ids."""
        self._cursor.execute(
            f"SELECT {_KEPT} FROM identity_mention WHERE mention_id > %s AND registry_id = %s AND gone_at IS NULL"
            " ORDER BY mention_id LIMIT %s",
            [last, registry, limit],
        )
        return [KeptMention(*row) for row in self._cursor.fetchall()]

    def mentions_of(self, subject_ids: Iterable[str]) -> list[KeptMention]:
        """Every living mention of those subjects."""
        self._cursor.execute(
            f"SELECT {_KEPT} FROM identity_mention WHERE subject_id = ANY(%s) AND gone_at IS NULL"
            " ORDER BY subject_id, mention_id",
            [list(set(subject_ids))],
        )
        return [KeptMention(*row) for row in self._cursor.fetchall()]
