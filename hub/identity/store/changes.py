"""Change sets of bulk runs, and what in the index they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb
from sqlmodel import Session

from hub.identity.rules import NUMBER_FIELDS
from hub.storage.statements import cursor_of


@dataclass(frozen=True, slots=True)
class KeptChanges:
    """A change set as it stands."""

    change_id: str
    state: str
    models: list[str]
    items: list[dict[str, Any]]
    skipped: list[dict[str, Any]]
    proposed_at: datetime
    decided_at: datetime | None
    steward: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A steward's word about two mentions, withdrawn or not, and whose they are."""

    pair: tuple[bytes, bytes]
    verdict: str
    subjects: tuple[str, str]


_COLUMNS: Final = ", ".join(KeptChanges.__slots__)


class ChangeStore:
    """Change sets inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._cursor = cursor_of(session)

    def keep(self, change_id: str, models: Sequence[str], items: Sequence[dict[str, Any]], at: datetime) -> None:
        """The change set is open."""
        self._cursor.execute(
            "INSERT INTO identity_change_set (change_id, state, models, items, skipped, proposed_at)"
            " VALUES (%s, 'open', %s, %s, '[]', %s)",
            [change_id, Jsonb(list(models)), Jsonb(list(items)), at],
        )

    def changes_for(self, change_id: str) -> KeptChanges | None:
        """That change set."""
        self._cursor.execute(f"SELECT {_COLUMNS} FROM identity_change_set WHERE change_id = %s", [change_id])
        row = self._cursor.fetchone()
        return KeptChanges(*row) if row else None

    def find(self, limit: int) -> list[KeptChanges]:
        """The change sets, the youngest first."""
        self._cursor.execute(
            f"SELECT {_COLUMNS} FROM identity_change_set ORDER BY proposed_at DESC, change_id LIMIT %s", [limit]
        )
        return [KeptChanges(*row) for row in self._cursor.fetchall()]

    def close(self, change_id: str, state: str, steward: str, at: datetime, skipped: Sequence[dict[str, Any]]) -> None:
        """The change set is decided; who calls holds the index's lock and found it open."""
        self._cursor.execute(
            "UPDATE identity_change_set SET state = %s, steward = %s, decided_at = %s, skipped = %s"
            " WHERE change_id = %s AND state = 'open'",
            [state, steward, at, Jsonb(list(skipped)), change_id],
        )

    def said(self) -> list[Said]:
        """Every verdict of a steward."""
        self._cursor.execute(
            "SELECT v.low_id, v.high_id, v.verdict, l.subject_id, h.subject_id FROM identity_verdict v"
            " JOIN identity_mention l ON l.mention_id = v.low_id JOIN identity_mention h ON h.mention_id = v.high_id"
        )
        return [
            Said((low, high), verdict, (left, right)) for low, high, verdict, left, right in self._cursor.fetchall()
        ]

    def joined_otherwise(self, methods: Sequence[str]) -> list[tuple[bytes, bytes]]:
        """Joins in force that rest on none of those methods: on people, or on a record's own history.

        So does one by a number that a record of the subject stated before it changed.
        """
        self._cursor.execute(
            "SELECT l.mention_id, l.other_id FROM identity_link l WHERE l.other_id IS NOT NULL"
            " AND l.action IN ('linked', 'merged', 'decided') AND NOT EXISTS"
            " (SELECT FROM identity_link u WHERE u.undoes = l.seq AND u.mention_id = l.mention_id)"
            " AND (NOT l.method = ANY(%s) OR l.reasons ?| %s AND EXISTS"
            " (SELECT FROM identity_mention a JOIN identity_mention b ON b.subject_id = a.subject_id"
            " WHERE a.mention_id = l.mention_id AND b.mention_id = l.other_id"
            " AND greatest(a.added_at, b.added_at) > l.at))",
            [list(methods), [f"{field}:equal" for field in NUMBER_FIELDS]],
        )
        return self._cursor.fetchall()

    def asked(self) -> set[tuple[bytes, bytes]]:
        """The pairs that a review item was ever opened for."""
        self._cursor.execute("SELECT low_id, high_id FROM identity_review WHERE state <> 'moot'")
        return set(self._cursor.fetchall())
